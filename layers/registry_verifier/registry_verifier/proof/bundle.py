"""One Sigstore bundle: read, not believed. For sigstore-python, which reads it again, and for what that leaves out.

Source: sigstore/protobuf-specs, sigstore_bundle.proto, in protobuf's JSON and in one spelling of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from registry_verifier import statement, strict_json
from registry_verifier.canonical_base64 import decode
from registry_verifier.errors import EvidenceRejected
from registry_verifier.proof import certificate, log_entry, log_subject
from registry_verifier.proof.log_entry import LogEntry
from registry_verifier.proof.log_subject import Subject
from registry_verifier.reasons import Reason

_MEDIA_TYPES = (
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
)
_DEPTH_LIMIT = 32
_REKOR_2 = "0.0.2"
_SIGNERS = ("certificate", "publicKey", "x509CertificateChain")


@dataclass(frozen=True)
class Bundle:
    """The parts of a bundle with one signature."""

    material: Mapping[str, Any]
    signature: bytes
    payload: bytes | None
    """the statement; None where the bundle signs the image's manifest itself, of which only the digest is known"""
    message: bytes | None

    @property
    def stamped(self) -> bytes:
        """What a timestamp is over."""
        return self.signature

    @property
    def identifying_signature(self) -> bytes:
        """The signature that tells this bundle from others."""
        return self.signature

    @property
    def has_certificate(self) -> bool:
        """Whether the holder of a certificate is said to have signed; else it is the holder of a key."""
        return "publicKey" not in self.material

    def certificate(self) -> x509.Certificate:
        """The signing certificate; EvidenceRejected(CERT_INVALID) where there is none or it is unusable."""
        found = self.material.get("certificate")
        if not isinstance(found, dict):
            raise EvidenceRejected(Reason.CERT_INVALID, "bundle has no certificate")
        return certificate.load_der(decode(found.get("rawBytes"), Reason.CERT_INVALID, "certificate"))

    def entry(self) -> LogEntry:
        """Its one log entry; EvidenceRejected otherwise."""
        return log_entry.from_bundle(self.material.get("tlogEntries"))

    def require_entry_about(self, found: LogEntry, wanted: Subject) -> None:
        """Raise EvidenceRejected(TLOG_MISMATCH) unless `found` is about this bundle."""
        check = log_subject.require_manifest if self.payload is None else log_subject.require_envelope
        check(found, wanted)

    def stamps(self) -> list[bytes]:
        """Its timestamps, none or more; EvidenceRejected(TIMESTAMP_INVALID) where they cannot be read."""
        stamps = self.material.get("timestampVerificationData", {})
        listed = stamps.get("rfc3161Timestamps", []) if isinstance(stamps, dict) else None
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise EvidenceRejected(Reason.TIMESTAMP_INVALID, "timestamps of the bundle cannot be read")
        return [decode(each.get("signedTimestamp"), Reason.TIMESTAMP_INVALID, "timestamp") for each in listed]


def parse(raw: bytes) -> dict[str, Any]:
    """The bundle's JSON with one reading only; EvidenceRejected(BUNDLE_INVALID) otherwise."""
    try:
        document = strict_json.parse_object(raw)
    except ValueError as error:
        raise _invalid(f"bundle cannot be read: {error}") from error
    _require_camel_case(document, _DEPTH_LIMIT)
    return document


def read(document: Mapping[str, Any]) -> Bundle:
    """The parts of what `parse` returned; EvidenceRejected where it is no bundle v0.3 with one signature."""
    if document.get("mediaType") not in _MEDIA_TYPES:
        raise _invalid(f"bundle is {document.get('mediaType')!r:.100} (expected version 0.3)")
    material = document.get("verificationMaterial")
    if not isinstance(material, dict) or sum(name in material for name in _SIGNERS) != 1:
        raise _invalid("bundle has not exactly one certificate or public key")
    envelope, message = document.get("dsseEnvelope"), document.get("messageSignature")
    if isinstance(envelope, dict) and message is None:
        payload, signature = statement.open_envelope(envelope)
        return Bundle(material, signature, payload, statement.pre_authentication_encoding(payload))
    if isinstance(message, dict) and envelope is None:
        signature = decode(message.get("signature"), Reason.BUNDLE_INVALID, "signature")
        return Bundle(material, signature, None, None)
    raise _invalid("bundle has not exactly one of an envelope and a message signature")


def require_readable_by_cosign(document: Mapping[str, Any]) -> None:
    """Raise EvidenceRejected(BUNDLE_INVALID) for a log entry of Rekor v2, which cosign up to 2.5 does not read."""
    entries = document.get("verificationMaterial", {}).get("tlogEntries") or ()
    kinds = [entry.get("kindVersion", {}) for entry in entries]
    if any(kind.get("version") == _REKOR_2 and kind.get("kind") != "intoto" for kind in kinds):
        raise _invalid("log entry is of Rekor v2, which cosign 2.5 does not read")


def _require_camel_case(value: object, depth: int) -> None:
    """Refuse `dsse_envelope`, which sigstore's models take for `dsseEnvelope`: both readers must see one document."""
    if depth == 0:
        raise _invalid(f"bundle is nested deeper than {_DEPTH_LIMIT}")
    if isinstance(value, dict):
        for name, inner in value.items():
            if "_" in name:
                raise _invalid(f"bundle field {name[:80]!r} is not spelled in camel case")
            _require_camel_case(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _require_camel_case(inner, depth - 1)


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.BUNDLE_INVALID, text)
