"""Statements as policy-controller's conditions see them; what Go does is recorded from Go 1.26 and policy-tester."""

from __future__ import annotations

from typing import Any

import pytest

from registry_verifier.judgement.go_types import NotOfType, read_as

_HEADER = {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://acme.test/a", "subject": None}
_NEVER = "0001-01-01T00:00:00Z"
_NO_SCAN = {
    "invocation": {"parameters": None, "uri": "", "event_id": "", "builder.id": ""},
    "scanner": {"uri": "", "version": "", "db": {"uri": "", "version": ""}, "result": None},
    "metadata": {"scanStartedOn": _NEVER, "scanFinishedOn": _NEVER},
}
_NO_LINK = {
    "_type": "",
    "name": "",
    "materials": None,
    "products": None,
    "byproducts": None,
    "command": None,
    "environment": None,
}
_NO_BUILD = {"builder": {"id": ""}, "buildType": "", "invocation": {"configSource": {}}}
_ALL_FALSE = {"parameters": False, "environment": False, "materials": False}


def _seen(word: str, predicate: Any) -> Any:
    return read_as(word, {**_HEADER, "predicate": predicate})["predicate"]


@pytest.mark.parametrize("predicate", [{}, None])
@pytest.mark.parametrize(
    ("word", "written"), [("slsaprovenance", _NO_BUILD), ("vuln", _NO_SCAN), ("link", _NO_LINK)], ids=lambda each: each
)
def test_what_is_missing_is_filled_in(word: str, written: Any, predicate: Any) -> None:
    assert _seen(word, predicate) == written


def test_missing_predicate_is_filled_in() -> None:
    assert read_as("vuln", _HEADER)["predicate"] == _NO_SCAN


def test_missing_header_is_filled_in() -> None:
    assert read_as("", {}) == {"_type": "", "predicateType": "", "subject": None, "predicate": None}


@pytest.mark.parametrize("word", ["slsaprovenance", "vuln", "link"])
def test_what_the_type_lacks_is_dropped(word: str) -> None:
    assert "colour" not in _seen(word, {"colour": "green"})


@pytest.mark.parametrize("word", ["", "custom", "slsaprovenance02", "slsaprovenance1", "spdx", "cyclonedx", "openvex"])
@pytest.mark.parametrize("predicate", [{"colour": "green", "builder": 1}, [1], "text", None])
def test_other_words_and_uris_read_any_predicate(word: str, predicate: Any) -> None:
    assert _seen(word, predicate) == predicate


def test_what_the_header_lacks_is_dropped() -> None:
    subject = {"name": "app", "digest": {"sha256": "0"}, "uri": "pkg:oci/app"}
    seen = read_as("", {**_HEADER, "subject": [subject, None], "colour": "green"})
    assert seen["subject"] == [{"name": "app", "digest": {"sha256": "0"}}, {"name": "", "digest": None}]
    assert "colour" not in seen


@pytest.mark.parametrize(
    ("word", "predicate", "text"),
    [
        ("slsaprovenance", "text", "predicate: expected object, got string"),
        ("slsaprovenance", [], "predicate: expected object, got list"),
        ("slsaprovenance", {"builder": "me"}, "predicate.builder: expected object, got string"),
        ("slsaprovenance", {"builder": {"id": 1}}, "predicate.builder.id: expected string, got number"),
        ("slsaprovenance", {"materials": {}}, "predicate.materials: expected list, got object"),
        ("slsaprovenance", {"materials": ["a"]}, "predicate.materials[0]: expected object, got string"),
        (
            "slsaprovenance",
            {"materials": [{"digest": {"sha1": True}}]},
            "predicate.materials[0].digest.sha1: expected string, got boolean",
        ),
        (
            "slsaprovenance",
            {"metadata": {"reproducible": 0}},
            "predicate.metadata.reproducible: expected boolean, got number",
        ),
        ("vuln", {"scanner": {"db": []}}, "predicate.scanner.db: expected object, got list"),
        ("vuln", {"invocation": {"uri": 1.5}}, "predicate.invocation.uri: expected string, got number"),
        ("link", {"command": "make"}, "predicate.command: expected list, got string"),
        ("link", {"command": [1]}, "predicate.command[0]: expected string, got number"),
        ("link", {"products": []}, "predicate.products: expected object, got list"),
    ],
)
def test_value_of_another_type_is_refused(word: str, predicate: Any, text: str) -> None:
    with pytest.raises(NotOfType) as refused:
        _seen(word, predicate)
    assert str(refused.value) == text


@pytest.mark.parametrize(
    "header", [{"subject": {}}, {"subject": [1]}, {"subject": [{"digest": {"sha256": 1}}]}, {"_type": 1}]
)
def test_header_of_another_type_is_refused_for_every_type(header: Any) -> None:
    with pytest.raises(NotOfType):
        read_as("", {**_HEADER, **header})


def test_null_is_the_same_as_nothing() -> None:
    predicate = {"builder": None, "buildType": None, "metadata": None, "materials": None, "buildConfig": None}
    assert _seen("slsaprovenance", predicate) == _NO_BUILD


def test_null_in_a_list_or_a_map_is_empty() -> None:
    assert _seen("link", {"command": [None]})["command"] == [""]
    materials = _seen("slsaprovenance", {"materials": [None, {"digest": {"sha1": None}}]})["materials"]
    assert materials == [{}, {"digest": {"sha1": ""}}]


def test_what_is_empty_and_optional_is_left_out() -> None:
    source = {"uri": "", "digest": {}, "entryPoint": ""}
    assert _seen("slsaprovenance", {"invocation": {"configSource": source}, "materials": []}) == _NO_BUILD


@pytest.mark.parametrize("value", [False, "", 0, [], {}])
def test_what_may_be_anything_stays_where_it_is_empty(value: Any) -> None:
    seen = _seen("slsaprovenance", {"buildConfig": value, "invocation": {"parameters": value, "environment": value}})
    assert seen["buildConfig"] == value
    assert seen["invocation"] == {"configSource": {}, "parameters": value, "environment": value}


def test_metadata_that_is_there_is_filled_in() -> None:
    seen = _seen("slsaprovenance", {"metadata": {}})
    assert seen["metadata"] == {"completeness": _ALL_FALSE, "reproducible": False}


@pytest.mark.parametrize("name", ["buildtype", "BUILDTYPE", "BuildType"])
def test_names_match_in_any_case(name: str) -> None:
    assert _seen("slsaprovenance", {name: "x"})["buildType"] == "x"


def test_names_match_with_the_long_s() -> None:
    assert _seen("slsaprovenance", {"material\u017f": [{"uri": "x"}]})["materials"] == [{"uri": "x"}]


def test_of_two_spellings_the_last_one_counts() -> None:
    assert _seen("slsaprovenance", {"buildType": "a", "buildtype": "b"})["buildType"] == "b"
    assert _seen("slsaprovenance", {"buildtype": "b", "buildType": "a"})["buildType"] == "a"


@pytest.mark.parametrize(
    ("time", "written"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00.5Z"),
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.1234567899Z", "2026-01-01T00:00:00.123456789Z"),
        ("2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.5Z"),
        ("2026-01-01T1:02:03Z", "2026-01-01T01:02:03Z"),
        ("2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.10+05:30", "2026-01-01T00:00:00.1+05:30"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"),
    ],
)
def test_time_is_written_as_go_writes_it(time: str, written: str) -> None:
    assert _seen("vuln", {"metadata": {"scanStartedOn": time}})["metadata"]["scanStartedOn"] == written


@pytest.mark.parametrize(
    "time",
    [
        "",
        "yesterday",
        "2026-01-01",
        "2026-01-01 00:00:00Z",
        "2026-01-01t00:00:00z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+0200",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:59:60Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
        "2026-01-01T00:00:00.\u0665Z",
        1767225600,
    ],
)
def test_time_that_go_does_not_read_is_refused(time: Any) -> None:
    with pytest.raises(NotOfType):
        _seen("vuln", {"metadata": {"scanStartedOn": time}})


def test_text_of_a_refused_time_is_bounded() -> None:
    with pytest.raises(NotOfType) as refused:
        _seen("vuln", {"metadata": {"scanStartedOn": "9" * 100_000}})
    assert len(str(refused.value)) < 200


def test_place_of_a_refused_value_is_bounded() -> None:
    with pytest.raises(NotOfType) as refused:
        _seen("slsaprovenance", {"invocation": {"configSource": {"digest": {"9" * 100_000: 1}}}})
    assert len(str(refused.value)) < 300


def test_document_is_left_as_it_is() -> None:
    predicate = {"builder": {"colour": "green"}}
    _seen("slsaprovenance", predicate)
    assert predicate == {"builder": {"colour": "green"}}


def test_deep_and_wide_documents_are_read() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    seen = _seen("vuln", {"scanner": {"result": deep}, **{f"field {n}": n for n in range(50_000)}})
    assert seen["scanner"]["result"] is deep
