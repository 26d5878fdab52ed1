"""A signing certificate with its key: what one run of a workflow holds for ten minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from local.sigstore.protojson import Json, base64_text


@dataclass(frozen=True)
class Leaf:
    """A key and the certificate that Fulcio issued for it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate as bundles carry it."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate as annotations and Rekor v1 entries carry it: 64 columns, newline at the end."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def signing_time(self) -> datetime:
        """When this leaf signs unless told otherwise: five seconds into its validity."""
        return self.certificate.not_valid_before_utc + timedelta(seconds=5)

    @property
    def hash_name(self) -> str:
        """The hash as bundles and Rekor v2 entries call it."""
        return "SHA2_256"

    @property
    def material(self) -> Json:
        """Who signed, as bundles carry it."""
        return {"certificate": {"rawBytes": base64_text(self.der)}}

    @property
    def tiles_verifier(self) -> Json:
        """Who signed, as Rekor v2 carries it."""
        certificate = {"rawBytes": base64_text(self.der)}
        return {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": certificate}

    def sign(self, message: bytes) -> bytes:
        """An ECDSA signature with SHA-256, in DER."""
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))
