"""Key pairs of the private Sigstore: random, or derived from a seed so that two processes have the same ones."""

from __future__ import annotations

import hashlib
import secrets

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def subject_public_key_info(key: PublicKeyTypes) -> bytes:
    """The public key as DER SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(key: PublicKeyTypes) -> bytes:
    """The id of a log: SHA-256 of its SubjectPublicKeyInfo, RFC 6962 section 3.2."""
    return hashlib.sha256(subject_public_key_info(key)).digest()


class KeySource:
    """Gives one key pair per name; the same seed gives the same keys. For play and tests only."""

    def __init__(self, seed: str | None = None) -> None:
        self._seed = seed.encode() if seed is not None else secrets.token_bytes(32)

    def p256(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The NIST P-256 key of this name."""
        return ec.derive_private_key(self._scalar(name), ec.SECP256R1())

    def p384(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The NIST P-384 key of this name."""
        return ec.derive_private_key(self._scalar(name), ec.SECP384R1())

    def ed25519(self, name: str) -> ed25519.Ed25519PrivateKey:
        """The Ed25519 key of this name."""
        return ed25519.Ed25519PrivateKey.from_private_bytes(self._digest(name))

    def serial(self, name: str) -> int:
        """The serial number of the certificate of this name: positive, at most 20 bytes, RFC 5280 section 4.1.2.2."""
        return int.from_bytes(self._digest("serial " + name)[:19], "big") + 1

    def _digest(self, name: str) -> bytes:
        return hashlib.sha256(self._seed + b"\0" + name.encode()).digest()

    def _scalar(self, name: str) -> int:
        return int.from_bytes(self._digest(name)[:31], "big") + 1  # 248 bits: below the order of both curves
