"""query through its door: HTTP API events in, HTTP answers out, a table in moto behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.query import handler
from registry_verifier.reasons import Status
from registry_verifier.verdict_table import VerdictTable
from tests.functions.lambda_world import Context, event, set_environment
from tests.library.verdicts import DIGEST, TABLE, digest, state, table


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> Iterator[VerdictTable]:
    set_environment(monkeypatch)
    handler.verdicts.cache_clear()
    with table() as client:
        yield VerdictTable(client, TABLE)
    handler.verdicts.cache_clear()


def _ask(name: str, **changes: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    answer = handler.lambda_handler(event(name) | changes, Context())
    body: dict[str, Any] = json.loads(answer["body"])
    return answer["statusCode"], body, answer["headers"]


def test_a_digest_is_answered_with_its_document(verdicts: VerdictTable) -> None:
    verdicts.record(None, state())
    status_code, body, headers = _ask("query.digest")
    assert (status_code, body["status"], body["version"]) == (200, "FAILED", 1)
    assert body["statements"] == state().document["statements"]
    assert headers["Content-Type"] == "application/json" and headers["Cache-Control"] == "no-cache"


def test_an_image_is_walked_page_by_page(verdicts: VerdictTable) -> None:
    for number in range(3):
        verdicts.record(None, state(digest=digest(number)))
    status_code, body, headers = _ask("query.image")
    assert (status_code, len(body["items"])) == (200, 2)
    following = headers["Link"].partition("?")[2].partition(">")[0]
    _, rest, headers = _ask("query.image", rawQueryString=following)
    assert (len(rest["items"]), rest["next_cursor"], "Link" in headers) == (1, None, False)
    listed = {item["digest"] for item in body["items"] + rest["items"]}
    assert listed == {digest(number) for number in range(3)}


def test_failures_are_listed(verdicts: VerdictTable) -> None:
    verdicts.record(None, state(Status.FAILED))
    verdicts.record(None, state(Status.VERIFIED, digest=digest(1)))
    status_code, body, _ = _ask("query.failures")
    assert (status_code, [item["digest"] for item in body["items"]]) == (200, [DIGEST])


@pytest.mark.parametrize(
    ("status", "status_code"), [(Status.VERIFIED, 200), (Status.FAILED, 403), (Status.PENDING, 409)]
)
def test_the_gate_answers_by_status_code(verdicts: VerdictTable, status: Status, status_code: int) -> None:
    verdicts.record(None, state(status))
    assert _ask("query.gate")[0] == status_code


def test_the_gate_is_closed_for_an_unknown_digest(verdicts: VerdictTable) -> None:
    assert _ask("query.gate")[0] == 404


def test_a_bad_digest_is_a_problem(verdicts: VerdictTable) -> None:
    status_code, body, headers = _ask("query.bad-digest")
    assert (status_code, body["code"]) == (400, "bad_request")
    assert headers["Content-Type"] == "application/problem+json"


def test_a_foreign_cursor_is_a_problem(verdicts: VerdictTable) -> None:
    assert _ask("query.image", rawQueryString="cursor=WyJhIiwiYiJd")[0] == 400


def test_a_path_that_the_api_does_not_have_is_a_problem(verdicts: VerdictTable) -> None:
    status_code, body, _ = _ask("query.health", rawPath="/other")
    assert (status_code, body["code"]) == (404, "no_route")


def test_a_table_that_is_not_there_is_unavailable(verdicts: VerdictTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERDICTS_TABLE", "another")
    status_code, body, headers = _ask("query.digest")
    assert (status_code, body["code"], headers["Retry-After"]) == (503, "store_unavailable", "5")


def test_a_bug_is_answered_without_a_word_about_it(
    verdicts: VerdictTable,
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


def test_health_needs_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    handler.verdicts.cache_clear()
    monkeypatch.delenv("VERDICTS_TABLE", raising=False)
    assert _ask("query.health")[:2] == (200, {"status": "ok", "version": "0.1.0"})
