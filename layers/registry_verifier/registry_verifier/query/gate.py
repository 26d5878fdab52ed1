"""The gate: may this digest run? 200 only for VERIFIED, so that `curl --fail` is a gate.

403 for FAILED and for NO_POLICY (a known digest that nobody vouches for; `code` tells them apart), 409 for PENDING, 404
for a digest that was never heard of, 503 for UNKNOWN. With `policy`, VERIFIED is not enough: that policy must have been
applied, and hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from registry_verifier import verdict_view
from registry_verifier.answer import PROBLEM, Answer, ok, problem
from registry_verifier.models import Digest, State
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.parameters import DIGEST, POLICY, THE_IMAGE
from registry_verifier.question.request import Access, Asked, Reply
from registry_verifier.reasons import Status
from registry_verifier.shapes.gates import GateProblem, Problem
from registry_verifier.shapes.verdicts import Summary

_WAIT = 60
"""seconds after which asking again is worth it when a verdict is not there yet"""

REFUSALS = {
    Status.FAILED: (403, "failed", "the image does not meet its policies"),
    Status.NO_POLICY: (403, "no_policy", "no policy matches the image, so nothing vouches for it"),
    Status.PENDING: (409, "pending", "evidence is missing and the grace period is not over"),
    Status.UNKNOWN: (503, "unknown", "the image could not be looked at"),
}
_NOT_HELD = (
    403,
    "policy_not_held",
    "the image is verified, and the policy that was asked for is none that holds for it",
)


def gate(asked: Asked, world: World) -> Answer:
    """Open for VERIFIED, closed for whatever else."""
    state = world.verdicts.state(asked.image, asked.digest)
    if state is None:
        return problem(404, "no_verdict", f"nothing is known about {asked.image}@{asked.digest}", asked.path)
    if state.status is not Status.VERIFIED:
        return _refusal(state, *REFUSALS[state.status], asked.path)
    policy = asked.get("policy")
    if policy is not None and not _is_held(state, policy, world):
        return _refusal(state, *_NOT_HELD, asked.path)
    return ok(cast("dict[str, Any]", verdict_view.summary(state)))


def _refusal(state: State, status_code: int, code: str, detail: str, path: str) -> Answer:
    waits = state.status in (Status.PENDING, Status.UNKNOWN)
    members = {name: value for name, value in verdict_view.summary(state).items() if name != "status"}
    retry_after = _WAIT if waits else None
    return problem(status_code, code, detail, path, retry_after=retry_after, verdict=state.status.value, **members)


def _is_held(state: State, policy: str, world: World) -> bool:
    """Whether the policy holds by this verdict, or by that of the index that covers it."""
    if _holds(state.document, policy):
        return True
    if not (index := state.document.get("covered_by")):
        return False
    covering = world.verdicts.state(state.image, Digest(index))
    return covering is not None and covering.status is Status.VERIFIED and _holds(covering.document, policy)


def _holds(document: Mapping[str, Any], policy: str) -> bool:
    return any(one["name"] == policy and one["holds"] is True for one in document.get("policies") or ())


def _operation(name: str, path: str, access: tuple[Access, ...], summary: str, description: str) -> Operation:
    waits = {"Retry-After": "seconds after which asking again is worth it"}
    replies = {
        200: Reply("it is VERIFIED: it may run", Summary),
        403: Reply("it may not run: `failed`, `no_policy`, `policy_not_held`", GateProblem, PROBLEM),
        404: Reply("nothing is known about this digest in this image (`no_verdict`)", Problem, PROBLEM),
        409: Reply("evidence is still waited for (`pending`)", GateProblem, PROBLEM, headers=waits),
        503: Reply("it could not be looked at (`unknown`), or nobody can say now", GateProblem, PROBLEM, headers=waits),
    }
    parameters = (DIGEST, THE_IMAGE, _POLICY)
    return Operation(name, "GET", path, summary, gate, replies, description, parameters, access=access, tag="gate")


_POLICY = replace(POLICY, description="only where this policy was applied and holds: its name")
_DESCRIPTION = "Anything but a 200 means no. `code` and `verdict` of the problem say why."

OPERATIONS = (
    _operation("gate", "/v1/gate/{digest}", (Access.TRUSTED,), "may this digest run?", _DESCRIPTION),
    _operation(
        "gate_for_workflows",
        "/oidc/v1/gate/{digest}",
        (Access.TRUSTED, Access.ACTIONS),
        "may this digest run? asked by a workflow of GitHub Actions",
        f"{_DESCRIPTION} The caller is a workflow with its OIDC token; a `forbidden` is a workflow of another owner.",
    ),
)
