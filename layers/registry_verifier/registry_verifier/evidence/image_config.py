"""An image's configuration files by platform, for policies that ask for them (`fetchConfigFile`).

Source: OCI image-spec 1.1 config.md; the names are policy-controller's, `os/architecture[/variant][:version]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_verifier import strict_json
from registry_verifier.errors import EvidenceRejected
from registry_verifier.evidence.together import together
from registry_verifier.manifest import INDEX_TYPES, Manifest
from registry_verifier.models import ImageName
from registry_verifier.ports import Registry
from registry_verifier.reasons import Reason

CONFIG_LIMIT = 4 << 20
CHILDREN_LIMIT = 64
_DEPTH_LIMIT = 3


async def read_all(
    registry: Registry, image: ImageName, manifest: Manifest, depth: int = _DEPTH_LIMIT
) -> Mapping[str, Any]:
    """The configuration of an image, or of every image that an index lists, by platform.

    Raises EvidenceRejected where one is missing, not what its digest says, or no JSON object, and Unavailable where
    the registry could not be asked.
    """
    if manifest.media_type not in INDEX_TYPES:
        config = await _read(registry, image, manifest)
        return {_platform(config): config}
    if len(manifest.children) > CHILDREN_LIMIT or depth == 0:
        raise _invalid(f"index {manifest.digest} has more than {CHILDREN_LIMIT} children, or is nested too deep")
    found = await together(*(_child(registry, image, child.digest, depth) for child in manifest.children))
    return {platform: config for configs in found for platform, config in configs.items()}


async def _child(registry: Registry, image: ImageName, digest: str, depth: int) -> Mapping[str, Any]:
    manifest = await registry.manifest(image, digest)
    if manifest is None:
        raise EvidenceRejected(Reason.EVIDENCE_NOT_FOUND, f"child {digest} is listed and not in the registry")
    return await read_all(registry, image, manifest, depth - 1)


async def _read(registry: Registry, image: ImageName, manifest: Manifest) -> dict[str, Any]:
    descriptor = manifest.config
    if descriptor is None:
        raise _invalid(f"image {manifest.digest} has no configuration")
    raw = await registry.blob(image, descriptor.digest, size=descriptor.size, limit=CONFIG_LIMIT)
    if raw is None:
        raise EvidenceRejected(Reason.EVIDENCE_NOT_FOUND, f"configuration {descriptor.digest} is not in the registry")
    try:
        return strict_json.parse_object(raw)
    except ValueError as error:
        raise _invalid(f"configuration {descriptor.digest} cannot be read: {error}") from error


def _platform(config: Mapping[str, Any]) -> str:
    system, machine, variant, version = (config.get(name) for name in ("os", "architecture", "variant", "os.version"))
    name = "/".join(part for part in (system, machine, variant) if isinstance(part, str) and part)
    return f"{name}:{version}" if isinstance(version, str) and version else name


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.MANIFEST_INVALID, text)
