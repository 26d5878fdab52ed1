"""One layer of `sha256-<hex>.sig` or `sha256-<hex>.att`, checked from the certificate to the claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from registry_verifier import identity, statement, strict_json
from registry_verifier.errors import EvidenceRejected
from registry_verifier.legacy import certificate, log_entry
from registry_verifier.legacy.encoding import decode
from registry_verifier.legacy.log_entry import LogEntry, Signed
from registry_verifier.models import Digest, Statement
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot

_SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATE = "dev.sigstore.cosign/certificate"
_LOG_ENTRY = "dev.sigstore.cosign/bundle"

Annotations = Mapping[str, str]


@dataclass(frozen=True)
class LayerVerifier:
    """Checks legacy layers against one trusted root.

    In this order: (1) the certificate's profile, (2) the log's promise, (3) that the entry is about this signature,
    (4) the certificate's chain at the time of the entry, (5) its certificate log stamp, (6) that it names one identity,
    (7) the signature, (8) what the payload says. The caller has checked the layer's bytes against its digest.
    """

    root: TrustedRoot

    def signature(self, annotations: Annotations, payload: bytes, digest: Digest) -> Statement:
        """A signature of `digest` by whoever the certificate names; EvidenceRejected where a step fails."""
        with _refusals():
            return self._signature(annotations, payload, digest)

    def attestation(self, annotations: Annotations, envelope: bytes, digest: Digest) -> Statement:
        """A statement about `digest` by whoever the certificate names; EvidenceRejected where a step fails."""
        with _refusals():
            return self._attestation(annotations, envelope, digest)

    def _signature(self, annotations: Annotations, payload: bytes, digest: Digest) -> Statement:
        leaf = certificate.load(annotations.get(_CERTIFICATE))
        signature = decode(annotations.get(_SIGNATURE), Reason.SIGNATURE_INVALID, "signature")
        entry = log_entry.read(annotations.get(_LOG_ENTRY), self.root)
        signed = Signed(leaf, signature, payload, blob=payload)
        log_entry.require_signature_entry(entry, signed)
        verified = self._verified(signed, entry, over=payload)
        statement.require_simple_signing(payload, digest)
        return Statement(**verified, format="simplesigning", is_signature=True)

    def _attestation(self, annotations: Annotations, envelope: bytes, digest: Digest) -> Statement:
        leaf = certificate.load(annotations.get(_CERTIFICATE))
        payload, signature = _open(envelope)
        entry = log_entry.read(annotations.get(_LOG_ENTRY), self.root)
        signed = Signed(leaf, signature, payload, blob=envelope)
        log_entry.require_attestation_entry(entry, signed)
        verified = self._verified(signed, entry, over=statement.pre_authentication_encoding(payload))
        document = statement.read(payload, digest)
        predicate_type = document["predicateType"]
        is_signature = predicate_type == statement.COSIGN_SIGN
        return Statement(
            **verified, format="dsse", is_signature=is_signature, predicate_type=predicate_type, document=document
        )

    def _verified(self, signed: Signed, entry: LogEntry, *, over: bytes) -> dict[str, Any]:
        issuer = certificate.require_chain(signed.certificate, entry.integrated_time, self.root)
        certificate.require_sct(signed.certificate, issuer, self.root)
        signer = identity.read(signed.certificate)
        try:
            certificate.public_key(signed.certificate).verify(signed.signature, over, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise EvidenceRejected(Reason.SIGNATURE_INVALID, "signature does not fit the payload") from error
        return {"place": "", "identity": signer, "log_index": entry.log_index, "signed_at": entry.integrated_time}


@contextmanager
def _refusals() -> Iterator[None]:
    """Whatever a hostile layer breaks is a refusal of that layer: it must not end the look at the image."""
    try:
        yield
    except EvidenceRejected:
        raise
    except Exception as error:
        raise EvidenceRejected(Reason.CERT_INVALID, f"layer breaks its reader: {type(error).__name__}") from error


def _open(envelope: bytes) -> tuple[bytes, bytes]:
    """The payload and the one signature of a DSSE envelope."""
    try:
        document = strict_json.parse_object(envelope)
    except ValueError as error:
        raise EvidenceRejected(Reason.ENVELOPE_INVALID, f"envelope cannot be read: {error}") from error
    statement.require_payload_type(document.get("payloadType"))
    signatures = document.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise EvidenceRejected(Reason.ENVELOPE_INVALID, "envelope has not exactly one signature")
    payload = decode(document.get("payload"), Reason.ENVELOPE_INVALID, "envelope payload")
    return payload, decode(signatures[0].get("sig"), Reason.ENVELOPE_INVALID, "envelope signature")
