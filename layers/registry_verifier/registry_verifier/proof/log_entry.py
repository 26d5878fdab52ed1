"""One log entry, from the annotation of a legacy layer or from a bundle: read, and not yet believed.

The annotation holds `{"SignedEntryTimestamp": base64, "Payload": {"body", "integratedTime", "logIndex", "logID"}}`;
a bundle holds `dev.sigstore.rekor.v1.TransparencyLogEntry` in protobuf's JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from registry_verifier import strict_json
from registry_verifier.canonical_base64 import decode
from registry_verifier.errors import EvidenceRejected
from registry_verifier.reasons import Reason

_ANNOTATION_LIMIT = 256 * 1024
_TIME_LIMIT = 1 << 40
_INDEX_LIMIT = 1 << 53
_OLD_KINDS = ("intoto",)


@dataclass(frozen=True)
class LogEntry:
    """An entry with what its log said about it, none of it checked."""

    raw: bytes
    """the canonical body: what the log hashed"""
    body: Mapping[str, Any]
    log_id: bytes
    log_index: int
    integrated_time: datetime | None
    """on the log's word alone; counts only where the promise holds, which covers it"""
    promise: bytes | None
    proof: Mapping[str, Any] | None = None
    """the inclusion proof as the bundle has it"""

    @property
    def kind(self) -> tuple[str, str]:
        """Kind and version, such as `hashedrekord` and `0.0.1`; empty where the body has none."""
        kind, version = self.body.get("kind"), self.body.get("apiVersion")
        return (kind, version) if isinstance(kind, str) and isinstance(version, str) else ("", "")


def from_annotation(annotation: object) -> LogEntry:
    """The entry in a layer's annotation; EvidenceRejected: TLOG_MISSING where there is none, else TLOG_INVALID."""
    if not isinstance(annotation, str) or not annotation:
        raise EvidenceRejected(Reason.TLOG_MISSING, "layer has no transparency log entry")
    if len(annotation) > _ANNOTATION_LIMIT:
        raise _invalid(f"log entry has {len(annotation)} characters (at most {_ANNOTATION_LIMIT})")
    bundle = _parsed(annotation, "log entry")
    payload = bundle.get("Payload")
    if not isinstance(payload, dict):
        raise _invalid("log entry has no payload")
    raw = decode(payload.get("body"), Reason.TLOG_INVALID, "log entry body")
    moment, index = _whole(payload.get("integratedTime"), _TIME_LIMIT), _whole(payload.get("logIndex"), _INDEX_LIMIT)
    promise = decode(bundle.get("SignedEntryTimestamp"), Reason.TLOG_INVALID, "entry timestamp")
    body, log_id = _parsed(raw, "log entry body"), _from_hex(payload.get("logID"))
    return LogEntry(raw, body, log_id, index, _time(moment), promise)


def from_bundle(entries: object) -> LogEntry:
    """The one entry of a bundle; EvidenceRejected: TLOG_MISSING where there is none, else TLOG_INVALID."""
    entry = one_of(entries)
    raw = decode(entry.get("canonicalizedBody"), Reason.TLOG_INVALID, "log entry body")
    log_id = _object(entry.get("logId"), "log id").get("keyId")
    promise = _object(entry.get("inclusionPromise", {}), "inclusion promise").get("signedEntryTimestamp")
    seconds = _whole_text(entry.get("integratedTime", "0"), _TIME_LIMIT)
    return LogEntry(
        raw,
        _parsed(raw, "log entry body"),
        decode(log_id, Reason.TLOG_INVALID, "log id"),
        _whole_text(entry.get("logIndex", "0"), _INDEX_LIMIT),
        _time(seconds) if seconds else None,
        decode(promise, Reason.TLOG_INVALID, "inclusion promise") if promise else None,
        _object(entry.get("inclusionProof"), "inclusion proof"),
    )


def one_of(entries: object) -> Mapping[str, Any]:
    """The one entry in a bundle's list, of a kind that bundles may have."""
    if not isinstance(entries, list) or not entries:
        raise EvidenceRejected(Reason.TLOG_MISSING, "bundle has no transparency log entry")
    if len(entries) != 1 or not isinstance(entries[0], dict):
        raise _invalid(f"bundle has {len(entries)} log entries (must be exactly one)")
    kind = entries[0].get("kindVersion")
    if isinstance(kind, dict) and kind.get("kind") in _OLD_KINDS:
        raise _invalid("log entry is of kind intoto (writers of bundles stopped making these in October 2024)")
    return entries[0]


def _parsed(raw: str | bytes, name: str) -> dict[str, Any]:
    try:
        return strict_json.parse_object(raw)
    except ValueError as error:
        raise _invalid(f"{name} cannot be read: {error}") from error


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(f"log entry has no {name}")
    return value


def _whole(value: object, limit: int) -> int:
    if type(value) is not int or not 0 <= value < limit:
        raise _invalid(f"log entry says {value!r:.80} (expected a whole number below {limit})")
    return value


def _whole_text(value: object, limit: int) -> int:
    """Protobuf's JSON writes 64-bit numbers as texts."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > len(str(limit)):
        raise _invalid(f"log entry says {value!r:.80} (expected a whole number in a text)")
    return _whole(int(value), limit)


def _time(seconds: int) -> datetime:
    if not seconds:
        raise _invalid("integrated time is 0 (expected seconds since 1970)")
    return datetime.fromtimestamp(seconds, tz=UTC)


def _from_hex(text: object) -> bytes:
    try:
        log_id = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        log_id = b""
    if not log_id or log_id.hex() != text:
        raise _invalid(f"log {text!r:.80} is not in the trusted root")
    return log_id


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TLOG_INVALID, text)
