"""Puts images and their evidence into a repository, in the layouts that cosign 2 and cosign 3 use."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from typing import Literal

from local.signing.distribution import INDEX_TYPE, MANIFEST_TYPE, Repository
from local.signing.signer import BUNDLE_TYPE, SIGNATURE_PREDICATE
from local.sigstore.layers import Layer
from local.sigstore.protojson import Json, compact

EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
AMD64: Mapping[str, str] = {"os": "linux", "architecture": "amd64"}
_CREATED = "2026-01-01T00:00:00Z"


def push_image(
    repository: Repository,
    *,
    tag: str | None = None,
    content: bytes = b"hello\n",
    platform: Mapping[str, str] = AMD64,
) -> Json:
    """Push an image of one file; the same arguments give the same digest. Returns its descriptor."""
    archive = _archive("hello.txt", content)
    config = compact({**platform, "rootfs": {"type": "layers", "diff_ids": [_diff_id(archive)]}})
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": repository.push_blob(config, CONFIG_TYPE),
        "layers": [repository.push_blob(archive, LAYER_TYPE)],
    }
    return repository.push_manifest(manifest, tag=tag)[0]


def push_index(
    repository: Repository, children: Sequence[tuple[Json, Mapping[str, str]]], *, tag: str | None = None
) -> Json:
    """Push an index of descriptors with their platforms, and return its descriptor."""
    manifests = [{**child, "platform": dict(platform)} for child, platform in children]
    return repository.push_manifest({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests}, tag=tag)[0]


def attach_bundle(
    repository: Repository,
    subject: Json,
    bundle: bytes,
    *,
    predicate_type: str = SIGNATURE_PREDICATE,
    fallback_type: str = EMPTY_TYPE,
) -> Json:
    """Push a bundle as a referrer of `subject` (a descriptor), and return the referrer's descriptor.

    Where the registry has no referrers API it is listed in the index at the tag `sha256-<hex>` too. There,
    `fallback_type` is its `artifactType`: the config's type, as cosign before 3.1 writes it, or the bundle's.
    """
    manifest = bundle_manifest(repository, subject, bundle, predicate_type=predicate_type)
    referrer, answer = repository.push_manifest(manifest)
    if "oci-subject" not in answer.headers:
        list_in_fallback(repository, subject, {**referrer, "artifactType": fallback_type})
    return referrer


def bundle_manifest(
    repository: Repository, subject: Json, bundle: bytes, *, predicate_type: str = SIGNATURE_PREDICATE
) -> Json:
    """Push the blobs of a referrer and return its manifest; `predicate_type` is what the annotation claims."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": BUNDLE_TYPE,
        "config": repository.push_blob(b"{}", EMPTY_TYPE),
        "layers": [repository.push_blob(bundle, BUNDLE_TYPE)],
        "subject": {name: subject[name] for name in ("mediaType", "size", "digest")},
        "annotations": {
            "org.opencontainers.image.created": _CREATED,
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": predicate_type,
        },
    }


def list_in_fallback(repository: Repository, subject: Json, referrer: Json) -> Json:
    """Add a descriptor to the index at the tag `sha256-<hex>`, without a lock, and return the index's descriptor."""
    tag = subject["digest"].replace(":", "-")
    index = repository.manifest(tag) or {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}
    index["manifests"].append(referrer)
    return repository.push_manifest(index, tag=tag)[0]


def attach_layer(repository: Repository, digest: str, suffix: Literal["sig", "att"], layer: Layer) -> Json:
    """Append a layer to the manifest at the tag `sha256-<hex>.<suffix>`, and return the manifest's descriptor."""
    blob, described = layer
    repository.push_blob(blob)
    tag = f"{digest.replace(':', '-')}.{suffix}"
    layers = [*(repository.manifest(tag) or {"layers": []})["layers"], described]
    config = compact(
        {
            "architecture": "",
            "created": "0001-01-01T00:00:00Z",
            "history": [{"created": "0001-01-01T00:00:00Z"} for _ in layers],
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": [each["digest"] for each in layers]},
            "config": {},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": repository.push_blob(config, CONFIG_TYPE),
        "layers": layers,
    }
    return repository.push_manifest(manifest, tag=tag)[0]


def _archive(name: str, content: bytes) -> bytes:
    """A gzipped tar archive of one file, without times and owners."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _diff_id(archive: bytes) -> str:
    """The digest of the layer as it is before compression, OCI image-spec, "Layer DiffID"."""
    return "sha256:" + hashlib.sha256(gzip.decompress(archive)).hexdigest()
