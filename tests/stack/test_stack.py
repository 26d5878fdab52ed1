"""The template on the emulator: it comes up whole, answers, keeps to its roles, and leaves nothing behind."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local import emulator, stack
from tests.functions.lambda_world import event

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.skipif(not emulator.PROGRAM.exists(), reason="no .venv-ministack: `make test` makes it"),
]

SECRETS = {"WebhookSecretArn": "it is a secret", "SlackSecretArn": "xoxb-example"}


@pytest.fixture(scope="module")
def running() -> Iterator[stack.Running]:
    with stack.up(secrets=SECRETS) as up:
        yield up


def answer(url: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_health_check_answers(running: stack.Running) -> None:
    assert answer(f"{running.api_url}/healthz")[0] == 200


def test_a_question_about_an_unknown_image_reaches_the_table(running: stack.Running) -> None:
    assert answer(running.api_url + event("query.digest")["rawPath"])[0] == 404
    assert "AccessDenied" not in "".join(running.logs("query"))


def test_a_delivery_without_a_signature_is_refused(running: stack.Running) -> None:
    assert answer(f"{running.api_url}/webhooks/github", b"{}")[0] == 401
    assert any("401" in line for line in running.logs("receive"))


def test_a_changed_secret_is_stored(running: stack.Running) -> None:
    running.change_secret("SlackSecretArn", "xoxb-other")
    arn = running.parameters["SlackSecretArn"]
    assert running.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == "xoxb-other"


def test_a_role_that_does_not_allow_it_is_refused(running: stack.Running) -> None:
    configuration = running.client("lambda").get_function(FunctionName=running.function("query"))["Configuration"]
    session = running.client("sts").assume_role(RoleArn=configuration["Role"], RoleSessionName="test")["Credentials"]
    keys = {"aws_access_key_id": session["AccessKeyId"], "aws_secret_access_key": session["SecretAccessKey"]}
    table = boto3.client(
        "dynamodb",
        endpoint_url=running.endpoint,
        region_name=emulator.REGION,
        aws_session_token=session["SessionToken"],
        **keys,
    )
    key = {"PK": {"S": "a"}, "SK": {"S": "b"}}
    assert "Item" not in table.get_item(TableName=running.table, Key=key)
    with pytest.raises(table.exceptions.ClientError, match="AccessDenied"):
        table.put_item(TableName=running.table, Item=key)


def test_the_queue_is_as_the_template_says(running: stack.Running) -> None:
    attributes = running.client("sqs").get_queue_attributes(QueueUrl=running.queue_url, AttributeNames=["All"])
    redrive = json.loads(attributes["Attributes"]["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(running.dead_letter_queue_url.rsplit("/", 1)[1])
    assert attributes["Attributes"]["VisibilityTimeout"] == stack.LOCAL_PARAMETERS["VisibilityTimeout"]


def test_the_emulator_leaves_no_folder_behind(tmp_path: Path) -> None:
    with emulator.running(directory=tmp_path) as endpoint:
        assert endpoint.startswith("http://127.0.0.1:")
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
