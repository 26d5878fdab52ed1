"""Everything that is said about a digest, wherever it is kept.

Evidence is the union of five places: the referrers API, the fallback tag `sha256-<hex>`, cosign's tags
`sha256-<hex>.sig` and `.att`, and GitHub's attestations API, where it is to be asked. What a list says about its
entries is a hint; every entry is opened. One candidate that does not hold says nothing about the next; a registry
that cannot be asked says nothing about the image.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from registry_verifier import manifest as manifests
from registry_verifier import statement
from registry_verifier.candidate import Candidate
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence import attested
from registry_verifier.evidence.attested import Attested
from registry_verifier.evidence.together import both, together
from registry_verifier.manifest import Descriptor, Manifest
from registry_verifier.models import Digest, ImageName, Statement
from registry_verifier.policy.model import Source
from registry_verifier.ports import Attestations, Registry
from registry_verifier.reasons import Reason

REFERRERS_LIMIT = 128
LAYERS_LIMIT = 256  # cosign reads 1000 (CVE-2023-46737); an image that is signed again each night has dozens
BUNDLE_LIMIT = 16 << 20
PAYLOAD_LIMIT = 64 << 10
TOTAL_LIMIT = 64 << 20
BESIDE_IMAGE = Source()
"""the image's own repository"""


@dataclass(frozen=True)
class Found:
    """What one source holds about a digest."""

    candidates: tuple[Candidate, ...] = ()
    refused: tuple[Statement, ...] = ()
    """what could not even be opened, so that it holds for nobody"""


@dataclass(frozen=True)
class Evidence:
    """What one look found: the image's own manifest, and what each source holds."""

    manifest: Manifest | None
    sources: Mapping[Source, Found]
    unread: Unavailable | None = None
    """why a place beside the registry could not be asked, so that evidence that is not here may be there"""


@dataclass(frozen=True)
class Gatherer:
    """Collects evidence, and proves nothing of it: three rounds of requests at most, each side by side."""

    registry: Registry
    attestations: Attestations | None = None
    """None: nobody asks GitHub"""

    async def gather(
        self,
        image: ImageName,
        digest: Digest,
        sources: Iterable[Source] = (BESIDE_IMAGE,),
        *,
        evidence_only: bool = False,
    ) -> Evidence:
        """All evidence for `digest` in `image`, from every source.

        With `evidence_only` the image's own manifest is not read. Raises Unavailable when the registry could not be
        asked for all of it, and EvidenceRejected when the image's own manifest is not what its digest says.
        """
        searches = {source: _Search(self.registry, image, digest, source) for source in sources}
        manifest = _nothing() if evidence_only else self.registry.manifest(image, digest)
        looks = both(manifest, together(*(search.found() for search in searches.values())))
        (own, found), beside = await both(looks, self._attested(searches.values(), image, digest))
        joined = (search.joined(one, beside) for search, one in zip(searches.values(), found, strict=True))
        return Evidence(own, dict(zip(searches, joined, strict=True)), beside.unread)

    async def _attested(self, searches: Iterable[_Search], image: ImageName, digest: Digest) -> Attested:
        """What GitHub keeps for the image's own repository: other repositories are looked in for what they hold."""
        asked = self.attestations if any(search.is_own for search in searches) else None
        return await attested.ask(asked, image, digest)


async def _nothing() -> Manifest | None:
    return None


