"""The table as the query API reads it: lists of everything, newest first, and what was before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from registry_verifier import incident_record, verdict_record, watch_record
from registry_verifier.dynamo_table import readable
from registry_verifier.errors import BadRequest
from registry_verifier.incident import Incident
from registry_verifier.incident_table import IncidentTable
from registry_verifier.listing import Listing, Placed, Run, Sight, Window
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.reasons import Status
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_record import Item
from registry_verifier.verdict_table import VerdictTable
from registry_verifier.watched import TagPointer

T = TypeVar("T")

_RUN = "RUN#"
_BEFORE_ALL, _AFTER_ALL = "!", "~"
"""come before and after every character of a name, a tag and a time"""


@dataclass(frozen=True)
class _Stretch:
    """A stretch of one partition of the table, both ends included."""

    partition: str
    low: str
    high: str
    after: str | None = None
    """where a page before ended; left out itself"""
    newest_first: bool = False
    consistent: bool = False

    def left(self) -> tuple[str, str]:
        """What comes after `after`, `after` included; BadRequest where that is no place in here."""
        if self.after is None:
            return self.low, self.high
        if not self.low <= self.after <= self.high:
            raise BadRequest(f"position is none of this list: {self.after[:80]!r}")
        return (self.low, self.after) if self.newest_first else (self.after, self.high)


class AnswerTable(VerdictTable):
    """The table behind `query.world.Verdicts`. Reads at most `limit` records, whatever the table holds."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._incidents = IncidentTable(*arguments, **options)

    def sight(self, image: ImageName, digest: Digest) -> Sight:
        """When the digest was looked at again."""
        partition = verdict_record.partition(image, digest)
        names = (watch_record.LOOKED, watch_record.UNSEEN)
        items = self._batch([{"PK": {"S": partition}, "SK": {"S": name}} for name in names])
        with readable():
            looked, unseen = (watch_record.read_moment(items.get((partition, name))) for name in names)
        return Sight(looked, unseen)

    def history(self, image: ImageName, digest: Digest, *, limit: int, after: str | None) -> Listing[Run]:
        """The verdicts about this digest that were replaced, newest first; the one that stands is not among them."""
        partition = verdict_record.partition(image, digest)
        stretch = _Stretch(partition, _RUN, _RUN + _AFTER_ALL, after, newest_first=True)
        return self._between(stretch, limit, lambda item: verdict_record.read_run(image, digest, item))

    def run(self, image: ImageName, digest: Digest, position: str) -> Run | None:
        """The one replaced verdict at a position of the history."""
        if not position.startswith(_RUN):
            return None
        item = self._get(verdict_record.partition(image, digest), position)
        with readable():
            return verdict_record.read_run(image, digest, item) if item else None

    def run_at(self, image: ImageName, digest: Digest, moment: datetime) -> Run | None:
        """The newest of the replaced verdicts that were made at `moment` or before."""
        partition = verdict_record.partition(image, digest)
        last = f"{_RUN}{timestamp(moment)}#{_AFTER_ALL}"
        stretch = _Stretch(partition, _RUN, last, newest_first=True, consistent=True)
        found = self._between(stretch, 1, lambda item: verdict_record.read_run(image, digest, item))
        return found.entries[0].value if found.entries else None

    def images_with_records(self, *, limit: int, after: str | None) -> Listing[ImageName]:
        """The repositories that have records, by name."""
        stretch = _Stretch(watch_record.IMAGES, _BEFORE_ALL, _AFTER_ALL, after)
        return self._between(stretch, limit, watch_record.read_image)

    def records(self, *, limit: int, window: Window) -> Listing[State]:
        """Records of all repositories, children of an index left out, by `first_seen`, newest first."""
        keys = self._months("GSI3", verdict_record.month_key, limit + 1, window)
        return self._listing("GSI3", keys, limit, self._read_state)

    def records_of_status(self, status: Status, *, limit: int, window: Window) -> Listing[State]:
        """Records that are FAILED or UNKNOWN now, children left out, by `verified_at`, newest first.

        Raises BadRequest for another status.
        """
        if status not in verdict_record.LISTED:
            indexed = " and ".join(verdict_record.LISTED)
            raise BadRequest(f"status is {status.value} (only {indexed} are indexed)")
        keys = self._months("GSI2", lambda month: verdict_record.status_key(status, month), limit + 1, window)
        found = self._listing("GSI2", keys, limit, self._read_state)
        entries = tuple(entry for entry in found.entries if entry.value.status is status)
        return Listing(entries, found.next_position)

    def tags(self, image: ImageName, *, limit: int, after: str | None) -> Listing[TagPointer]:
        """What the tags of a repository point to, by name."""
        first = watch_record.tag_key("")
        stretch = _Stretch(verdict_record.repository_key(image), first, first + _AFTER_ALL, after)
        return self._between(stretch, limit, watch_record.read_pointer)

    def incidents(self, *, limit: int, window: Window) -> Listing[Incident]:
        """Incidents of all repositories, open and ended ones, by when their digests were first seen, newest first."""
        keys = self._months("GSI2", incident_record.month_key, limit + 1, window)
        return self._listing("GSI2", keys, limit, _read_incident)

    def of_digest(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        """Every incident about this digest, read consistently."""
        return self._incidents.of_digest(image, digest)

    def _between(self, stretch: _Stretch, limit: int, read: Callable[[Item], T]) -> Listing[T]:
        """Up to `limit` items of a stretch; DynamoDB answers with one megabyte at most, so that there may be fewer."""
        low, high = stretch.left()
        values = {":partition": {"S": stretch.partition}, ":low": {"S": low}, ":high": {"S": high}}
        found = self._query(
            KeyConditionExpression="PK = :partition AND SK BETWEEN :low AND :high",
            ExpressionAttributeValues=values,
            ScanIndexForward=not stretch.newest_first,
            Limit=limit + 1 + (stretch.after is not None),
            ConsistentRead=stretch.consistent,
        )
        items = [dict(item) for item in found["Items"] if item["SK"]["S"] != stretch.after]
        shown = items[:limit]
        goes_on = bool(shown) and (len(items) > limit or "LastEvaluatedKey" in found)
        with readable():
            entries = [Placed(item["SK"]["S"], read(item)) for item in shown if not self._expired(item)]
        return Listing(tuple(entries), shown[-1]["SK"]["S"] if goes_on else None)


def _read_incident(item: Item) -> Incident:
    with readable():
        return incident_record.read_incident(item)
