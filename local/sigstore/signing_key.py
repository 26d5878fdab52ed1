"""A key that signs by itself, without a certificate: what `cosign sign --key` holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from local.sigstore.keys import key_id, subject_public_key_info
from local.sigstore.leaf import Leaf
from local.sigstore.protojson import Json, base64_text

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class SigningKey:
    """A private key, when it signs, and the hash with which it does; Ed25519 has a hash of its own."""

    private: PrivateKey = field(repr=False)
    signing_time: datetime
    hash: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)

    @classmethod
    def load(cls, pem: bytes, at: datetime) -> SigningKey:
        """The key in a PEM text without a password; ValueError where it is of no kind that signs here."""
        private = load_pem_private_key(pem, None)
        if not isinstance(private, PrivateKey):
            raise ValueError(f"a {type(private).__name__} (expected ECDSA, RSA or Ed25519)")  # noqa: TRY004 - of the file
        return cls(private, at)

    @property
    def pem(self) -> str:
        """The public key as policies and Rekor v1 entries carry it."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def hash_name(self) -> str:
        """The hash as bundles and Rekor v2 entries call it."""
        return f"SHA2_{self.hash.digest_size * 8}"

    @property
    def material(self) -> Json:
        """Who signed, as bundles carry it: a hint and not the key itself."""
        return {"publicKey": {"hint": base64_text(key_id(self.private.public_key()))}}

    @property
    def tiles_verifier(self) -> Json:
        """Who signed, as Rekor v2 carries it; `keyDetails` is of P-256, the only kind that it is asked for here."""
        raw = subject_public_key_info(self.private.public_key())
        return {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": {"rawBytes": base64_text(raw)}}

    def sign(self, message: bytes) -> bytes:
        """A signature as sigstore's Go library makes it: ECDSA in DER, RSA with PKCS #1 v1.5."""
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(message, ec.ECDSA(self.hash))
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(message, padding.PKCS1v15(), self.hash)
        return self.private.sign(message)


Signatory = Leaf | SigningKey
"""who signs: the holder of a certificate, or of a key"""
