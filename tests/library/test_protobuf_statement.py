"""Statements of bundles as policy-controller reads them; what it refuses is recorded from policy-tester 0.13.1."""

from __future__ import annotations

from typing import Any

import pytest

from registry_verifier.judgement.protobuf_statement import refusal

_SUBJECT = {"name": "app", "digest": {"sha256": "0" * 64}}
_GOOD = {
    "_type": "https://in-toto.io/Statement/v1",
    "predicateType": "https://acme.test/a",
    "subject": [_SUBJECT],
    "predicate": {"colour": ["green", None, 1.5]},
}


def _with(**changed: Any) -> dict[str, Any]:
    return {**_GOOD, **changed}


@pytest.mark.parametrize(
    "document",
    [
        _GOOD,
        {},
        _with(predicate=None),
        _with(predicate={}),
        _with(subject=[]),
        _with(subject=None),
        {**_GOOD, "predicate_type": None},
        _with(subject=[{**_SUBJECT, "uri": None}]),
        _with(subject=[{**_SUBJECT, "mediaType": "a/b", "download_location": "x", "content": "aGk="}]),
        _with(subject=[{**_SUBJECT, "annotations": {"a": [1]}}]),
    ],
)
def test_what_the_message_has_is_read(document: Any) -> None:
    assert refusal(document) is None


@pytest.mark.parametrize("predicate", [[1], "text", 1, 1.5, True, []])
def test_predicate_that_is_no_object_is_refused(predicate: Any) -> None:
    assert refusal(_with(predicate=predicate)) == "statement's predicate is of another type than in in-toto's message"


def test_unknown_name_is_refused() -> None:
    assert refusal(_with(colour=None)) == "statement has 'colour', which in-toto's message has not"


def test_other_case_is_another_name() -> None:
    assert refusal(_with(PredicateType="https://acme.test/a")) is not None


def test_refused_name_is_bounded() -> None:
    assert len(refusal({"9" * 100_000: 1}) or "") < 200


@pytest.mark.parametrize(
    "subject",
    [
        None,
        "app",
        {**_SUBJECT, "colour": None},
        {**_SUBJECT, "name": 1},
        {**_SUBJECT, "downloadLocation": 1},
        {**_SUBJECT, "content": "%"},
        {**_SUBJECT, "content": 1},
        {**_SUBJECT, "annotations": []},
        {**_SUBJECT, "digest": []},
        {**_SUBJECT, "digest": {"sha256": None}},
        {**_SUBJECT, "digest": {"sha256": "0" * 64, "length": 1}},
    ],
)
def test_subject_of_another_shape_is_refused(subject: Any) -> None:
    assert refusal(_with(subject=[_SUBJECT, subject])) is not None


@pytest.mark.parametrize("changed", [{"_type": 1}, {"predicateType": []}, {"subject": {}}, {"subject": "app"}])
def test_header_of_another_type_is_refused(changed: Any) -> None:
    assert refusal(_with(**changed)) is not None
