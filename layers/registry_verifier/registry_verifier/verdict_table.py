"""VerdictsTable in DynamoDB: states, runs and alerts.

No scan anywhere; every call costs the same whatever the table holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from registry_verifier import verdict_record
from registry_verifier.alert import Alert
from registry_verifier.errors import BadRequest, Superseded, Unavailable
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.page import LISTED, Page, read_cursor, write_cursor
from registry_verifier.reasons import Reason, Status
from registry_verifier.verdict_record import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

RETENTION = timedelta(days=400)
MONTHS = 15
"""how far back a status is listed: the calendar months that `RETENTION` can touch"""
PAGE_LIMIT = 100
"""the most that one page holds, and BatchGetItem takes"""
_READ_ROUNDS = 5
_CONDITION_FAILED = "ConditionalCheckFailedException"


def _now() -> datetime:
    return datetime.now(UTC)


class VerdictTable:
    """The table behind `ports.Verdicts`, the query API and the alerts.

    Every method raises `Unavailable` (STORE_UNAVAILABLE) where DynamoDB did not answer usefully, throttling included.
    Records live for `retention` after they were written; what DynamoDB has not removed by then is not seen any more.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        *,
        retention: timedelta = RETENTION,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._name = name
        self._retention = retention
        self._now = now
        self._sleep = sleep

    def state(self, image: ImageName, digest: Digest) -> State | None:
        """The newest record of this digest, read consistently."""
        item = self._get(image, digest, verdict_record.STATE)
        return self._read_state(item) if item else None

    def record(self, old: State | None, new: State) -> None:
        """Replace `old` (None: there is none) by `new`; raises `Superseded` where `old` is not the newest."""
        condition: dict[str, Any]
        if old is None:  # a record whose time is over is as good as none, though DynamoDB has yet to remove it
            condition = {
                "ConditionExpression": "attribute_not_exists(PK) OR expires_at <= :now",
                "ExpressionAttributeValues": {":now": {"N": str(int(self._now().timestamp()))}},
            }
        else:
            condition = {
                "ConditionExpression": "version = :seen",
                "ExpressionAttributeValues": {":seen": {"N": str(old.version)}},
            }
        if not self._put(verdict_record.write_state(new, self._retention), **condition):
            seen = f"version {old.version}" if old else "no record"
            raise Superseded(f"{new.image}@{new.digest} is no longer at {seen}")

    def keep_run(self, state: State) -> None:
        """Keep this state's verdict as an immutable run; doing it again changes nothing."""
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

    def alert(self, image: ImageName, digest: Digest) -> Alert | None:
        """What people were told about this digest, read consistently."""
        item = self._get(image, digest, verdict_record.ALERT)
        with _readable():
            return verdict_record.read_alert(item) if item else None

    def keep_alert(self, alert: Alert) -> None:
        """Remember what people were told; replaces what was remembered."""
        self._put(verdict_record.write_alert(alert, self._now() + self._retention))

    def _get(self, image: ImageName, digest: Digest, sort_key: str) -> Item | None:
        key = {"PK": {"S": verdict_record.partition(image, digest)}, "SK": {"S": sort_key}}
        with _asked():
            item = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get("Item")
        return dict(item) if item and not self._expired(item) else None

    def _put(self, item: Item, **condition: Any) -> bool:
        """Write; False where the condition does not hold."""
        with _asked():
            try:
                self._client.put_item(TableName=self._name, Item=item, **condition)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == _CONDITION_FAILED:
                    return False
                raise
        return True

    def _walk(self, status: Status, before: str | None, count: int, since: str) -> Iterator[Item]:
        """Up to `count` keys of each month, newest month first, none newer than the month of `before`."""
        for month in _months(self._now()):
            if month < since:
                return
            if before is None or month <= before[:7]:
                within = before if before and before.startswith(month) else None
                yield from self._keys("GSI2", verdict_record.status_key(status, month), within, count)

    def _keys(self, index: str, partition: str, before: str | None, count: int) -> list[Item]:
        """The newest `count` keys of a partition that come before the sort key `before`."""
        condition = f"{index}PK = :partition" + (f" AND {index}SK < :before" if before else "")
        values = {":partition": {"S": partition}} | ({":before": {"S": before}} if before else {})
        with _asked():
            found = self._client.query(
                TableName=self._name,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                Limit=count,
            )
        return [dict(item) for item in found["Items"]]

    def _page(
        self, listing: str, sort_key: str, keys: Sequence[Item], limit: int, wanted: Callable[[State], bool]
    ) -> Page:
        """The states behind the first `limit` keys; one key more than that says that another page follows."""
        shown = keys[:limit]
        cursor = write_cursor(listing, shown[-1][sort_key]["S"]) if len(keys) > limit else None
        items = self._batch([{"PK": key["PK"], "SK": key["SK"]} for key in shown])
        found = (items.get(key["PK"]["S"]) for key in shown)
        states = (self._read_state(item) for item in found if item and not self._expired(item))
        return Page(tuple(filter(wanted, states)), cursor)

    def _batch(self, keys: list[Item]) -> dict[str, Item]:
        """The items of at most 100 keys by PK; what DynamoDB leaves unread is asked for again."""
        items: dict[str, Item] = {}
        for attempt in range(_READ_ROUNDS):
            if not keys:
                return items
            if attempt:
                self._sleep(0.05 * 2**attempt)
            with _asked():
                answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": keys, "ConsistentRead": True}})
            items |= {item["PK"]["S"]: dict(item) for item in answer["Responses"].get(self._name, ())}
            keys = [dict(key) for key in answer.get("UnprocessedKeys", {}).get(self._name, {"Keys": []})["Keys"]]
        if keys:
            raise Unavailable(Reason.STORE_UNAVAILABLE, f"table left {len(keys)} keys unread in {_READ_ROUNDS} rounds")
        return items

    def _read_state(self, item: Item) -> State:
        with _readable():
            return verdict_record.read_state(item)

    def _expired(self, item: Any) -> bool:
        with _readable():
            return verdict_record.expired(item, self._now())


@contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error without a code")
        raise Unavailable(Reason.STORE_UNAVAILABLE, f"table refused the call: {code[:80]}") from error
    except Exception as error:  # botocore has errors outside its two base classes; there is only its call in here
        text = f"table did not answer: {type(error).__name__}"
        raise Unavailable(Reason.STORE_UNAVAILABLE, text) from error


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        text = f"table answered with an item that cannot be read: {error}"
        raise Unavailable(Reason.STORE_UNAVAILABLE, text) from error


def _months(now: datetime) -> Iterator[str]:
    """This month as `yyyy-mm` and those before it, `MONTHS` in all."""
    first = now.year * 12 + now.month - 1
    for number in range(first, first - MONTHS, -1):
        yield f"{number // 12:04d}-{number % 12 + 1:02d}"
