"""The transparency log's word on a legacy layer: its promise (SET), and that the entry is about this very signature.

The annotation holds `{"SignedEntryTimestamp": base64, "Payload": {"body", "integratedTime", "logIndex", "logID"}}`.
That the entry fits is as important as that it is genuine: CVE-2022-23649, CVE-2022-36056 and CVE-2026-22703 all took
a genuine entry about something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from registry_verifier import strict_json
from registry_verifier.errors import EvidenceRejected
from registry_verifier.legacy.encoding import decode
from registry_verifier.models import digest_of
from registry_verifier.reasons import Reason
from registry_verifier.statement import PAYLOAD_TYPE
from registry_verifier.trusted_root import TrustedRoot

_ANNOTATION_LIMIT = 256 * 1024
_TIME_LIMIT = 1 << 40
_INDEX_LIMIT = 1 << 53


@dataclass(frozen=True)
class LogEntry:
    """An entry that a log of the trusted root promised to include."""

    body: Mapping[str, Any]
    integrated_time: datetime
    log_index: int


@dataclass(frozen=True)
class Signed:
    """What the entry must be about."""

    certificate: x509.Certificate
    signature: bytes
    payload: bytes
    """the signed payload: simple-signing JSON, or the statement inside a DSSE envelope"""
    blob: bytes
    """the layer: the payload itself, or the whole envelope"""


def read(annotation: object, root: TrustedRoot) -> LogEntry:
    """The entry in a layer's annotation, with the log's promise checked.

    Raises EvidenceRejected: TLOG_MISSING where there is none, TLOG_INVALID where it is no promise of a log of
    the trusted root made while that log's key was in use.
    """
    if not isinstance(annotation, str) or not annotation:
        raise EvidenceRejected(Reason.TLOG_MISSING, "layer has no transparency log entry")
    if len(annotation) > _ANNOTATION_LIMIT:
        raise _invalid(f"log entry has {len(annotation)} characters (at most {_ANNOTATION_LIMIT})")
    try:
        bundle = strict_json.parse_object(annotation)
    except ValueError as error:
        raise _invalid(f"log entry cannot be read: {error}") from error
    payload = bundle.get("Payload")
    if not isinstance(payload, dict):
        raise _invalid("log entry has no payload")
    body = _body(decode(payload.get("body"), Reason.TLOG_INVALID, "log entry body"))
    moment = _integrated_time(payload)
    _require_promise(
        payload, decode(bundle.get("SignedEntryTimestamp"), Reason.TLOG_INVALID, "entry timestamp"), moment, root
    )
    return LogEntry(body, moment, payload["logIndex"])


def _body(raw: bytes) -> dict[str, Any]:
    try:
        return strict_json.parse_object(raw)
    except ValueError as error:
        raise _invalid(f"log entry body cannot be read: {error}") from error


def _integrated_time(payload: Mapping[str, Any]) -> datetime:
    moment, index = payload.get("integratedTime"), payload.get("logIndex")
    if type(moment) is not int or not 0 < moment < _TIME_LIMIT:
        raise _invalid(f"integrated time is {moment!r:.80} (expected seconds since 1970)")
    if type(index) is not int or not 0 <= index < _INDEX_LIMIT:
        raise _invalid(f"log index is {index!r:.80} (expected a whole number)")
    return datetime.fromtimestamp(moment, tz=UTC)


def _require_promise(payload: Mapping[str, Any], promise: bytes, moment: datetime, root: TrustedRoot) -> None:
    log_id = payload.get("logID")
    try:
        log = root.rekor_keys.get(bytes.fromhex(log_id)) if isinstance(log_id, str) else None
    except ValueError:
        log = None
    if log is None:
        raise _invalid(f"log {log_id!r:.80} is not in the trusted root")
    if not log.window.holds(moment):
        raise _invalid(f"log {log_id} was not in use at {moment.isoformat()}")
    canonical = rfc8785.dumps({name: payload[name] for name in ("body", "integratedTime", "logID", "logIndex")})
    try:
        log.key.verify(promise, canonical, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise _invalid("the log's signature over its entry does not hold") from error


def require_signature_entry(entry: LogEntry, signed: Signed) -> None:
    """Raise EvidenceRejected(TLOG_MISMATCH) unless the entry, a hashedrekord 0.0.1, is about this signature."""
    if _kind(entry) != ("hashedrekord", "0.0.1"):
        raise _mismatch(f"entry is a {_kind(entry)} (expected hashedrekord 0.0.1)")
    _require_hash(entry.body, ("spec", "data", "hash"), signed.payload)
    _require_bytes(entry.body, ("spec", "signature", "content"), signed.signature)
    _require_certificate(entry.body, ("spec", "signature", "publicKey", "content"), signed.certificate)


def require_attestation_entry(entry: LogEntry, signed: Signed) -> None:
    """Raise EvidenceRejected(TLOG_MISMATCH) unless the entry is about this envelope, by the rules of its kind.

    The hash of the whole layer binds every kind; in intoto 0.0.1 nothing else does, as that body holds no signature.
    """
    check = _ATTESTATION_KINDS.get(_kind(entry))
    if check is None:
        raise _mismatch(f"entry is a {_kind(entry)} (expected dsse 0.0.1, intoto 0.0.2 or intoto 0.0.1)")
    check(entry.body, signed)


def _dsse_001(body: Mapping[str, Any], signed: Signed) -> None:
    _require_hash(body, ("spec", "payloadHash"), signed.payload)
    _require_hash(body, ("spec", "envelopeHash"), signed.blob)
    _require_one(body, ("spec", "signatures"))
    _require_bytes(body, ("spec", "signatures", 0, "signature"), signed.signature)
    _require_certificate(body, ("spec", "signatures", 0, "verifier"), signed.certificate)


def _intoto_002(body: Mapping[str, Any], signed: Signed) -> None:
    _require_hash(body, ("spec", "content", "payloadHash"), signed.payload)
    _require_hash(body, ("spec", "content", "hash"), signed.blob)
    if _at(body, ("spec", "content", "envelope", "payloadType")) != PAYLOAD_TYPE:
        raise _mismatch("entry is about another payload type")
    signatures = ("spec", "content", "envelope", "signatures")
    _require_one(body, signatures)
    _require_certificate(body, (*signatures, 0, "publicKey"), signed.certificate)
    inner = decode(
        _at(body, (*signatures, 0, "sig")), Reason.TLOG_MISMATCH, "entry signature"
    )  # Rekor encodes it twice
    if decode(inner.decode("ascii", "replace"), Reason.TLOG_MISMATCH, "entry signature") != signed.signature:
        raise _mismatch("entry is about another signature")


def _intoto_001(body: Mapping[str, Any], signed: Signed) -> None:
    _require_hash(body, ("spec", "content", "hash"), signed.blob)
    if "payloadHash" in _at(body, ("spec", "content")):
        _require_hash(body, ("spec", "content", "payloadHash"), signed.payload)
    _require_certificate(body, ("spec", "publicKey"), signed.certificate)


_ATTESTATION_KINDS: Mapping[tuple[object, object], Callable[[Mapping[str, Any], Signed], None]] = {
    ("dsse", "0.0.1"): _dsse_001,
    ("intoto", "0.0.2"): _intoto_002,
    ("intoto", "0.0.1"): _intoto_001,
}


def _kind(entry: LogEntry) -> tuple[object, object]:
    kind, version = entry.body.get("kind"), entry.body.get("apiVersion")
    return (kind, version) if isinstance(kind, str) and isinstance(version, str) else (None, None)


def _at(body: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
    value: Any = body
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError) as error:
            raise _mismatch(f"entry has no {'.'.join(map(str, path))}") from error
    return value


def _require_hash(body: Mapping[str, Any], path: tuple[str | int, ...], content: bytes) -> None:
    wanted = {"algorithm": "sha256", "value": digest_of(content).removeprefix("sha256:")}
    if _at(body, path) != wanted:
        raise _mismatch(f"entry is about other content: {'.'.join(map(str, path))} is not the hash of it")


def _require_bytes(body: Mapping[str, Any], path: tuple[str | int, ...], wanted: bytes) -> None:
    if decode(_at(body, path), Reason.TLOG_MISMATCH, ".".join(map(str, path))) != wanted:
        raise _mismatch("entry is about another signature")


def _require_one(body: Mapping[str, Any], path: tuple[str | int, ...]) -> None:
    if not isinstance(signatures := _at(body, path), list) or len(signatures) != 1:
        raise _mismatch("entry has not exactly one signature")


def _require_certificate(body: Mapping[str, Any], path: tuple[str | int, ...], wanted: x509.Certificate) -> None:
    pem = decode(_at(body, path), Reason.TLOG_MISMATCH, ".".join(map(str, path)))
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError as error:  # a bare public key among them: GHSA-fx35-mq7g-6g98
        raise _mismatch(f"entry names no certificate: {error}") from error
    if certificates != [wanted]:
        raise _mismatch("entry is about another certificate")


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TLOG_INVALID, text)


def _mismatch(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TLOG_MISMATCH, text)
