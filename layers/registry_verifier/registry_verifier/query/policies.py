"""The deployment's policies: what they demand, of whom. Nothing in there is a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from registry_verifier.answer import PROBLEM, Answer, ok, problem
from registry_verifier.errors import PolicyError
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.request import Asked, Reply
from registry_verifier.shapes.gates import (
    DemandedAttestation,
    ExpectedIdentity,
    PolicyAuthority,
    PolicyInfo,
    PolicyList,
    Problem,
)

if TYPE_CHECKING:
    from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Policy


def list_policies(asked: Asked, world: World) -> Answer:
    """Every policy, by name."""
    try:
        policies = sorted(world.policies(), key=lambda policy: policy.name)
    except PolicyError:
        return problem(503, "policies_unavailable", "the policies of this deployment do not load", asked.path)
    body: PolicyList = {"items": list(map(_policy, policies)), "next_cursor": None}
    return ok(cast("dict[str, Any]", body))


def _policy(policy: Policy) -> PolicyInfo:
    return {
        "name": policy.name,
        "mode": "warn" if policy.mode == "warn" else "enforce",
        "sha256": policy.sha256,
        "images": list(policy.globs),
        "grace_period_seconds": int(policy.grace.total_seconds()),
        "require_signature": policy.require_signature,
        "require_provenance_match": policy.require_provenance_match,
        "children": cast("Literal['index', 'leaves', 'index-or-every-leaf']", policy.children),
        "has_condition": policy.condition is not None,
        "authorities": list(map(_authority, policy.authorities)),
    }


def _authority(authority: Authority) -> PolicyAuthority:
    kind: Literal["keyless", "key", "static"] = "static" if authority.static else "key" if authority.key else "keyless"
    action = authority.static and authority.static.action
    return {
        "name": authority.name,
        "kind": kind,
        "identities": list(map(_identity, authority.identities)),
        "attestations": list(map(_attestation, authority.attestations)),
        "static_action": cast("Literal['pass', 'fail'] | None", action),
        "cannot": authority.cannot or None,
    }


def _identity(rule: IdentityRule) -> ExpectedIdentity:
    return {
        "issuer": rule.issuer,
        "issuer_regexp": rule.issuer_regexp,
        "subject": rule.subject,
        "subject_regexp": rule.subject_regexp,
    }


def _attestation(rule: AttestationRule) -> DemandedAttestation:
    return {
        "name": rule.name,
        "predicate_type": rule.predicate_type,
        "has_condition": rule.condition is not None,
    }


OPERATIONS = (
    Operation(
        "list_policies",
        "GET",
        "/v1/policies",
        "the policies of this deployment",
        list_policies,
        {
            200: Reply("every policy, by name, in one page", PolicyList),
            503: Reply("the policies do not load (`policies_unavailable`)", Problem, PROBLEM),
        },
        "What each policy demands, of whom, and of which images.",
        tag="policies",
    ),
)
