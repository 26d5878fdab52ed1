"""The queue of looks, on moto's SQS and on services that do not answer usefully."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from registry_verifier import look_message
from registry_verifier.errors import Unavailable
from registry_verifier.image_queue import LookQueue
from registry_verifier.models import Digest, ImageName, Look
from registry_verifier.ports import Looks
from registry_verifier.reasons import Reason
from tests.library.aws_failures import FAILURES, USELESS_ANSWERS, FailingClient, answering, client_of

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

LOOK = Look(
    ImageName("ghcr.io", "acme/app"),
    Digest("sha256:" + "a" * 64),
    "publish",
    tag="v1",
    first_seen=datetime(2026, 1, 2, tzinfo=UTC),
)
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/looks"


@pytest.fixture
def client() -> Iterator[SQSClient]:
    with mock_aws():
        yield boto3.client("sqs", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")


@pytest.fixture
def url(client: SQSClient) -> str:
    return client.create_queue(QueueName="looks")["QueueUrl"]


def received(client: SQSClient, url: str) -> list[Any]:
    return list(client.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages", []))


def test_a_look_arrives_as_it_was_sent(client: SQSClient, url: str) -> None:
    queue: Looks = LookQueue(client, url)
    queue.send(LOOK)
    (message,) = received(client, url)
    assert look_message.read(message["Body"]) == LOOK


def test_a_delayed_look_is_not_seen_yet(client: SQSClient, url: str) -> None:
    LookQueue(client, url).send(LOOK, delay_seconds=900)
    assert received(client, url) == []
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert attributes["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def test_a_message_can_be_had_again_at_once(client: SQSClient, url: str) -> None:
    queue = LookQueue(client, url)
    queue.send(LOOK)
    (message,) = received(client, url)
    assert received(client, url) == []
    queue.retry_later(message["ReceiptHandle"], 0)
    assert [again["MessageId"] for again in received(client, url)] == [message["MessageId"]]


@pytest.mark.parametrize("seconds", [-1, 901])
def test_a_delay_that_sqs_does_not_have(client: SQSClient, url: str, seconds: int) -> None:
    with pytest.raises(ValueError, match="delay_seconds"):
        LookQueue(client, url).send(LOOK, delay_seconds=seconds)
    assert received(client, url) == []


@pytest.mark.parametrize("seconds", [-1, 43_201])
def test_a_visibility_that_sqs_does_not_have(client: SQSClient, url: str, seconds: int) -> None:
    with pytest.raises(ValueError, match="seconds"):
        LookQueue(client, url).retry_later("handle", seconds)


def test_a_queue_that_does_not_exist(client: SQSClient) -> None:
    with pytest.raises(Unavailable) as caught:
        LookQueue(client, QUEUE).send(LOOK)
    assert caught.value.reason is Reason.QUEUE_UNAVAILABLE


def test_a_receipt_that_is_not_one(client: SQSClient, url: str) -> None:
    with pytest.raises(Unavailable):
        LookQueue(client, url).retry_later("no receipt", 10)


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES.keys())
def test_every_failure_of_the_client_is_unavailable(error: Exception) -> None:
    client: Any = FailingClient(error)
    queue = LookQueue(client, QUEUE)
    calls: list[Callable[[], None]] = [partial(queue.send, LOOK), partial(queue.retry_later, "handle", 1)]
    for call in calls:
        with pytest.raises(Unavailable) as caught:
            call()
        assert caught.value.reason is Reason.QUEUE_UNAVAILABLE
        assert caught.value.__cause__ is error


@pytest.mark.parametrize("answer", USELESS_ANSWERS.values(), ids=USELESS_ANSWERS.keys())
def test_an_answer_that_promises_nothing_is_unavailable(answer: tuple[int, bytes]) -> None:
    with answering(*answer) as url, pytest.raises(Unavailable) as caught:
        LookQueue(client_of("sqs", url), f"{url}/123456789012/looks").send(LOOK)
    assert caught.value.reason is Reason.QUEUE_UNAVAILABLE


def test_nobody_at_the_other_end_is_unavailable() -> None:
    with answering(200, b"") as url:
        gone = url
    with pytest.raises(Unavailable):
        LookQueue(client_of("sqs", gone), f"{gone}/123456789012/looks").send(LOOK)


def test_an_answer_with_a_message_id_is_believed() -> None:
    answer = json.dumps({"MessageId": "1", "MD5OfMessageBody": "x"}).encode()
    with answering(200, answer) as url:
        LookQueue(client_of("sqs", url), f"{url}/123456789012/looks").send(LOOK)
