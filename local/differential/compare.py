"""Our evaluator of conditions beside the real cue command, on conditions and documents that are made up from a seed.

`check` and `check_as_cluster` may be stricter than cue, and say so; passing where cue fails is wrong, and the exit
code is 1. The cluster has an older version of CUE than the command; where the two read a condition differently,
our answer has to be the stricter one for `check`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from local.differential.conditions import Author
from local.differential.cue import Cue, CueFailed, build, find
from local.differential.documents import changed, document
from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.cue.problem import CueProblem

BUILT = Path(".build/bin")
_DOCUMENTS = 5
_BATCH = 200
_SHOWN = 10


@dataclass
class Tally:
    """What was found so far."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    """the first pairs for which something is to be said"""

    def note(self, kind: str, condition: str, found: Any, said: str) -> None:
        """Count a pair and keep it."""
        self.counts[kind] += 1
        if self.counts[kind] <= _SHOWN:
            self.notes.append(f"{kind}: {json.dumps(condition)} on {json.dumps(found)}: {said}")

    @property
    def is_wrong(self) -> bool:
        """Whether anything passed that cue fails."""
        return any(kind.startswith("WRONG") for kind in self.counts)


def pairs(seed: int, count: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Conditions with documents for each, `count` pairs in all; the same for the same seed."""
    dice = Random(seed)
    for _ in range(-(-count // _DOCUMENTS)):
        first = document(dice)
        yield Author(dice, first).condition(), [first, *(changed(dice, first) for _ in range(_DOCUMENTS - 1))]


def compare(cue: Cue, made: Sequence[tuple[str, list[dict[str, Any]]]], tally: Tally) -> None:
    """Ask both about each pair."""
    for (condition, documents), answers in zip(made, cue.all_pass(made), strict=True):
        try:
            ours = CueCondition.read(condition)
        except CueProblem as problem:
            _count_refused(tally, condition, answers, problem)
            continue
        for found, passes in zip(documents, answers, strict=True):
            _count(tally, ours, found, passes=passes)


def _count_refused(tally: Tally, condition: str, answers: list[bool], problem: CueProblem) -> None:
    tally.counts["refused by us"] += len(answers)
    if any(answers):
        tally.note("refused by us, some pass cue", condition, None, str(problem))


def _count(tally: Tally, ours: CueCondition, found: dict[str, Any], *, passes: bool) -> None:
    strict, cluster = ours.check(found), ours.check_as_cluster(found)
    if strict is None:
        tally.counts["both pass"] += passes
    elif passes:
        tally.counts["stricter"] += 1
    else:
        tally.counts["both fail"] += 1
    if cluster is not None and passes:
        tally.note("as the cluster: stricter", ours.text, found, cluster)
    for name, answer in (("check", strict), ("check_as_cluster", cluster)):
        if answer is None and not passes:
            tally.note(f"WRONG {name}", ours.text, found, "we pass, cue fails")


def main() -> int:
    """`python -m local.differential`; 1 where something passed that cue fails, 2 where there is no cue."""
    parser = argparse.ArgumentParser(prog="python -m local.differential", description=__doc__)
    parser.add_argument("--pairs", type=int, default=500, help="how many pairs of a condition and a document")
    parser.add_argument("--seed", type=int, default=1, help="what they are made up from")
    arguments = parser.parse_args()
    try:
        cue = find(BUILT) or build(BUILT)
    except CueFailed as error:
        print(error, file=sys.stderr)
        return 2
    tally, made = Tally(), list(pairs(arguments.seed, arguments.pairs))
    for start in range(0, len(made), _BATCH):
        compare(cue, made[start : start + _BATCH], tally)
    _report(tally)
    return 1 if tally.is_wrong else 0


def _report(tally: Tally) -> None:
    for note in tally.notes:
        print(note)
    for kind, count in sorted(tally.counts.items()):
        print(f"{count:8}  {kind}")
