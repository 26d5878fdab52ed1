"""All that one look needs to judge a digest: evidence from every source, keys, and configuration files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence import image_config
from registry_verifier.evidence.gatherer import BESIDE_IMAGE, Gatherer
from registry_verifier.evidence.proofs import Proofs, Prover
from registry_verifier.evidence.together import both, together
from registry_verifier.judgement.authority_matches import Surroundings
from registry_verifier.judgement.kubernetes import Resource
from registry_verifier.judgement.trusts import KmsKeys
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, ImageName
from registry_verifier.policy.model import Authority, Policy


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


@dataclass(frozen=True)
class Finder:
    """Looks for everything that the policies that match will ask about."""

    gatherer: Gatherer
    prover: Prover
    keys: Keys
    resource: Resource | None = None

    async def find(
        self, image: ImageName, digest: Digest, policies: Sequence[Policy], *, evidence_only: bool = False
    ) -> Findings:
        """Raises Unavailable and EvidenceRejected as `Gatherer.gather`.

        A key or a configuration that cannot be had is in the findings: it counts where somebody asks for it.
        """
        authorities = [a for policy in policies for a in policy.authorities]
        sources = (BESIDE_IMAGE, *(a.source for a in authorities))
        evidence, keys = await both(
            self.gatherer.gather(image, digest, sources, evidence_only=evidence_only), self._keys(authorities)
        )
        around = Surroundings(resource=self.resource)
        if evidence.manifest and any(policy.condition and policy.condition.fetch_config_file for policy in policies):
            around = await self._with_configs(around, image, evidence.manifest)
        return Findings(evidence.manifest, Proofs(self.prover, image, digest, evidence.sources), keys, around)

    async def _with_configs(self, around: Surroundings, image: ImageName, manifest: Manifest) -> Surroundings:
        try:
            return replace(around, configs=await image_config.read_all(self.gatherer.registry, image, manifest))
        except EvidenceRejected as error:
            return replace(around, configs={}, trouble=str(error))
        except Unavailable as error:  # an image without a signature fails, whatever its configuration says
            return replace(around, configs=image_config.Unread(error))

    async def _keys(self, authorities: Iterable[Authority]) -> KmsKeys:
        references = sorted({a.key.kms for a in authorities if a.key and a.key.kms and not a.cannot})
        found = await together(*(asyncio.to_thread(self._key, reference) for reference in references))
        return dict(zip(references, found, strict=True))

    def _key(self, reference: str) -> str | Unavailable:
        try:
            return self.keys.public_key(reference)
        except Unavailable as error:
            return error
