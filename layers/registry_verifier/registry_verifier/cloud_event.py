"""What happened to a digest, for programs: events in the shape of CloudEvents 1.0.

`verification.verified`, `.failed` and `.unknown` tell of a verdict that says something new, `.resolved` of an incident
that is over. An event's id depends on what it tells of only, so that whoever gets it twice can know.
Source: CloudEvents 1.0, "JSON Event Format".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry_verifier.incident import Ending, Key, is_superseded
from registry_verifier.message import objects
from registry_verifier.models import Json, State
from registry_verifier.reasons import Status
from registry_verifier.verdict_document import timestamp

SOURCE = "registry-verifier"
LIMIT = 48 << 10
"""bytes of an event: a queue behind the bus takes 64 KiB with what the bus adds"""
_TYPES = {
    Status.VERIFIED: "verification.verified",
    Status.FAILED: "verification.failed",
    Status.UNKNOWN: "verification.unknown",
}
RESOLVED = "verification.resolved"
_TEXT_LIMIT = 500


@dataclass(frozen=True)
class CloudEvent:
    """One event."""

    kind: str
    """such as `verification.failed`: the `detail-type` on the bus"""
    id: str
    subject: str
    time: datetime
    data: Json

    def write(self) -> str:
        """The event as JSON of at most `LIMIT` bytes: the longest lists lose entries where it would be larger."""
        for shown in (100, 20, 5, 0):
            text = json.dumps(self._document(_cut(self.data, shown)), separators=(",", ":"))
            if len(text) <= LIMIT:
                break
        return text

    def _document(self, data: Json) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE,
            "type": f"{SOURCE}.{self.kind}.v1",
            "subject": self.subject,
            "time": timestamp(self.time),
            "datacontenttype": "application/json",
            "data": data,
        }


def about(old: State | None, new: State, ended: Iterable[tuple[Key, Ending]]) -> Iterator[CloudEvent]:
    """The events of one record that replaces `old` (None: it is the first), and of the incidents that it ended.

    A child of an index has none: its index has.
    """
    kind = _TYPES.get(new.status)
    if kind and not new.is_child and (old is None or _news(old) != _news(new)):
        yield _event(kind, new, "", {})
    for key, ending in ended:
        incident = {"class": key.kind.value, "policy": key.policy or None, "ending": ending.value}
        yield _event(RESOLVED, new, f"{key.kind.value}#{key.policy}", {"incident": incident})


def _event(kind: str, state: State, of: str, more: Json) -> CloudEvent:
    subject = f"{state.image}@{state.digest}"
    told = f"{subject}#{timestamp(state.first_seen)}#{state.version}#{kind}#{of}"
    return CloudEvent(
        kind=kind,
        id=hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:32],
        subject=subject,
        time=datetime.fromisoformat(state.document["verified_at"]),
        data={**_data(state), **more},
    )


def _news(state: State) -> object:
    """What makes a verdict another one to a program."""
    document = state.document
    policies = frozenset((policy.get("name"), bool(policy.get("holds"))) for policy in objects(document, "policies"))
    changes = frozenset(change.get("code") for change in objects(document, "drift"))
    reasons = tuple(document.get("reasons") or ())
    return state.first_seen, state.status, reasons, policies, changes, is_superseded(document)


def _data(state: State) -> dict[str, Any]:
    document = state.document
    return {
        "image": str(state.image),
        "digest": state.digest,
        "status": state.status.value,
        "version": state.version,
        "kind": document.get("kind"),
        "reasons": list(document.get("reasons") or ()),
        "causes": [_cause(cause) for cause in objects(document, "causes")],
        "drift": [_cause(change) for change in objects(document, "drift")],
        "policies": [_policy(policy) for policy in objects(document, "policies")],
        "tags": list(state.tags),
        "actor": state.actor or None,
        "first_seen": timestamp(state.first_seen),
        "superseded_by": document.get("superseded_by"),
        "trust_root_sha256": (document.get("trust_root") or {}).get("sha256"),
    }


def _cause(cause: Json) -> dict[str, str]:
    return {"code": str(cause.get("code", "")), "text": str(cause.get("text", ""))[:_TEXT_LIMIT]}


def _policy(policy: Json) -> dict[str, Any]:
    name, mode = (str(policy.get(part, ""))[:_TEXT_LIMIT] for part in ("name", "mode"))
    return {"name": name, "mode": mode, "holds": bool(policy.get("holds"))}


def _cut(data: Json, shown: int) -> dict[str, Any]:
    return {name: value[:shown] if isinstance(value, list) else value for name, value in data.items()}
