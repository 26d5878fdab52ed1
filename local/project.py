"""The first user's project on this machine: pushes images and signs them, as their workflows do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.signing import publisher, signer
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.leaf import Leaf
from local.sigstore.protojson import Json
from local.world import World

NAME = "maziyarpanahi/openmed"
IMAGE = f"ghcr.io/{NAME}"
SIGNING = ".github/workflows/image-signing.yml"
PUBLISHING = ".github/workflows/container-multiarch.yml"
CYCLONEDX = "https://cyclonedx.org/bom"
SLSA = "https://slsa.dev/provenance/v1"
_PLATFORMS = ("amd64", "arm64")


@dataclass(frozen=True)
class Project:
    """Pushes to one registry and signs with one Sigstore."""

    world: World

    def push(self, tag: str, *, content: str = "") -> Json:
        """Push an image for two platforms, children first, as buildx does; returns the index's descriptor."""
        with self.world.repository(NAME) as repository:
            children = []
            for architecture in _PLATFORMS:
                platform = {"os": "linux", "architecture": architecture}
                made = f"{content or tag} {architecture}\n".encode()
                children.append((publisher.push_image(repository, content=made, platform=platform), platform))
            return publisher.push_index(repository, children, tag=tag)

    def attest_build(self, image: Json) -> None:
        """GitHub's own provenance, by the publishing workflow: of the same type as the one that the policy demands."""
        leaf = self.leaf(PUBLISHING, "refs/heads/master")
        self._attach(image, self._attestation(leaf, image, SLSA, {"buildDefinition": {}}), SLSA)

    def sign(self, image: Json, *, workflow: str = SIGNING, ref: str = "refs/heads/master") -> None:
        """The signing workflow: a signature, an SBOM and a provenance, one after the other."""
        leaf, digest = self.leaf(workflow, ref), image["digest"]
        self._attach(image, signer.bundle_signature(self.world.sigstore, leaf, digest), signer.SIGNATURE_PREDICATE)
        bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}
        self._attach(image, self._attestation(leaf, image, CYCLONEDX, bom), CYCLONEDX)
        self._attach(image, self._attestation(leaf, image, SLSA, provenance(digest)), SLSA)

    def leaf(self, workflow: str, ref: str) -> Leaf:
        """The certificate of one run of a workflow."""
        run = WorkflowRun(repository=NAME, workflow=workflow, ref=ref)
        at = datetime.now(UTC).replace(microsecond=0)
        return self.world.sigstore.fulcio.issue(run.subject, at=at, claims=run.claims())

    def _attestation(self, leaf: Leaf, image: Json, predicate_type: str, predicate: Any) -> bytes:
        return signer.bundle_attestation(
            self.world.sigstore, leaf, image["digest"], predicate_type, predicate, name=IMAGE
        )

    def _attach(self, image: Json, bundle: bytes, predicate_type: str) -> None:
        with self.world.repository(NAME) as repository:
            publisher.attach_bundle(repository, image, bundle, predicate_type=predicate_type)


def provenance(digest: str) -> Json:
    """The predicate that the first user's signing workflow writes, as far as their policy looks at it."""
    return {
        "buildDefinition": {
            "buildType": "https://github.com/Attestations/GitHubActionsWorkflow@v1",
            "externalParameters": {
                "image": f"{IMAGE}@{digest}",
                "publishingWorkflow": PUBLISHING,
                "signingWorkflow": SIGNING,
            },
        },
        "runDetails": {"builder": {"id": f"https://github.com/{NAME}/{SIGNING}"}},
    }
