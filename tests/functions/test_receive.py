"""The function receive, from the gateway's event to the message on the queue."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from functions.receive import handler
from local.github import deliveries as github
from local.github import events as receive_events
from local.github.payload import published
from registry_verifier import look_message, webhook
from registry_verifier.verdict_document import VERSION
from tests.functions import lambda_world

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

ROOT = Path(__file__).parents[2]
SECRET_HEADER = "x-hub-signature-256"


class Context(LambdaContext):
    """What Lambda tells a function about the invocation."""

    def __init__(self) -> None:
        self._function_name = "receive"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:receive"
        self._aws_request_id = "00000000-0000-4000-8000-00000000ffff"


class World:
    """An account with the secret and the queue, and what the function wrote to its log."""

    def __init__(self, queue: SQSClient, url: str, log: io.StringIO) -> None:
        self._queue = queue
        self._url = url
        self._log = log

    def call(self, event: dict[str, Any]) -> tuple[int, Any]:
        answer = handler.lambda_handler(event, Context())
        self.headers = answer["headers"]
        return answer["statusCode"], json.loads(answer["body"])

    def queued(self) -> list[str]:
        messages = self._queue.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", [])
        return [message["Body"] for message in messages]

    def delete_queue(self) -> None:
        self._queue.delete_queue(QueueUrl=self._url)

    @property
    def log(self) -> str:
        return self._log.getvalue()

    @property
    def log_entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = json.loads(self.log.splitlines()[-1])
        return entry


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream, registered = io.StringIO(), handler.logger.registered_handler
    assert hasattr(registered, "setStream")
    before = registered.setStream(stream)
    yield stream
    registered.setStream(before)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> Iterator[World]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        arn = boto3.client("secretsmanager").create_secret(Name="webhook", SecretString=github.TEST_SECRET)["ARN"]
        queue = boto3.client("sqs")
        url = queue.create_queue(QueueName="looks")["QueueUrl"]
        monkeypatch.setenv("WEBHOOK_SECRET_ARN", arn)
        monkeypatch.setenv("LOOKS_QUEUE_URL", url)
        handler.receiver.cache_clear()
        yield World(queue, url, log)
        handler.receiver.cache_clear()


def event_file(name: str) -> dict[str, Any]:
    return lambda_world.event(f"receive.{name}")


def event_of(request: github.Request, *, is_base64: bool = False) -> dict[str, Any]:
    return receive_events.http_api_event(request, is_base64=is_base64)


def test_the_events_are_what_the_script_writes() -> None:
    written = {name: receive_events.write(event) for name, event in receive_events.events()}
    assert {path.name: path.read_text() for path in (ROOT / "events").glob("receive.*.json")} == written


@pytest.mark.parametrize("name", ["published-json", "published-base64", "published-form", "published-app"])
def test_a_publish_is_accepted_and_queued(world: World, name: str) -> None:
    event = event_file(name)
    status_code, body = world.call(event)
    assert (status_code, world.headers["content-type"]) == (202, "application/json")
    push = receive_events.PUSH
    assert body["accepted"] == {
        "image": "ghcr.io/acme/app",
        "digest": push.digest,
        "tag": push.tag,
        "delivery": event["headers"]["x-github-delivery"],
    }
    (message,) = world.queued()
    look = look_message.read(message)
    assert (str(look.image), look.digest, look.tag) == ("ghcr.io/acme/app", push.digest, push.tag)
    assert (look.cause, look.actor, look.attempt) == ("publish", "octo-example", 0)
    assert look.first_seen is not None


def test_a_ping_is_answered(world: World) -> None:
    assert world.call(event_file("ping")) == (200, {"pong": VERSION})
    assert world.queued() == []


def test_a_bad_signature_is_refused(world: World) -> None:
    status_code, body = world.call(event_file("bad-signature"))
    assert (status_code, body["status"], world.queued()) == (401, 401, [])
    assert world.headers["content-type"] == "application/problem+json"


def test_the_text_of_a_body_in_base64_is_not_what_is_signed(world: World) -> None:
    event = event_file("published-base64") | {"isBase64Encoded": False}
    assert world.call(event)[0] == 401


@pytest.mark.parametrize("body", ["not base64!", "YQ", "YQ==\n", "=", "\u00e4"])
def test_a_body_that_is_not_in_base64_is_refused(world: World, body: str) -> None:
    assert world.call(event_file("published-base64") | {"body": body})[0] == 400
    assert world.queued() == []


@pytest.mark.parametrize("missing", ["body", "headers", "isBase64Encoded"])
def test_a_request_without_one_of_its_parts_is_refused_or_read(world: World, missing: str) -> None:
    event = event_file("published-json")
    del event[missing]
    assert world.call(event)[0] == (202 if missing == "isBase64Encoded" else 401)


@pytest.mark.parametrize("is_base64", [False, True])
def test_a_body_that_is_too_large_is_refused(world: World, is_base64: bool) -> None:
    body = b" " * (webhook.BODY_LIMIT + 1)
    event = event_of(github.Request(body, github.sign(body, github.TEST_SECRET)), is_base64=is_base64)
    assert world.call(event)[0] == 413


def test_bytes_that_are_no_text_are_checked_as_they_came(world: World) -> None:
    body = b'{"zen": "\xff"}'
    request = github.Request(body, {**github.request("ping", {}).headers, **github.sign(body, github.TEST_SECRET)})
    assert world.call(event_of(request, is_base64=True))[0] == 400


def test_what_is_ignored_is_named(world: World) -> None:
    request = github.request("package", published(receive_events.PUSH, action="deleted"))
    assert world.call(event_of(request)) == (202, {"ignored": "action-not-handled"})


def test_a_queue_that_is_gone_is_503(world: World) -> None:
    world.delete_queue()
    status_code, body = world.call(event_file("published-json"))
    assert (status_code, body["title"]) == (503, "Service Unavailable")
    assert "looks" not in json.dumps(body)
    assert world.log_entry["level"] == "ERROR"
    assert world.log_entry["note"].startswith("QUEUE_UNAVAILABLE")


def test_a_secret_that_is_gone_is_503(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gone")
    assert world.call(event_file("published-json"))[0] == 503
    assert world.queued() == []


@pytest.mark.parametrize("name", ["WEBHOOK_SECRET_ARN", "LOOKS_QUEUE_URL"])
def test_a_missing_setting_is_500_and_named_in_the_log_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    status_code, body = world.call(event_file("published-json"))
    assert (status_code, name in json.dumps(body)) == (500, False)
    assert name in world.log_entry["note"]


def test_a_bug_is_500_without_the_text_of_the_exception(world: World) -> None:
    status_code, body = world.call(event_file("published-json") | {"body": 1})
    assert (status_code, body["detail"]) == (500, "the delivery could not be taken")
    assert "AttributeError" in world.log_entry["note"]
    assert "object has no attribute" not in world.log + json.dumps(body)


def test_the_log_names_what_happened(world: World) -> None:
    world.call(event_file("published-json"))
    entry = world.log_entry
    assert entry["image"] == "ghcr.io/acme/app"
    assert entry["digest"] == receive_events.PUSH.digest
    assert entry["delivery_id"] == "00000000-0000-4000-8000-000000000001"
    assert (entry["outcome"], entry["status_code"], entry["level"]) == ("accepted", 202, "INFO")


def hidden_texts(event: dict[str, Any]) -> list[str]:
    signature = event["headers"][SECRET_HEADER].removeprefix("sha256=")
    return [event["body"], json.dumps(event["body"])[1:-1], signature, github.TEST_SECRET, "zen", "Acme"]


@pytest.mark.parametrize("name", ["published-json", "published-form", "bad-signature", "ping"])
def test_the_log_has_neither_body_nor_signature_nor_secret(world: World, name: str) -> None:
    event = event_file(name)
    world.call(event)
    assert [text for text in hidden_texts(event) if text in world.log] == []


def test_the_environment_cannot_have_the_body_logged() -> None:
    event = ROOT / "events" / "receive.published-json.json"
    program = f"""
