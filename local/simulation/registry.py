"""A registry without a referrers API, as GHCR: what is pushed is seen some seconds later, and not at all times.

Fits `ports.Registry`; `SimulatedRepository` is what pushes.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from local.signing.distribution import Repository
from local.sigstore.layers import descriptor
from local.sigstore.protojson import Json, compact
from local.simulation.loop import VirtualLoop
from local.simulation.weather import Weather, during
from registry_verifier import manifest as manifests
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, ImageName
from registry_verifier.reasons import Reason

LAG_SECONDS = 6.0
_ROUND_SECONDS = 0.05
_THROTTLED = 0.7
OnPush = Callable[[ImageName, Digest, str | None, str, int, bool], None]
"""image, digest, tag, media type, size, and whether the manifest was there before"""


@dataclass
class Held:
    """One repository: what is there, and since when it can be seen."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[float, Manifest]] = field(default_factory=dict)
    tags: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    """by tag: since when it points to what, the newest last"""

    def digest(self, reference: str, moment: float) -> str | None:
        """What a reference stands for at that moment."""
        if reference.startswith("sha256:"):
            return reference
        seen = [digest for since, digest in self.tags.get(reference, ()) if since <= moment]
        return seen[-1] if seen else None


class SimulatedRegistry:
    """All repositories."""

    def __init__(self, loop: VirtualLoop, weather: Weather, rng: Random, on_push: OnPush) -> None:
        self.counts: Counter[str] = Counter()
        self.held: defaultdict[ImageName, Held] = defaultdict(Held)
        self._loop, self._weather, self._rng, self._on_push = loop, weather, rng, on_push
        self.lag_seconds = LAG_SECONDS if weather.odds.throttled else 0.0

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        """As ports.Registry."""
        await self._asked("manifest")
        held = self.held[image]
        found = held.manifests.get(held.digest(reference, self._loop.time()) or "")
        return found[1] if found and found[0] <= self._loop.time() else None

    async def referrers(self, image: ImageName, digest: Digest) -> tuple[Digest, ...]:
        """As ports.Registry: there is no such API."""
        await self._asked("referrers")
        return ()

    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        """As ports.Registry."""
        await self._asked("blob")
        if size > limit:
            raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, f"blob has {size} bytes (at most {limit})")
        return self.held[image].blobs.get(digest)

    def push(self, image: ImageName, content: bytes, tag: str | None) -> Digest:
        """Keep a manifest and tell GitHub; it is seen after a while."""
        held, manifest = self.held[image], manifests.read(content, media_type=None)
        visible = self._loop.time() + self._rng.uniform(0, self.lag_seconds)
        known = manifest.digest in held.manifests
        held.manifests.setdefault(manifest.digest, (visible, manifest))
        if tag:
            held.tags[tag].append((visible, manifest.digest))
        self._on_push(image, manifest.digest, tag, manifest.media_type, len(content), known)
        return manifest.digest

    def delete(self, image: ImageName, reference: str) -> None:
        """Take away a manifest and the tags that point to it, as GitHub's API does; nobody is told."""
        held = self.held[image]
        digest = held.digest(reference, self._loop.time() + self.lag_seconds)
        held.manifests.pop(digest or "", None)
        for tag in [tag for tag, points in held.tags.items() if points and points[-1][1] == digest]:
            del held.tags[tag]

    async def _asked(self, what: str) -> None:
        self.counts[what] += 1
        await asyncio.sleep(_ROUND_SECONDS)
        moment = self._loop.time()
        if during(self._weather.registry_down, moment):
            raise Unavailable(Reason.REGISTRY_UNAVAILABLE, "registry answered 503")
        odds = _THROTTLED if during(self._weather.registry_throttled, moment) else self._weather.odds.throttled
        if self._rng.random() < odds:
            self.counts["throttled"] += 1
            raise Unavailable(Reason.REGISTRY_THROTTLED, "429", retry_after=self._rng.uniform(0.3, 30))


class SimulatedRepository(Repository):
    """What pushes to a simulated registry, as `local.signing.publisher` wants it."""

    def __init__(self, registry: SimulatedRegistry, image: ImageName) -> None:
        self.name = image.repository
        self._registry, self._image = registry, image

    def push_blob(self, content: bytes, media_type: str = "application/octet-stream") -> Json:
        """Keep a blob and return its descriptor."""
        described = descriptor(media_type, content)
        self._registry.held[self._image].blobs[described["digest"]] = content
        return described

    def push_manifest(self, manifest: Json, *, tag: str | None = None) -> tuple[Json, httpx.Response]:
        """Keep a manifest; the answer names no subject, as there is no referrers API."""
        content = compact(manifest)
        self._registry.push(self._image, content, tag)
        return descriptor(manifest["mediaType"], content), httpx.Response(201)

    def manifest(self, reference: str) -> Any | None:
        """What was pushed last under a tag: whoever pushes reads their own writes."""
        held = self._registry.held[self._image]
        found = held.manifests.get(held.digest(reference, float("inf")) or "")
        return json.loads(found[1].raw) if found else None
