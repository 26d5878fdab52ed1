"""What was pushed, as far as a manifest tells by itself: an image, an index, evidence, or what builds leave behind."""

from __future__ import annotations

from enum import StrEnum

from registry_verifier.manifest import (
    BUNDLE,
    DSSE_ENVELOPE,
    IN_TOTO,
    INDEX_TYPES,
    MANIFEST_TYPES,
    SIMPLE_SIGNING,
    Manifest,
    is_bundle,
)

_CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"
_RUNNABLE = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


class Kind(StrEnum):
    """What a manifest is, as far as it tells by itself."""

    IMAGE = "IMAGE"
    INDEX = "INDEX"
    EVIDENCE = "EVIDENCE"
    """about another digest; an index that serves as fallback list is known by its tag only (`subject_of_tag`)"""
    BUILDKIT_ATTESTATION = "BUILDKIT_ATTESTATION"
    """unsigned in-toto statements that BuildKit puts into an index; never evidence"""
    BUILD_CACHE = "BUILD_CACHE"
    """layers that BuildKit exports for the next build; nothing in it can be run"""


def kind(manifest: Manifest) -> Kind:
    """Tell what `manifest` is; annotations and descriptors about it have no say.

    A `subject` alone makes no evidence: an image that can be run stays an image, whatever it says it is about.
    """
    if _all_layers(manifest, (SIMPLE_SIGNING, DSSE_ENVELOPE, BUNDLE)):
        return Kind.EVIDENCE
    if manifest.subject and manifest.config_media_type not in _RUNNABLE and manifest.media_type not in INDEX_TYPES:
        return Kind.EVIDENCE
    if _all_layers(manifest, (IN_TOTO,)):
        return Kind.BUILDKIT_ATTESTATION
    if _is_build_cache(manifest):
        return Kind.BUILD_CACHE
    return Kind.INDEX if manifest.media_type in INDEX_TYPES else Kind.IMAGE


def _is_build_cache(manifest: Manifest) -> bool:
    """A cache as an image has a config of its own type; as an index it lists layers, and no manifest at all."""
    listed = [child.media_type for child in manifest.children]
    as_index = any(kind == _CACHE_CONFIG for kind in listed) and not any(kind in MANIFEST_TYPES for kind in listed)
    return manifest.config_media_type == _CACHE_CONFIG or as_index


def has_file_system(manifest: Manifest) -> bool:
    """Whether an image has layers that a container could be made of, or none at all."""
    layers = [layer.media_type for layer in manifest.layers]
    return not layers or any("image.layer" in kind or "rootfs.diff" in kind for kind in layers)


def _all_layers(manifest: Manifest, types: tuple[str, ...]) -> bool:
    layers = [layer.media_type for layer in manifest.layers]
    return bool(layers) and all(layer in types or (BUNDLE in types and is_bundle(layer)) for layer in layers)
