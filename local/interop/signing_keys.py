"""Key pairs of several kinds that sign without certificates, the same ones in every run."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.sigstore.keys import KeySource

_SOURCE = KeySource("interop")
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class PlainKey:
    """A private key, and the hash with which it signs; Ed25519 has its own."""

    private: PrivateKey = field(repr=False)
    hash: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)

    @property
    def pem(self) -> str:
        """The public key, SubjectPublicKeyInfo."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> bytes:
        """A signature as sigstore's Go library makes it: ECDSA in DER, RSA with PKCS #1 v1.5."""
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(message, ec.ECDSA(self.hash))
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(message, padding.PKCS1v15(), self.hash)
        return self.private.sign(message)


@functools.cache
def rsa_key() -> PlainKey:
    """An RSA key; a new one in every run, since making one from a seed is not for play."""
    return PlainKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))


RELEASE = PlainKey(_SOURCE.p256("release"))
OTHER = PlainKey(_SOURCE.p256("other"))
P384 = PlainKey(_SOURCE.p384("release"))
SHA512 = PlainKey(_SOURCE.p256("release"), hashes.SHA512())
ED25519 = PlainKey(_SOURCE.ed25519("release"))
