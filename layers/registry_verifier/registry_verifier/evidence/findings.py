"""All that one look needs to judge a digest: evidence from every source, keys, and configuration files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence import children, image_config
from registry_verifier.evidence.gatherer import BESIDE_IMAGE, Gatherer
from registry_verifier.evidence.proofs import Proofs, Prover
from registry_verifier.evidence.together import both, together
from registry_verifier.judgement.authority_matches import Surroundings
from registry_verifier.judgement.kubernetes import Resource
from registry_verifier.judgement.trusts import KmsKeys
from registry_verifier.manifest import Descriptor, Manifest, is_index
from registry_verifier.models import Digest, ImageName
from registry_verifier.policy.model import Authority, Policy
from registry_verifier.ports import Registry
from registry_verifier.reasons import Reason
from registry_verifier.results import INDEX


class Keys(Protocol):
    """Public keys that are kept elsewhere."""

    def public_key(self, reference: str) -> str:
        """The key behind `awskms://…` in PEM; raises Unavailable."""
        ...


@dataclass(frozen=True)
class Findings:
    """What one look came back with."""

    manifest: Manifest | None
    proofs: Proofs
    kms_keys: KmsKeys
    around: Surroundings
    unread: Unavailable | None = None
    """why a place beside the registry could not be asked"""
    children: Mapping[Digest, Child] = field(default_factory=dict)
    """the children of an index, where somebody looked at them"""
    is_presence_asked: bool = False
    """whether a child that is not there is to be told"""


@dataclass(frozen=True)
class Child:
    """What came of a look at one child of an index."""

    manifest: Manifest | None = None
    """None where the registry does not have it, or it cannot be read"""
    rejected: EvidenceRejected | None = None
    """why it cannot be read"""
    found: Findings | None = None
    """its own evidence, where a policy asks for that"""


@dataclass(frozen=True)
class Finder:
    """Looks for everything that the policies that match will ask about."""

    gatherer: Gatherer
    prover: Prover
    keys: Keys
    resource: Resource | None = None
    ration: children.Ration = children.Ration()
    """what the evidence of an index's children may cost together"""

    async def find(
        self,
        image: ImageName,
        digest: Digest,
        policies: Sequence[Policy],
        *,
        evidence_only: bool = False,
        children: bool = False,
    ) -> Findings:
        """Raises Unavailable and EvidenceRejected as `Gatherer.gather`; Unavailable for the children of an index too.

        With `children` it is asked whether the registry has each of them; their own evidence is looked for where a
        policy counts it. A key or a configuration that cannot be had is in the findings: it counts where somebody asks
        for it.
        """
        keys = self._keys(a for policy in policies for a in policy.authorities)
        found, kms_keys = await both(
            self._found(self.gatherer, image, digest, policies, evidence_only=evidence_only), keys
        )
        found = replace(found, kms_keys=kms_keys, is_presence_asked=children)
        return replace(found, children=await self._children(found, image, policies))

    async def _found(
        self,
        gatherer: Gatherer,
        image: ImageName,
        digest: Digest,
        policies: Sequence[Policy],
        *,
        evidence_only: bool = False,
        own: Manifest | None = None,
    ) -> Findings:
        """What is there, keys and children apart; `own` is the manifest, where it was read already."""
        sources = (BESIDE_IMAGE, *(a.source for policy in policies for a in policy.authorities))
        evidence = await gatherer.gather(image, digest, sources, evidence_only=evidence_only or own is not None)
        own = evidence.manifest or own
        around = Surroundings(resource=self.resource)
        if own and any(policy.condition and policy.condition.fetch_config_file for policy in policies):
            around = await _with_configs(around, gatherer.registry, image, own)
        return Findings(own, Proofs(self.prover, image, digest, evidence.sources), {}, around, evidence.unread)

    async def _children(self, found: Findings, image: ImageName, policies: Sequence[Policy]) -> dict[Digest, Child]:
        """The first children of an index, with their evidence where a policy counts it and they are not too many."""
        own, wanting = found.manifest, [policy for policy in policies if policy.children != INDEX]
        if own is None or not is_index(own) or not (wanting or found.is_presence_asked):
            return {}
        listed = children.by_digest(own)
        wanting = wanting if len(listed) <= children.CHILDREN_LIMIT else []
        first = list(listed)[: children.CHILDREN_LIMIT]
        gatherer, turn = children.rationed(self.gatherer, first, self.ration), asyncio.Semaphore(children.AT_ONCE)

        async def look(digest: Digest) -> Child:
            async with turn:
                return await self._child(gatherer, image, digest, listed[digest], wanting)

        return dict(zip(first, await together(*map(look, first)), strict=True))

    async def _child(
        self,
        gatherer: Gatherer,
        image: ImageName,
        digest: Digest,
        listed: Sequence[Descriptor],
        wanting: Sequence[Policy],
    ) -> Child:
        try:
            own = await gatherer.registry.manifest(image, digest)
        except EvidenceRejected as error:
            if error.reason != Reason.MANIFEST_INVALID:  # other bytes than asked for are the registry's fault
                raise Unavailable(error.reason, str(error)) from error
            return Child(rejected=error)
        if own is None or not wanting or not children.runs(own, listed):
            return Child(own)
        found = await self._found(gatherer, image, digest, wanting, own=own)
        proofs = replace(found.proofs, sources=children.trimmed(found.proofs.sources))
        return Child(own, found=replace(found, proofs=proofs))

    async def _keys(self, authorities: Iterable[Authority]) -> KmsKeys:
        references = sorted({a.key.kms for a in authorities if a.key and a.key.kms and not a.cannot})
        found = await together(*(asyncio.to_thread(self._key, reference) for reference in references))
        return dict(zip(references, found, strict=True))

    def _key(self, reference: str) -> str | Unavailable:
        try:
            return self.keys.public_key(reference)
        except Unavailable as error:
            return error


async def _with_configs(around: Surroundings, registry: Registry, image: ImageName, manifest: Manifest) -> Surroundings:
    try:
        return replace(around, configs=await image_config.read_all(registry, image, manifest))
    except EvidenceRejected as error:
        return replace(around, configs={}, trouble=str(error))
    except Unavailable as error:  # an image without a signature fails, whatever its configuration says
        return replace(around, configs=image_config.Unread(error))
