"""What a log entry is about: the signature, what was signed, and who signed, by the rules of each kind of entry.

Sources: rekor, pkg/types (hashedrekord, dsse, intoto); rekor-tiles, api/proto/rekor/v2. Who signed is compared as a
certificate or as a key and never as either: GHSA-fx35-mq7g-6g98.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry_verifier import signing_key
from registry_verifier.canonical_base64 import decode
from registry_verifier.errors import EvidenceRejected
from registry_verifier.proof.log_entry import LogEntry
from registry_verifier.reasons import Reason
from registry_verifier.signing_key import PublicKey
from registry_verifier.statement import PAYLOAD_TYPE

_TILES_HASHES = {"sha256": "SHA2_256", "sha384": "SHA2_384", "sha512": "SHA2_512"}
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Subject:
    """What the entry must be about."""

    signer: x509.Certificate | PublicKey
    signature: bytes
    payload: bytes
    """the simple-signing document, or the statement inside an envelope"""
    hashed: bytes
    """the digest that was signed"""
    hash_algorithm: str = "sha256"
    blob: bytes = b""
    """the layer as it is stored, which only legacy entries are about"""


def require_signature(entry: LogEntry, subject: Subject) -> None:
    """Raise EvidenceRejected(TLOG_MISMATCH) unless the entry is about this layer of `.sig`."""
    _check(entry, subject, {("hashedrekord", "0.0.1"): _hashedrekord_001})


def require_attestation(entry: LogEntry, subject: Subject) -> None:
    """The same for a layer of `.att`.

    The hash of the whole layer binds every kind; in intoto 0.0.1 nothing else does, as that body holds no signature.
    """
    _check(entry, subject, _OF_LAYERS)


def require_envelope(entry: LogEntry, subject: Subject) -> None:
    """The same for a bundle with an envelope, whose layout in the log is not to be had back."""
    _check(entry, subject, {("dsse", "0.0.1"): _dsse_001, ("hashedrekord", "0.0.2"): _hashedrekord_002})


def require_manifest(entry: LogEntry, subject: Subject) -> None:
    """The same for a bundle that signs the image's manifest itself."""
    kinds = {("hashedrekord", "0.0.1"): _hashedrekord_001_digest, ("hashedrekord", "0.0.2"): _hashedrekord_002}
    _check(entry, subject, kinds)


_Rule = Callable[[Mapping[str, Any], Subject], None]


def _check(entry: LogEntry, subject: Subject, kinds: Mapping[tuple[str, str], _Rule]) -> None:
    rule = kinds.get(entry.kind)
    if rule is None:
        expected = " or ".join(f"{kind} {version}" for kind, version in kinds)
        raise _mismatch(f"entry is a {' '.join(entry.kind):.80} (expected {expected})")
    rule(entry.body, subject)


def _hashedrekord_001(body: Mapping[str, Any], subject: Subject) -> None:
    _require_hash(body, ("spec", "data", "hash"), hashlib.sha256(subject.payload).digest())
    _require_signed_by(body, subject)


def _hashedrekord_001_digest(body: Mapping[str, Any], subject: Subject) -> None:
    _require_hash(body, ("spec", "data", "hash"), subject.hashed)
    _require_signed_by(body, subject)


def _require_signed_by(body: Mapping[str, Any], subject: Subject) -> None:
    _require_bytes(body, ("spec", "signature", "content"), subject.signature)
    _require_pem(body, ("spec", "signature", "publicKey", "content"), subject.signer)


def _dsse_001(body: Mapping[str, Any], subject: Subject) -> None:
    _require_hash(body, ("spec", "payloadHash"), hashlib.sha256(subject.payload).digest())
    _require_one(body, ("spec", "signatures"))
    _require_bytes(body, ("spec", "signatures", 0, "signature"), subject.signature)
    _require_pem(body, ("spec", "signatures", 0, "verifier"), subject.signer)


def _dsse_001_layer(body: Mapping[str, Any], subject: Subject) -> None:
    _require_hash(body, ("spec", "envelopeHash"), hashlib.sha256(subject.blob).digest())
    _dsse_001(body, subject)


