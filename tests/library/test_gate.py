"""The gate, the policies and the service's own answers: open for VERIFIED, closed for whatever else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier.errors import PolicyError, Problem
from registry_verifier.models import Digest, State
from registry_verifier.policy.model import (
    AttestationRule,
    Authority,
    IdentityRule,
    Key,
    Policy,
    PolicyCondition,
    Static,
)
from registry_verifier.query import gate, health, policies, router
from registry_verifier.query.router import Sent
from registry_verifier.question.request import Access, Request
from registry_verifier.reasons import Status
from tests.library.asking import OUTAGE, Client, body, refusal
from tests.library.verdicts import DIGEST, digest, state

GATE = f"/v1/gate/{DIGEST}?image=ghcr.io/acme/app"
INDEX = digest(77)


def _held(name: str = "acme-signatures", *, holds: Any = True) -> dict[str, Any]:
    return {"policies": [{"name": name, "mode": "enforce", "holds": holds}]}


def _ask(*states: State, path: str = GATE) -> Sent:
    return Client(gate.OPERATIONS, states).get(path)


# ------------------------------------------------------------------------------------------------- the gate


@pytest.mark.parametrize(
    ("status", "status_code", "code", "retry_after"),
    [
        (Status.FAILED, 403, "failed", None),
        (Status.NO_POLICY, 403, "no_policy", None),
        (Status.PENDING, 409, "pending", "60"),
        (Status.UNKNOWN, 503, "unknown", "60"),
    ],
)
def test_the_gate_is_closed_with_a_code(status: Status, status_code: int, code: str, retry_after: str | None) -> None:
    sent = _ask(state(status))
    assert refusal(sent) == (status_code, code)
    assert sent.headers.get("Retry-After") == retry_after
    told = body(sent)
    assert (told["verdict"], told["status"]) == (status, status_code)
    assert (told["image"], told["digest"], told["instance"]) == ("ghcr.io/acme/app", DIGEST, f"/v1/gate/{DIGEST}")


def test_the_gate_is_open_for_verified() -> None:
    sent = _ask(state(Status.VERIFIED))
    told = body(sent)
    assert (sent.status_code, told["status"]) == (200, "VERIFIED")
    assert (told["image"], told["digest"], told["tags"]) == ("ghcr.io/acme/app", DIGEST, ["v1.4.0", "latest"])


def test_every_status_but_verified_closes_the_gate() -> None:
    assert [one for one in Status if _ask(state(one)).status_code < 400] == [Status.VERIFIED]
    assert gate.REFUSALS.keys() == set(Status) - {Status.VERIFIED}


def test_the_gate_is_closed_for_a_digest_that_nobody_heard_of() -> None:
    sent = _ask()
    assert refusal(sent) == (404, "no_verdict")
    assert body(sent)["detail"] == f"nothing is known about ghcr.io/acme/app@{DIGEST}"


@pytest.mark.parametrize("image", ["ghcr.io/acme/other", "registry.example.org/acme/app", "ghcr.io/acme/app/app"])
def test_the_gate_is_closed_for_the_same_digest_elsewhere(image: str) -> None:
    assert refusal(_ask(state(Status.VERIFIED), path=f"/v1/gate/{DIGEST}?image={image}")) == (404, "no_verdict")


@pytest.mark.parametrize(
    "query",
    ["", "?image=", "?image=acme/app", "?image=ghcr.io/acme/app&image=ghcr.io/acme/b", "?image=ghcr.io/acme/app&x=1"],
)
def test_the_gate_is_closed_for_a_question_that_is_not_whole(query: str) -> None:
    assert refusal(_ask(state(Status.VERIFIED), path=f"/v1/gate/{DIGEST}{query}")) == (400, "bad_request")


def test_the_gate_is_closed_while_the_table_does_not_answer() -> None:
    client = Client(gate.OPERATIONS, [state(Status.VERIFIED)])
    client.stored.down = OUTAGE
    assert refusal(client.get(GATE)) == (503, "store_unavailable")


def test_the_gate_reads_one_record() -> None:
    client = Client(gate.OPERATIONS, [state(Status.VERIFIED)])
    client.get(GATE)
    assert client.stored.read == [f"state ghcr.io/acme/app@{DIGEST}"]


# ------------------------------------------------------------------------------------------------- one policy


def test_a_policy_that_holds_opens_the_gate() -> None:
    assert _ask(state(Status.VERIFIED, document=_held()), path=f"{GATE}&policy=acme-signatures").status_code == 200


@pytest.mark.parametrize(
    "document",
    [_held("other"), _held(holds=False), _held(holds="true"), {"policies": []}, {"policies": None}],
    ids=["not applied", "does not hold", "no boolean", "none", "absent"],
)
def test_a_policy_that_does_not_hold_closes_the_gate(document: dict[str, Any]) -> None:
    sent = _ask(state(Status.VERIFIED, document=document), path=f"{GATE}&policy=acme-signatures")
    assert refusal(sent) == (403, "policy_not_held")
    assert body(sent)["verdict"] == "VERIFIED"


@pytest.mark.parametrize("status", [Status.FAILED, Status.PENDING, Status.UNKNOWN, Status.NO_POLICY])
def test_a_policy_that_holds_opens_nothing_else(status: Status) -> None:
    sent = _ask(state(status, document=_held()), path=f"{GATE}&policy=acme-signatures")
    assert refusal(sent) == gate.REFUSALS[status][:2]


def _child() -> State:
    return state(Status.VERIFIED, document={"covered_by": INDEX, **_held(holds=False)})


def _index(status: Status = Status.VERIFIED, *, holds: bool = True) -> State:
    return state(status, digest=Digest(INDEX), document=_held(holds=holds))


def test_a_child_has_the_policies_of_the_index_that_covers_it() -> None:
    assert _ask(_child(), _index(), path=f"{GATE}&policy=acme-signatures").status_code == 200


@pytest.mark.parametrize(
    "others",
    [[], [_index(holds=False)], [_index(Status.FAILED)], [_index(Status.PENDING)]],
    ids=["gone", "not", "bad", "late"],
)
def test_a_child_has_no_policies_of_an_index_that_does_not_hold(others: Iterable[State]) -> None:
    assert refusal(_ask(_child(), *others, path=f"{GATE}&policy=acme-signatures")) == (403, "policy_not_held")


# ------------------------------------------------------------------------------------------------- for workflows


def _as_workflow(path: str, owner: str) -> Sent:
    world = Client(gate.OPERATIONS, [state(Status.VERIFIED)]).world
    world = type(world)(**{**vars(world), "owners": frozenset({"acme"})})
    request = Request("GET", path, "image=ghcr.io/acme/app", access=Access.ACTIONS, owner=owner)
    return router.answer(request, world, gate.OPERATIONS)


def test_a_workflow_of_a_chosen_owner_may_ask_at_its_own_path() -> None:
    assert _as_workflow(f"/oidc/v1/gate/{DIGEST}", "acme").status_code == 200


def test_a_workflow_of_another_owner_learns_nothing() -> None:
    assert refusal(_as_workflow(f"/oidc/v1/gate/{DIGEST}", "mallory")) == (403, "forbidden")


def test_a_workflow_sees_nothing_but_its_own_path() -> None:
    assert refusal(_as_workflow(f"/v1/gate/{DIGEST}", "acme")) == (404, "no_route")


def test_nobody_else_sees_the_gate() -> None:
    for path in (GATE, f"/oidc{GATE}"):
        sent = Client(gate.OPERATIONS, [state(Status.VERIFIED)]).get(path, Access.PUBLIC)
        assert refusal(sent) == (404, "no_route")


# ------------------------------------------------------------------------------------------------- policies


class _Anything:
    text = "predicate: {}"

    def check(self, document: Any) -> str | None:
        return None

    check_as_cluster = check


def _policies(*loaded: Policy, error: Exception | None = None) -> Sent:
    def load() -> tuple[Policy, ...]:
        if error:
            raise error
        return loaded

    world = Client(()).world
    world = type(world)(**{**vars(world), "policies": load})
    return router.answer(Request("GET", "/v1/policies"), world, policies.OPERATIONS)


def test_a_policy_says_what_it_demands_of_whom() -> None:
    rule = IdentityRule(issuer="https://issuer.example", subject_regexp="^https://github.com/acme/")
    keyless = Authority("ci", (rule,), (AttestationRule("sbom", "https://spdx.dev/Document", _Anything()),))
    known = Policy("acme", ("ghcr.io/acme/**",), (keyless,), grace=timedelta(hours=1), sha256="ab")
    assert body(_policies(known)) == {
        "items": [
            {
                "name": "acme",
                "mode": "enforce",
                "sha256": "ab",
                "images": ["ghcr.io/acme/**"],
                "grace_period_seconds": 3600,
                "require_signature": True,
                "require_provenance_match": False,
                "children": "index",
                "has_condition": False,
                "authorities": [
                    {
                        "name": "ci",
                        "kind": "keyless",
                        "identities": [
                            {
                                "issuer": "https://issuer.example",
                                "issuer_regexp": None,
                                "subject": None,
                                "subject_regexp": "^https://github.com/acme/",
                            }
                        ],
                        "attestations": [
                            {"name": "sbom", "predicate_type": "https://spdx.dev/Document", "has_condition": True}
                        ],
                        "static_action": None,
                        "cannot": None,
                    }
                ],
            }
        ],
        "next_cursor": None,
    }


def test_policies_stand_by_name_and_authorities_by_kind() -> None:
    key = Authority("key", (), key=Key(("-----BEGIN PUBLIC KEY-----",)), cannot="no key here")
    fixed = Authority("fixed", (), static=Static("fail", "no"))
    known = Policy("b", (), (key, fixed), mode="warn", condition=PolicyCondition(_Anything()))
    told = body(_policies(known, Policy("a", (), ())))["items"]
    assert [one["name"] for one in told] == ["a", "b"]
    assert (told[1]["mode"], told[1]["has_condition"]) == ("warn", True)
    authorities = [(one["kind"], one["static_action"], one["cannot"]) for one in told[1]["authorities"]]
    assert authorities == [("key", None, "no key here"), ("static", "fail", None)]


def test_policies_that_do_not_load_are_unavailable_and_not_quoted() -> None:
    sent = _policies(error=PolicyError(Problem("secret.yaml", 1, 1, "spec", "is wrong")))
    assert refusal(sent) == (503, "policies_unavailable")
    assert "secret" not in sent.body


# ------------------------------------------------------------------------------------------------- the service


@pytest.mark.parametrize("access", Access)
def test_health_asks_nothing_of_nobody(access: Access) -> None:
    client = Client(health.OPERATIONS)
    assert body(client.get("/healthz", access)) == {"status": "ok", "version": "0.1.0"}
    assert client.stored.read == []


@pytest.mark.parametrize("access", Access)
def test_the_document_is_served_as_it_is_checked_in(access: Access) -> None:
    sent = Client(health.OPERATIONS).get("/openapi.json", access)
    assert sent.headers["Content-Type"] == "application/json"
    assert json.loads(sent.body)["openapi"] == "3.1.0" and sent.body == health.DOCUMENT.read_text("utf-8")
