"""The steps of a proof that sigstore-python does not do.

In this order: (1) who is said to have signed, (2) the log entry, that it is genuine and about this signature, (3) the
timestamp, (4) the certificate's chain at each of these times, (5) its certificate log stamp, (6) that it names one
identity, (7) the signature, (8) what the payload says. A key is looked for by what it signed, so that (7) comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from registry_verifier import identity, signing_key, statement
from registry_verifier.candidate import Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Digest, Statement
from registry_verifier.proof import certificate, log_inclusion, log_promise, timestamp
from registry_verifier.proof.bundle import Bundle
from registry_verifier.proof.layer import Layer
from registry_verifier.proof.log_subject import Subject
from registry_verifier.reasons import Reason
from registry_verifier.signing_key import PublicKey
from registry_verifier.trusted_root import TrustedRoot

Signed = Layer | Bundle
Signer = x509.Certificate | PublicKey

_HASHES = ("sha256", "sha384", "sha512")
_NEAR_MISSES = 4


@dataclass(frozen=True)
class Steps:
    """One candidate under one demand; each step raises EvidenceRejected where it fails."""

    signed: Signed
    digest: Digest
    trust: Trust
    root: TrustedRoot
    clock: Callable[[], datetime]

    def statement(self) -> Statement:
        """What is proven."""
        proven = self._by_key() if self.trust.keys else self._by_certificate()
        proven["root_sha256"] = self.root.sha256
        return _statement(self.signed, self.digest, proven, any_type=self.trust.as_cosign)

    def _by_certificate(self) -> dict[str, Any]:
        if not (self.trust.log or self.trust.timestamp or self.trust.now):
            text = "neither a log entry nor a timestamp is demanded, and a certificate is valid for minutes"
            raise EvidenceRejected(Reason.TIMESTAMP_MISSING, text)
        leaf = self.signed.certificate()
        log_index, moments = self._times(leaf)
        at = [*moments, *([self.clock()] if self.trust.now else ())]
        issuers = [certificate.require_chain(leaf, moment, self.root) for moment in at]
        if self.trust.sct:
            certificate.require_sct(leaf, issuers[0], self.root)
        signer = identity.read(leaf)
        if not self._made_by(certificate.public_key(leaf), "sha256"):
            raise EvidenceRejected(Reason.SIGNATURE_INVALID, "signature does not fit the payload")
        signature_id = identity.signature_id(self.signed.identifying_signature, leaf)
        return _found(log_index, moments) | {"identity": signer, "signature_id": signature_id}

    def _by_key(self) -> dict[str, Any]:
        if isinstance(self.signed, Bundle) and self.signed.has_certificate:
            raise EvidenceRejected(Reason.KEY_MISMATCH, "bundle is signed by a certificate (expected a public key)")
        pem, key = self._signing_key()
        log_index, moments = self._times(key)
        signature_id = identity.signature_id(self.signed.identifying_signature, None)
        return _found(log_index, moments) | {"key": signing_key.fingerprint(pem), "signature_id": signature_id}

    def _signing_key(self) -> tuple[str, PublicKey]:
        for pem in self.trust.keys:
            if self._made_by(key := signing_key.load(pem), self.trust.hash_algorithm):
                return pem, key
        raise EvidenceRejected(Reason.KEY_MISMATCH, self._near_miss())

    def _near_miss(self) -> str:
        """Why no key fits, as far as that can be told: cosign signs with the hash that goes with a key's curve."""
        demanded = self.trust.hash_algorithm
        for pem in self.trust.keys[:_NEAR_MISSES]:
            for other in _HASHES:
                if other != demanded and self._made_by(signing_key.load(pem), other):
                    return f"a demanded key signed over {other} (expected {demanded}: hashAlgorithm)"
        count, by = len(self.trust.keys), "a certificate's key" if self.signed.has_certificate else "none of them"
        return f"signed by {by} (expected one of {count} public keys, over {demanded})"

    def _made_by(self, key: PublicKey, hash_algorithm: str) -> bool:
        if self.signed.message is not None:
            return signing_key.signed(key, self.signed.signature, self.signed.message, hash_algorithm)
        hashed = bytes.fromhex(self.digest.removeprefix("sha256:"))
        return hash_algorithm == "sha256" and signing_key.signed_digest(key, self.signed.signature, hashed)

    def _times(self, signer: Signer) -> tuple[int | None, list[datetime]]:
        """The index in the log, if one is demanded, and every time that is vouched for."""
        log_index, moments, entry = None, [], None
        if self.trust.log:
            entry = self.signed.entry()
            log_index = entry.log_index
            # a layer has no inclusion proof beside the promise, so that it cannot do without one
            promised = entry.promise is not None or isinstance(self.signed, Layer)
            moments = [log_promise.require(entry, self.root)] if promised else []
            self.signed.require_entry_about(entry, self._subject(signer))
        if self.trust.timestamp or (entry and not moments):
            moments += timestamp.read(self.signed.stamps(), self.signed.stamped, self.root)
        if entry and isinstance(self.signed, Bundle):
            log_inclusion.require(entry, moments, self.root)
        return log_index, moments

    def _subject(self, signer: Signer) -> Subject:
        algorithm = self.trust.hash_algorithm if self.trust.keys else "sha256"
        signed = self.signed
        hashed = bytes.fromhex(self.digest.removeprefix("sha256:"))
        if signed.message is not None:
            hashed = signing_key.digest(signed.message, algorithm)
        blob = signed.blob if isinstance(signed, Layer) else b""
        return Subject(signer, signed.signature, signed.payload or b"", hashed, algorithm, blob)


def _statement(signed: Signed, digest: Digest, proven: Mapping[str, Any], *, any_type: bool) -> Statement:
    form = signed.form if isinstance(signed, Layer) else "bundle"
    if signed.payload is None:
        return Statement("", form, is_signature=True, **proven)
    if form == "simplesigning":
        statement.require_simple_signing(signed.payload, digest, any_type=any_type)
        return Statement("", form, is_signature=True, **proven)
    document = statement.read(signed.payload, digest)
    predicate_type = document["predicateType"]
    is_signature = predicate_type == statement.COSIGN_SIGN
    return Statement("", form, is_signature, predicate_type, document=document, **proven)


def _found(log_index: int | None, moments: list[datetime]) -> dict[str, Any]:
    return {"log_index": log_index, "signed_at": min(moments, default=None)}
