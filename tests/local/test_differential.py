"""The differential test of conditions: what it makes up, and, where there is a cue command, what it finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.differential.compare import BUILT, Tally, compare, pairs
from local.differential.cue import Cue, find

PAIRS = 60


@pytest.fixture(scope="module")
def cue() -> Cue:
    found = find(Path(__file__).parents[2] / BUILT)
    if found is None:
        pytest.skip("no cue command (CUE, .build/bin/cue or PATH; `python -m local.differential` builds it with Go)")
    return found


def test_the_same_seed_makes_the_same_pairs() -> None:
    assert list(pairs(7, 200)) == list(pairs(7, 200))


def test_another_seed_makes_other_pairs() -> None:
    assert list(pairs(7, 200)) != list(pairs(8, 200))


def test_so_many_pairs_are_made_as_are_asked_for() -> None:
    assert sum(len(documents) for _, documents in pairs(1, 200)) == 200


@pytest.mark.slow
def test_nothing_passes_that_cue_fails(cue: Cue) -> None:
    tally = Tally()
    compare(cue, list(pairs(1, PAIRS)), tally)
    assert not tally.is_wrong, tally.notes
    assert tally.counts["both pass"]
    assert tally.counts["both fail"]


@pytest.mark.slow
def test_cue_that_fails_what_we_pass_is_told(cue: Cue) -> None:
    class Denying(Cue):
        def passes(self, condition: str, documents: object) -> list[bool]:
            return [False] * len(list(documents))  # type: ignore[call-overload]

    tally = Tally()
    compare(Denying(cue.path), [("a: 1", [{"a": 1}])], tally)
    assert tally.is_wrong
    assert dict(tally.counts) == {"WRONG check": 1, "WRONG check_as_cluster": 1}


@pytest.mark.parametrize(("document", "passes"), [({"a": 1}, True), ({"a": "x"}, False), ({}, True)])
def test_cue_is_asked_as_the_cluster_asks(cue: Cue, document: dict[str, object], passes: bool) -> None:
    assert cue.passes("a: int", [document]) == [passes]
