"""Stored records as the API answers with them: every member is there, also of documents that older versions wrote.

A document that was too large to be stored whole says what was left out under `dropped`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from registry_verifier import verification_id
from registry_verifier.listing import Run, Sight
from registry_verifier.models import Json, State
from registry_verifier.shapes.lists import FoundStatement, StatementUse
from registry_verifier.shapes.verdicts import (
    Authority,
    Child,
    DigestVerdict,
    HistoricVerdict,
    PolicyResult,
    Requirement,
    Statement,
    Summary,
    TrustRoot,
    Verdict,
)
from registry_verifier.verdict_document import timestamp

_LISTS = (
    "reasons",
    "causes",
    "children",
    "warnings",
    "drift",
    "sources",
    "reproduce",
)
_ONES = (
    "kind",
    "media_type",
    "covered_by",
    "nearest_miss",
    "superseded_by",
    "policy_controller",
    "verifier",
    "dropped",
)


def summary(state: State) -> Summary:
    """A record in a list: a hundred of them fit into one answer of Lambda (6 MB)."""
    document = state.document
    return {
        "id": id_of(state),
        "image": str(state.image),
        "digest": state.digest,
        "status": state.status.value,
        "reasons": list(document.get("reasons") or ()),
        "kind": document.get("kind"),
        "tags": list(state.tags),
        "actor": state.actor or None,
        "first_seen": timestamp(state.first_seen),
        "deadline": timestamp(state.deadline),
        "verified_at": document["verified_at"],
        "version": state.version,
    }


def id_of(state: State) -> str:
    """The id of the verdict that stands."""
    return verification_id.write(state.image, state.digest, made_at(state), state.document)


def made_at(state: State) -> datetime:
    """When the verdict that stands was made."""
    return datetime.fromisoformat(state.document["verified_at"])


def verdict(id_: str, document: Json) -> Verdict:
    """A stored document with every member."""
    known: dict[str, Any] = {
        "id": id_,
        **{name: document.get(name) for name in ("status", "image", "digest", "verified_at")},
        **{name: list(document.get(name) or ()) for name in _LISTS},
        **{name: document.get(name) for name in _ONES},
        "children_table": [_child(child) for child in document.get("children_table") or ()],
        "policies": [_policy(policy) for policy in document.get("policies") or ()],
        "statements": [_statement(statement) for statement in document.get("statements") or ()],
        "trust_root": _trust_root(document.get("trust_root")),
    }
    return cast(Verdict, known)


def record(state: State, sight: Sight) -> DigestVerdict:
    """The record of a digest, whole."""
    return {
        **verdict(id_of(state), state.document),
        "tags": list(state.tags),
        "actor": state.actor or None,
        "first_seen": timestamp(state.first_seen),
        "deadline": timestamp(state.deadline),
        "version": state.version,
        "checked_at": _time(sight.checked_at),
        "unseen_since": _time(sight.unseen_since),
        "as_of": None,
    }


def as_of(run: Run, moment: datetime) -> DigestVerdict:
    """The verdict that stood at a time; what is remembered around it is of today, and left out."""
    return {
        **verdict(run_id(run), run.document),
        "tags": [],
        "actor": None,
        "first_seen": None,
        "deadline": None,
        "version": None,
        "checked_at": None,
        "unseen_since": None,
        "as_of": timestamp(moment),
    }


def historic(run: Run) -> HistoricVerdict:
    """A verdict with the time in which it stood, in short: a hundred of them fit into one answer of Lambda (6 MB)."""
    return {
        "id": run_id(run),
        "image": str(run.image),
        "digest": run.digest,
        "status": run.status.value,
        "reasons": list(run.document.get("reasons") or ()),
        "kind": run.document.get("kind"),
        "verified_at": timestamp(run.verified_at),
        "replaced_at": _time(run.replaced_at),
    }


def run_id(run: Run) -> str:
    """The id of a verdict that was replaced: the one that it had before."""
    return verification_id.write(run.image, run.digest, run.verified_at, run.document)


def statements(document: Json) -> list[FoundStatement]:
    """What was found, each with the demands that it meets."""
    uses = list(_uses(document))
    return [
        {**_statement(one), "used_by": [use for place, use in uses if place == one.get("place")]}
        for one in document.get("statements") or ()
    ]


def children(document: Json) -> list[Child]:
    """The table of children; a document from before there was one has their digests alone."""
    table = document.get("children_table") or [
        {"digest": one, "state": "not looked at"} for one in document.get("children") or ()
    ]
    return [_child(child) for child in table]


def _uses(document: Json) -> Iterator[tuple[str, StatementUse]]:
    for policy in document.get("policies") or ():
        for authority in policy.get("authorities") or ():
            for requirement in authority.get("requirements") or ():
                if place := requirement.get("used"):
                    names = (policy["name"], authority["name"], requirement["name"])
                    yield place, {"policy": names[0], "authority": names[1], "requirement": names[2]}


def _statement(raw: Mapping[str, Any]) -> Statement:
    return {
        "place": raw.get("place") or "",
        "sources": list(raw.get("sources") or ()),
        "format": raw.get("format") or "",
        "is_signature": bool(raw.get("is_signature")),
        "predicate_type": raw.get("predicate_type"),
        "identity": raw.get("identity"),
        "key": raw.get("key"),
        "signature_id": raw.get("signature_id"),
        "digest": raw.get("digest"),
        "log_index": raw.get("log_index"),
        "signed_at": raw.get("signed_at"),
        "holds": bool(raw.get("holds")),
        "reason": raw.get("reason"),
        "detail": raw.get("detail") or "",
        "contradictions": list(raw.get("contradictions") or ()),
        "compared": bool(raw.get("compared")),
        "trusts": dict(raw.get("trusts") or {}),
        "conditions": dict(raw.get("conditions") or {}),
        "document": raw.get("document"),
        "document_omitted": bool(raw.get("document_omitted")),
    }


def _policy(raw: Mapping[str, Any]) -> PolicyResult:
    return {
        "name": raw["name"],
        "mode": raw.get("mode") or "enforce",
        "sha256": raw.get("sha256") or "",
        "holds": bool(raw.get("holds")),
        "authorities": [_authority(authority) for authority in raw.get("authorities") or ()],
        "condition": _requirement(raw.get("condition")),
        "children": raw.get("children") or "index",
        "leaves": _requirement(raw.get("leaves")),
        "presence": _requirement(raw.get("presence")),
        "slack_channel": raw.get("slack_channel"),
        "policy_controller": raw.get("policy_controller"),
    }


def _authority(raw: Mapping[str, Any]) -> Authority:
    demands = (_requirement(one) for one in raw.get("requirements") or ())
    return {
        "name": raw["name"],
        "holds": bool(raw.get("holds")),
        "requirements": [demand for demand in demands if demand],
    }


def _requirement(raw: Mapping[str, Any] | None) -> Requirement | None:
    if raw is None:
        return None
    return {
        "name": raw["name"],
        "predicate_type": raw.get("predicate_type"),
        "used": raw.get("used"),
        "cause": raw.get("cause"),
        "condition": raw.get("condition"),
    }


def _child(raw: Mapping[str, Any]) -> Child:
    return {
        "digest": raw["digest"],
        "platform": raw.get("platform"),
        "state": raw["state"],
        "text": raw.get("text") or "",
    }


def _trust_root(raw: Mapping[str, Any] | None) -> TrustRoot | None:
    if raw is None:
        return None
    others = dict(raw.get("others") or {})
    return {"sha256": raw.get("sha256") or "", "checked_at": raw.get("checked_at"), "others": others}


def _time(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None
