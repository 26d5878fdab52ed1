"""One layer of cosign's tags `sha256-<hex>.sig` and `.att`, as cosign up to 2.x stores evidence: read, not believed.

Source: cosign, specs/SIGNATURE_SPEC.md and specs/ATTESTATION_SPEC.md. Everything but the payload is in annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509

from registry_verifier import statement, strict_json
from registry_verifier.candidate import Candidate
from registry_verifier.canonical_base64 import decode
from registry_verifier.errors import EvidenceRejected
from registry_verifier.proof import certificate, log_entry, log_subject
from registry_verifier.proof.log_entry import LogEntry
from registry_verifier.proof.log_subject import Subject
from registry_verifier.reasons import Reason

_SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATE = "dev.sigstore.cosign/certificate"
_LOG_ENTRY = "dev.sigstore.cosign/bundle"
_TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
_TIMESTAMP_LIMIT = 256 * 1024


@dataclass(frozen=True)
class Layer:
    """A layer of either tag; the caller has checked its bytes against its digest."""

    form: str
    """`simplesigning` or `dsse`"""
    blob: bytes
    annotations: Mapping[str, str]
    signature: bytes
    payload: bytes
    message: bytes

    @property
    def identifying_signature(self) -> bytes:
        """The signature in the annotation, where `.att` has none: what policy-controller hashes into an id."""
        return self.signature if self.form == "simplesigning" else b""

    @property
    def has_certificate(self) -> bool:
        """Whether the holder of a certificate is said to have signed."""
        return bool(self.annotations.get(_CERTIFICATE))

    def certificate(self) -> x509.Certificate:
        """The certificate in the annotation; EvidenceRejected(CERT_INVALID) where there is none or it is unusable."""
        return certificate.load_pem(self.annotations.get(_CERTIFICATE))

    def entry(self) -> LogEntry:
        """The log entry in the annotation; EvidenceRejected where there is none."""
        return log_entry.from_annotation(self.annotations.get(_LOG_ENTRY))

    def require_entry_about(self, found: LogEntry, wanted: Subject) -> None:
        """Raise EvidenceRejected(TLOG_MISMATCH) unless `found` is about this layer."""
        check = log_subject.require_signature if self.form == "simplesigning" else log_subject.require_attestation
        check(found, wanted)

    def stamps(self) -> list[bytes]:
        """The timestamp in the annotation, if there is one; EvidenceRejected(TIMESTAMP_INVALID) where it is none."""
        text = self.annotations.get(_TIMESTAMP)
        if not text:
            return []
        if not isinstance(text, str) or len(text) > _TIMESTAMP_LIMIT:
            raise _timeless(f"timestamp annotation has more than {_TIMESTAMP_LIMIT} characters")
        try:
            document = strict_json.parse_object(text)
        except ValueError as error:
            raise _timeless(f"timestamp annotation cannot be read: {error}") from error
        return [decode(document.get("SignedRFC3161Timestamp"), Reason.TIMESTAMP_INVALID, "timestamp")]

    @property
    def stamped(self) -> bytes:
        """What a timestamp is over: the signature, and for `.att` the whole envelope, as cosign has it."""
        return self.signature if self.form == "simplesigning" else self.blob


def read(candidate: Candidate) -> Layer:
    """The layer in a candidate; EvidenceRejected where it has not one signature over one payload."""
    blob, annotations = candidate.content, candidate.annotations
    if candidate.format == "dsse":
        payload, signature = _open(blob)
        message = statement.pre_authentication_encoding(payload)
        return Layer("dsse", blob, annotations, signature, payload, message)
    signature = decode(annotations.get(_SIGNATURE), Reason.SIGNATURE_INVALID, "signature")
    return Layer("simplesigning", blob, annotations, signature, blob, blob)


def _open(envelope: bytes) -> tuple[bytes, bytes]:
    """The payload and the one signature of a DSSE envelope."""
    try:
        document = strict_json.parse_object(envelope)
    except ValueError as error:
        raise EvidenceRejected(Reason.ENVELOPE_INVALID, f"envelope cannot be read: {error}") from error
    return statement.open_envelope(document)


def _timeless(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TIMESTAMP_INVALID, text)
