"""The story of the sweep: what was decided is looked at again, and what was forgotten is taken up.

1. go on where the last run ended: repository by repository, each from its newest record back to the window's end
2. take what is due: decided records that nobody looked at for long, and waiting ones whose re-checks were lost
3. have them looked at: the forgotten at once, the others spread over the time until the next run
4. remember of each when it was sent, then where this run ended

A run that is killed sends at most one look twice: each is remembered after it was sent. What a run reads and what it
sends is bounded, so that a large table takes more runs, and neither the registry nor the bill notices.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from registry_verifier.errors import BadRequest
from registry_verifier.grace import PATIENCE, ends
from registry_verifier.models import ImageName, Look, State
from registry_verifier.ports import Looks, SweepTable
from registry_verifier.reasons import Reason, Status
from registry_verifier.watched import Watched

LATE = timedelta(minutes=20)
"""how long after its deadline a waiting record is forgotten: re-checks come at most 15 minutes apart"""
UNSEEN = timedelta(hours=1)
"""how often a record is tried again that nobody could look at"""
SPREAD_SECONDS = 900
PAGE = 50
PAGES = 200
"""how many pages one run reads"""
NOTE = "reverify"


@dataclass(frozen=True)
class Swept:
    """What one run came to."""

    checked: int = 0
    """records that it went past"""
    sent: int = 0
    """looks that it sent, the overdue ones included"""
    overdue: int = 0
    """records whose own re-checks were lost"""


class _Place(NamedTuple):
    """Where a run is: at which page of which repository; the default is before all."""

    image: ImageName | None = None
    cursor: str | None = None


@dataclass
class _Found:
    """What one run found so far."""

    checked: int = 0
    overdue: list[State] = field(default_factory=list)
    due: list[State] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.overdue) + len(self.due)


@dataclass(frozen=True)
class Sweep:
    """Everything that a run needs, wired once per process."""

    table: SweepTable
    looks: Looks
    now: Callable[[], datetime]
    after: timedelta
    """how long a decision stands unlooked at"""
    window: timedelta
    """how old a publish may be to be looked at again"""
    batch: int
    """the most looks that one run sends"""

    def run(self) -> Swept:
        """One run; raises Unavailable where the table or the queue did not answer: the next run goes on."""
        found = _Found()
        place = self._walk(found)
        for state in found.overdue:
            self._send(state, 0)
        for number, state in enumerate(found.due):
            self._send(state, number * SPREAD_SECONDS // len(found.due))
        self.table.keep(NOTE, _write(place))
        return Swept(found.checked, found.count, len(found.overdue))

    def _walk(self, found: _Found) -> _Place:
        """Fill `found`; where the next run begins."""
        for read, (place, items) in enumerate(self._pages()):
            if read == PAGES:
                return place
            for watched in items:
                if found.count == self.batch:
                    return place  # the rest of this page comes first in the next run
                found.checked += 1
                self._take(watched, found)
        return _Place()

    def _take(self, watched: Watched, found: _Found) -> None:
        now = self.now()
        if _is_forgotten(watched, now):
            found.overdue.append(watched.state)
        elif _is_decided(watched.state) and _looked_at(watched) + self.after <= now:
            found.due.append(watched.state)

    def _pages(self) -> Iterator[tuple[_Place, tuple[Watched, ...]]]:
        """Every page with its place, from where the last run ended to the end."""
        begin = _read(self.table.kept(NOTE))
        since = self.now() - self.window
        if begin.image:
            try:
                yield from self._pages_of(begin.image, begin.cursor, since)
            except BadRequest:  # a note that is no place in this list must not stop every run to come
                yield from self._pages_of(begin.image, None, since)
        for image in self.table.images(after=begin.image):
            yield from self._pages_of(image, None, since)

    def _pages_of(
        self, image: ImageName, cursor: str | None, since: datetime
    ) -> Iterator[tuple[_Place, tuple[Watched, ...]]]:
        while True:
            page = self.table.timeline(image, limit=PAGE, cursor=cursor, since=since)
            yield _Place(image, cursor), page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def _send(self, state: State, delay_seconds: int) -> None:
        self.looks.send(Look(state.image, state.digest, "sweep"), delay_seconds=delay_seconds)
        self.table.keep_checked(state.image, state.digest, self.now())


def _is_decided(state: State) -> bool:
    """Decided by itself: what an index covers is looked at with the index."""
    return state.status not in (Status.PENDING, Status.UNKNOWN) and not state.is_child


def _is_forgotten(watched: Watched, now: datetime) -> bool:
    """A record that waits, and whose chain of re-checks may have been lost; a look too many does no harm."""
    state = watched.state
    if state.status == Status.PENDING:
        end = ends(state.first_seen, state.deadline, tagged=bool(state.tags))
        return max(watched.checked_at or end, end) + LATE <= now
    return state.status == Status.UNKNOWN and _looked_at(watched) + _pause(state, now) <= now


def _pause(state: State, now: datetime) -> timedelta:
    """Between two looks at what nobody could look at: what neither waiting nor trying mended is tried once a day."""
    is_hopeless = Reason.POLICY_UNSUPPORTED.value in state.document["reasons"]
    return timedelta(days=1) if is_hopeless or now > _verified_at(state) + PATIENCE else UNSEEN


def _looked_at(watched: Watched) -> datetime:
    decided_at = _verified_at(watched.state)
    return max(decided_at, watched.checked_at or decided_at)


def _verified_at(state: State) -> datetime:
    return datetime.fromisoformat(state.document["verified_at"])


def _write(place: _Place) -> str:
    return json.dumps([str(place.image), place.cursor]) if place.image else ""


def _read(note: str | None) -> _Place:
    """The place in a note; what cannot be read any more means to begin anew."""
    try:
        match json.loads(note or "null"):
            case [str(image), str() | None as cursor]:
                return _Place(ImageName.parse(image), cursor)
    except ValueError:
        pass
    return _Place()
