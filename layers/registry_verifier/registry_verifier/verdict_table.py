"""VerdictsTable in DynamoDB: states and runs, and the timelines of repositories."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from registry_verifier import verdict_record, watch_record
from registry_verifier.dynamo_table import BATCH_LIMIT, RETENTION, readable
from registry_verifier.errors import BadRequest, Superseded
from registry_verifier.listing import Listing, Placed, Window
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_record import Item
from registry_verifier.watch_table import WatchTable
from registry_verifier.watched import Timeline, Watched

__all__ = ("RETENTION", "VerdictTable")

T = TypeVar("T")

MONTHS = 15
"""how far back months are listed: the calendar months that `RETENTION` can touch"""
PAGE_LIMIT = BATCH_LIMIT
"""the most that one page holds"""
_POSITION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z#[\x21-\x7e]+\Z")


class VerdictTable(WatchTable):
    """The table behind `ports.Verdicts` and `ports.SweepTable`.

    Every method raises `Unavailable` (STORE_UNAVAILABLE) where DynamoDB did not answer usefully, throttling included.
    """

    def state(self, image: ImageName, digest: Digest) -> State | None:
        """The newest record of this digest, read consistently."""
        item = self._get(verdict_record.partition(image, digest), verdict_record.STATE)
        return self._read_state(item) if item else None

    def record(self, old: State | None, new: State) -> None:
        """Replace `old` (None: there is none) by `new`; raises `Superseded` where `old` is not the newest."""
        self.hear_of(new.image)  # before its first record: a kill in between leaves a name too many, not one too few
        item = verdict_record.write_state(new, self._retention)
        if not self._put(item, **self._at_version(old.version if old else None)):
            seen = f"version {old.version}" if old else "no record"
            raise Superseded(f"{new.image}@{new.digest} is no longer at {seen}")

    def keep_run(self, state: State, replaced_at: datetime) -> None:
        """Keep the verdict of a state that is about to be replaced, for ever; doing it again changes nothing."""
        item = verdict_record.write_run(state, self._retention, replaced_at)
        self._put(item, ConditionExpression="attribute_not_exists(PK)")

    def recent(self, image: ImageName, *, limit: int) -> Iterable[State]:
        """The newest records of this repository, newest first; at most 100."""
        found = self.records_of_image(image, limit=min(limit, PAGE_LIMIT), window=Window())
        return [entry.value for entry in found.entries]

    def records_of_image(self, image: ImageName, *, limit: int, window: Window) -> Listing[State]:
        """`limit` (1 to 100) records of a repository, by `first_seen`, newest first."""
        keys = self._keys("GSI1", verdict_record.repository_key(image), limit + 1, window)
        return self._listing("GSI1", keys, limit, self._read_state)

    def timeline(self, image: ImageName, *, limit: int, cursor: str | None, since: datetime) -> Timeline:
        """`limit` (1 to 50) records of a repository that were first seen at `since` or later, newest first.

        Each with when the sweep last had it looked at. `cursor` is a position; BadRequest where it is none.
        """
        window = Window(since=since, after=cursor)
        keys = self._keys("GSI1", verdict_record.repository_key(image), limit + 1, window)
        shown = keys[:limit]
        sort_keys = (verdict_record.STATE, watch_record.CHECKED)
        items = self._batch([{"PK": key["PK"], "SK": {"S": name}} for key in shown for name in sort_keys])
        watched = (self._watched(items, key["PK"]["S"]) for key in shown)
        more = shown[-1]["GSI1SK"]["S"] if len(keys) > limit else None
        return Timeline(tuple(one for one in watched if one), more)

    def _watched(self, items: Mapping[tuple[str, str], Item], partition: str) -> Watched | None:
        item = items.get((partition, verdict_record.STATE))
        if item is None or self._expired(item):
            return None
        with readable():
            checked = watch_record.read_moment(items.get((partition, watch_record.CHECKED)))
        return Watched(self._read_state(item), checked)

    def _months(self, index: str, partition: Callable[[str], str], count: int, window: Window) -> list[Item]:
        """The newest `count` keys of the window, month by month; a month is asked when those before were not enough."""
        before, since = _before(window), _since(window)
        months = (m for m in _calendar(self._now()) if since[:7] <= m and (before is None or m <= before[:7]))
        return list(islice((key for m in months for key in self._keys(index, partition(m), count, window)), count))

    def _keys(self, index: str, partition: str, count: int, window: Window) -> list[Item]:
        """The newest `count` keys of a partition that lie within the window."""
        before, since = _before(window), _since(window)
        condition = f"{index}PK = :partition" + (f" AND {index}SK < :before" if before else "")
        values = {":partition": {"S": partition}} | ({":before": {"S": before}} if before else {})
        found = self._query(
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=count,
        )
        return [dict(item) for item in found["Items"] if item[f"{index}SK"]["S"] >= since]

    def _listing(self, index: str, keys: Sequence[Item], limit: int, read: Callable[[Item], T]) -> Listing[T]:
        """What is behind the first `limit` keys; one key more than that says that the list goes on."""
        shown = keys[:limit]
        items = self._batch([{"PK": key["PK"], "SK": key["SK"]} for key in shown])
        found = ((key[f"{index}SK"]["S"], items.get((key["PK"]["S"], key["SK"]["S"]))) for key in shown)
        entries = [Placed(place, read(item)) for place, item in found if item and not self._expired(item)]
        return Listing(tuple(entries), shown[-1][f"{index}SK"]["S"] if len(keys) > limit else None)

    def _read_state(self, item: Item) -> State:
        with readable():
            return verdict_record.read_state(item)


def _before(window: Window) -> str | None:
    """The sort key that everything within the window comes before; BadRequest where `after` is no position."""
    if window.after is not None and not _POSITION.match(window.after):
        raise BadRequest(f"position is none of this list: {window.after[:80]!r}")
    ends = [end for end in (window.after, window.until and timestamp(window.until)) if end]
    return min(ends, default=None)


def _since(window: Window) -> str:
    return timestamp(window.since) if window.since else ""


def _calendar(now: datetime) -> Iterator[str]:
    """This month as `yyyy-mm` and those before it, `MONTHS` in all."""
    first = now.year * 12 + now.month - 1
    for number in range(first, first - MONTHS, -1):
        yield f"{number // 12:04d}-{number % 12 + 1:02d}"
