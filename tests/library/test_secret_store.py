"""Secrets: kept, rotated, refused, and never shown."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason
from registry_verifier.secret_store import SecretStore
from tests.library.aws_failures import FAILURES, USELESS_ANSWERS, FailingClient, answering, client_of

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook-AbCdEf"
SECRET = "correct horse battery staple"


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeSecretsManager:
    """One secret, and how often it was asked for; `error` makes it fail."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.asked = 0
        self.error: Exception | None = None

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:
        self.asked += 1
        if self.error:
            raise self.error
        return {"ARN": SecretId} if self.text is None else {"ARN": SecretId, "SecretString": self.text}


def store_of(client: Any, clock: Clock | None = None) -> SecretStore:
    return SecretStore(client, clock=clock or Clock())


@pytest.fixture
def manager() -> Iterator[SecretsManagerClient]:
    with mock_aws():
        yield boto3.client(
            "secretsmanager", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )


def test_a_plain_text(manager: SecretsManagerClient) -> None:
    arn = manager.create_secret(Name="webhook", SecretString=SECRET)["ARN"]
    assert store_of(manager).values(arn) == (SECRET,)


def test_two_values_during_a_rotation(manager: SecretsManagerClient) -> None:
    arn = manager.create_secret(Name="webhook", SecretString=json.dumps(["new", "old"]))["ARN"]
    assert store_of(manager).values(arn) == ("new", "old")


def test_a_binary_secret_is_refused(manager: SecretsManagerClient) -> None:
    arn = manager.create_secret(Name="webhook", SecretBinary=SECRET.encode())["ARN"]
    with pytest.raises(Unavailable):
        store_of(manager).values(arn)


def test_a_secret_that_does_not_exist_is_unavailable(manager: SecretsManagerClient) -> None:
    with pytest.raises(Unavailable) as caught:
        store_of(manager).values(ARN)
    assert caught.value.reason is Reason.SECRET_UNAVAILABLE


@pytest.mark.parametrize(("seconds", "asked"), [(0, 1), (299, 1), (300, 2), (10_000, 2), (-1, 2)], ids=str)
def test_a_value_is_kept_for_less_than_300_seconds(seconds: int, asked: int) -> None:
    clock, client = Clock(), FakeSecretsManager(SECRET)
    store = store_of(client, clock)
    store.values(ARN)
    clock.now += seconds
    store.values(ARN)
    assert client.asked == asked


def test_secrets_are_kept_apart() -> None:
    client = FakeSecretsManager("one")
    store = store_of(client)
    store.values("arn:one")
    client.text = "two"
    assert (store.values("arn:two"), store.values("arn:one")) == (("two",), ("one",))


@pytest.mark.parametrize(("seconds", "expected"), [(0, "old"), (9, "old"), (10, "new"), (299, "new")])
def test_a_refresh_reads_again_after_ten_seconds(seconds: int, expected: str) -> None:
    clock, client = Clock(), FakeSecretsManager("old")
    store = store_of(client, clock)
    store.values(ARN)
    client.text = "new"
    clock.now += seconds
    assert store.refresh(ARN) == (expected,)
    assert store.values(ARN) == (expected,)


def test_many_refreshes_read_once_in_ten_seconds() -> None:
    clock, client = Clock(), FakeSecretsManager(SECRET)
    store = store_of(client, clock)
    for _ in range(100):
        store.refresh(ARN)
        clock.now += 0.1
    assert client.asked == 1


def test_a_refresh_that_failed_counts_as_one() -> None:
    clock, client = Clock(), FakeSecretsManager(SECRET)
    store = store_of(client, clock)
    store.values(ARN)
    clock.now += 20
    client.error = OSError("down")
    with pytest.raises(Unavailable):
        store.refresh(ARN)
    assert store.refresh(ARN) == (SECRET,)
    assert client.asked == 2


def test_a_value_too_old_is_not_used_when_it_cannot_be_read_again() -> None:
    clock, client = Clock(), FakeSecretsManager(SECRET)
    store = store_of(client, clock)
    store.values(ARN)
    clock.now += 3600
    client.error = OSError("down")
    with pytest.raises(Unavailable):
        store.values(ARN)


def test_a_value_is_used_for_an_hour_while_it_cannot_be_read_and_not_asked_for_each_time() -> None:
    clock, client = Clock(), FakeSecretsManager(SECRET)
    store = store_of(client, clock)
    store.values(ARN)
    client.error = OSError("down")
    clock.now += 300
    assert [store.values(ARN) for _ in range(3)] == [(SECRET,)] * 3
    assert client.asked == 2
    clock.now += 10
    client.error, client.text = None, "new"
    assert store.values(ARN) == ("new",)


UNUSABLE: dict[str, str | None] = {
    "missing": None,
    "empty": "",
    "newline at the end": "hunter2\n",
    "space before": " hunter2",
    "line end inside": "hunter2\nhunter3",
    "nul": "hunter2\0",
    "object of the console": '{"secret": "hunter2"}',
    "no values": "[]",
    "three values": '["hunter2", "b", "c"]',
    "empty value": '["hunter2", ""]',
    "value with a newline": '["hunter2\\n"]',
    "lone surrogate": '["hunter2\\ud800"]',
    "number": '["hunter2", 1]',
    "null": '["hunter2", null]',
    "nested": '[["hunter2"]]',
    "not json": "[hunter2",
    "key twice": '{"hunter2": 1, "hunter2": 2}',
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_value_that_cannot_be_used_is_refused_and_not_shown(text: str | None) -> None:
    store = store_of(FakeSecretsManager(text))
    with pytest.raises(Unavailable) as caught:
        store.values(ARN)
    assert caught.value.reason is Reason.SECRET_UNAVAILABLE
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_a_value_is_in_no_representation() -> None:
    store = store_of(FakeSecretsManager(SECRET))
    store.values(ARN)
    assert SECRET not in f"{store!r} {store!s} {vars(store)!r}"


def test_nothing_is_logged() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("registry_verifier")
    logger.addHandler(handler)
    try:
        store_of(FakeSecretsManager(SECRET)).values(ARN)
    finally:
        logger.removeHandler(handler)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES.keys())
def test_every_failure_of_the_client_is_unavailable(error: Exception) -> None:
    store = store_of(FailingClient(error))
    for call in (store.values, store.refresh):
        with pytest.raises(Unavailable) as caught:
            call(ARN)
        assert caught.value.reason is Reason.SECRET_UNAVAILABLE
        assert ARN in str(caught.value)


@pytest.mark.parametrize("answer", USELESS_ANSWERS.values(), ids=USELESS_ANSWERS.keys())
def test_an_answer_without_a_secret_is_unavailable(answer: tuple[int, bytes]) -> None:
    with answering(*answer) as url, pytest.raises(Unavailable) as caught:
        store_of(client_of("secretsmanager", url)).values(ARN)
    assert caught.value.reason is Reason.SECRET_UNAVAILABLE
