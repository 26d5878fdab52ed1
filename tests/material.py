"""Signed material for the tests, made by the project's own private Sigstore."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes

from local.sigstore.keys import KeySource
from local.sigstore.leaf import Leaf
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.signing_key import PrivateKey, SigningKey
from registry_verifier.candidate import Candidate
from registry_verifier.models import Digest, ImageName, digest_of
from registry_verifier.trusted_root import TrustedRoot

IMAGE = ImageName("ghcr.io", "acme/app")
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": digest_of(b"{}")},
        "layers": [],
    }
).encode()
DIGEST = digest_of(MANIFEST)
OTHER = digest_of(b"another image")
SUBJECT = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
RELEASE_POLICY = {
    "apiVersion": "policy.sigstore.dev/v1beta1",
    "kind": "ClusterImagePolicy",
    "metadata": {"name": "release"},
    "spec": {
        "images": [{"glob": "ghcr.io/acme/**"}],
        "authorities": [{"keyless": {"identities": [{"issuer": ISSUER, "subject": SUBJECT}]}}],
    },
}
"""what signs as SUBJECT satisfies"""
CYCLONEDX = "https://cyclonedx.org/bom"
SLSA = "https://slsa.dev/provenance/v1"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@functools.cache
def sigstore() -> PrivateSigstore:
    """The one that the tests trust."""
    return PrivateSigstore(NOW, seed="tests")


@functools.cache
def stranger() -> PrivateSigstore:
    """Another one, with keys of its own, that nobody trusts."""
    return PrivateSigstore(NOW, seed="stranger")


def root(of: PrivateSigstore | None = None, *, complete: bool = True, **options: Any) -> TrustedRoot:
    """The trusted root of `sigstore`, or of another one; options as of `PrivateSigstore.trusted_root`."""
    return TrustedRoot(json.dumps((of or sigstore()).trusted_root(**options)).encode(), complete=complete)


def leaf(subject: str = SUBJECT, **options: Any) -> Leaf:
    """A certificate of `sigstore` with its key."""
    return sigstore().fulcio.issue(subject, **options)


def key(private: PrivateKey | None = None, hash_algorithm: hashes.HashAlgorithm | None = None) -> SigningKey:
    """A key that signs without a certificate, five seconds after now; the same one unless told otherwise."""
    return SigningKey(
        private or KeySource("tests").p256("release"), NOW + timedelta(seconds=5), hash_algorithm or hashes.SHA256()
    )


def of_bundle(raw: bytes) -> Candidate:
    """A bundle as it is fetched."""
    return Candidate("referrer sha256:1", "bundle", raw)


def of_layer(layer: tuple[bytes, dict[str, Any]]) -> Candidate:
    """A layer as it is fetched."""
    content, descriptor = layer
    form = "simplesigning" if "simplesigning" in descriptor["mediaType"] else "dsse"
    return Candidate("sha256-1.sig#0", form, content, descriptor["annotations"])


def changed(document: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a JSON document with one value replaced; `path` is dotted, numbers are list positions."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    place: Any = copy
    *steps, last = path.split(".")
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    return copy


def digest(text: str) -> Digest:
    """A digest of something made up."""
    return digest_of(text.encode())
