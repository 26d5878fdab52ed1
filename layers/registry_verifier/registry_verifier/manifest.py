"""Manifests as values: read the bytes strictly, and know the tags that evidence hides behind.

Sources: OCI image-spec 1.1 (manifest.md, image-index.md, descriptor.md), Docker "Image Manifest Version 2, Schema 2",
OCI distribution-spec 1.1 "Referrers tag schema", cosign `specs/SIGNATURE_SPEC.md` for the suffixed tags.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from registry_verifier import strict_json
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Digest, digest_of, parse_digest
from registry_verifier.reasons import Reason

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

INDEX_TYPES = (OCI_INDEX, DOCKER_LIST)
MANIFEST_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE_ENVELOPE = "application/vnd.dsse.envelope.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle"
"""How the media type of every version of a Sigstore bundle begins."""
IN_TOTO = "application/vnd.in-toto+json"

ENTRIES_LIMIT = 1000  # cosign reads at most 1000 layers of a signature manifest (CVE-2023-46737)

# RFC 6838 names; Sigstore's first bundles have a parameter too: `application/vnd.dev.sigstore.bundle+json;version=0.1`.
_NAME = r"[A-Za-z0-9][\w!#$&^.+-]{0,126}"
_MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}(?:; ?[\w!#$&^.+-]{{1,64}}=[\w!#$&^.+-]{{1,64}}){{0,4}}\Z", re.ASCII)
_PLATFORM_PART = re.compile(r"[A-Za-z0-9._-]{0,64}\Z")
_EVIDENCE_TAG = re.compile(r"sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?\Z")
_SIZE_LIMIT = 2**63

_T = TypeVar("_T")


@dataclass(frozen=True)
class Descriptor:
    """What a manifest says about something else: its digest and size bind, the rest is a hint."""

    media_type: str
    digest: Digest
    size: int
    """in bytes"""
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: str | None = None
    """`os/architecture`, such as `linux/arm64` or BuildKit's `unknown/unknown`"""


@dataclass(frozen=True)
class Manifest:
    """One manifest or index with the bytes that its digest is of."""

    digest: Digest
    media_type: str
    raw: bytes = field(repr=False)
    layers: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    """the entries of an index"""
    subject: Digest | None = None
    artifact_type: str | None = None
    config: Descriptor | None = None

    @property
    def config_media_type(self) -> str | None:
        """What an image is configured by; None for an index."""
        return self.config.media_type if self.config else None


def read(raw: bytes, *, media_type: str | None) -> Manifest:
    """Read a manifest; `media_type` is the Content-Type that came with it, None where none did.

    Raises `EvidenceRejected` (MANIFEST_INVALID) for anything that the four formats do not allow, and for documents
    that two readers could take for two things (CVE-2021-41190, OCI image-spec GHSA-77vh-xpmg-72qh).
    """
    try:
        document = strict_json.parse_object(raw)
        return _manifest(raw, document, _type_of(document, media_type))
    except ValueError as error:
        raise EvidenceRejected(Reason.MANIFEST_INVALID, f"manifest is malformed: {error}") from error


def is_index(manifest: Manifest) -> bool:
    """Whether it lists other manifests, its children."""
    return manifest.media_type in INDEX_TYPES


def is_bundle(media_type: str) -> bool:
    """Whether this is the media type of a Sigstore bundle, of whichever version."""
    return media_type == BUNDLE or media_type.startswith((BUNDLE + ".", BUNDLE + "+"))


def subject_of_tag(tag: str | None) -> Digest | None:
    """The digest that a tag `sha256-<hex>`, with or without `.sig`, `.att`, `.sbom`, is about; None for other tags."""
    match = _EVIDENCE_TAG.match(tag or "")
    return Digest(f"sha256:{match[1]}") if match else None


def fallback_tag(digest: Digest) -> str:
    """The tag that lists the referrers of `digest` where the registry has no referrers API."""
    return digest.replace(":", "-")


def signature_tag(digest: Digest) -> str:
    """The tag where cosign up to 2.x keeps the signatures of `digest`."""
    return fallback_tag(digest) + ".sig"


def attestation_tag(digest: Digest) -> str:
    """The tag where cosign up to 2.x keeps the attestations about `digest`."""
    return fallback_tag(digest) + ".att"


