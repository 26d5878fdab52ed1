"""Looking at the children of an index: how many, how many side by side, and what they may cost together.

Whoever may push says how many children there are, and how much there is about each. So they share one allowance of
requests and bytes; what goes beyond is refused as evidence, which fails closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from registry_verifier import manifest_kind
from registry_verifier.errors import EvidenceRejected
from registry_verifier.evidence.gatherer import Found, Gatherer
from registry_verifier.manifest import Descriptor, Manifest
from registry_verifier.manifest_kind import Kind
from registry_verifier.models import Digest, ImageName, Statement
from registry_verifier.policy.model import Source
from registry_verifier.ports import Attestations, Registry
from registry_verifier.reasons import Reason

CHILDREN_LIMIT = 64
"""of one index; the widest public ones have two dozen, what BuildKit puts beside them included"""
AT_ONCE = 8
CANDIDATES_LIMIT = 64
"""for one child in one source"""
_UNKNOWN = "unknown/unknown"
_REFERENCE_TYPE = "vnd.docker.reference.type"


@dataclass(frozen=True)
class Ration:
    """What the evidence of all children of one index may cost together."""

    requests: int = 2048
    size: int = 128 << 20
    """in bytes"""


def by_digest(manifest: Manifest) -> dict[Digest, list[Descriptor]]:
    """The entries of an index by what they name, in order: one image may stand for several platforms."""
    entries: dict[Digest, list[Descriptor]] = {}
    for child in manifest.children:
        entries.setdefault(child.digest, []).append(child)
    return entries


def seems_to_run(listed: Iterable[Descriptor]) -> bool:
    """Whether one of these entries of a digest can be run, as the index says; for what nobody looked at."""
    return any(one.platform != _UNKNOWN and one.annotations.get(_REFERENCE_TYPE) is None for one in listed)


def runs(manifest: Manifest, listed: Iterable[Descriptor]) -> bool:
    """Whether a child can be run: its own bytes say so, since what the index says of it is a hint."""
    if manifest_kind.kind(manifest) == Kind.BUILDKIT_ATTESTATION:
        return False
    nowhere = all(one.platform == _UNKNOWN for one in listed)
    return not nowhere or manifest_kind.has_file_system(manifest)


def rationed(gatherer: Gatherer, children: Iterable[Digest], ration: Ration) -> Gatherer:
    """The same gatherer, with one ration for all `children`; their own manifests are not counted."""
    allowance = _Allowance(ration)
    asked = gatherer.attestations and _RationedAttestations(gatherer.attestations, allowance)
    registry = _RationedRegistry(gatherer.registry, frozenset(children), allowance)
    return replace(gatherer, registry=registry, attestations=asked)


def trimmed(sources: Mapping[Source, Found]) -> dict[Source, Found]:
    """At most `CANDIDATES_LIMIT` candidates of each source: each of them takes a processor's time to prove."""
    return {source: _trimmed(found) for source, found in sources.items()}


def _trimmed(found: Found) -> Found:
    if len(found.candidates) <= CANDIDATES_LIMIT:
        return found
    text = f"{len(found.candidates)} candidates about one child (at most {CANDIDATES_LIMIT})"
    refused = Statement("child", "bundle", False, reason=Reason.TOO_MANY_CANDIDATES, detail=text)
    return Found(found.candidates[:CANDIDATES_LIMIT], (*found.refused, refused))


class _Allowance:
    """What may still be spent."""

    def __init__(self, ration: Ration) -> None:
        self._ration = ration
        self._requests, self._size = ration.requests, ration.size

    def ask(self) -> None:
        self._requests -= 1
        if self._requests < 0:
            text = f"evidence of the children takes more than {self._ration.requests} requests together"
            raise EvidenceRejected(Reason.TOO_MANY_CANDIDATES, text)

    def take(self, size: int) -> None:
        self._size -= size
        if self._size < 0:
            text = f"evidence of the children has more than {self._ration.size} bytes together"
            raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, text)


@dataclass(frozen=True)
class _RationedRegistry:
    """Fits `ports.Registry`."""

    registry: Registry
    free: frozenset[Digest]
    allowance: _Allowance

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        if reference not in self.free:
            self.allowance.ask()
        return await self.registry.manifest(image, reference)

    async def referrers(self, image: ImageName, digest: Digest) -> tuple[Digest, ...]:
        self.allowance.ask()
        return await self.registry.referrers(image, digest)

    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        self.allowance.ask()
        if size <= limit:  # what is refused unread costs nothing
            self.allowance.take(size)
        return await self.registry.blob(image, digest, size=size, limit=limit)


@dataclass(frozen=True)
class _RationedAttestations:
    """Fits `ports.Attestations`."""

    attestations: Attestations
    allowance: _Allowance

    def bundles(self, image: ImageName, digest: Digest) -> tuple[bytes | EvidenceRejected, ...]:
        return tuple(map(self._taken, self.attestations.bundles(image, digest)))

    def _taken(self, bundle: bytes | EvidenceRejected) -> bytes | EvidenceRejected:
        try:
            self.allowance.take(len(bundle) if isinstance(bundle, bytes) else 0)
        except EvidenceRejected as error:
            return error
        return bundle
