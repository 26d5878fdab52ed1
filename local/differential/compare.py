"""Our evaluator of conditions beside the real CUE, on conditions and documents that are made up from a seed.

CUE is asked twice: the newest command (`cue`), and the library in the version that policy-controller has (`library`).
A pair passes where it passes both. `check` and `check_as_cluster` may be stricter, and say so; passing where one of
the two fails is wrong, and the exit code is 1. `--record` keeps a part of what was asked for the tests.
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
from typing import Any, Protocol

from local.differential import cue, library
from local.differential.conditions import Author
from local.differential.documents import changed, document
from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.cue.problem import CueProblem

BUILT = Path(".build/bin")
_DOCUMENTS = 5
_BATCH = 100
_SHOWN = 10
_KEPT = 80

Questions = Sequence[tuple[str, list[dict[str, Any]]]]
"""conditions, each with its documents"""


class Judge(Protocol):
    """What is asked."""

    def all_pass(self, pairs: Questions) -> list[list[bool]]:
        """For each condition and document whether it passes."""
        ...


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


def asked(judges: Sequence[Judge], made: Questions) -> list[list[bool]]:
    """For each condition and document whether it passes all of them."""
    answers = [judge.all_pass(made) for judge in judges]
    return [[all(each) for each in zip(*of_one, strict=True)] for of_one in zip(*answers, strict=True)]


def compare(made: Questions, answers: list[list[bool]], tally: Tally) -> None:
    """Hold our answers against these."""
    for (condition, documents), passing in zip(made, answers, strict=True):
        try:
            ours = CueCondition.read(condition)
        except CueProblem as problem:
            _count_refused(tally, condition, passing, problem)
            continue
        for found, passes in zip(documents, passing, strict=True):
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
    """`python -m local.differential`; 1 where something passed that CUE fails, 2 where there is no CUE."""
    parser = argparse.ArgumentParser(prog="python -m local.differential", description=__doc__)
    parser.add_argument("--pairs", type=int, default=500, help="how many pairs of a condition and a document")
    parser.add_argument("--seed", type=int, default=1, help="what they are made up from")
    parser.add_argument("--record", type=Path, help="where to keep those that some documents pass and others fail")
    arguments = parser.parse_args()
    try:
        judges: list[Judge] = [cue.find(BUILT) or cue.build(BUILT), library.find(BUILT) or library.build(BUILT)]
    except cue.CueFailed as error:
        print(error, file=sys.stderr)
        return 2
    tally, made, answers = Tally(), list(pairs(arguments.seed, arguments.pairs)), list[list[bool]]()
    for start in range(0, len(made), _BATCH):
        answers += asked(judges, made[start : start + _BATCH])
    compare(made, answers, tally)
    _report(tally)
    if arguments.record:
        record(arguments.record, made, answers)
    return 1 if tally.is_wrong else 0


def record(path: Path, made: Questions, answers: list[list[bool]]) -> None:
    """Write down the answers about conditions that load here and decide something."""
    telling = [
        {"condition": condition, "documents": documents, "passes": passing}
        for (condition, documents), passing in zip(made, answers, strict=True)
        if len(set(passing)) > 1 and _loads(condition)
    ]
    path.write_text("[\n" + ",\n".join(map(json.dumps, telling[:_KEPT])) + "\n]\n", encoding="utf-8")


def _loads(condition: str) -> bool:
    try:
        CueCondition.read(condition)
    except CueProblem:
        return False
    return True


def _report(tally: Tally) -> None:
    for note in tally.notes:
        print(note)
    for kind, count in sorted(tally.counts.items()):
        print(f"{count:8}  {kind}")
