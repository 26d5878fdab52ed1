"""`python -m local.simulation`: thousands of publishes with known truth through the whole stack, in virtual time.

Deliveries get lost, late, doubled and out of order; the registry lags, throttles and goes down; so do the queue, the
table, Slack and GitHub's API. Every verdict and every incident is then held against the truth. The same seed is the
same run.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from local.simulation.score import Finding
from local.simulation.trial import Result, Trial

OF_ONE_WORLD = 250
_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, print the score, and return 0 where nothing is wrong."""
    chosen = _parser().parse_args(arguments)
    worlds = list(_worlds(chosen.seed, chosen.publishes))
    if chosen.only:
        return _only(worlds, chosen.only)
    began = time.monotonic()
    result = Result()
    for number, one in enumerate(_results(worlds, chosen.processes), 1):
        result.findings += one.findings
        result.counts += one.counts
        wrong = sum(not finding.is_right for finding in result.findings)
        seconds = time.monotonic() - began
        print(f"{len(result.findings)} publishes, {wrong} wrong, {seconds:.0f} s ({number} of {len(worlds)} worlds)")
    print("\n".join(report(result)))
    return 0 if is_right(result) else 1


def is_right(result: Result) -> bool:
    """Whether every publish ended as it should, and nothing was lost on the way."""
    return not losses(result) and all(finding.is_right for finding in result.findings)


def losses(result: Result) -> list[str]:
    """What was given up, or is still waiting."""
    names = ("queue: given up", "queue: forgotten", "queue: left", "stream: given up", "stream: left", "verify: bugs")
    return [f"{name}: {result.counts[name]}" for name in names if result.counts[name]]


def report(result: Result) -> Iterator[str]:
    """The score by kind, what went wrong in the world, and the stories of what is wrong."""
    wrong = [finding for finding in result.findings if not finding.is_right]
    for finding in wrong[:_SHOWN]:
        yield from ("", *story(finding))
    yield ""
    yield from _table(result.findings)
    yield ""
    yield from (f"  {name:<36}{count:>9}" for name, count in sorted(result.counts.items()))
    yield ""
    yield from (f"LOST  {loss}" for loss in losses(result))
    yield f"{len(result.findings)} publishes: {len(wrong)} wrong" + (f" (the first {_SHOWN} above)" if wrong else "")


def story(finding: Finding) -> Iterator[str]:
    """One publish's ending, and how it came to it."""
    yield f"publish {finding.id}, {finding.kind}: {'right' if finding.is_right else 'WRONG'}"
    yield from (f"  wrong: {text}" for text in (*finding.wrong_verdicts, *finding.wrong_incidents))
    yield from (f"    {entry}" for entry in finding.story)


def _table(findings: Iterable[Finding]) -> Iterator[str]:
    kinds = defaultdict[str, Counter[str]](Counter)
    for finding in findings:
        for kind in (finding.kind, "all"):
            right = {"verdicts": not finding.wrong_verdicts, "incidents": not finding.wrong_incidents}
            kinds[kind] += Counter(publishes=1, wrong=not finding.is_right, **right)
    yield f"{'':<28}{'publishes':>10}{'right verdicts':>16}{'right incidents':>17}{'wrong':>7}"
    for kind, count in sorted(kinds.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        numbers = f"{count['publishes']:>10}{count['verdicts']:>16}{count['incidents']:>17}{count['wrong']:>7}"
        yield f"{kind:<28}{numbers}"


def _worlds(seed: int, publishes: int) -> Iterator[tuple[str, int, int]]:
    """Seed, first id and count of each world: worlds of one size, so that an id is the same publish in each run."""
    for first in range(1, publishes + 1, OF_ONE_WORLD):
        yield f"{seed}/{first}", first, min(OF_ONE_WORLD, publishes - first + 1)


def _results(worlds: Sequence[tuple[str, int, int]], processes: int) -> Iterator[Result]:
    if min(processes, len(worlds)) == 1:
        yield from map(_result, worlds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_result, worlds)


def _result(world: tuple[str, int, int]) -> Result:
    return Trial(*world).run()


def _only(worlds: Iterable[tuple[str, int, int]], wanted: int) -> int:
    """The world of one publish once more, and this publish's story, right or wrong."""
    world = next((one for one in worlds if one[1] <= wanted < one[1] + one[2]), None)
    if world is None:
        print(f"there is no publish {wanted}", file=sys.stderr)
        return 2
    finding = next(one for one in Trial(*world, told=(wanted,)).run().findings if one.id == wanted)
    print("\n".join(story(finding)))
    return 0 if finding.is_right else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.simulation", description=__doc__)
    parser.add_argument("-n", "--publishes", type=int, default=5000, help="how many (default: 5000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another run (default: 1)")
    parser.add_argument("--only", type=int, metavar="ID", help="tell the story of one publish of that run")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each processor")
    return parser
