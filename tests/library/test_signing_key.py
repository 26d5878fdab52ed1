"""Public keys from PEM: which are read, and a refusal for each way of being none or not safe."""

from __future__ import annotations

import base64
import subprocess
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from registry_verifier import signing_key
from registry_verifier.models import digest_of
from tests import material

P256 = material.key().pem
ED25519 = ed25519.Ed25519PrivateKey.generate()


def pem(private: Any, kind: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    text: bytes = private.public_key().public_bytes(Encoding.PEM, kind)
    return text.decode()


def block(der: bytes, label: str = "PUBLIC KEY") -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize(
    "private", [*(ec.generate_private_key(c()) for c in (ec.SECP384R1, ec.SECP521R1)), ED25519, RSA]
)
def test_key_is_read_as_it_is_written(private: Any) -> None:
    assert signing_key.read(pem(private)) == (pem(private),)


def test_rsa_key_in_the_older_form_is_the_same_key() -> None:
    assert signing_key.read(pem(RSA, PublicFormat.PKCS1)) == (pem(RSA),)


def test_several_keys_in_their_order_and_each_once() -> None:
    text = f"our keys\n{P256}\nand the old one:\n{pem(ED25519)}{P256}"
    assert signing_key.read(text) == (P256, pem(ED25519))


def test_layout_of_the_text_does_not_matter() -> None:
    indented = "".join(f"  {line}\r\n" for line in P256.splitlines())
    assert signing_key.read(indented) == (P256,)


def test_fingerprint_is_the_one_that_openssl_tells() -> None:
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=P256.encode(), capture_output=True, check=True
    ).stdout
    assert signing_key.fingerprint(P256) == digest_of(der)


def weak_rsa(bits: int = 512, exponent: int = 65537) -> str:
    numbers = rsa.RSAPublicNumbers(exponent, (1 << (bits - 1)) | 1)
    der = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return block(der)


PRIVATE = material.key().private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "no public key found"),
        ("not a key", "no public key found"),
        ("\udcff", "no public key found"),
        (P256 + "x" * (300 * 1024), "has .* characters"),
        (PRIVATE, "private key"),
        (P256 + PRIVATE, "private key"),
        (block(b"x", "CERTIFICATE"), "is a CERTIFICATE"),
        (block(b""), "has 0 bytes"),
        (block(b"x" * 5000), "has 5000 bytes"),
        (block(b"\x30\x03abc"), "cannot be read"),
        (block(b"\x30\x82\xff\xff" + b"\x30\x80" * 500), "cannot be read"),
        (P256.replace("MFkw", "M!kw"), "not base64"),
        (P256.replace("MFkw", "M\u00e9kw"), "not base64"),
        (P256.replace("-----END", "----END"), "not closed"),
        (P256.replace("-----BEGIN", "----BEGIN"), "not closed"),
        (P256 + "----BEGIN PUBLIC KEY----", "cannot be read"),
        ("-----BEGIN PUBLIC KEY-----\n" * 2, "not closed"),
        (P256.replace("END PUBLIC", "END RSA PUBLIC"), "not closed"),
        ("-----END PUBLIC KEY-----", "not closed"),
        (P256 * 101, "more than 100"),
        (weak_rsa(), "has 512 bits"),
        (weak_rsa(1024), "has 1024 bits"),
        (weak_rsa(16384), "has 16384 bits"),
        (weak_rsa(2048, (1 << 40) + 1), "public exponent"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "curve secp256k1"),
        (pem(ec.generate_private_key(ec.SECP224R1())), "curve secp224r1"),
        (pem(ec.generate_private_key(ec.BrainpoolP256R1())), "curve brainpoolP256r1"),
        (pem(x25519.X25519PrivateKey.generate()), "is a X25519"),
        (pem(ed448.Ed448PrivateKey.generate()), "is a Ed448"),
        (pem(dsa.generate_private_key(1024)), "is a DSA"),
    ],
)
def test_hostile_key(text: str, fact: str) -> None:
    with pytest.raises(ValueError, match=fact):
        signing_key.read(text)


@pytest.mark.parametrize("text", ["-----BEGIN A-----" * 15_000, "-" * 250_000, "-----BEGIN " * 20_000, P256 * 1400])
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match=r"pem|public key"):
        signing_key.read(text)
    assert time.process_time() - start < 1


def test_point_that_is_not_on_the_curve() -> None:
    der = bytearray(base64.b64decode("".join(P256.splitlines()[1:-1])))
    der[-1] ^= 1
    with pytest.raises(ValueError, match="cannot be read"):
        signing_key.read(block(bytes(der)))


def test_one_key_where_one_is_expected() -> None:
    with pytest.raises(ValueError, match="expected one public key, got 2"):
        signing_key.load(P256 * 2)
