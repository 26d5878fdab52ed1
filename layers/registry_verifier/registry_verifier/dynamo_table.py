"""One DynamoDB table: items by key, partitions in order, conditional writes. Nothing of botocore gets through.

No scan anywhere; every call costs the same whatever the table holds.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from registry_verifier import verdict_record
from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason
from registry_verifier.verdict_record import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

RETENTION = timedelta(days=400)
BATCH_LIMIT = 100
"""the most keys that BatchGetItem takes"""
_READ_ROUNDS = 5
_CONDITION_FAILED = "ConditionalCheckFailedException"
_CANCELED = "TransactionCanceledException"


def _now() -> datetime:
    return datetime.now(UTC)


class DynamoTable:
    """The calls that every room behind the table makes.

    Every method raises `Unavailable` (STORE_UNAVAILABLE) where DynamoDB did not answer usefully, throttling included.
    Items live for `retention` after they were written; what DynamoDB has not removed by then is not seen any more.
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

    def _get(self, partition: str, sort_key: str) -> Item | None:
        key = {"PK": {"S": partition}, "SK": {"S": sort_key}}
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

    def _at_version(self, version: int | None) -> dict[str, Any]:
        """The condition that the stored item has this version; None: that there is none."""
        if version is None:
            return self._absent()
        return {
            "ConditionExpression": "version = :seen",
            "ExpressionAttributeValues": {":seen": {"N": str(version)}},
        }

    def _absent(self) -> dict[str, Any]:
        """The condition that nothing is there: what has outlived its time is as good as none, though it may remain."""
        return {
            "ConditionExpression": "attribute_not_exists(PK) OR expires_at <= :now",
            "ExpressionAttributeValues": {":now": {"N": str(int(self._now().timestamp()))}},
        }

    def _put_both(self, *puts: tuple[Item, dict[str, Any]]) -> bool:
        """Write several items, each with its condition, all or none; False where a condition does not hold."""
        actions: Any = [{"Put": {"TableName": self._name, "Item": item, **condition}} for item, condition in puts]
        with _asked():
            try:
                self._client.transact_write_items(TransactItems=actions)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == _CANCELED:
                    return False  # a condition, or another write to the same item at the same time
                raise
        return True

    def _query(self, **question: Any) -> dict[str, Any]:
        with _asked():
            return dict(self._client.query(TableName=self._name, **question))

    def _items(self, pages: int | None = None, **question: Any) -> Iterator[Item]:
        """What a query finds, page by page; of the first `pages` only, where that is given."""
        for number in itertools.count(1):
            answer = self._query(**question)
            yield from map(dict, answer["Items"])
            if number == pages or not answer.get("LastEvaluatedKey"):
                return
            question["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _batch(self, keys: list[Item]) -> dict[tuple[str, str], Item]:
        """The items of at most 100 keys by PK and SK; what DynamoDB leaves unread is asked for again."""
        items: dict[tuple[str, str], Item] = {}
        for attempt in range(_READ_ROUNDS):
            if not keys:
                return items
            if attempt:
                self._sleep(0.05 * 2**attempt)
            with _asked():
                answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": keys, "ConsistentRead": True}})
            items |= {
                (item["PK"]["S"], item["SK"]["S"]): dict(item) for item in answer["Responses"].get(self._name, ())
            }
            keys = [dict(key) for key in answer.get("UnprocessedKeys", {}).get(self._name, {"Keys": []})["Keys"]]
        if keys:
            raise Unavailable(Reason.STORE_UNAVAILABLE, f"table left {len(keys)} keys unread in {_READ_ROUNDS} rounds")
        return items

    def _expired(self, item: Any) -> bool:
        with readable():
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
def readable() -> Iterator[None]:
    """Reading an item: one that is not as it was written says nothing about the image."""
    try:
        yield
    except ValueError as error:
        text = f"table answered with an item that cannot be read: {error}"
        raise Unavailable(Reason.STORE_UNAVAILABLE, text) from error
