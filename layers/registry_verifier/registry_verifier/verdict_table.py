"""VerdictsTable in DynamoDB: states and runs, and lists of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from registry_verifier import verdict_record, watch_record
from registry_verifier.dynamo_table import BATCH_LIMIT, RETENTION, readable
from registry_verifier.errors import BadRequest, Superseded
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.page import LISTED, Page, read_cursor, write_cursor
from registry_verifier.reasons import Status
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_record import Item
from registry_verifier.watch_table import WatchTable
from registry_verifier.watched import Timeline, Watched

__all__ = ("RETENTION", "VerdictTable")

MONTHS = 15
"""how far back a status is listed: the calendar months that `RETENTION` can touch"""
PAGE_LIMIT = BATCH_LIMIT
"""the most that one page holds"""


class VerdictTable(WatchTable):
    """The table behind `ports.Verdicts`, `ports.SweepTable` and the query API.

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

    def keep_run(self, state: State) -> None:
        """Keep the verdict of a state that is about to be replaced, for ever; doing it again changes nothing."""
        item = verdict_record.write_run(state, self._retention)
        self._put(item, ConditionExpression="attribute_not_exists(PK)")

    def recent(self, image: ImageName, *, limit: int) -> Iterable[State]:
        """The newest records of this repository, newest first; at most 100."""
        return self.page_of_image(image, limit=min(limit, PAGE_LIMIT), cursor=None).items

    def page_of_image(self, image: ImageName, *, limit: int, cursor: str | None) -> Page:
        """`limit` (1 to 100) records of a repository after `cursor`, by `first_seen`, newest first.

        A page may hold fewer where records expired. Raises BadRequest for a cursor that is not of this list.
        """
        listing = f"image {image}"
        before = None if cursor is None else read_cursor(listing, cursor)
        keys = self._keys("GSI1", verdict_record.repository_key(image), before, limit + 1)
        return self._page(listing, "GSI1SK", keys, limit, lambda _: True)

    def timeline(self, image: ImageName, *, limit: int, cursor: str | None, since: datetime) -> Timeline:
        """`limit` (1 to 50) records of a repository that were first seen at `since` or later, newest first.

        Each with when the sweep last had it looked at. Raises BadRequest for a cursor that is not of this list.
        """
        listing = f"image {image}"
        before = None if cursor is None else read_cursor(listing, cursor)
        repository = verdict_record.repository_key(image)
        keys = self._keys("GSI1", repository, before, limit + 1, since=timestamp(since))
        shown = keys[:limit]
        sort_keys = (verdict_record.STATE, watch_record.CHECKED)
        items = self._batch([{"PK": key["PK"], "SK": {"S": name}} for key in shown for name in sort_keys])
        watched = (self._watched(items, key["PK"]["S"]) for key in shown)
        more = write_cursor(listing, shown[-1]["GSI1SK"]["S"]) if len(keys) > limit else None
        return Timeline(tuple(one for one in watched if one), more)

    def _watched(self, items: Mapping[tuple[str, str], Item], partition: str) -> Watched | None:
        item = items.get((partition, verdict_record.STATE))
        if item is None or self._expired(item):
            return None
        with readable():
            checked = watch_record.read_moment(items.get((partition, watch_record.CHECKED)))
        return Watched(self._read_state(item), checked)

    def page_of_status(self, status: Status, *, limit: int, cursor: str | None, since: str | None = None) -> Page:
        """`limit` (1 to 100) records that are FAILED or UNKNOWN now, by `verified_at`, newest first.

        Goes back to the month `since` (`yyyy-mm`), at most 15 months, one query each.
        A page may hold fewer where records expired or changed. Raises BadRequest for another status or cursor.
        """
        if status not in LISTED:
            indexed = " and ".join(LISTED)
            raise BadRequest(f"status is {status.value} (only {indexed} are indexed)")
        listing = f"status {status.value}"
        before = None if cursor is None else read_cursor(listing, cursor)
        keys = islice(self._walk(status, before, limit + 1, since or ""), limit + 1)
        return self._page(listing, "GSI2SK", list(keys), limit, lambda state: state.status == status)

    def _walk(self, status: Status, before: str | None, count: int, since: str) -> Iterator[Item]:
        """Up to `count` keys of each month, newest month first, none newer than the month of `before`."""
        for month in _months(self._now()):
            if month < since:
                return
            if before is None or month <= before[:7]:
                within = before if before and before.startswith(month) else None
                yield from self._keys("GSI2", verdict_record.status_key(status, month), within, count)

    def _keys(self, index: str, partition: str, before: str | None, count: int, *, since: str = "") -> list[Item]:
        """The newest `count` keys of a partition that come before the sort key `before`, none before `since`."""
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

    def _page(
        self, listing: str, sort_key: str, keys: Sequence[Item], limit: int, wanted: Callable[[State], bool]
    ) -> Page:
        """The states behind the first `limit` keys; one key more than that says that another page follows."""
        shown = keys[:limit]
        cursor = write_cursor(listing, shown[-1][sort_key]["S"]) if len(keys) > limit else None
        items = self._batch([{"PK": key["PK"], "SK": key["SK"]} for key in shown])
        found = (items.get((key["PK"]["S"], key["SK"]["S"])) for key in shown)
        states = (self._read_state(item) for item in found if item and not self._expired(item))
        return Page(tuple(filter(wanted, states)), cursor)

    def _read_state(self, item: Item) -> State:
        with readable():
            return verdict_record.read_state(item)


def _months(now: datetime) -> Iterator[str]:
    """This month as `yyyy-mm` and those before it, `MONTHS` in all."""
    first = now.year * 12 + now.month - 1
    for number in range(first, first - MONTHS, -1):
        yield f"{number // 12:04d}-{number % 12 + 1:02d}"