import json, types, functions.receive.handler as handler
names = "function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id"
handler.lambda_handler(json.load(open({str(event)!r})), types.SimpleNamespace(**dict.fromkeys(names, "x")))
"""
    written = run_afresh(program, POWERTOOLS_LOGGER_LOG_EVENT="true")
    assert '"outcome":"failed"' in written
    assert [text for text in hidden_texts(event_file("published-json")) if text in written] == []


def test_a_hostile_delivery_id_is_not_logged(world: World) -> None:
    event = event_file("bad-signature")
    event["headers"]["x-github-delivery"] = "<!channel> \n forged"
    world.call(event)
    assert "channel" not in world.log


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("published-json", {"WebhookReceived"}),
        ("ping", {"WebhookReceived", "WebhookIgnored"}),
        ("bad-signature", {"WebhookReceived", "WebhookRejected"}),
    ],
)
def test_deliveries_are_counted(world: World, capsys: pytest.CaptureFixture[str], name: str, counted: set[str]) -> None:
    world.call(event_file(name))
    (emf,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line)
    assert {key for key in emf if key.startswith("Webhook")} == counted
    assert emf["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "RegistryVerifier"


def run_afresh(program: str, **environment: str) -> str:
    """What a program wrote in an interpreter of its own."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "registry_verifier")])
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": path, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


def test_importing_the_function_loads_nothing_heavy() -> None:
    program = "import json, sys, functions.receive.handler; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run_afresh(program).splitlines()[-1]))
    heavy = {
        "sigstore",
        "httpx",
        "pydantic",
        "boto3",
        "s3transfer",
        "cryptography",
        "re2",
        "yaml",
        "urllib3",
        "asyncio",
    }
    assert loaded & heavy == set()
    assert loaded & {"botocore.session", "botocore.client", "aws_lambda_powertools.event_handler"} == set()
