"""DynamoDB in memory, as far as the library speaks to it: conditions, three indexes, a stream, and what it would cost.

`tests/local/test_simulated_table.py` holds it against moto. Where moto is slow and knows neither time nor trouble,
this one is fast, shows its indexes late, and fails when it is told to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.simulation import expression
from local.simulation.bill import Bill, Stored, size

Item = dict[str, Any]
Key = tuple[str, str]
OnChange = Callable[[Item | None, Item], None]

INDEXES = ("GSI1", "GSI2", "GSI3")
_PARTITION = re.compile(r"\s*(\w+) = (:\w+)")
_PAGE = 1000


def nothing(*_: object) -> None:
    """No trouble, nobody to tell."""


class Table:
    """One table, in the shape of boto3's client; calls take no time.

    `trouble` is asked before each call with its name and may raise; `now` and `index_lag` are in seconds.
    """

    def __init__(
        self,
        *,
        on_change: OnChange = nothing,
        trouble: Callable[[str], None] = nothing,
        now: Callable[[], float] = lambda: 0.0,
        index_lag: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.bill = Bill()
        self._on_change, self._trouble, self._now, self._lag = on_change, trouble, now, index_lag
        self._partitions: defaultdict[str, dict[str, Item]] = defaultdict(dict)
        self._indexes: defaultdict[tuple[str, str], dict[Key, float]] = defaultdict(dict)

    def partition(self, key: str) -> Mapping[str, Item]:
        """What is kept under a partition key, by sort key: for whoever comes to look at the end, at no cost."""
        return self._partitions.get(key, {})

    def stored_bytes(self) -> int:
        """What everything together takes."""
        return sum(size(item) for partition in self._partitions.values() for item in partition.values())

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool = False) -> dict[str, Any]:  # noqa: N803
        """DynamoDB's GetItem."""
        self._ask("get_item")
        item = self._find(_key(Key))
        self.bill.look("get_item", [item or {}] if item else [Key], consistent=ConsistentRead)
        return {"Item": dict(item)} if item else {}

    def put_item(self, *, TableName: str, Item: Item, **condition: Any) -> dict[str, Any]:  # noqa: N803
        """DynamoDB's PutItem."""
        self._ask("put_item")
        self._check(Item, condition, "ConditionalCheckFailedException", "PutItem")
        self._write(Item)
        return {}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """DynamoDB's TransactWriteItems, of puts."""
        self._ask("transact_write_items")
        puts = [{**action["Put"]} for action in TransactItems]
        for put in puts:
            condition = {name: value for name, value in put.items() if name not in ("TableName", "Item")}
            self._check(put["Item"], condition, "TransactionCanceledException", "TransactWriteItems", times=2)
        for put in puts:
            self._write(put["Item"], times=2)
        return {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """DynamoDB's BatchGetItem."""
        self._ask("batch_get_item")
        (name, wanted), *_ = RequestItems.items()
        found = [item for key in wanted["Keys"] if (item := self._find(_key(key)))]
        consistent = wanted.get("ConsistentRead", False)
        missing = wanted["Keys"][: len(wanted["Keys"]) - len(found)]
        self.bill.look("batch_get_item", [*found, *missing], consistent=consistent)
        return {"Responses": {name: [dict(item) for item in found]}, "UnprocessedKeys": {}}

    def query(self, *, TableName: str, KeyConditionExpression: str, **how: Any) -> dict[str, Any]:  # noqa: N803
        """DynamoDB's Query of the table or an index."""
        self._ask("query")
        index, values = how.get("IndexName"), how["ExpressionAttributeValues"]
        test = expression.parse(KeyConditionExpression)
        match = _PARTITION.match(KeyConditionExpression)
        partition = values[match[2]]["S"] if match else ""
        found = [item for item in self._listed(index, partition, how) if test(item, values)]
        answer = _paged(found, f"{index}SK" if index else "SK", how)
        consistent = how.get("ConsistentRead", False)
        self.bill.look(f"query {index or 'table'}", answer["Items"], consistent=consistent, together=True)
        return answer

    def _stored(self, item: Item) -> Any:
        """The item as it is kept: a mapping."""
        return Stored(item)

    def _ask(self, call: str) -> None:
        self.bill.calls[call] += 1
        self._trouble(call)

    def _find(self, key: Key) -> Item | None:
        return self._partitions[key[0]].get(key[1]) if key[0] in self._partitions else None

    def _listed(self, index: str | None, partition: str, how: Mapping[str, Any]) -> list[Item]:
        """What may be in the answer: all of the partition."""
        if index is None:
            return list(self._partitions.get(partition, {}).values())
        entries = self._indexes.get((index, partition), {})
        found = [self._find(key) for key, visible in entries.items() if visible <= self._now()]
        return [index_keys(item, index) for item in found if item]

    def _check(self, item: Item, condition: dict[str, Any], code: str, operation: str, *, times: int = 1) -> None:
        text = condition.get("ConditionExpression")
        old = self._find(_key(item))
        if text and not expression.parse(text)(old or {}, condition.get("ExpressionAttributeValues", {})):
            self.bill.write([item, old], times=times)
            raise ClientError({"Error": {"Code": code, "Message": "the condition does not hold"}}, operation)

    def _write(self, item: Item, *, times: int = 1) -> None:
        key = _key(item)
        old = self._find(key)
        new = self._stored(item)
        self._partitions[key[0]][key[1]] = new
        self.bill.write([new, old], times=times)
        for index in INDEXES:
            self._index(index, key, old, new)
        self._on_change(old, new)

    def _index(self, index: str, key: Key, old: Item | None, new: Item) -> None:
        names = (f"{index}PK", f"{index}SK")
        before, after = (tuple(one[n]["S"] for n in names) if one and names[0] in one else None for one in (old, new))
        if before == after:
            return
        self.bill.index(index, (before is not None) + (after is not None))
        if before:
            self._indexes[index, before[0]].pop(key, None)
        if after:
            self._indexes[index, after[0]][key] = self._now() + self._lag()


def index_keys(item: Mapping[str, Any], index: str) -> Item:
    """What an index has of an item."""
    return {name: item[name] for name in ("PK", "SK", f"{index}PK", f"{index}SK")}


def _key(item: Mapping[str, Any]) -> Key:
    return item["PK"]["S"], item["SK"]["S"]


def _paged(found: list[Item], sort_key: str, how: Mapping[str, Any]) -> dict[str, Any]:
    forward = how.get("ScanIndexForward", True)
    found.sort(key=lambda item: (item[sort_key]["S"], item["PK"]["S"]), reverse=not forward)
    if start := how.get("ExclusiveStartKey"):
        places = [number for number, item in enumerate(found) if _key(item) == _key(start)]
        found = found[places[0] + 1 :] if places else found
    limit = how.get("Limit", _PAGE)
    shown = [dict(item) for item in found[:limit]]
    more = {name: shown[-1][name] for name in ("PK", "SK")} if len(found) > limit else None
    return {"Items": shown, **({"LastEvaluatedKey": more} if more else {})}