def _intoto_002(body: Mapping[str, Any], subject: Subject) -> None:
    _require_hash(body, ("spec", "content", "payloadHash"), hashlib.sha256(subject.payload).digest())
    _require_hash(body, ("spec", "content", "hash"), hashlib.sha256(subject.blob).digest())
    if _at(body, ("spec", "content", "envelope", "payloadType")) != PAYLOAD_TYPE:
        raise _mismatch("entry is about another payload type")
    signatures = ("spec", "content", "envelope", "signatures")
    _require_one(body, signatures)
    _require_pem(body, (*signatures, 0, "publicKey"), subject.signer)
    inner = decode(
        _at(body, (*signatures, 0, "sig")), Reason.TLOG_MISMATCH, "entry signature"
    )  # Rekor encodes it twice
    if decode(inner.decode("ascii", "replace"), Reason.TLOG_MISMATCH, "entry signature") != subject.signature:
        raise _mismatch("entry is about another signature")


def _intoto_001(body: Mapping[str, Any], subject: Subject) -> None:
    _require_hash(body, ("spec", "content", "hash"), hashlib.sha256(subject.blob).digest())
    if "payloadHash" in _at(body, ("spec", "content")):
        _require_hash(body, ("spec", "content", "payloadHash"), hashlib.sha256(subject.payload).digest())
    _require_pem(body, ("spec", "publicKey"), subject.signer)


_OF_LAYERS: Mapping[tuple[str, str], _Rule] = {
    ("dsse", "0.0.1"): _dsse_001_layer,
    ("intoto", "0.0.2"): _intoto_002,
    ("intoto", "0.0.1"): _intoto_001,
}


def _hashedrekord_002(body: Mapping[str, Any], subject: Subject) -> None:
    record: Path = ("spec", "hashedRekordV002")
    algorithm = _TILES_HASHES.get(subject.hash_algorithm)
    if algorithm is None or _at(body, (*record, "data", "algorithm")) != algorithm:
        raise _mismatch(f"entry is not about a {subject.hash_algorithm} digest")
    _require_bytes(body, (*record, "data", "digest"), subject.hashed, "entry is about other content")
    _require_bytes(body, (*record, "signature", "content"), subject.signature)
    name, der = _as_der(subject.signer)
    if not isinstance(verifier := _at(body, (*record, "signature", "verifier")), dict) or name not in verifier:
        raise _mismatch(f"entry names no {name}")
    _require_bytes(verifier, (name, "rawBytes"), der, "entry is by another signer")


def _as_der(signer: x509.Certificate | PublicKey) -> tuple[str, bytes]:
    if isinstance(signer, x509.Certificate):
        return "x509Certificate", signer.public_bytes(Encoding.DER)
    return "publicKey", signer.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _at(body: Mapping[str, Any], path: Path) -> Any:
    value: Any = body
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError) as error:
            raise _mismatch(f"entry has no {'.'.join(map(str, path))}") from error
    return value


def _require_hash(body: Mapping[str, Any], path: Path, digest: bytes) -> None:
    if _at(body, path) != {"algorithm": "sha256", "value": digest.hex()}:
        raise _mismatch(f"entry is about other content: {'.'.join(map(str, path))} is not the hash of it")


def _require_bytes(
    body: Mapping[str, Any], path: Path, wanted: bytes, text: str = "entry is about another signature"
) -> None:
    if decode(_at(body, path), Reason.TLOG_MISMATCH, ".".join(map(str, path))) != wanted:
        raise _mismatch(text)


def _require_one(body: Mapping[str, Any], path: Path) -> None:
    if not isinstance(signatures := _at(body, path), list) or len(signatures) != 1:
        raise _mismatch("entry has not exactly one signature")


def _require_pem(body: Mapping[str, Any], path: Path, wanted: x509.Certificate | PublicKey) -> None:
    pem = decode(_at(body, path), Reason.TLOG_MISMATCH, ".".join(map(str, path)))
    if isinstance(wanted, x509.Certificate):
        _require_certificate(pem, wanted)
    else:
        _require_key(pem, wanted)


def _require_certificate(pem: bytes, wanted: x509.Certificate) -> None:
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise _mismatch(f"entry names no certificate: {error}") from error
    if certificates != [wanted]:
        raise _mismatch("entry is about another certificate")


def _require_key(pem: bytes, wanted: PublicKey) -> None:
    try:
        key = signing_key.load(pem.decode("ascii"))
    except ValueError as error:
        raise _mismatch(f"entry names no public key: {error}") from error
    if key != wanted:
        raise _mismatch("entry is about another key")


def _mismatch(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TLOG_MISMATCH, text)
