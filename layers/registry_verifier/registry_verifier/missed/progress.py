"""How far a run came: the notes that the next run goes on from, the time that is left, what could not be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from registry_verifier.errors import Unavailable
from registry_verifier.models import Digest, FailedDelivery, ImageName, State
from registry_verifier.reasons import Reason

OVERLAP = timedelta(minutes=30)
"""what a run looks at again of the one before: longer than a publish is left to its webhook"""
RESERVE_SECONDS = 20.0
"""what is left of the time when a run stops by itself"""
TROUBLES_LIMIT = 20
FAILURES_IN_A_ROW = 5
OF_ONE_ITEM = (Reason.GITHUB_FORBIDDEN, Reason.GITHUB_UNAVAILABLE)
"""what may be so for one item and not for the next; a throttle, the table and the queue are the same for all"""

_T = TypeVar("_T")


class Table(Protocol):
    """What is known, and the notes. All raise `Unavailable`."""

    def state(self, image: ImageName, digest: Digest) -> State | None:
        """The newest record of this digest."""
        ...

    def images(self) -> Iterator[ImageName]:
        """Every repository ever heard of."""
        ...

    def keep(self, name: str, text: str) -> None:
        """Keep a note under a name, in the place of the one before."""
        ...

    def kept(self, name: str) -> str | None:
        """The note of that name."""
        ...


class Progress:
    """One run's."""

    def __init__(self, table: Table, started: datetime, time_left: Callable[[], float]) -> None:
        self._table, self._time_left = table, time_left
        self.started = started
        self.troubles: list[str] = []

    def part(self, what: str, work: Callable[[], None]) -> None:
        """One part of the run, whose end is not the end of the others."""
        try:
            work()
        except Unavailable as error:
            self.trouble(f"{what}: {error}")

    def each(self, items: Sequence[_T], work: Callable[[_T], bool]) -> tuple[bool, int]:
        """Do it for one after the other: whether all of it was done, and how many were tried."""
        whole, failures = True, 0
        for number, item in enumerate(items):
            if self.is_over():
                return False, number
            try:
                whole, failures = work(item) and whole, 0
            except Unavailable as error:
                self.trouble(f"{_named(item)}: {error}")
                whole, failures = False, failures + 1
                if error.reason not in OF_ONE_ITEM or failures == FAILURES_IN_A_ROW:
                    return False, number + 1
        return whole, len(items)

    def is_over(self) -> bool:
        """Whether no time is left for anything more."""
        over = self._time_left() < RESERVE_SECONDS
        if over and "no time left" not in self.troubles:
            self.trouble("no time left")
        return over

    def trouble(self, text: str) -> None:
        """Tell what could not be done."""
        if len(self.troubles) < TROUBLES_LIMIT:
            self.troubles.append(text)

    def keep(self, name: str, moment: datetime) -> None:
        """Everything before that moment was done."""
        self._table.keep(name, moment.astimezone(UTC).isoformat())

    def kept(self, name: str) -> datetime | None:
        """The moment of that name; None where none is kept, or none that can be read."""
        try:
            moment = datetime.fromisoformat(self._table.kept(name) or "")
        except ValueError:
            return None
        return min(moment, self.started) if moment.tzinfo else None


def _named(item: object) -> str:
    return f"delivery {item.event_id}" if isinstance(item, FailedDelivery) else str(item)
