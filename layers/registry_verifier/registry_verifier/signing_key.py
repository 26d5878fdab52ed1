"""Public keys as policies name them: read from PEM, told apart by a fingerprint, and asked whether they signed.

Sources: RFC 7468 sections 2 and 13 (PEM), RFC 5280 section 4.1.2.7 (SubjectPublicKeyInfo). Which keys and hashes fit
together is what cosign's verifiers accept: ECDSA on three NIST curves, RSA with PKCS #1 v1.5, and Ed25519.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Iterator, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from registry_verifier.models import digest_of

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

KEYS_LIMIT = 100
_TEXT_LIMIT = 256 * 1024
_DER_LIMIT = 4096
_RSA_BITS = range(2048, 8192 + 1)
_EXPONENT_LIMIT = 1 << 32  # a large one makes every check slow; what is in use is 65537 or 3
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY")
_MARKER = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def read(text: str) -> tuple[str, ...]:
    """Every public key in a PEM text, each as one PEM block (SubjectPublicKeyInfo); equal keys count once.

    ValueError with a fact where the text holds no key, anything else than public keys, or a key that is not safe
    """
    if len(text) > _TEXT_LIMIT:
        raise ValueError(f"public key text has {len(text)} characters (at most {_TEXT_LIMIT})")
    keys = [_pem(_usable(_parsed(der))) for der in _blocks(text)]
    if not keys:
        raise ValueError("no public key found (expected a pem block -----BEGIN PUBLIC KEY-----)")
    return tuple(dict.fromkeys(keys))


def fingerprint(pem: str) -> str:
    """`sha256:` and the hex digest of the key as DER SubjectPublicKeyInfo; for a text that `read` returned."""
    return digest_of(
        load(pem).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


@functools.lru_cache(maxsize=4 * KEYS_LIMIT)
def load(pem: str) -> PublicKey:
    """The key of one PEM block, with the bounds that `read` sets; ValueError otherwise."""
    ders = list(_blocks(pem))
    if len(ders) != 1:
        raise ValueError(f"expected one public key, got {len(ders)}")
    return _usable(_parsed(ders[0]))


def digest(message: bytes, hash_algorithm: str) -> bytes:
    """The digest that a signature with this hash is made over."""
    hasher = hashes.Hash(_HASHES[hash_algorithm])
    hasher.update(message)
    return hasher.finalize()


def signed(key: PublicKey, signature: bytes, message: bytes, hash_algorithm: str = "sha256") -> bool:
    """Whether `key` made this signature over `message`; Ed25519 has a hash of its own and does not ask for one.

    RSA is PKCS #1 v1.5 only and never with sha224, and Ed25519 is not pre-hashed: policy-controller takes nothing else
    by a key in a file, although cosign from 2.6 on signs with Ed25519ph.
    """
    algorithm = _HASHES[hash_algorithm]
    if isinstance(key, rsa.RSAPublicKey) and hash_algorithm == "sha224":
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
        else:
            key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def signed_digest(key: PublicKey, signature: bytes, digest: bytes) -> bool:
    """Whether `key` made this signature over the message with this SHA-256; Ed25519 wants all of it."""
    algorithm = Prehashed(hashes.SHA256())
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _blocks(text: str) -> Iterator[bytes]:
    """The content of each PEM block; text around them explains and is skipped, as RFC 7468 section 2 has it."""
    position, label, count = 0, "", 0
    for marker in _MARKER.finditer(text):
        between, position = text[position : marker.start()], marker.end()
        if (marker[1] == "BEGIN") == bool(label) or (label and marker[2] != label):
            raise ValueError(f"pem block is not closed: {marker[0]}")
        if label:
            count += 1
            yield _content(between, label, count)
        else:
            _require_no_marker(between)
        label = "" if label else marker[2]
    if label:
        raise ValueError(f"pem block is not closed: {label}")
    _require_no_marker(text[position:])


def _content(body: str, label: str, count: int) -> bytes:
    if "PRIVATE" in label:
        raise ValueError(
            f"key is a private key: {label} (expected a public key; never put the private one in a policy)"
        )
    if label not in _LABELS:
        raise ValueError(f"pem block is a {label} (expected PUBLIC KEY)")
    if count > KEYS_LIMIT:
        raise ValueError(f"more than {KEYS_LIMIT} public keys in one text")
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"public key is not base64: {error}") from error
    if not 0 < len(der) <= _DER_LIMIT:
        raise ValueError(f"public key has {len(der)} bytes (at most {_DER_LIMIT})")
    return der


def _require_no_marker(between: str) -> None:
    """A block with a misspelt marker is no explanation: a key would go missing without a word."""
    if "---" in between:
        raise ValueError(f"pem marker cannot be read: {between[between.index('---') :][:60]!r}")


def _parsed(der: bytes) -> object:
    try:
        return serialization.load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError) as error:
        raise ValueError(f"public key cannot be read: {str(error)[:200]}") from error


def _usable(key: object) -> PublicKey:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            raise ValueError(f"public key is on curve {key.curve.name} (expected P-256, P-384 or P-521)")
        return key
    if isinstance(key, rsa.RSAPublicKey):
        return _usable_rsa(key)
    raise ValueError(f"public key is a {type(key).__name__} (expected ECDSA, RSA or Ed25519)")


def _usable_rsa(key: rsa.RSAPublicKey) -> rsa.RSAPublicKey:
    if key.key_size not in _RSA_BITS:
        raise ValueError(f"rsa key has {key.key_size} bits (expected {_RSA_BITS[0]} to {_RSA_BITS[-1]})")
    exponent = key.public_numbers().e
    if not 2 < exponent < _EXPONENT_LIMIT:
        raise ValueError(f"rsa key has the public exponent {hex(exponent)[:20]} (expected 3 to {_EXPONENT_LIMIT})")
    return key


def _pem(key: PublicKey) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, kind).decode()
