"""The bare ECDSA verifications that evidence cannot be verified without: keys and messages at hand, nothing around."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

from bench.apparatus.signed_image import Signed
from local.sigstore.keys import subject_public_key_info
from local.sigstore.log_entry import LogEntry
from local.sigstore.private_sigstore import PrivateSigstore

_SHA256 = ec.ECDSA(hashes.SHA256())
_SHA384 = ec.ECDSA(hashes.SHA384())


@dataclass(frozen=True)
class Verification:
    """One call of `cryptography`."""

    key: ec.EllipticCurvePublicKey
    signature: bytes
    message: bytes
    algorithm: ec.ECDSA = _SHA256

    def run(self) -> None:
        """Raises InvalidSignature where the signature does not hold."""
        self.key.verify(self.signature, self.message, self.algorithm)


def verifications(sigstore: PrivateSigstore, signed: Signed, *, checkpoint: bool) -> Iterator[Verification]:
    """The certificate's chain (P-384), its log stamp, the log's promise and checkpoint, the signature (all P-256).

    Legacy layers carry no `checkpoint`.
    """
    certificate, entry = signed.leaf.certificate, signed.entry
    authority, log = sigstore.fulcio.intermediate.key.public_key(), sigstore.rekor.key.public_key()
    yield Verification(authority, certificate.signature, certificate.tbs_certificate_bytes, _SHA384)
    stamp = _stamp(certificate)
    message = _stamped(stamp, certificate, subject_public_key_info(authority))
    yield Verification(sigstore.ct_log.key.public_key(), stamp.signature, message)
    yield Verification(log, entry.promise or b"", _promised(entry))
    if checkpoint and entry.proof:
        head, _, tail = entry.proof.checkpoint.partition("\n\n")
        signature = base64.b64decode(tail.split()[2])[4:]
        yield Verification(log, signature, f"{head}\n".encode())
    yield Verification(signed.leaf.key.public_key(), signed.signature, signed.message)


def _stamp(certificate: x509.Certificate) -> SignedCertificateTimestamp:
    stamps = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    first: SignedCertificateTimestamp = next(iter(stamps))
    return first


def _stamped(stamp: SignedCertificateTimestamp, certificate: x509.Certificate, issuer: bytes) -> bytes:
    """What the certificate log signed: RFC 6962 section 3.2."""
    milliseconds = round(stamp.timestamp.replace(tzinfo=UTC).timestamp() * 1000)
    tbs = certificate.tbs_precertificate_bytes
    entry = hashlib.sha256(issuer).digest() + len(tbs).to_bytes(3, "big") + tbs
    return struct.pack("!BBQH", 0, 0, milliseconds, 1) + entry + struct.pack("!H", 0)


def _promised(entry: LogEntry) -> bytes:
    """What the transparency log signed, RFC 8785."""
    return rfc8785.dumps(entry.annotation_form()["Payload"])
