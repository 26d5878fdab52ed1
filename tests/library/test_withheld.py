"""What the error texts of a policy file show of a private key that was pasted into it: nothing."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from registry_verifier.errors import PolicyError
from registry_verifier.policy import withheld
from registry_verifier.policy.load import load
from tests.library.test_policy_authorities import IDENTITIES, document

FORMS = serialization.PrivateFormat
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())


def written(key: Any, form: serialization.PrivateFormat) -> str:
    return str(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())


KEYS = {
    "sec1": written(ELLIPTIC, FORMS.TraditionalOpenSSL),
    "pkcs8": written(ELLIPTIC, FORMS.PKCS8),
    "ed25519": written(ed25519.Ed25519PrivateKey.generate(), FORMS.PKCS8),
}


def body(pem: str) -> str:
    return "\n".join(pem.splitlines()[1:-1])


SPELT: dict[str, Callable[[str], str]] = {
    "as it is": lambda pem: pem,
    "marker with four dashes": lambda pem: pem.replace("-----", "----"),
    "marker in small letters": lambda pem: pem.replace("BEGIN", "Begin").replace("PRIVATE KEY", "private key"),
    "another marker": lambda pem: f"---BEGIN KEY---\n{body(pem)}\n---END KEY---\n",
    "no marker": body,
    "one line": lambda pem: body(pem).replace("\n", ""),
    "folded": lambda pem: pem.replace("\n", " ").strip(),
    "short lines": lambda pem: textwrap.fill(body(pem).replace("\n", ""), 24),
    "behind other words": lambda pem: f"""it's "our" key: {pem}""",
}
PLACES: dict[str, Any] = {
    "data": {"key": {"data": "KEY"}},
    "kms": {"key": {"kms": "KEY"}},
    "algorithm": {"key": {"kms": "awskms:///x", "hashAlgorithm": "KEY"}},
    "secret": {"key": {"secretRef": "KEY"}},
    "secret's name": {"key": {"secretRef": {"name": "KEY"}}, "name": True},
    "secret's namespace": {"key": {"secretRef": {"name": "a", "namespace": "KEY"}}},
    "field": {"KEY": 1},
    "name": {"name": "KEY"},
    "root": {"keyless": {"identities": IDENTITIES, "trustRootRef": "KEY"}, "name": True},
    "url": {"keyless": {"identities": IDENTITIES, "url": "KEY"}},
    "expression": {"keyless": {"identities": [{"issuer": "i", "subjectRegExp": "(KEY"}]}},
    "format": {"signatureFormat": "KEY", "static": {"action": "KEY"}},
    "source": {"source": [{"oci": "KEY"}], "keyless": {"identities": IDENTITIES}},
    "type": {"attestations": [{"name": "KEY", "predicateType": "KEY"}], "static": {"action": "pass"}},
    "condition": {"attestations": [{"name": "KEY", "policy": {"type": "cue", "data": "KEY"}}]},
    "rego": {"attestations": [{"name": "a", "policy": {"type": "rego", "data": "KEY"}}]},
    "remote": {
        "attestations": [{"name": "a", "policy": {"type": "cue", "remote": {"url": "KEY", "sha256sum": "KEY"}}}]
    },
    "map": {"attestations": [{"name": "a", "policy": {"type": "cue", "configMapRef": {"name": "KEY", "key": "KEY"}}}]},
}


def filled(said: Any, key: str) -> Any:
    if isinstance(said, dict):
        return {name.replace("KEY", key): filled(value, key) for name, value in said.items()}
    if isinstance(said, list):
        return [filled(one, key) for one in said]
    return said.replace("KEY", key) if isinstance(said, str) else said


def shown_of(key: str, text: str) -> str:
    """The longest part of a key's lines that stands in a text."""
    plain, longest = text.replace("\\n", "\n"), ""
    for line in body(key).splitlines():
        for start in range(len(line)):
            while line[start : start + len(longest) + 1] in plain and start + len(longest) < len(line):
                longest = line[start : start + len(longest) + 1]
    return longest


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("spelling", SPELT)
@pytest.mark.parametrize("key", KEYS)
def test_private_key_is_not_shown(key: str, spelling: str, place: str) -> None:
    pasted = SPELT[spelling](KEYS[key])
    with pytest.raises(PolicyError) as caught:
        load(document(filled(PLACES[place], pasted)).encode(), file="p.yaml")
    assert len(shown_of(KEYS[key], str(caught.value))) < 6, str(caught.value)


@pytest.mark.parametrize(
    "text", ["{KEY}: a\n{KEY}: b", "a: *{KEY}", "a: !{KEY} b", "a: &a [*{KEY}]", "%{KEY}\n---\na", "{KEY}", "[{KEY}, a"]
)
def test_private_key_in_what_is_no_policy_is_not_shown(text: str) -> None:
    key = KEYS["sec1"]
    with pytest.raises(PolicyError) as caught:
        load(text.replace("{KEY}", body(key).replace("\n", "")).encode(), file="p.yaml")
    assert len(shown_of(key, str(caught.value))) < 6, str(caught.value)


def test_name_of_a_secret_that_is_a_key_is_shown_by_no_warning() -> None:
    key = body(KEYS["sec1"]).replace("\n", "")
    (policy,) = load(document({"key": {"secretRef": {"name": key}}}).encode(), file="p.yaml")
    assert len(shown_of(KEYS["sec1"], policy.authorities[0].cannot)) < 6


@pytest.mark.parametrize("key", ["sec1", "pkcs8"])
def test_marker_that_cannot_be_read_is_named(key: str) -> None:
    misspelt = KEYS[key].replace("-----", "----")
    with pytest.raises(PolicyError) as caught:
        load(document({"key": {"data": misspelt}}).encode(), file="p.yaml")
    marker = misspelt.splitlines()[0]
    assert f"pem marker cannot be read: '{marker}…'" in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "ghcr.io/Acme/a-production-application/with-a-very-long-name-1:v1",
        "gcpkms://projects/Acme1/locations/global/keyRings/release/cryptoKeys/release/versions/1",
        "sha256:" + "0123456789abcdef" * 4,
        "https://github.com/Acme/app/.github/workflows/release.yml@refs/tags/v1",
        "aVeryLongNameOfAnAuthorityThatSomebodyLikesToReadAloud",
        "the private key is nobody's business",
    ],
)
def test_what_is_no_key_is_shown(value: str) -> None:
    text = f"is {value[:80]!r} (expected another)"
    assert withheld.without_keys(text, value) == text


def test_public_key_takes_no_word_from_a_message() -> None:
    pem = ELLIPTIC.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert withheld.without_keys("pem block is not closed: PUBLIC KEY", pem.decode()).endswith("PUBLIC KEY")


@pytest.mark.parametrize("piece", ["PRIVATE KEY", "-", "--PRIVATE KEY", "aB1/", "A ", "aaaaaaaaaaaaaaaaaB1 "])
def test_large_values_are_searched_in_little_time(piece: str) -> None:
    began = time.process_time()
    withheld.without_keys("is 'x' (expected y) " * 50, piece * (4_000_000 // len(piece)))
    assert time.process_time() - began < 3
