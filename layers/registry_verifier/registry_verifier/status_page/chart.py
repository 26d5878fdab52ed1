"""Publishes over time, as bars: how many there were on each day, or in each week, and how many of them failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from registry_verifier.shapes.verdicts import Summary

BARS = 31
"""the most that are drawn; a longer time is drawn in weeks, and the oldest are left out after that"""
HEIGHT, WIDTH, GAP = 120, 20, 6
"""of the drawing area, a bar, and what is between two, in the units of the picture"""
_ROOM = 14
"""bars for which there is room at least, so that a single one does not fill the page"""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Bar:
    """One day, or one week."""

    first: date
    last: date
    publishes: int
    failures: int
    left: int
    """where it begins, in the picture's units"""
    height: float
    failed_height: float

    @property
    def name(self) -> str:
        """The day, or both ends of the week."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Chart:
    """The bars, oldest first."""

    bars: tuple[Bar, ...]
    publishes: int
    failures: int
    most: int
    """in one bar"""
    left_out: int
    """publishes that are too old for the oldest bar"""

    @property
    def width(self) -> int:
        """Of the drawing area."""
        return max(len(self.bars), _ROOM) * (WIDTH + GAP) - GAP

    @property
    def end(self) -> float:
        """Where the last bar ends, in hundredths of the width."""
        return round(100 * (self.bars[-1].left + WIDTH) / self.width, 2) if self.bars else 0

    @property
    def unit(self) -> str:
        """What one bar is."""
        return "week" if self.bars and self.bars[0].first != self.bars[0].last else "day"


def chart(records: Iterable[Summary]) -> Chart:
    """The chart of these records; children of indexes are no publishes of their own."""
    own = [record for record in records if record["kind"] != "child"]
    days = [date.fromisoformat(record["first_seen"][:10]) for record in own]
    failed = [day for day, record in zip(days, own, strict=True) if record["status"] == "FAILED"]
    bars = tuple(_bars(Counter(days), Counter(failed))) if days else ()
    drawn = sum(bar.publishes for bar in bars)
    most = max((bar.publishes for bar in bars), default=0)
    return Chart(bars, drawn, sum(bar.failures for bar in bars), most, len(own) - drawn)


def in_words(day: date) -> str:
    """`3 Nov 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _bars(days: Counter[date], failed: Counter[date]) -> Iterator[Bar]:
    stretches = list(_stretches(min(days), max(days)))[-BARS:]
    counts = [(_within(days, *stretch), _within(failed, *stretch)) for stretch in stretches]
    most = max(publishes for publishes, _ in counts) or 1
    for number, ((first, last), (publishes, failures)) in enumerate(zip(stretches, counts, strict=True)):
        heights = (round(HEIGHT * count / most, 1) for count in (publishes, failures))
        yield Bar(first, last, publishes, failures, number * (WIDTH + GAP), *heights)


def _stretches(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Days, or weeks that begin on Mondays where there would be too many days."""
    length = 1 if (last - first).days < BARS else 7
    start = first if length == 1 else first - timedelta(days=first.weekday())
    while start <= last:
        yield start, start + timedelta(days=length - 1)
        start += timedelta(days=length)


def _within(counts: Counter[date], first: date, last: date) -> int:
    return sum(count for day, count in counts.items() if first <= day <= last)
