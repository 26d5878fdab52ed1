"""CPU of one warm whole-image check beside the bare ECDSA verifications of the same signatures, in the same run.

The check is everything between the registry's answers and the verdict: manifests and blobs hashed and read, signature,
SBOM and provenance verified, the policy evaluated. The ECDSA operations are what no verifier can leave out, so the
ratio says, on any machine, how much all the rest costs. An SBOM of real size is there to show what size does; it has
no budget.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.apparatus.ecdsa import Verification, verifications
from bench.apparatus.interleaved import medians
from bench.apparatus.signed_image import IMAGE, SignedImage, policies, publish, trusted_root
from local.interop.recording import Recording, record
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.sigstore.private_sigstore import PrivateSigstore
from registry_verifier import manifest as manifests
from registry_verifier import verdict
from registry_verifier.evidence import Gatherer
from registry_verifier.legacy.layers import LayerVerifier
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, ImageName, digest_of
from registry_verifier.reasons import Status
from registry_verifier.sigstore_bundle import BundleVerifier
from registry_verifier.trusted_root import TrustedRoot
from registry_verifier.verdict import Question

ROUNDS = 9
BARE_REPEATS = 10
BUDGET = 2.0
LARGE = 3500
"""components of an SBOM of about a megabyte"""


@dataclass(frozen=True)
class Case:
    """One image to check, and whether the budget is meant for it."""

    legacy: bool = False
    components: int = 1
    repeats: int = 20
    """how often one round repeats it"""
    budgeted: bool = True


CASES = {
    "bundles": Case(),
    "legacy layers": Case(legacy=True),
    "bundles, large SBOM": Case(components=LARGE, repeats=2, budgeted=False),
    "legacy, large SBOM": Case(legacy=True, components=LARGE, repeats=2, budgeted=False),
}


class MemoryRegistry:
    """A recorded repository as ports.Registry, which hashes what it gives out as the real client does."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        """The manifest behind a digest or a tag."""
        raw = self._recording.manifests.get(self._recording.tags.get(reference, reference))
        return None if raw is None else manifests.read(raw, media_type=None)

    async def referrers(self, image: ImageName, digest: Digest) -> tuple[Digest, ...]:
        """Nothing, as on GHCR."""
        return ()

    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        """The blob of this digest."""
        raw = self._recording.blobs.get(digest)
        if raw is not None and digest_of(raw) != digest:
            raise ValueError(f"blob has digest {digest_of(raw)} (expected {digest})")
        return raw


def main() -> int:
    """Print the table."""
    sigstore = PrivateSigstore()
    operations: dict[str, int] = {}
    tasks: dict[str, Callable[[], float]] = {}
    for name, case in CASES.items():
        signed, registry = _published(sigstore, case)
        bare = [v for s in signed.signatures for v in verifications(sigstore, s, checkpoint=not case.legacy)]
        check = _checking(signed, registry, trusted_root(sigstore), case.repeats)
        tasks[name], tasks[_bare(name)] = check, _verifying(bare)
        operations[name] = len(bare)
    _print(medians(tasks, rounds=ROUNDS), operations)
    return 0


def _bare(name: str) -> str:
    return f"bare {name}"


def _published(sigstore: PrivateSigstore, case: Case) -> tuple[SignedImage, MemoryRegistry]:
    with LocalRegistry() as registry:
        signed = publish(registry, sigstore, legacy=case.legacy, components=case.components)
        with Repository(registry.url, IMAGE.repository) as repository:
            return signed, MemoryRegistry(record(repository, signed.digest, {}))


def _checking(signed: SignedImage, registry: MemoryRegistry, root: TrustedRoot, repeats: int) -> Callable[[], float]:
    gatherer, rules = Gatherer(registry, BundleVerifier(root), LayerVerifier(root)), policies()

    async def once() -> None:
        question = Question(IMAGE, signed.digest, rules, root.sha256, datetime.now(UTC))
        found = verdict.judge(question, await gatherer.gather(IMAGE, signed.digest), waiting=False)
        if found.status is not Status.VERIFIED:
            raise RuntimeError(f"the image is {found.status}: {found.causes}")

    async def many() -> float:
        start = time.process_time()
        for _ in range(repeats):
            await once()
        return (time.process_time() - start) / repeats

    return lambda: asyncio.run(many())


def _verifying(bare: Iterable[Verification]) -> Callable[[], float]:
    operations = list(bare)

    def many() -> float:
        start = time.process_time()
        for _ in range(BARE_REPEATS):
            for operation in operations:
                operation.run()
        return (time.process_time() - start) / BARE_REPEATS

    return many


def _print(seconds: Mapping[str, float], operations: Mapping[str, int]) -> None:
    print(f"CPU of one warm whole-image check, median of {ROUNDS} rounds")
    for name, case in CASES.items():
        ours, bare = seconds[name], seconds[_bare(name)]
        budget = f"  budget {BUDGET:.1f}" if case.budgeted else ""
        figures = f"{ours * 1000:7.2f} ms  {operations[name]:2} bare ECDSA {bare * 1000:6.2f} ms  {ours / bare:6.2f} x"
        print(f"  {name:<20} {figures}{budget}")


if __name__ == "__main__":
    sys.exit(main())