def essence(content_type: str) -> str:
    """A Content-Type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def _type_of(document: Mapping[str, Any], content_type: str | None) -> str:
    """The one type on which document and Content-Type agree; OCI documents may leave theirs out."""
    written = _optional(document, "mediaType", str)
    named = essence(content_type) if content_type is not None else None
    if written and named and written != named:
        raise ValueError(f"expected media type {named[:80]!r}, got {written[:80]!r}")
    found = written or named or (OCI_INDEX if "manifests" in document else OCI_MANIFEST)
    if found not in MANIFEST_TYPES:
        raise ValueError(f"media type is {found[:80]!r} (expected an oci or docker manifest or index)")
    if not written and found in (DOCKER_MANIFEST, DOCKER_LIST):
        raise ValueError("docker manifest has no media type")
    return found


def _manifest(raw: bytes, document: Mapping[str, Any], media_type: str) -> Manifest:
    version = document.get("schemaVersion")
    if type(version) is not int or version != 2:
        raise ValueError(f"schema version is {str(version)[:20]} (expected 2)")
    is_index = media_type in INDEX_TYPES
    foreign = ("config", "layers", "fsLayers") if is_index else ("manifests", "fsLayers")
    if both := [key for key in foreign if key in document]:
        raise ValueError(f"{'index' if is_index else 'image manifest'} has {both[0]!r}")
    subject = _optional(document, "subject", dict)
    return Manifest(
        digest=digest_of(raw),
        media_type=media_type,
        raw=raw,
        layers=() if is_index else _descriptors(document, "layers"),
        children=_descriptors(document, "manifests") if is_index else (),
        subject=_descriptor(subject).digest if subject is not None else None,
        artifact_type=_artifact_type(document),
        config=None if is_index else _descriptor(document.get("config")),
    )


def _artifact_type(document: Mapping[str, Any]) -> str | None:
    value: str | None = _optional(document, "artifactType", str)
    return _media_type(value) if value else None


def _descriptors(document: Mapping[str, Any], key: str) -> tuple[Descriptor, ...]:
    if key not in document:
        raise ValueError(f"{key!r} is missing")
    entries = _optional(document, key, list) or []  # Go writes an empty list as null
    if len(entries) > ENTRIES_LIMIT:
        raise ValueError(f"{key!r} has {len(entries)} entries (expected at most {ENTRIES_LIMIT})")
    return tuple(_descriptor(entry) for entry in entries)


def _descriptor(value: Any) -> Descriptor:
    if not isinstance(value, dict):
        raise ValueError(f"expected a descriptor, got {type(value).__name__}")
    digest, size = value.get("digest"), value.get("size")
    if not isinstance(digest, str):
        raise ValueError("descriptor has no digest")
    if type(size) is not int or not 0 <= size < _SIZE_LIMIT:
        raise ValueError(f"descriptor's size is {str(size)[:40]!r} (expected a count of bytes)")
    return Descriptor(
        _media_type(value.get("mediaType")),
        parse_digest(digest),
        size,
        _annotations(_optional(value, "annotations", dict) or {}),
        _platform(_optional(value, "platform", dict) or {}),
    )


def _media_type(value: Any) -> str:
    if isinstance(value, str) and _MEDIA_TYPE.match(value):
        return value
    raise ValueError(f"not a media type: {str(value)[:80]!r}")


def _annotations(values: Mapping[str, Any]) -> Mapping[str, str]:
    for key, value in values.items():
        if not isinstance(value, str):
            raise ValueError(f"annotation {key[:80]!r} is no text")
        (key + value).encode()  # half a surrogate pair is no text either: UnicodeEncodeError is a ValueError
    return dict(values)


def _platform(value: Mapping[str, Any]) -> str | None:
    parts = (value.get("os", ""), value.get("architecture", ""))
    if not all(isinstance(part, str) and _PLATFORM_PART.match(part) for part in parts):
        raise ValueError(f"platform is {str(parts)[:80]!r}")
    return "/".join(parts) if all(parts) else None


def _optional(document: Mapping[str, Any], key: str, wanted: type[_T]) -> _T | None:
    """The value of a key that may be absent or null, which is one and the same to the Go programs that write these."""
    value = document.get(key)
    if value is None or isinstance(value, wanted):
        return value
    raise ValueError(f"{key!r} is of type {type(value).__name__} (expected {wanted.__name__})")
