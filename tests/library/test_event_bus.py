"""The event bus, on moto's EventBridge and on services that do not answer usefully."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from registry_verifier import cloud_event
from registry_verifier.cloud_event import CloudEvent
from registry_verifier.errors import Unavailable
from registry_verifier.event_bus import EventBus
from registry_verifier.notify import Bus
from registry_verifier.reasons import Reason
from tests.library.aws_failures import FAILURES, USELESS_ANSWERS, FailingClient, answering, client_of
from tests.library.verdicts import digest, state

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

KEYS: Any = {"aws_access_key_id": "fake", "aws_secret_access_key": "fake", "region_name": "eu-central-1"}


def _events(count: int = 1) -> list[CloudEvent]:
    return [event for number in range(count) for event in cloud_event.about(None, state(digest=digest(number)), ())]


class Recording:
    """A client that takes events and remembers them, or refuses the first of each call."""

    def __init__(self, refused: str = "") -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.refused = refused

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's word
        self.calls.append(Entries)
        first = {"ErrorCode": self.refused, "ErrorMessage": "no"} if self.refused else {"EventId": "0"}
        return {
            "FailedEntryCount": int(bool(self.refused)),
            "Entries": [first, *({"EventId": "1"} for _ in Entries[1:])],
        }


def _bus(client: Any) -> EventBus:
    return EventBus(cast("EventBridgeClient", client), "bus")


@pytest.fixture
def queue() -> Iterator[tuple[EventBus, Any, str]]:
    """A bus in moto, and a queue that a rule sends its failures to."""
    with mock_aws():
        events, sqs = boto3.client("events", **KEYS), boto3.client("sqs", **KEYS)
        events.create_event_bus(Name="bus")
        url = sqs.create_queue(QueueName="failures")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = {"source": ["registry-verifier"], "detail-type": ["verification.failed"]}
        events.put_rule(Name="failures", EventBusName="bus", EventPattern=json.dumps(pattern))
        events.put_targets(Rule="failures", EventBusName="bus", Targets=[{"Id": "1", "Arn": arn}])
        yield EventBus(events, "bus"), sqs, url


def test_an_event_reaches_whoever_asked_for_its_type(queue: tuple[EventBus, Any, str]) -> None:
    bus, sqs, url = queue
    fits: Bus = bus
    [event] = _events()
    fits.send([event])
    [message] = sqs.receive_message(QueueUrl=url).get("Messages", [])
    arrived = json.loads(message["Body"])
    assert (arrived["source"], arrived["detail-type"]) == ("registry-verifier", "verification.failed")
    assert arrived["detail"] == json.loads(event.write())


def test_more_events_than_one_call_takes_are_sent_in_order() -> None:
    client, events = Recording(), _events(23)
    _bus(client).send(events)
    assert [len(call) for call in client.calls] == [10, 10, 3]
    sent = [json.loads(entry["Detail"])["id"] for call in client.calls for entry in call]
    assert sent == [event.id for event in events]
    assert {entry["EventBusName"] for call in client.calls for entry in call} == {"bus"}


def test_no_events_are_no_call() -> None:
    client = Recording()
    _bus(client).send([])
    assert client.calls == []


def test_what_this_process_sent_is_not_sent_again() -> None:
    client = Recording()
    bus = _bus(client)
    for _ in range(3):
        bus.send(_events(2))
    bus.send(_events(3))
    assert [len(call) for call in client.calls] == [2, 1]


def test_only_the_newest_are_remembered() -> None:
    client = Recording()
    bus = _bus(client)
    bus.send(_events(1005))
    bus.send(_events(1))
    assert len(client.calls[-1]) == 1


def test_an_event_that_was_refused_is_unavailable_and_sent_again() -> None:
    client = Recording("ThrottlingException")
    bus = _bus(client)
    with pytest.raises(Unavailable, match="refused 1 events: ThrottlingException") as raised:
        bus.send(_events(2))
    assert raised.value.reason is Reason.EVENTS_UNAVAILABLE
    client.refused = ""
    bus.send(_events(2))
    assert [len(call) for call in client.calls] == [2, 2]


@pytest.mark.parametrize("name", FAILURES)
def test_a_bus_that_does_not_answer_is_unavailable(name: str) -> None:
    client = cast("EventBridgeClient", FailingClient(FAILURES[name]))
    with pytest.raises(Unavailable, match="did not answer") as raised:
        EventBus(client, "bus").send(_events())
    assert raised.value.reason is Reason.EVENTS_UNAVAILABLE


@pytest.mark.parametrize("answer", USELESS_ANSWERS.values(), ids=USELESS_ANSWERS.keys())
def test_an_answer_that_promises_nothing_is_unavailable(answer: tuple[int, bytes]) -> None:
    with answering(*answer) as url, pytest.raises(Unavailable) as raised:
        EventBus(client_of("events", url), "bus").send(_events())
    assert raised.value.reason is Reason.EVENTS_UNAVAILABLE
