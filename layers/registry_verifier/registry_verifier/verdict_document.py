"""A verdict as JSON: one shape for the table, the API, the command line and Slack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from registry_verifier.models import Identity, Json, Statement, Verdict
from registry_verifier.results import (
    AuthorityResult,
    Cause,
    ChildResult,
    ClusterAnswer,
    NearestMiss,
    PolicyResult,
    RequirementResult,
)

VERSION = "0.1.0"
DOCUMENT_LIMIT = 16 << 10
"""characters of JSON of a statement that is kept: a provenance has two to eight thousand, an SBOM millions"""
DOCUMENTS_LIMIT = 64 << 10
"""the same of all that are kept in one verdict: what policies used comes first"""
_DEPTH_LIMIT = 100


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second, with `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(verdict: Verdict) -> dict[str, Any]:
    """The verdict as a JSON object; `reasons` holds the codes of `causes`, each once, in order."""
    kept = _kept(verdict)
    return {
        "status": verdict.status.value,
        "reasons": list(dict.fromkeys(cause.code.value for cause in verdict.causes)),
        "causes": [_cause(cause) for cause in verdict.causes],
        "image": str(verdict.image),
        "digest": verdict.digest,
        **({} if verdict.tags is None else {"tags": list(verdict.tags)}),
        "kind": verdict.kind,
        "media_type": verdict.media_type,
        "children": list(verdict.children),
        "children_table": [_child(child) for child in verdict.children_table],
        "covered_by": verdict.covered_by,
        "policies": [_policy(policy) for policy in verdict.policies],
        "statements": [_statement(one, verdict, kept=n in kept) for n, one in enumerate(verdict.statements)],
        "nearest_miss": verdict.nearest_miss and _nearest_miss(verdict.nearest_miss),
        "warnings": [_cause(cause) for cause in verdict.warnings],
        "drift": [_cause(cause) for cause in verdict.drift],
        "superseded_by": verdict.superseded_by,
        "policy_controller": _answer(verdict.cluster),
        "sources": list(verdict.sources),
        "reproduce": list(verdict.reproduce),
        "trust_root": _trust_root(verdict),
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
        "children": policy.children,
        "leaves": policy.leaves and _requirement(policy.leaves),
        "presence": policy.presence and _requirement(policy.presence),
        "slack_channel": policy.slack_channel or None,
        "policy_controller": _answer(policy.cluster),
    }


def _child(child: ChildResult) -> dict[str, Any]:
    return {"digest": child.digest, "platform": child.platform, "state": child.state.value, "text": child.text}


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


def _trust_root(verdict: Verdict) -> dict[str, Any]:
    checked_at = verdict.trust_root_checked_at
    return {
        "sha256": verdict.trust_root_sha256,
        "checked_at": checked_at and timestamp(checked_at),
        "others": _other_roots(verdict),
    }


def _other_roots(verdict: Verdict) -> dict[str, str]:
    """By kind of trust: the root that something held against, where that is not the deployment's own."""
    return {name: sha256 for name, sha256 in verdict.roots.items() if sha256 != verdict.trust_root_sha256}


def _statement(statement: Statement, verdict: Verdict, *, kept: bool) -> dict[str, Any]:
    return {
        "place": statement.place,
        "sources": list(verdict.found_in.get(statement.place, ())),
        "format": statement.format,
        "is_signature": statement.is_signature,
        "predicate_type": statement.predicate_type,
        "identity": statement.identity and _identity(statement.identity),
        "key": statement.key,
        "signature_id": statement.signature_id or None,
        "digest": statement.digest or None,
        "log_index": statement.log_index,
        "signed_at": statement.signed_at and timestamp(statement.signed_at),
        "holds": statement.holds,
        "reason": statement.reason and statement.reason.value,
        "detail": statement.detail,
        "contradictions": list(statement.contradictions),
        **({"compared": True} if statement.compared else {}),
        "trusts": {name: reason and reason.value for name, reason in verdict.trusts.get(statement.place, {}).items()},
        "conditions": {mark: said for (place, mark), said in verdict.outcomes.items() if place == statement.place},
        "document": statement.document if kept else None,
        "document_omitted": bool(statement.document) and statement.holds and not kept,
    }


def _kept(verdict: Verdict) -> frozenset[int]:
    """Which statements are kept whole, so that other conditions can be tried on them later: small ones that hold."""
    demands = [r for policy in verdict.policies for a in policy.authorities for r in a.requirements]
    used = {demand.used for demand in demands}
    ordered = sorted(enumerate(verdict.statements), key=lambda pair: pair[1].place not in used)
    left, kept = DOCUMENTS_LIMIT, set[int]()
    for number, one in ordered:
        size = _size(one.document, min(left, DOCUMENT_LIMIT)) if one.document and one.holds else None
        if size is not None:
            left -= size
            kept.add(number)
    return frozenset(kept)


def _size(document: Json, limit: int) -> int | None:
    """Its length as JSON, without writing all of a large one; None where that is above `limit`, or it is very deep."""
    size = 0
    try:
        for chunk in json.JSONEncoder().iterencode(document):
            size += len(chunk)
            if size > limit:
                return None
    except RecursionError:
        return None
    return size if _is_flat(document, _DEPTH_LIMIT) else None


def _is_flat(value: object, depth: int) -> bool:
    """Whether it is nested at most so deep, so that whoever stands on a deep stack can write it."""
    if not isinstance(value, dict | list):
        return True
    return depth > 0 and all(_is_flat(one, depth - 1) for one in (value.values() if isinstance(value, dict) else value))


def _identity(identity: Identity) -> dict[str, Any]:
    return {"subject": identity.subject, "issuer": identity.issuer, "claims": dict(identity.claims)}


def _nearest_miss(miss: NearestMiss) -> dict[str, Any]:
    return {
        "expected": {"subject": miss.expected_subject, "issuer": miss.expected_issuer},
        "found": {"subject": miss.found_subject, "issuer": miss.found_issuer},
        "place": miss.place,
    }
