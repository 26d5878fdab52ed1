"""A verdict as JSON: one shape for the table, the API, the command line and Slack."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from registry_verifier.models import (
    AuthorityResult,
    Cause,
    Identity,
    NearestMiss,
    PolicyResult,
    RequirementResult,
    Statement,
    Verdict,
)

VERSION = "0.1.0"


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
        "statements": [_statement(statement) for statement in verdict.statements],
        "nearest_miss": verdict.nearest_miss and _nearest_miss(verdict.nearest_miss),
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
    }


def _authority(authority: AuthorityResult) -> dict[str, Any]:
    requirements = [_requirement(requirement) for requirement in authority.requirements]
    return {"name": authority.name, "holds": authority.holds, "requirements": requirements}


def _requirement(requirement: RequirementResult) -> dict[str, Any]:
    return {
        "name": requirement.name,
        "predicate_type": requirement.predicate_type,
        "used": requirement.used,
        "cause": requirement.cause and _cause(requirement.cause),
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "place": statement.place,
        "format": statement.format,
        "is_signature": statement.is_signature,
        "predicate_type": statement.predicate_type,
        "identity": statement.identity and _identity(statement.identity),
        "log_index": statement.log_index,
        "signed_at": statement.signed_at and timestamp(statement.signed_at),
        "holds": statement.holds,
        "reason": statement.reason and statement.reason.value,
        "detail": statement.detail,
    }


def _identity(identity: Identity) -> dict[str, Any]:
    return {"subject": identity.subject, "issuer": identity.issuer, "claims": dict(identity.claims)}


def _nearest_miss(miss: NearestMiss) -> dict[str, Any]:
    return {
        "expected": {"subject": miss.expected_subject, "issuer": miss.expected_issuer},
        "found": {"subject": miss.found_subject, "issuer": miss.found_issuer},
        "place": miss.place,
    }
