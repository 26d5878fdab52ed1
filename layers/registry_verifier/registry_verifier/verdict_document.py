"""A verdict as JSON: one shape for the table, the API, the command line and Slack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from registry_verifier.models import Identity, Json, Statement, Verdict
from registry_verifier.results import (
    AuthorityResult,
    Cause,
    ClusterAnswer,
    NearestMiss,
    PolicyResult,
    RequirementResult,
)

VERSION = "0.1.0"
DOCUMENT_LIMIT = 16 << 10
"""characters of JSON of a statement that is kept: a provenance has two to eight thousand, an SBOM millions"""


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second, with `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(verdict: Verdict) -> dict[str, Any]:
    """The verdict as a JSON object; `reasons` holds the codes of `causes`, each once, in order."""
    return {
        "status": verdict.status.value,
        "reasons": list(dict.fromkeys(cause.code.value for cause in verdict.causes)),
        "causes": [_cause(cause) for cause in verdict.causes],
        "image": str(verdict.image),
        "digest": verdict.digest,
        "kind": verdict.kind,
        "media_type": verdict.media_type,
        "children": list(verdict.children),
        "policies": [_policy(policy) for policy in verdict.policies],
        "statements": [_statement(statement, verdict) for statement in verdict.statements],
        "nearest_miss": verdict.nearest_miss and _nearest_miss(verdict.nearest_miss),
        "warnings": [_cause(cause) for cause in verdict.warnings],
        "policy_controller": _answer(verdict.cluster),
        "sources": list(verdict.sources),
        "reproduce": list(verdict.reproduce),
        "trust_root": {"sha256": verdict.trust_root_sha256},
        "verified_at": timestamp(verdict.verified_at),
        "verifier": {"name": "registry-verifier", "version": VERSION},
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {"code": cause.code.value, "text": cause.text}


def _policy(policy: PolicyResult) -> dict[str, Any]:
    return {
        "name": policy.name,
        "mode": policy.mode,
        "sha256": policy.sha256,
        "holds": policy.holds,
        "authorities": [_authority(authority) for authority in policy.authorities],
        "condition": policy.condition and _requirement(policy.condition),
        "policy_controller": _answer(policy.cluster),
    }


def _answer(cluster: ClusterAnswer | None) -> dict[str, str] | None:
    """What policy-controller would say."""
    return {"answer": cluster.answer.value, "text": cluster.text} if cluster else None


def _authority(authority: AuthorityResult) -> dict[str, Any]:
    requirements = [_requirement(requirement) for requirement in authority.requirements]
    return {"name": authority.name, "holds": authority.holds, "requirements": requirements}


def _requirement(requirement: RequirementResult) -> dict[str, Any]:
    return {
        "name": requirement.name,
        "predicate_type": requirement.predicate_type,
        "used": requirement.used,
        "cause": requirement.cause and _cause(requirement.cause),
        "condition": requirement.condition or None,
    }


def _statement(statement: Statement, verdict: Verdict) -> dict[str, Any]:
    return {
        "place": statement.place,
        "format": statement.format,
        "is_signature": statement.is_signature,
        "predicate_type": statement.predicate_type,
        "identity": statement.identity and _identity(statement.identity),
        "key": statement.key,
        "log_index": statement.log_index,
        "signed_at": statement.signed_at and timestamp(statement.signed_at),
        "holds": statement.holds,
        "reason": statement.reason and statement.reason.value,
        "detail": statement.detail,
        "contradictions": list(statement.contradictions),
        "trusts": {name: reason and reason.value for name, reason in verdict.trusts.get(statement.place, {}).items()},
        "conditions": {mark: said for (place, mark), said in verdict.outcomes.items() if place == statement.place},
        "document": _document(statement),
    }


def _document(statement: Statement) -> Json | None:
    """The in-toto statement where it is small, so that other conditions can be tried on it later."""
    return statement.document if statement.document and statement.holds and _is_small(statement.document) else None


def _is_small(document: Json) -> bool:
    """Whether it fits, without writing all of a large one."""
    left = DOCUMENT_LIMIT
    for chunk in json.JSONEncoder().iterencode(document):
        left -= len(chunk)
        if left < 0:
            return False
    return True


def _identity(identity: Identity) -> dict[str, Any]:
    return {"subject": identity.subject, "issuer": identity.issuer, "claims": dict(identity.claims)}


def _nearest_miss(miss: NearestMiss) -> dict[str, Any]:
    return {
        "expected": {"subject": miss.expected_subject, "issuer": miss.expected_issuer},
        "found": {"subject": miss.found_subject, "issuer": miss.found_issuer},
        "place": miss.place,
    }
