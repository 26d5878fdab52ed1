"""The simulation's table answers as moto's DynamoDB does, call by call."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bench.apparatus.packed_table import PackedTable
from local.simulation import bill, expression
from local.simulation.table import INDEXES, Table

NAME = "verdicts"


def attributes() -> list[dict[str, str]]:
    names = ["PK", "SK", *(f"{index}{part}" for index in INDEXES for part in ("PK", "SK"))]
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def keys(prefix: str = "") -> list[dict[str, str]]:
    return [
        {"AttributeName": f"{prefix}PK", "KeyType": "HASH"},
        {"AttributeName": f"{prefix}SK", "KeyType": "RANGE"},
    ]


@pytest.fixture(params=[Table, PackedTable])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=attributes(),
            KeySchema=keys(),
            GlobalSecondaryIndexes=[
                {"IndexName": index, "KeySchema": keys(index), "Projection": {"ProjectionType": "KEYS_ONLY"}}
                for index in INDEXES
            ],
        )
        yield client, request.param()


def item(partition: str, sort_key: str, **more: Any) -> dict[str, Any]:
    written = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in more.items()}
    return {"PK": {"S": partition}, "SK": {"S": sort_key}, **written}


def answer(client: Any, call: str, **arguments: Any) -> Any:
    """What a client says, as far as the library looks at it."""
    try:
        said = getattr(client, call)(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return {name: said[name] for name in ("Item", "Items", "Responses", "LastEvaluatedKey") if name in said}


PUTS = (
    {"Item": item("a", "STATE", version=1, GSI1PK="r", GSI1SK="2026#a")},
    {"Item": item("a", "STATE", version=1), "ConditionExpression": "attribute_not_exists(PK)"},
    {
        "Item": item("a", "STATE", version=2, GSI1PK="r", GSI1SK="2026#a", GSI2PK="FAILED", GSI2SK="1"),
        "ConditionExpression": "version = :seen",
        "ExpressionAttributeValues": {":seen": {"N": "1"}},
    },
    {
        "Item": item("a", "STATE", version=9),
        "ConditionExpression": "version = :seen",
        "ExpressionAttributeValues": {":seen": {"N": "1"}},
    },
    {"Item": item("b", "STATE", version=1, GSI1PK="r", GSI1SK="2025#b", expires_at=5)},
    {
        "Item": item("b", "STATE", version=1, GSI1PK="r", GSI1SK="2025#b", expires_at=9),
        "ConditionExpression": "attribute_not_exists(PK) OR expires_at <= :now",
        "ExpressionAttributeValues": {":now": {"N": "7"}},
    },
    {
        "Item": item("b", "STATE", version=1),
        "ConditionExpression": "attribute_not_exists(PK) OR expires_at <= :now",
        "ExpressionAttributeValues": {":now": {"N": "7"}},
    },
    {"Item": item("a", "INCIDENT#1", digest="d", since="s")},
    {
        "Item": item("a", "INCIDENT#1", digest="e", since="t"),
        "ConditionExpression": "digest = :digest AND since = :since",
        "ExpressionAttributeValues": {":digest": {"S": "d"}, ":since": {"S": "s"}},
    },
    {"Item": item("a", "INCIDENT#2", version=1)},
    {"Item": item("c", "STATE", version=1, GSI3PK="ALL", GSI3SK="2026#c")},
    {"Item": item("d", "STATE", version=1, GSI3PK="ALL", GSI3SK="2025#d")},
    {"Item": item("e", "STATE", version=1)},  # as an older version wrote it
    {"Item": item("e", "STATE", version=2, GSI3PK="ALL", GSI3SK="2026#e")},
)
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_item", {"Key": item("a", "STATE"), "ConsistentRead": True}),
    ("get_item", {"Key": item("nobody", "STATE")}),
    (
        "query",
        {
            "IndexName": "GSI1",
            "KeyConditionExpression": "GSI1PK = :partition",
            "ExpressionAttributeValues": {":partition": {"S": "r"}},
            "ScanIndexForward": False,
            "Limit": 1,
        },
    ),
    (
        "query",
        {
            "IndexName": "GSI1",
            "KeyConditionExpression": "GSI1PK = :partition AND GSI1SK < :before",
            "ExpressionAttributeValues": {":partition": {"S": "r"}, ":before": {"S": "2026#a"}},
            "ScanIndexForward": False,
        },
    ),
    (
        "query",
        {
            "IndexName": "GSI1",
            "KeyConditionExpression": "GSI1PK = :partition AND GSI1SK BETWEEN :since AND :before",
            "ExpressionAttributeValues": {":partition": {"S": "r"}, ":since": {"S": "2026"}, ":before": {"S": "2027"}},
        },
    ),
    (
        "query",
        {
            "IndexName": "GSI2",
            "KeyConditionExpression": "GSI2PK = :partition",
            "ExpressionAttributeValues": {":partition": {"S": "FAILED"}},
        },
    ),
    (
        "query",
        {
            "KeyConditionExpression": "PK = :partition AND begins_with(SK, :prefix)",
            "ExpressionAttributeValues": {":partition": {"S": "a"}, ":prefix": {"S": "INCIDENT#"}},
            "ConsistentRead": True,
        },
    ),
    (
        "query",
        {
            "KeyConditionExpression": "PK = :partition AND SK > :after",
            "ExpressionAttributeValues": {":partition": {"S": "a"}, ":after": {"S": "INCIDENT#1"}},
        },
    ),
    (
        "query",
        {
            "KeyConditionExpression": "PK = :partition AND SK BETWEEN :low AND :high",
            "ExpressionAttributeValues": {
                ":partition": {"S": "a"},
                ":low": {"S": "INCIDENT#1"},
                ":high": {"S": "INCIDENT#2"},
            },
            "ScanIndexForward": False,
        },
    ),
    (
        "query",
        {
            "IndexName": "GSI3",
            "KeyConditionExpression": "GSI3PK = :partition",
            "ExpressionAttributeValues": {":partition": {"S": "ALL"}},
            "ScanIndexForward": False,
        },
    ),
)


def test_the_same_calls_are_answered_alike(both: tuple[Any, Any]) -> None:
    real, ours = both
    for put in PUTS:
        assert answer(ours, "put_item", TableName=NAME, **put) == answer(real, "put_item", TableName=NAME, **put), put
    for call, arguments in ASKED:
        said = answer(ours, call, TableName=NAME, **arguments)
        expected = answer(real, call, TableName=NAME, **arguments)
        assert said.get("Item") == expected.get("Item")
        assert said.get("Items") == expected.get("Items"), arguments
        assert ("LastEvaluatedKey" in said) == ("LastEvaluatedKey" in expected), arguments


def test_a_page_goes_on_where_the_last_one_ended(both: tuple[Any, Any]) -> None:
    for client in both:
        for put in PUTS[:1] + PUTS[4:5]:
            client.put_item(TableName=NAME, **put)
        question: dict[str, Any] = {
            "TableName": NAME,
            "IndexName": "GSI1",
            "KeyConditionExpression": "GSI1PK = :partition",
            "ExpressionAttributeValues": {":partition": {"S": "r"}},
            "Limit": 1,
        }
        first = client.query(**question)
        second = client.query(**question, ExclusiveStartKey=first["LastEvaluatedKey"])
        assert [one["PK"]["S"] for one in (*first["Items"], *second["Items"])] == ["b", "a"]


def test_a_batch_answers_what_is_there(both: tuple[Any, Any]) -> None:
    for client in both:
        client.put_item(TableName=NAME, Item=item("a", "STATE"))
        wanted = {NAME: {"Keys": [item("a", "STATE"), item("b", "STATE")], "ConsistentRead": True}}
        found = client.batch_get_item(RequestItems=wanted)
        assert found["Responses"] == {NAME: [item("a", "STATE")]}
        assert not found["UnprocessedKeys"]


@pytest.mark.parametrize("condition", ["attribute_not_exists(PK)", "attribute_exists(PK)"])
def test_a_transaction_is_whole_or_not_at_all(both: tuple[Any, Any], condition: str) -> None:
    for client in both:
        puts = [
            {"Put": {"TableName": NAME, "Item": item("a", "1")}},
            {"Put": {"TableName": NAME, "Item": item("a", "2"), "ConditionExpression": condition}},
        ]
        said = answer(client, "transact_write_items", TransactItems=puts)
        held = condition == "attribute_not_exists(PK)"
        assert (said == "TransactionCanceledException") != held
        assert ("Item" in client.get_item(TableName=NAME, Key=item("a", "1"))) == held


def test_an_expression_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="function 'size'"):
        expression.parse("size(PK)")
    with pytest.raises(ValueError, match="goes on with"):
        expression.parse("a = :b c")


def test_an_index_is_late() -> None:
    moment = 0.0
    table = Table(now=lambda: moment, index_lag=lambda: 2.0)
    table.put_item(TableName=NAME, Item=item("a", "STATE", GSI1PK="r", GSI1SK="1"))
    question: dict[str, Any] = {
        "TableName": NAME,
        "IndexName": "GSI1",
        "KeyConditionExpression": "GSI1PK = :partition",
        "ExpressionAttributeValues": {":partition": {"S": "r"}},
    }
    assert not table.query(**question)["Items"]
    moment = 3.0
    assert table.query(**question)["Items"]


def test_what_writes_cost() -> None:
    table = Table()
    large = item("IMG#a", "STATE", text="x" * 1500, GSI1PK="r", GSI1SK="1")
    table.put_item(TableName=NAME, Item=large)
    assert dict(table.bill.written) == {"STATE": 2, "GSI1": 1}
    table.put_item(TableName=NAME, Item={**large, "GSI2PK": {"S": "FAILED"}, "GSI2SK": {"S": "1"}})
    assert dict(table.bill.written) == {"STATE": 4, "GSI1": 1, "GSI2": 1}
    with pytest.raises(ClientError):
        table.put_item(TableName=NAME, Item=large, ConditionExpression="attribute_not_exists(PK)")
    assert table.bill.written["STATE"] == 6


def test_what_reads_cost() -> None:
    table = Table()
    large = item("IMG#a", "STATE", text="x" * 5000)
    table.put_item(TableName=NAME, Item=large)
    table.get_item(TableName=NAME, Key=item("IMG#a", "STATE"), ConsistentRead=True)
    table.get_item(TableName=NAME, Key=item("IMG#b", "STATE"))
    assert table.bill.read_units == math.ceil(bill.size(large) / 4096) + 0.5
