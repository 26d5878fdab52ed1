"""Measures several things in turn, so that a slow moment of the machine meets all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence


def samples(tasks: Mapping[str, Callable[[], float]], *, rounds: int, warm_ups: int = 1) -> dict[str, list[float]]:
    """What each task returned, round by round, after those rounds that only warm up."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for round_ in range(warm_ups + rounds):
        for name, task in tasks.items():
            value = task()
            if round_ >= warm_ups:
                taken[name].append(value)
    return taken


def medians(tasks: Mapping[str, Callable[[], float]], *, rounds: int, warm_ups: int = 1) -> dict[str, float]:
    """The median of what each task returned."""
    taken = samples(tasks, rounds=rounds, warm_ups=warm_ups)
    return {name: statistics.median(values) for name, values in taken.items()}


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios within a round, which a clock that changes its speed between rounds does not move."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
