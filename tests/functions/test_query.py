"""query through its door: HTTP API events in, HTTP answers out; a table, a queue and a secret in moto behind it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from functions.query import handler
from registry_verifier.question.request import Access
from registry_verifier.reasons import Status
from registry_verifier.settings import QuerySettings
from registry_verifier.verdict_table import VerdictTable
from tests.functions.lambda_world import Context, event, set_environment
from tests.library.verdicts import DIGEST, TABLE, digest, state, table

OPEN = {"API_AUTH": "NONE"}
NAMES = ("LOOKS_QUEUE_URL", "SEAL_SECRET_ARN", "REVERIFY_AFTER_HOURS", "CONFIGURATION_DIRECTORY")


@dataclass(frozen=True)
class Behind:
    """What query reads and writes."""

    table: VerdictTable
    queue_url: str

    def messages(self) -> list[dict[str, Any]]:
        found = boto3.client("sqs").receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def forget() -> None:
    handler.settings.cache_clear()
    handler.world.cache_clear()


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    set_environment(monkeypatch)
    forget()
    with table() as client:
        queue_url = boto3.client("sqs").create_queue(QueueName="looks")["QueueUrl"]
        secret = boto3.client("secretsmanager").create_secret(Name="seal", SecretString="x" * 64)["ARN"]
        set_environment(monkeypatch, **dict(zip(NAMES, (queue_url, secret, "24", "layers/configuration"), strict=True)))
        yield Behind(VerdictTable(client, TABLE), queue_url)
    forget()


def _send(name: str, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = handler.lambda_handler(event(name) | changes, Context())
    return answer


def _ask(name: str, **changes: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    answer = _send(name, **changes)
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


def test_a_digest_is_answered_with_its_document(behind: Behind) -> None:
    behind.table.record(None, state())
    status_code, body, headers = _ask("query.digest")
    assert (status_code, body["status"], body["version"]) == (200, "FAILED", 1)
    assert len(body["statements"]) == len(state().document["statements"])
    assert headers["Content-Type"] == "application/json" and headers["ETag"]


def test_an_image_is_walked_page_by_page_with_sealed_cursors(behind: Behind) -> None:
    for number in range(3):
        behind.table.record(None, state(digest=digest(number)))
    status_code, body, headers = _ask("query.image")
    assert (status_code, len(body["items"])) == (200, 2)
    following = headers["Link"].partition("?")[2].partition(">")[0]
    _, rest, headers = _ask("query.image", rawQueryString=following)
    assert (len(rest["items"]), rest["next_cursor"], "Link" in headers) == (1, None, False)
    listed = {item["digest"] for item in body["items"] + rest["items"]}
    assert listed == {digest(number) for number in range(3)}


def test_a_foreign_cursor_is_a_problem(behind: Behind) -> None:
    assert _ask("query.image", rawQueryString="cursor=WyJhIiwiYiJd")[0] == 400


def test_failures_are_listed(behind: Behind) -> None:
    behind.table.record(None, state(Status.FAILED))
    behind.table.record(None, state(Status.VERIFIED, digest=digest(1)))
    status_code, body, _ = _ask("query.failures")
    assert (status_code, [item["digest"] for item in body["items"]]) == (200, [DIGEST])


@pytest.mark.parametrize("name", ["query.gate", "query.workflow"])
@pytest.mark.parametrize(
    ("status", "status_code"), [(Status.VERIFIED, 200), (Status.FAILED, 403), (Status.PENDING, 409)]
)
def test_the_gate_answers_by_status_code(
    behind: Behind, monkeypatch: pytest.MonkeyPatch, name: str, status: Status, status_code: int
) -> None:
    monkeypatch.setenv("GITHUB_ORGANISATIONS", "other,ACME")
    behind.table.record(None, state(status, digest=event(name)["rawPath"].rpartition("/")[2]))
    assert _ask(name)[0] == status_code


def test_the_gate_is_closed_for_an_unknown_digest(behind: Behind) -> None:
    assert _ask("query.gate")[0] == 404


def test_a_bad_digest_is_a_problem(behind: Behind) -> None:
    status_code, body, headers = _ask("query.bad-digest")
    assert (status_code, body["code"]) == (400, "bad_request")
    assert headers["Content-Type"] == "application/problem+json"


def test_a_look_that_somebody_asks_for_goes_on_the_queue(behind: Behind) -> None:
    wanted = json.loads(event("query.request")["body"])
    behind.table.record(None, state(digest=wanted["digest"]))
    status_code, _, headers = _ask("query.request")
    assert (status_code, headers["Location"].partition("requests/")[0]) == (202, "")
    assert [(m["digest"], m["cause"]) for m in behind.messages()] == [(wanted["digest"], "asked")]


def test_a_body_in_base64_is_the_same_body(behind: Behind) -> None:
    given = event("query.admission")["body"].encode()
    encoded = base64.b64encode(given).decode()
    assert _ask("query.admission", body=encoded, isBase64Encoded=True)[:2] == _ask("query.admission")[:2]
    assert _ask("query.admission")[0] == 200


def test_a_body_that_is_no_text_is_a_problem(behind: Behind) -> None:
    assert _ask("query.admission", body='{"images": ["\ud800"]}')[0] == 400


def test_policies_are_those_of_the_configuration(behind: Behind) -> None:
    status_code, body, _ = _ask("query.image", rawPath="/v1/policies", rawQueryString="")
    assert status_code == 200 and body["items"]


def test_a_page_and_its_style_are_no_json(behind: Behind) -> None:
    page = _send("query.status")
    assert (page["statusCode"], page["headers"]["Content-Type"].partition(";")[0]) == (200, "text/html")
    style = _send("query.status", rawPath="/status/style.css")
    assert (style["statusCode"], style["headers"]["Content-Type"].partition(";")[0]) == (200, "text/css")


# ---- who asks


def settings(**more: str) -> QuerySettings:
    needed = {"VERDICTS_TABLE": "v", "LOOKS_QUEUE_URL": "q", "SEAL_SECRET_ARN": "s", "REVERIFY_AFTER_HOURS": "24"}
    return QuerySettings.read(needed | more)


@pytest.mark.parametrize("name", ["query.digest", "query.request", "query.admission"])
def test_whoever_aws_vouches_for_is_trusted(name: str) -> None:
    assert handler.asker(event(name), settings()) == (Access.TRUSTED, "")


@pytest.mark.parametrize("authorizer", [None, {}, {"iam": None}, {"iam": {}}, {"lambda": {"iam": {"userId": "x"}}}])
def test_whoever_proves_nothing_is_the_public(authorizer: Any) -> None:
    asked = event("query.digest")
    asked["requestContext"]["authorizer"] = authorizer
    assert handler.asker(asked, settings()) == (Access.PUBLIC, "")


def test_everybody_is_trusted_where_the_operator_has_opened_the_api() -> None:
    assert handler.asker(event("query.status"), settings(**OPEN)) == (Access.TRUSTED, "")


def test_a_workflow_is_known_by_the_owner_in_its_token() -> None:
    assert handler.asker(event("query.workflow"), settings()) == (Access.ACTIONS, "acme")


@pytest.mark.parametrize("issuer", ["https://accounts.example.com", "", None])
def test_a_token_of_another_issuer_is_nothing(issuer: str | None) -> None:
    asked = event("query.workflow")
    asked["requestContext"]["authorizer"]["jwt"]["claims"]["iss"] = issuer
    assert handler.asker(asked, settings()) == (Access.PUBLIC, "")


def test_a_token_without_an_owner_is_of_nobody(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ORGANISATIONS", "")
    asked = event("query.workflow")
    del asked["requestContext"]["authorizer"]["jwt"]["claims"]["repository_owner"]
    assert handler.asker(asked, settings()) == (Access.ACTIONS, "")
    assert handler.lambda_handler(asked, Context())["statusCode"] == 403


def test_a_certificate_opens_admission_where_certificates_are_demanded() -> None:
    asked = event("query.gatekeeper")
    assert handler.asker(asked, settings(ADMISSION_AUTH="MUTUAL_TLS")) == (Access.TRUSTED, "")
    assert handler.asker(asked, settings()) == (Access.PUBLIC, "")


@pytest.mark.parametrize("authentication", [None, {}, {"clientCert": None}, {"clientCert": {}}])
def test_without_a_certificate_admission_stays_closed(authentication: Any) -> None:
    asked = event("query.gatekeeper")
    asked["requestContext"]["authentication"] = authentication
    assert handler.asker(asked, settings(ADMISSION_AUTH="MUTUAL_TLS")) == (Access.PUBLIC, "")


@pytest.mark.parametrize(
    "path", ["/v1/verifications", "/v1/admission/", "//v1/admission", "/v1/%61dmission", "/healthz"]
)
def test_a_certificate_opens_nothing_but_admission(path: str) -> None:
    asked = event("query.gatekeeper") | {"rawPath": path}
    assert handler.asker(asked, settings(ADMISSION_AUTH="MUTUAL_TLS")) == (Access.PUBLIC, "")


def test_the_public_sees_what_is_public_and_nothing_of_the_rest(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_IMAGES", "acme/app")
    behind.table.record(None, state())
    assert _ask("query.badge")[0] == 200
    private = event("query.digest")
    private["requestContext"]["authorizer"] = None
    nothing = _ask("query.digest", rawPath="/v1/nothing", requestContext=private["requestContext"])
    hidden = _ask("query.digest", requestContext=private["requestContext"])
    assert (hidden[0], hidden[1]["code"]) == (nothing[0], nothing[1]["code"]) == (404, "no_route")


# ---- what goes wrong


def test_a_path_that_the_api_does_not_have_is_a_problem(behind: Behind) -> None:
    status_code, body, _ = _ask("query.digest", rawPath="/v1/other")
    assert (status_code, body["code"]) == (404, "no_route")


def test_a_table_that_is_not_there_is_unavailable(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERDICTS_TABLE", "another")
    status_code, body, headers = _ask("query.digest")
    assert (status_code, body["code"], headers["Retry-After"]) == (503, "store_unavailable", "5")


def test_a_secret_that_is_not_there_is_unavailable(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAL_SECRET_ARN", "another")
    for number in range(3):
        behind.table.record(None, state(digest=digest(number)))
    status_code, body, _ = _ask("query.image")
    assert (status_code, body["code"]) == (503, "secret_unavailable")


@pytest.mark.parametrize("change", [{"requestContext": {}}, {"rawPath": None}, {"body": "?", "isBase64Encoded": True}])
def test_an_event_that_is_none_is_answered(behind: Behind, change: dict[str, Any]) -> None:
    status_code, body, _ = _ask("query.admission", **change)
    assert (status_code, body["code"]) == (500, "internal")


def test_a_bug_is_answered_without_a_word_about_it(
    behind: Behind,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("VERDICTS_TABLE")
    status_code, body, _ = _ask("query.digest")
    assert (status_code, body["code"]) == (500, "internal")
    assert "VERDICTS_TABLE" not in json.dumps(body)
    assert vars(caplog.records[-1])["note"] == "the environment has no VERDICTS_TABLE"
    assert '"QueryFailed":[1.0]' in capsys.readouterr().out


def test_health_asks_nothing(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERDICTS_TABLE", "another")
    monkeypatch.setenv("SEAL_SECRET_ARN", "another")
    status_code, body, _ = _ask("query.health")
    assert (status_code, body["status"]) == (200, "ok")
