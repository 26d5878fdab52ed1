"""What `isCompliant` says, read as policy-controller reads it."""

from __future__ import annotations

from typing import Any

import pytest

from registry_verifier.policy.rego import answer

HOLDS: list[Any] = [
    True,
    [{"result": True}],
    [{"result": True, "warning": "", "error": ""}],
    [{"result": True, "error": "said in vain"}],
    [{"result": False, "error": "first"}, {"result": True}],
    [{"result": True}, {"result": True, "warning": "too late"}],
    [{"result": True}, "after the decision"],
    [{"result": True, "warning": None, "error": None}],
    [{"RESULT": True}],
    [{"Result": False, "result": True}],
    [{"re\N{LATIN SMALL LETTER LONG S}ult": True}],
    [{"result": True, "other": 1}],
]

FAILS: list[tuple[Any, str]] = [
    (False, "isCompliant is false (expected true)"),
    (None, "isCompliant is null (expected true)"),
    (1, "isCompliant is 1 (expected true)"),
    ("true", 'isCompliant is "true" (expected true)'),
    ({"result": True}, 'isCompliant is {"result": true} (expected true)'),
    ([], "isCompliant has no entry (expected one whose result is true)"),
    ([{"result": False, "error": "first"}, {"result": False, "error": "last"}], "isCompliant says: last"),
    ([{"error": "no result"}], "isCompliant says: no result"),
    ([{}], "isCompliant says: result is false"),
    ([{"result": False, "warning": "a warning"}], "isCompliant says: result is false"),
    ([{"result": True, "warning": "old"}, {"result": True}], "isCompliant warns: old"),
    ([{"result": False, "error": "first"}, {"result": True, "warning": "old"}], "isCompliant warns: old"),
    (["yes"], 'isCompliant has the entry "yes" (expected result, warning and error)'),
    ([[True]], "isCompliant has the entry [true] (expected result, warning and error)"),
    ([{"result": "true"}], 'isCompliant has the entry {"result": "true"} (expected result, warning and error)'),
    ([{"result": 1}], 'isCompliant has the entry {"result": 1} (expected result, warning and error)'),
    ([{"result": True, "warning": 0}], "isCompliant has the entry {"),
    ([{"result": True, "error": []}], "isCompliant has the entry {"),
    (["yes", {"result": True}], 'isCompliant has the entry "yes"'),
]


@pytest.mark.parametrize("said", HOLDS, ids=str)
def test_it_holds(said: Any) -> None:
    assert answer.unmet([said]) is None


@pytest.mark.parametrize(("said", "sentence"), FAILS, ids=str)
def test_it_does_not_hold(said: Any, sentence: str) -> None:
    assert (answer.unmet([said]) or "").startswith(sentence)


def test_undefined_does_not_hold() -> None:
    assert answer.unmet([]) == "isCompliant is undefined (expected true)"


def test_the_last_of_two_spellings_counts_in_the_order_of_the_names() -> None:
    assert answer.unmet([[{"result": False, "Result": True}]]) == "isCompliant says: result is false"


def test_what_a_policy_says_is_one_short_printable_line() -> None:
    sentence = answer.unmet([[{"error": "a\nb\0\x1b[31m" + "x" * 1000}]])
    assert sentence is not None
    assert sentence.startswith("isCompliant says: a b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31mxxx")
    assert len(sentence) < 330


def test_a_long_answer_is_cut() -> None:
    assert len(answer.unmet(["x" * 1000]) or "") < 130
    assert len(answer.unmet([["x" * 1000]]) or "") < 160
