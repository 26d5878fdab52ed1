"""What `spec.policy` judges: the authorities that matched and their statements, with what stands around the image.

The shape is policy-controller's PolicyResult (0.13, pkg/webhook/validator_result.go); payloads are not in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry_verifier.judgement.kubernetes import Resource
from registry_verifier.models import Json, Statement
from registry_verifier.policy.model import Authority, PolicyCondition

_CLAIMS = {
    "githubWorkflowTrigger": "github_workflow_trigger",
    "githubWorkflowSha": "github_workflow_sha",
    "githubWorkflowName": "github_workflow_name",
    "githubWorkflowRepo": "github_workflow_repository",
    "githubWorkflowRef": "github_workflow_ref",
}
_OF_NOTHING = hashlib.sha256().hexdigest()
"""the id of every bundle there, which is a hash of neither signature nor certificate"""


@dataclass(frozen=True)
class Surroundings:
    """What a policy may look at beside the evidence."""

    configs: Mapping[str, Json] | None = None
    """the image's configuration files by platform, such as `linux/arm64`; None where they were not read"""
    trouble: str = ""
    """why the configuration files could not be read, where they are there and wrong"""
    resource: Resource | None = None


@dataclass(frozen=True)
class Match:
    """One authority that holds, and the statements that made it hold."""

    authority: str
    static: bool = False
    signatures: tuple[Statement, ...] = ()
    attestations: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    """by the attestation's name in the policy"""
    types: Mapping[str, str] = field(default_factory=dict)
    """by the same name: the predicate type as the policy writes it, where that is a short name"""
    anonymous: bool = False
    """policy-controller forgets the signatures and certificates of bundles"""


def written_types(authority: Authority) -> dict[str, str]:
    """The short names that the authority's attestations have for their types, by the attestation's name."""
    return {rule.name: rule.written_type for rule in authority.attestations if rule.written_type}


def lacks(condition: PolicyCondition, around: Surroundings) -> str:
    """What the condition looks at and is not known, a fact for people; empty where nothing is missing."""
    if condition.fetch_config_file and around.configs is None:
        return "spec.policy looks at the image's configuration, which was not read"
    if around.resource is None:
        wanted = [name for name, asked in _asked(condition).items() if asked and name != "fetchConfigFile"]
        if wanted:
            return f"spec.policy looks at a Kubernetes object ({', '.join(wanted)}), and a publish has none"
    return ""


def _asked(condition: PolicyCondition) -> dict[str, bool]:
    return {
        "fetchConfigFile": condition.fetch_config_file,
        "includeSpec": condition.include_spec,
        "includeObjectMeta": condition.include_object_meta,
        "includeTypeMeta": condition.include_type_meta,
    }


def document(matches: Sequence[Match], condition: PolicyCondition, around: Surroundings) -> dict[str, Any]:
    """The input of the condition; what it does not ask for is left out."""
    written: dict[str, Any] = {"authorityMatches": {match.authority: _match(match) for match in matches}}
    if condition.fetch_config_file and around.configs is not None:
        written["config"] = dict(around.configs)
    if resource := around.resource:
        parts = {"spec": resource.spec, "metadata": resource.metadata, "typemeta": resource.type_meta}
        asked = (condition.include_spec, condition.include_object_meta, condition.include_type_meta)
        written |= {name: dict(part) for (name, part), wanted in zip(parts.items(), asked, strict=True) if wanted}
    return written


def _match(match: Match) -> dict[str, Any]:
    written: dict[str, Any] = {"static": True} if match.static else {}
    if match.signatures:
        written["signatures"] = [_signature(one, match) for one in match.signatures]
    if match.attestations:
        written["attestations"] = {
            name: [_attestation(one, match, match.types.get(name)) for one in statements]
            for name, statements in match.attestations.items()
        }
    return written


def _signature(statement: Statement, match: Match) -> dict[str, Any]:
    """Policy-controller leaves out what is empty; so a condition that demands it tells missing from wrong."""
    if match.anonymous:
        return {"id": _OF_NOTHING}
    who = statement.identity
    claims = {name: who.claims.get(claim, "") for name, claim in _CLAIMS.items()} if who else {}
    said = {"id": statement.signature_id, "subject": who.subject if who else "", "issuer": who.issuer if who else ""}
    return {name: value for name, value in (said | claims).items() if value}


def _attestation(statement: Statement, match: Match, written_type: str | None) -> dict[str, Any]:
    said = {"predicateType": written_type or statement.predicate_type, "digest": statement.digest}
    return _signature(statement, match) | {name: value for name, value in said.items() if value}
