"""CPU of one warm whole-image check beside the bare ECDSA verifications of the same signatures, in the same run.

The check is everything between the registry's answers and the verdict: manifests and blobs hashed and read, signature,
SBOM and provenance verified, the policy evaluated. The ECDSA operations are what no verifier can leave out, so the
ratio says, on any machine, how much all the rest costs. An SBOM of real size is there to show what size does; it has
no budget.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.apparatus.ecdsa import Verification, verifications
from bench.apparatus.interleaved import ratio, samples
from bench.apparatus.signed_image import IMAGE, SignedImage, policies, publish, trusted_root
from local.interop.recording import Recording, record
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.sigstore.private_sigstore import PrivateSigstore
from registry_verifier import manifest as manifests
from registry_verifier import verdict
from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.evidence.findings import Finder
from registry_verifier.evidence.gatherer import Gatherer
from registry_verifier.key_store import KeyStore
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, ImageName, digest_of
from registry_verifier.proof import Prover
from registry_verifier.reasons import Status
from registry_verifier.trusted_root import TrustedRoot
from registry_verifier.verdict import Question

ROUNDS = 25
BARE_REPEATS = 4
BUDGET = 2.0
LARGE = 3500
"""components of an SBOM of nearly a megabyte"""


@dataclass(frozen=True)
class Case:
    """One image to check, and whether the budget is meant for it."""

    legacy: bool = False
    components: int = 1
    repeats: int = 4
    """how often one round repeats it"""
    budgeted: bool = True


CASES = {
    "bundles": Case(),
    "legacy layers": Case(legacy=True),
    "bundles, large SBOM": Case(components=LARGE, repeats=1, budgeted=False),
    "legacy, large SBOM": Case(legacy=True, components=LARGE, repeats=1, budgeted=False),
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
    print(f"CPU of one warm whole-image check, medians of {ROUNDS} rounds")
    for name, case in CASES.items():
        _measure(name, case, sigstore)
    return 0


def _measure(name: str, case: Case, sigstore: PrivateSigstore) -> None:
    signed, registry = _published(sigstore, case)
    bare = [v for s in signed.signatures for v in verifications(sigstore, s, checkpoint=not case.legacy)]
    check = _checking(signed, registry, trusted_root(sigstore), case.repeats)
    ours, theirs = samples({"ours": check, "bare": _verifying(bare)}, rounds=ROUNDS).values()
    budget = f"  budget {BUDGET:.1f}" if case.budgeted else ""
    ecdsa = f"{len(bare)} bare ECDSA {_milliseconds(theirs)}"
    print(f"  {name:<20} {_milliseconds(ours)}  {ecdsa}  {ratio(ours, theirs):6.2f} x{budget}")


def _milliseconds(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:6.2f} ms"


def _published(sigstore: PrivateSigstore, case: Case) -> tuple[SignedImage, MemoryRegistry]:
    with LocalRegistry() as registry:
        signed = publish(registry, sigstore, legacy=case.legacy, components=case.components)
        with Repository(registry.url, IMAGE.repository) as repository:
            return signed, MemoryRegistry(record(repository, signed.digest, {}))


def _checking(signed: SignedImage, registry: MemoryRegistry, root: TrustedRoot, repeats: int) -> Callable[[], float]:
    finder, rules = Finder(Gatherer(registry), Prover({PUBLIC_GOOD: root}), KeyStore()), policies()

    async def once() -> None:
        question = Question(IMAGE, signed.digest, rules, root.sha256, datetime.now(UTC))
        found = verdict.judge(question, await finder.find(IMAGE, signed.digest, rules), waiting=False)
        if found.status is not Status.VERIFIED:
            raise RuntimeError(f"the image is {found.status}: {found.causes}")

    async def many() -> float:
        start = time.process_time()
        for _ in range(repeats):
            await once()
        return (time.process_time() - start) / repeats

    return lambda: asyncio.run(many())


def _verifying(operations: Sequence[Verification]) -> Callable[[], float]:
    def many() -> float:
        start = time.process_time()
        for _ in range(BARE_REPEATS):
            for operation in operations:
                operation.run()
        return (time.process_time() - start) / BARE_REPEATS

    return many


if __name__ == "__main__":
    sys.exit(main())
