"""The template on the emulator: it comes up whole, answers, keeps to its roles, and leaves nothing behind."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import emulator, stack
from tests.functions.lambda_world import event
from tests.library.verdicts import DIGEST

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.skipif(not emulator.PROGRAM.exists(), reason="no .venv-ministack: `make test` makes it"),
]

SECRETS = {"WebhookSecretArn": "it is a secret", "SlackSecretArn": "xoxb-example"}
OPTIONAL = {"PublicImages": "acme/app", "GitHubOrganisations": "acme", "OidcAudience": "this API"}


@pytest.fixture(scope="module")
def running() -> Iterator[stack.Running]:
    with stack.up(secrets=SECRETS) as up:
        yield up


@pytest.fixture(scope="module")
def closed() -> Iterator[stack.Running]:
    """As on AWS: whoever asks must prove who it is, but for what is public."""
    with stack.up({"ApiAuth": "AWS_IAM", **OPTIONAL}, secrets=SECRETS) as up:
        yield up


def answer(
    url: str, body: bytes | None = None, *, method: str | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    asked = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(asked, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def signed(url: str) -> dict[str, str]:
    """The headers of a request that AWS would vouch for."""
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials(emulator.ACCOUNT, "local"), "execute-api", emulator.REGION).add_auth(request)
    return dict(request.headers.items())


def test_the_health_check_answers(running: stack.Running) -> None:
    assert answer(f"{running.api_url}/healthz")[0] == 200


def test_a_question_about_an_unknown_image_reaches_the_table(running: stack.Running) -> None:
    assert answer(running.api_url + event("query.digest")["rawPath"])[0] == 404
    assert "AccessDenied" not in "".join(running.logs("query"))


@pytest.mark.parametrize(
    ("path", "begins"),
    [("/openapi.json", "{"), ("/v1/status/", "<!"), ("/v1/status/style.css", ""), ("/v1/policies", "{")],
)
def test_what_the_function_answers_from_its_layers(running: stack.Running, path: str, begins: str) -> None:
    status_code, body = answer(running.api_url + path)
    assert (status_code, body[: len(begins)].lower()) == (200, begins)


@pytest.mark.parametrize(
    "path", ["/v1/images", "/v1/verifications", "/v1/verifications?status=FAILED", "/v1/incidents"]
)
def test_every_index_may_be_read(running: stack.Running, path: str) -> None:
    status_code, body = answer(running.api_url + path)
    assert (status_code, json.loads(body)) == (200, {"items": [], "next_cursor": None})


def test_a_method_that_a_path_does_not_take_is_refused_by_query_itself(running: stack.Running) -> None:
    status_code, body = answer(f"{running.api_url}/v1/images", method="DELETE")
    assert (status_code, json.loads(body)["code"]) == (405, "method_not_allowed")


def test_without_an_owner_there_is_no_way_in_for_workflows(running: stack.Running) -> None:
    assert answer(f"{running.api_url}/oidc/v1/gate/{DIGEST}?image=ghcr.io/acme/app") == (404, '{"message":"Not Found"}')


def test_whoever_proves_nothing_is_refused_before_query_is_asked(closed: stack.Running) -> None:
    for path in ("/v1/images", "/v1/status/", "/v1/admission", "/v1/gatekeeper"):
        assert answer(closed.api_url + path)[0] == 403
    assert answer(f"{closed.api_url}/oidc/v1/gate/{DIGEST}?image=ghcr.io/acme/app")[0] == 401


def test_whoever_aws_vouches_for_is_answered(closed: stack.Running) -> None:
    url = closed.api_url + event("query.digest")["rawPath"]
    status_code, body = answer(url, headers=signed(url))
    assert (status_code, json.loads(body)["code"]) == (404, "no_verdict")


def test_the_public_is_shown_what_is_public(closed: stack.Running) -> None:
    assert answer(f"{closed.api_url}/healthz")[0] == answer(f"{closed.api_url}/openapi.json")[0] == 200
    assert answer(closed.status_url)[0] == 200
    badges = [
        answer(f"{closed.api_url}/v1/badges/{name}/shields.json") for name in ("acme/app", "acme/private", "no/body")
    ]
    assert badges[0][0] == 200
    assert badges[1][0] == badges[2][0]
    assert badges[1][1].replace("acme/private", "no/body") == badges[2][1]


def test_the_seal_is_a_secret_that_nobody_had_to_give(closed: stack.Running) -> None:
    value = closed.client("secretsmanager").get_secret_value(SecretId=closed.physical["SealSecret"])["SecretString"]
    assert len(value) == 64


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