class _Search:
    """One look at one digest in one source, with what it may still spend."""

    def __init__(self, registry: Registry, image: ImageName, digest: Digest, source: Source) -> None:
        self._registry, self._digest = registry, digest
        self._image = ImageName.parse(source.repository) if source.repository else image
        self._prefix = source.tag_prefix
        self.is_own = self._image == image
        self._where = f"{source.repository} " if source.repository else ""
        self._bytes_left = TOTAL_LIMIT
        self._blobs: dict[tuple[Digest, int, int], asyncio.Task[bytes | None]] = {}

    async def found(self) -> Found:
        """Every candidate."""
        lists = await together(
            self._referrers(),
            self._tagged(manifests.signature_tag(self._digest), self._signature),
            self._tagged(manifests.attestation_tag(self._digest), self._attestation),
        )
        return _parted([one for listed in lists for one in listed])

    def joined(self, found: Found, beside: Attested) -> Found:
        """What was found, and what GitHub keeps beside it, with what this search may still spend."""
        if not self.is_own:
            return found
        known = {candidate.content for candidate in found.candidates}
        left = max(self._bytes_left, 0)
        more = attested.opened(beside, known, size_limit=BUNDLE_LIMIT, total_limit=left)
        return _parted([*found.candidates, *found.refused, *more])

    async def _referrers(self) -> list[Candidate | Statement]:
        """Bundles, listed by the referrers API or by the fallback tag; a digest that both name is read once."""
        tag = manifests.fallback_tag(self._digest)
        listed, fallback = await together(
            self._listed(self._registry.referrers(self._image, self._digest), "referrers"),
            self._listed(self._entries(tag), tag),
        )
        found = list(dict.fromkeys((*listed.digests, *fallback.digests)))
        failed = [*listed.failed, *fallback.failed]
        if len(found) > REFERRERS_LIMIT:
            failed.append(_too_many("referrers", len(found), REFERRERS_LIMIT))
        return [*failed, *await together(*map(self._referrer, found[:REFERRERS_LIMIT]))]

    async def _listed(self, listing: Awaitable[Iterable[Digest]], place: str) -> _Listing:
        try:
            return _Listing(tuple(await listing), ())
        except EvidenceRejected as error:
            return _Listing((), (_rejected(self._where + place, "bundle", error),))

    async def _entries(self, tag: str) -> Iterable[Digest]:
        index = await self._registry.manifest(self._image, tag)
        return () if index is None else (entry.digest for entry in index.children)

    async def _referrer(self, digest: Digest) -> Candidate | Statement:
        place = f"{self._where}referrer {digest}"
        try:
            manifest = await self._registry.manifest(self._image, digest)
            return Candidate(place, "bundle", await self._blob(_bundle_layer(manifest, self._digest), BUNDLE_LIMIT))
        except EvidenceRejected as error:
            return _rejected(place, "bundle", error)

    async def _tagged(
        self, suffixed: str, read: Callable[[str, Descriptor], Awaitable[Candidate | Statement]]
    ) -> list[Candidate | Statement]:
        """Every layer of one of cosign's tags."""
        tag = self._prefix + suffixed
        try:
            manifest = await self._registry.manifest(self._image, tag)
        except EvidenceRejected as error:
            return [_rejected(self._where + tag, "bundle", error)]
        layers = manifest.layers if manifest else ()
        failed = [_too_many(tag, len(layers), LAYERS_LIMIT)] if len(layers) > LAYERS_LIMIT else []
        numbered = enumerate(layers[:LAYERS_LIMIT])
        places = ((f"{self._where}{tag}#{number}", layer) for number, layer in numbered)
        return [*failed, *await together(*(read(place, layer) for place, layer in places))]

    async def _signature(self, place: str, layer: Descriptor) -> Candidate | Statement:
        """One layer of `.sig`."""
        try:
            _require_type(layer, manifests.SIMPLE_SIGNING)
            return Candidate(place, "simplesigning", await self._blob(layer, PAYLOAD_LIMIT), dict(layer.annotations))
        except EvidenceRejected as error:
            return _rejected(place, "simplesigning", error, is_signature=True)

    async def _attestation(self, place: str, layer: Descriptor) -> Candidate | Statement:
        """One layer of `.att`."""
        try:
            _require_type(layer, manifests.DSSE_ENVELOPE)
            return Candidate(place, "dsse", await self._blob(layer, BUNDLE_LIMIT), dict(layer.annotations))
        except EvidenceRejected as error:
            claimed = layer.annotations.get("predicateType", "")[: statement.PREDICATE_TYPE_LIMIT]
            return _rejected(place, "dsse", error, predicate_type=claimed or None)

    async def _blob(self, layer: Descriptor, limit: int) -> bytes:
        """A blob, fetched once however many layers name it: cosign's signatures of one image often share a payload."""
        key = layer.digest, layer.size, limit
        if key not in self._blobs:
            if layer.size <= limit:  # what is refused unread costs nothing
                self._bytes_left -= layer.size
            if self._bytes_left < 0:
                raise EvidenceRejected(
                    Reason.EVIDENCE_TOO_LARGE, f"evidence has more than {TOTAL_LIMIT} bytes together"
                )
            fetch = self._registry.blob(self._image, layer.digest, size=layer.size, limit=limit)
            self._blobs[key] = asyncio.ensure_future(fetch)
        blob = await self._blobs[key]
        if blob is None:
            raise EvidenceRejected(Reason.EVIDENCE_NOT_FOUND, f"blob {layer.digest} is not in the registry")
        return blob


@dataclass(frozen=True)
class _Listing:
    digests: tuple[Digest, ...]
    failed: tuple[Statement, ...]


def _parted(everything: Iterable[Candidate | Statement]) -> Found:
    listed = list(everything)
    return Found(
        tuple(one for one in listed if isinstance(one, Candidate)),
        tuple(one for one in listed if isinstance(one, Statement)),
    )


def _bundle_layer(manifest: Manifest | None, subject: Digest) -> Descriptor:
    """The one bundle of a referrer; its `subject` is checked, since a fallback tag may list anything."""
    if manifest is None:
        raise EvidenceRejected(Reason.EVIDENCE_NOT_FOUND, "referrer is listed and not in the registry")
    if len(manifest.layers) != 1 or not manifests.is_bundle(manifest.layers[0].media_type):
        text = f"referrer is no sigstore bundle: {manifest.artifact_type or manifest.media_type}"
        raise EvidenceRejected(Reason.NOT_EVIDENCE, text)
    if manifest.subject != subject:
        raise EvidenceRejected(
            Reason.SUBJECT_DIGEST_MISMATCH, f"referrer is about {manifest.subject} (expected {subject})"
        )
    return manifest.layers[0]


def _require_type(layer: Descriptor, media_type: str) -> None:
    if layer.media_type != media_type:
        raise EvidenceRejected(Reason.NOT_EVIDENCE, f"layer is {layer.media_type!r} (expected {media_type!r})")


def _too_many(place: str, count: int, limit: int) -> Statement:
    error = EvidenceRejected(Reason.TOO_MANY_CANDIDATES, f"{count} candidates (at most {limit})")
    return _rejected(place, "bundle", error)


def _rejected(
    place: str, form: str, error: EvidenceRejected, *, is_signature: bool = False, predicate_type: str | None = None
) -> Statement:
    return Statement(place, form, is_signature, predicate_type, reason=error.reason, detail=str(error))
