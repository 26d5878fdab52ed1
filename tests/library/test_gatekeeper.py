"""Gatekeeper's external data: what it sends is taken, and whatever is not verified is an error that it reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_verifier.models import State
from registry_verifier.query.gatekeeper import OPERATIONS
from registry_verifier.reasons import Status
from tests.library.asking import OUTAGE, Client, body, refusal
from tests.library.verdicts import DIGEST, IMAGE, digest, state

GOOD = f"{IMAGE}:v1.4.0@{DIGEST}"


def client(*states: State) -> Client:
    return Client(OPERATIONS, states)


def provider_request(*keys: object) -> dict[str, Any]:
    """As Gatekeeper's NewProviderRequest makes it."""
    return {
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderRequest",
        "request": {"keys": list(keys)},
    }


def response(asked: Client, *keys: object) -> dict[str, Any]:
    sent = asked.post("/v1/gatekeeper", provider_request(*keys))
    assert sent.status_code == 200
    found: dict[str, Any] = body(sent)["response"]
    return found


def seen_by_rego(answer: dict[str, Any], status_code: int = 200) -> dict[str, Any]:
    """What `external_data` gives to a template, made of an answer as Gatekeeper's NewRegoResponse makes it."""
    found = answer.get("response") or {}
    items = found.get("items") or []
    return {
        "responses": [[one["key"], one["value"]] for one in items if not one.get("error")],
        "errors": [[one["key"], one["error"]] for one in items if one.get("error")],
        "status_code": status_code,
        "system_error": found.get("systemError", ""),
    }


def test_a_verified_image_has_a_value() -> None:
    sent = client(state(Status.VERIFIED)).post("/v1/gatekeeper", provider_request(GOOD))
    assert body(sent) == {
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderResponse",
        "response": {
            "idempotent": True,
            "items": [{"key": GOOD, "value": "verified", "error": ""}],
            "systemError": "",
        },
    }
    assert sent.headers["Content-Type"] == "application/json"
    assert seen_by_rego(body(sent)) == {
        "responses": [[GOOD, "verified"]],
        "errors": [],
        "status_code": 200,
        "system_error": "",
    }


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (Status.FAILED, "failed: the image does not meet its policies (IDENTITY_MISMATCH)"),
        (Status.PENDING, "pending: evidence is missing and the grace period is not over (IDENTITY_MISMATCH)"),
        (Status.UNKNOWN, "unknown: the image could not be looked at (IDENTITY_MISMATCH)"),
        (Status.NO_POLICY, "no_policy: no policy matches the image, so nothing vouches for it (IDENTITY_MISMATCH)"),
    ],
)
def test_every_other_status_is_an_error(status: Status, text: str) -> None:
    assert response(client(state(status)), GOOD)["items"] == [{"key": GOOD, "value": None, "error": text}]


def test_a_digest_that_was_never_heard_of_is_an_error() -> None:
    (item,) = response(client(), GOOD)["items"]
    assert item["error"] == f"no_verdict: nothing is known about {IMAGE}@{DIGEST}"


@pytest.mark.parametrize("key", [str(IMAGE), f"{IMAGE}:v1", "nginx:latest"])
def test_a_key_without_a_digest_is_an_error(key: str) -> None:
    (item,) = response(client(state(Status.VERIFIED)), key)["items"]
    assert (item["key"], item["value"]) == (key, None)
    assert item["error"].startswith("bad_request: no digest in ")


def test_keys_are_answered_in_their_order_each_by_itself() -> None:
    bad = f"{IMAGE}@{digest(1)}"
    asked = client(state(Status.VERIFIED), state(Status.FAILED, digest=digest(1)))
    items = response(asked, bad, GOOD, "nonsense")["items"]
    assert [(one["key"], bool(one["error"])) for one in items] == [(bad, True), (GOOD, False), ("nonsense", True)]


def test_a_table_that_does_not_answer_is_a_system_error_and_an_error_of_each_key() -> None:
    asked = client(state(Status.VERIFIED))
    asked.stored.down = OUTAGE
    found = response(asked, GOOD, str(IMAGE))
    assert found["systemError"] == "store_unavailable: the verdicts cannot be read now"
    assert [one["value"] for one in found["items"]] == [None, None]
    assert [one["error"] for one in found["items"]] == ["store_unavailable: the verdicts cannot be read now"] * 2


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"apiVersion": "externaldata.gatekeeper.sh/v1alpha1"}, "apiVersion is 'externaldata.gatekeeper.sh/v1alpha1'"),
        ({"apiVersion": None}, "apiVersion is 'None'"),
        ({"kind": "ProviderResponse"}, "kind is 'ProviderResponse' (expected 'ProviderRequest')"),
        ({"request": None}, "request is no object"),
        ({"request": []}, "request is no object"),
        ({"request": {}}, "request.keys is no list of texts"),
        ({"request": {"keys": GOOD}}, "request.keys is no list of texts"),
        ({"request": {"keys": [1]}}, "request.keys is no list of texts"),
        ({"request": {"keys": []}}, "request.keys has 0 entries (expected 1 to 100)"),
        ({"request": {"keys": [GOOD] * 101}}, "request.keys has 101 entries (expected 1 to 100)"),
    ],
)
def test_what_is_no_request_is_refused_so_that_templates_refuse_too(changes: dict[str, Any], text: str) -> None:
    asked = client(state(Status.VERIFIED))
    sent = asked.post("/v1/gatekeeper", provider_request(GOOD) | changes)
    assert refusal(sent) == (400, "bad_request")
    assert body(sent)["detail"].startswith(text)
    seen = seen_by_rego(body(sent), sent.status_code)
    assert (seen["responses"], seen["system_error"]) == ([], body(sent)["detail"])
    assert asked.stored.read == []


def test_members_that_a_later_version_may_add_do_no_harm() -> None:
    asked = client(state(Status.VERIFIED))
    sent = asked.post("/v1/gatekeeper", provider_request(GOOD) | {"metadata": {"name": "x"}})
    assert sent.status_code == 200


def test_hostile_keys_come_back_as_they_are() -> None:
    hostile = '"}],"systemError":"","x":[{"\x00</script>'
    (item,) = response(client(), hostile)["items"]
    assert item["key"] == hostile
    assert json.loads(json.dumps(item))["error"].startswith("bad_request: no digest in ")
