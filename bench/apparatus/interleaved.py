"""Measures several things in turn, so that a slow moment of the machine meets all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping


def medians(tasks: Mapping[str, Callable[[], float]], *, rounds: int, warm_ups: int = 1) -> dict[str, float]:
    """The median of what each task returns, over so many rounds after those that only warm up."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for round_ in range(warm_ups + rounds):
        for name, task in tasks.items():
            value = task()
            if round_ >= warm_ups:
                taken[name].append(value)
    return {name: statistics.median(values) for name, values in taken.items()}
