"""One row of the comparison with policy-tester: policies, an image with evidence, and what it is asked with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.interop.evidence import Scene, Step
from local.interop.policy_pieces import DIGEST, REGISTRY
from local.signing.distribution import MANIFEST_TYPE, Repository
from local.signing.publisher import AMD64, CONFIG_TYPE, LAYER_TYPE, push_image, push_index
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json, compact

_ARM64 = {"os": "linux", "architecture": "arm64", "variant": "v8"}
Push = Callable[[Repository, bytes], tuple[Json, Json]]
"""pushes something made of these bytes; returns descriptors: what evidence is about, and what is asked about"""


def image(repository: Repository, content: bytes) -> tuple[Json, Json]:
    """An image for one platform, run by a user without rights."""
    config = compact({**AMD64, "config": {"User": "nobody"}, "rootfs": {"type": "layers", "diff_ids": []}})
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": repository.push_blob(config, CONFIG_TYPE),
        "layers": [repository.push_blob(content, LAYER_TYPE)],
    }
    pushed = repository.push_manifest(manifest, tag="v1")[0]
    return pushed, pushed


def index(repository: Repository, content: bytes) -> tuple[Json, Json]:
    """An index of two images; evidence and question are about the index."""
    children = [(push_image(repository, content=content, platform=each), each) for each in (AMD64, _ARM64)]
    pushed = push_index(repository, children, tag="v1")
    return pushed, pushed


def child(repository: Repository, content: bytes) -> tuple[Json, Json]:
    """The same; evidence is about the index, and the question about its first image."""
    pushed, _ = index(repository, content)
    return pushed, push_image(repository, content=content, platform=AMD64)


@dataclass(frozen=True)
class Difference:
    """What registry-verifier may say where policy-tester says something else, and why."""

    word: str
    """an answer, `invalid` (the policy is not loaded), or `unknown` (the image could not be looked at)"""
    why: str


@dataclass(frozen=True)
class Pair:
    """One policy file and one image. Its name is its key among the recorded answers."""

    name: str
    policies: tuple[Json, ...]
    evidence: tuple[Step, ...] = ()
    push: Push = image
    resource: Mapping[str, Any] | None = None
    """the Kubernetes object that runs the image"""
    tiles: bool = False
    """whether the TrustRoot names Rekor v2 too"""
    difference: Difference | None = None

    def agrees(self, ours: str, recorded: str) -> bool:
        """Whether our answer is in order: the recorded one, or the known difference."""
        return ours == recorded or (self.difference is not None and ours == self.difference.word)

    def publish(self, sigstore: PrivateSigstore, registry_url: str, repository: Repository) -> tuple[str, list[Json]]:
        """Push image and evidence; returns the image's reference, and the policies with that registry filled in."""
        host = registry_url.removeprefix("http://")
        about, asked = self.push(repository, self.name.encode())
        for step in self.evidence:
            step(Scene(sigstore, registry_url, repository, about))
        text = json.dumps(self.policies).replace(REGISTRY, host).replace(DIGEST, asked["digest"])
        return f"{host}/{repository.name}@{asked['digest']}", json.loads(text)


def pair(name: str, *policies: Json, evidence: tuple[Step, ...] = (), **more: Any) -> Pair:
    """A row, written so that its policies come first."""
    return Pair(name, policies, evidence, **more)
