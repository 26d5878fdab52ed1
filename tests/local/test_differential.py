"""The differential test of conditions: what it makes up, what it finds where CUE is there, and recorded answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.differential import cue, library
from local.differential.compare import BUILT, Judge, Tally, asked, compare, pairs, record
from registry_verifier.policy.cue.condition import CueCondition

ROOT = Path(__file__).parents[2]
RECORDED: list[dict[str, Any]] = json.loads((ROOT / "tests" / "assets" / "cue" / "answers.json").read_text())
COMMAND, LIBRARY = cue.find(ROOT / BUILT), library.find(ROOT / BUILT)
PAIRS = 60
HOW = "`make differential` builds it with Go"


@pytest.fixture(params=["command", "library"])
def judge(request: pytest.FixtureRequest) -> Judge:
    found: Judge | None = COMMAND if request.param == "command" else LIBRARY
    if found is None:
        where = "CUE, .build/bin/cue or PATH" if request.param == "command" else "CUE_UNIFY or .build/bin/cue-unify"
        pytest.skip(f"no CUE to ask ({where}; {HOW})")
    return found


def test_the_same_seed_makes_the_same_pairs() -> None:
    assert list(pairs(7, 200)) == list(pairs(7, 200))


def test_another_seed_makes_other_pairs() -> None:
    assert list(pairs(7, 200)) != list(pairs(8, 200))


def test_so_many_pairs_are_made_as_are_asked_for() -> None:
    assert sum(len(documents) for _, documents in pairs(1, 200)) == 200


def test_nothing_passes_that_cue_fails(judge: Judge) -> None:
    made, tally = list(pairs(1, PAIRS)), Tally()
    compare(made, judge.all_pass(made), tally)
    assert not tally.is_wrong, tally.notes
    assert tally.counts["both pass"]
    assert tally.counts["both fail"]


def test_a_pair_that_passes_and_that_cue_fails_is_told() -> None:
    tally = Tally()
    compare([("a: 1", [{"a": 1}])], [[False]], tally)
    assert tally.is_wrong
    assert +tally.counts == {"WRONG check": 1, "WRONG check_as_cluster": 1}


@pytest.mark.parametrize(("document", "passes"), [({"a": 1}, True), ({"a": "x"}, False), ({}, True)])
def test_cue_is_asked_as_the_cluster_asks(judge: Judge, document: dict[str, Any], passes: bool) -> None:
    assert judge.all_pass([("a: int", [document])]) == [[passes]]


def test_what_one_of_two_fails_does_not_pass() -> None:
    class Fixed:
        def __init__(self, *passing: bool) -> None:
            self.passing = list(passing)

        def all_pass(self, made: object) -> list[list[bool]]:
            return [self.passing]

    made: Any = [("a: 1", [{}, {}])]
    assert asked([Fixed(True, True), Fixed(True, False)], made) == [[True, False]]


def test_a_crash_of_the_library_is_no_pass_and_the_rest_is_answered(tmp_path: Path) -> None:
    fake = tmp_path / "cue-unify"
    answering = "while read -r line; do case $line in *crash*) exit 2;; esac; echo '[\"\"]'; done"
    fake.write_text(f"#!/bin/sh\n{answering}\n")
    fake.chmod(0o755)
    made: Any = [("a: 1", [{}]), ("crash: 1", [{}]), ("b: 1", [{}])]
    assert library.Library(fake).all_pass(made) == [[True], [False], [True]]


def test_a_library_that_never_answers_passes_nothing() -> None:
    assert library.Library(Path("/bin/false")).all_pass([("a: 1", [{}, {}])]) == [[False, False]]


def test_without_go_it_is_said_how_cue_is_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(cue.CueFailed, match="go install cuelang.org/go/cmd/cue@v"):
        cue.build(tmp_path)
    with pytest.raises(cue.CueFailed, match="no go command"):
        library.build(tmp_path)


def test_only_what_decides_something_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    documents: list[dict[str, Any]] = [{"a": 1}, {"a": 2}]
    made = [("a: 1", documents), ("a: int", documents), ("a: print(1)", documents)]
    record(path, made, [[True, False], [True, True], [True, False]])
    assert json.loads(path.read_text()) == [{"condition": "a: 1", "documents": documents, "passes": [True, False]}]


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: str(RECORDED.index(row)))
def test_nothing_passes_that_cue_failed_when_it_was_recorded(row: dict[str, Any]) -> None:
    condition = CueCondition.read(row["condition"])
    for document, passes in zip(row["documents"], row["passes"], strict=True):
        if not passes:
            assert condition.check(document) is not None, document
            assert condition.check_as_cluster(document) is not None, document


def test_of_what_passed_when_it_was_recorded_nearly_all_passes_as_the_cluster_has_it() -> None:
    passed = [
        CueCondition.read(row["condition"]).check_as_cluster(document) is None
        for row in RECORDED
        for document, passes in zip(row["documents"], row["passes"], strict=True)
        if passes
    ]
    assert len(passed) > 100
    assert sum(passed) > 0.95 * len(passed)
