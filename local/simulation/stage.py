"""What a publisher does: pushes images, signs them in either layout, moves tags, takes evidence away."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from local.project import CYCLONEDX, IMAGE, NAME, PUBLISHING, SIGNING, SLSA, provenance
from local.signing import publisher, signer
from local.signing.distribution import MANIFEST_TYPE
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.layers import Layer
from local.sigstore.leaf import Leaf
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json, compact
from local.simulation.github import SimulatedGitHub
from local.simulation.loop import VirtualLoop
from local.simulation.registry import SimulatedRegistry, SimulatedRepository
from local.simulation.truth import Truth
from registry_verifier.manifest import IN_TOTO, fallback_tag
from registry_verifier.models import Digest, ImageName

SIGNATURE = "signature"
_PLATFORMS = ("amd64", "arm64")
_MASTER = "refs/heads/master"


@dataclass
class Stage:
    """One publish's surroundings, and what is expected of the digests that it pushes."""

    id: int
    image: ImageName
    loop: VirtualLoop
    rng: Random
    sigstore: PrivateSigstore
    registry: SimulatedRegistry
    github: SimulatedGitHub
    truths: dict[Digest, Truth] = field(default_factory=dict)
    children: dict[Digest, Digest] = field(default_factory=dict)
    """child to index"""
    signed: dict[tuple[str, str, str, bool], Any] = field(default_factory=dict)
    """what was signed once, by digest, kind, signer and layout"""

    async def wait(self, least: float, most: float) -> None:
        """Let some seconds go by."""
        await asyncio.sleep(self.rng.uniform(least, most))

    def expect(self, image: Json, truth: Truth) -> None:
        """Say how a digest's story ends."""
        self.truths[Digest(image["digest"])] = truth

    def tag(self) -> str:
        """The tag of this publish."""
        return f"v{self.id}"

    def push(self, tag: str, *, platforms: int = 2, attested: bool = False, more: str = "") -> Json:
        """Push an image or, for several platforms, an index, children first, with what BuildKit puts beside them."""
        repository = self._repository
        if platforms == 1:
            return publisher.push_image(repository, tag=tag, content=f"{self.id} {more}\n".encode())
        children = []
        for architecture in _PLATFORMS[:platforms]:
            platform = {"os": "linux", "architecture": architecture}
            content = f"{self.id} {more} {architecture}\n".encode()
            children.append((publisher.push_image(repository, content=content, platform=platform), platform))
        if attested:
            unknown = {"os": "unknown", "architecture": "unknown"}
            children += [(self._buildkit_attestation(child), unknown) for child, _ in list(children)]
        index = publisher.push_index(repository, children, tag=tag)
        self.children |= {Digest(child["digest"]): Digest(index["digest"]) for child, _ in children}
        return index

    def retag(self, image: Json, tag: str) -> None:
        """Push the same manifest under another tag."""
        _, manifest = self.registry.held[self.image].manifests[image["digest"]]
        self.registry.push(self.image, manifest.raw, tag)

    async def sign(
        self,
        image: Json,
        *,
        layers: bool = False,
        workflow: str = SIGNING,
        without: Collection[str] = (),
        predicate: Any = None,
    ) -> None:
        """A signature, an SBOM and a provenance, some seconds apart, as bundles or as cosign 2's layers."""
        bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}
        wanted = ((SIGNATURE, None), (CYCLONEDX, bom), (SLSA, predicate or provenance(image["digest"])))
        for kind, content in wanted:
            if kind not in without:
                self._attach(image, workflow, kind, content, layers=layers)
                await self.wait(1, 9)

    def attest_build(self, image: Json) -> None:
        """GitHub's own provenance, of the same type as the one that the policy demands, by another workflow."""
        self._attach(image, PUBLISHING, SLSA, {"buildDefinition": {}}, layers=False)

    def delete(self, image: ImageName, reference: str) -> None:
        """Delete a version, as a cleaning job does."""
        digest = self.registry.held[image].digest(reference, float("inf"))
        self.registry.delete(image, reference)
        self.github.forget(image, Digest(digest or reference))

    def lose_evidence(self, image: Json) -> None:
        """Delete everything that says something about an image."""
        tag = fallback_tag(image["digest"])
        for each in (tag, f"{tag}.sig", f"{tag}.att"):
            if self._repository.manifest(each):
                self.delete(self.image, each)

    @property
    def _repository(self) -> SimulatedRepository:
        return SimulatedRepository(self.registry, self.image)

    def _buildkit_attestation(self, child: Json) -> Json:
        config = self._repository.push_blob(b'{"architecture":"unknown"}', publisher.CONFIG_TYPE)
        layer = self._repository.push_blob(compact({"about": child["digest"]}), IN_TOTO)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [layer]}
        return self._repository.push_manifest(manifest)[0]

    def _leaf(self, workflow: str) -> Leaf:
        run = WorkflowRun(repository=NAME, workflow=workflow, ref=_MASTER)
        return self.sigstore.fulcio.issue(
            run.subject, at=self.loop.now().replace(microsecond=0), claims=run.claims(), key=None
        )

    def _attach(self, image: Json, workflow: str, kind: str, content: Any, *, layers: bool) -> None:
        key = image["digest"], kind, workflow, layers
        if key not in self.signed:
            make = self._layer if layers else self._bundle
            self.signed[key] = make(image["digest"], self._leaf(workflow), kind, content)
        if layers:
            suffix: Literal["sig", "att"] = "sig" if kind == SIGNATURE else "att"
            publisher.attach_layer(self._repository, image["digest"], suffix, self.signed[key])
        else:
            predicate_type = signer.SIGNATURE_PREDICATE if kind == SIGNATURE else kind
            publisher.attach_bundle(self._repository, image, self.signed[key], predicate_type=predicate_type)

    def _layer(self, digest: str, leaf: Leaf, kind: str, content: Any) -> Layer:
        if kind == SIGNATURE:
            return signer.simple_signing_layer(self.sigstore, leaf, str(self.image), digest)
        return signer.dsse_layer(self.sigstore, leaf, digest, kind, content, name=IMAGE)

    def _bundle(self, digest: str, leaf: Leaf, kind: str, content: Any) -> bytes:
        if kind == SIGNATURE:
            return signer.bundle_signature(self.sigstore, leaf, digest)
        return signer.bundle_attestation(self.sigstore, leaf, digest, kind, content, name=IMAGE)
