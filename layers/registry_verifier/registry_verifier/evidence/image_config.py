"""An image's configuration files by platform, for policies that ask for them (`fetchConfigFile`).

Source: OCI image-spec 1.1 config.md; the names are policy-controller's, `os/architecture[/variant][:version]`.
Whoever may push says how much there is to read, so everything is counted for one image together, and read once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from registry_verifier import strict_json
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence.together import together
from registry_verifier.manifest import INDEX_TYPES, Descriptor, Manifest
from registry_verifier.models import Digest, ImageName
from registry_verifier.ports import Registry
from registry_verifier.reasons import Reason

READS_LIMIT = 64
"""manifests and configuration files together, each digest once, the image's own manifest apart"""
CONFIG_LIMIT = 1 << 20
TOTAL_LIMIT = 8 << 20
VALUES_LIMIT = 100_000
"""of all files: one has hundreds, and each takes a hundred bytes of memory"""
SECONDS = 60
_DEPTH_LIMIT = 3

_T = TypeVar("_T")


async def read_all(
    registry: Registry, image: ImageName, manifest: Manifest, *, seconds: float = SECONDS
) -> Mapping[str, Any]:
    """The configuration of an image, or of every image that an index lists, by platform.

    Raises EvidenceRejected where one cannot be read, or there are too many, and Unavailable where the registry could
    not be asked, has not what it lists, or answers with other bytes than asked for.
    """
    try:
        async with asyncio.timeout(seconds):
            images, reads = await _images(registry, image, manifest)
            wanted = {one.digest: one for one in map(_config, images)}
            _require_few(reads + len(wanted), manifest)
            return _parsed(await _raw(registry, image, wanted))
    except TimeoutError as error:
        text = f"configurations of {manifest.digest} took more than {seconds} seconds"
        raise Unavailable(Reason.REGISTRY_UNAVAILABLE, text) from error


@dataclass(frozen=True)
class Unread(Mapping[str, Any]):
    """Configurations that could not be looked at: whoever does is told why, and nobody else minds."""

    why: Unavailable

    def __getitem__(self, platform: str) -> NoReturn:
        raise self.why

    def __iter__(self) -> Iterator[str]:
        raise self.why

    def __len__(self) -> int:
        raise self.why


async def _images(registry: Registry, image: ImageName, manifest: Manifest) -> tuple[list[Manifest], int]:
    """Every image of an index, each once, level by level, and how many manifests were fetched for them."""
    seen, level, images = {manifest.digest}, [manifest], list[Manifest]()
    for _ in range(_DEPTH_LIMIT + 1):
        images += [one for one in level if one.media_type not in INDEX_TYPES]
        listed = [child.digest for one in level if one.media_type in INDEX_TYPES for child in one.children]
        wanted = [digest for digest in dict.fromkeys(listed) if digest not in seen]
        if not wanted:
            return images, len(seen) - 1
        seen.update(wanted)
        _require_few(len(seen) - 1, manifest)
        level = await together(*(_child(registry, image, digest) for digest in wanted))
    raise _invalid(f"index {manifest.digest} is nested more than {_DEPTH_LIMIT} deep")


async def _raw(registry: Registry, image: ImageName, wanted: Mapping[Digest, Descriptor]) -> dict[Digest, bytes]:
    if (size := sum(one.size for one in wanted.values())) > TOTAL_LIMIT:
        text = f"configurations have {size} bytes together (expected at most {TOTAL_LIMIT})"
        raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, text)
    found = await together(*(_blob(registry, image, one) for one in wanted.values()))
    return dict(zip(wanted, found, strict=True))


async def _blob(registry: Registry, image: ImageName, config: Descriptor) -> bytes:
    asked = registry.blob(image, config.digest, size=config.size, limit=CONFIG_LIMIT)
    return await _had(asked, f"configuration {config.digest}")


async def _child(registry: Registry, image: ImageName, digest: Digest) -> Manifest:
    return await _had(registry.manifest(image, digest), f"child {digest}")


def _config(manifest: Manifest) -> Descriptor:
    if manifest.config is None:
        raise _invalid(f"image {manifest.digest} has no configuration")
    return manifest.config


async def _had(asked: Awaitable[_T | None], what: str) -> _T:
    """What the registry must have, since it lists it, and as it lists it."""
    try:
        found = await asked
    except EvidenceRejected as error:
        if error.reason == Reason.CONTENT_MISMATCH:
            raise Unavailable(error.reason, str(error)) from error
        raise
    if found is None:
        raise Unavailable(Reason.MANIFEST_NOT_FOUND, f"{what} is listed and not in the registry")
    return found


def _parsed(files: Mapping[Digest, bytes]) -> dict[str, Any]:
    values = sum(raw.count(mark) for raw in files.values() for mark in (b"[", b"{", b","))
    if values > VALUES_LIMIT:
        text = f"configurations have {values} values together (expected at most {VALUES_LIMIT})"
        raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, text)
    configs = [_object(digest, raw) for digest, raw in files.items()]
    return {_platform(config): config for config in configs}


def _object(digest: Digest, raw: bytes) -> dict[str, Any]:
    try:
        return strict_json.parse_object(raw)
    except ValueError as error:
        raise _invalid(f"configuration {digest} cannot be read: {error}") from error


def _platform(config: Mapping[str, Any]) -> str:
    system, machine, variant, version = (config.get(name) for name in ("os", "architecture", "variant", "os.version"))
    name = "/".join(part for part in (system, machine, variant) if isinstance(part, str) and part)
    return f"{name}:{version}" if isinstance(version, str) and version else name


def _require_few(count: int, manifest: Manifest) -> None:
    if count > READS_LIMIT:
        raise _invalid(f"{manifest.digest} has {count} children and configurations (expected at most {READS_LIMIT})")


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.MANIFEST_INVALID, text)
