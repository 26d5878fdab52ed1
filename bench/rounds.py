"""Sequential network rounds of one whole-image check: how many round trips must be waited for one after the other.

The registry holds every answer back for a set time, and the wall time that is added to a check of nothing held back
has that time once for each round. It is taken twice: with every request held back, and with the storage behind blob
redirects answering at once. The yardstick is the same requests sent one after the other over kept connections, as the
simplest client would. Neither rounds nor requests depend on the machine.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from bench.apparatus.interleaved import medians
from bench.apparatus.signed_image import IMAGE, SignedImage, policies, publish, trusted_root
from local.registry.faults import Fault
from local.registry.server import LocalRegistry
from local.sigstore.private_sigstore import PrivateSigstore
from registry_verifier import manifest as manifests
from registry_verifier import verdict
from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.evidence.findings import Finder
from registry_verifier.evidence.gatherer import Gatherer
from registry_verifier.key_store import KeyStore
from registry_verifier.proof import Prover
from registry_verifier.reasons import Status
from registry_verifier.registry.client import RegistryClient
from registry_verifier.verdict import Question

ROUNDS = 3
DELAY = 0.12
"""seconds that the registry waits before it answers"""
BUDGETS = {"cold": 4, "token in hand": 3}
NO_REQUEST = "^$"
NOT_STORAGE = "^/(v2/|token)"
EVERY_REQUEST = ""
"""regular expressions for the paths whose answers are held back"""


@dataclass(frozen=True)
class Setting:
    """A registry with one signed image, and what verifies it."""

    registry: LocalRegistry
    signed: SignedImage
    prover: Prover

    @classmethod
    def prepare(cls, registry: LocalRegistry, *, legacy: bool) -> Setting:
        """Publish the image."""
        sigstore = PrivateSigstore()
        root = trusted_root(sigstore)
        signed = publish(registry, sigstore, legacy=legacy)
        return cls(registry, signed, Prover({PUBLIC_GOOD: root}))

    def check(self, *, cold: bool) -> float:
        """Seconds that one check takes, by a client that holds nothing, or a token and open connections."""
        return asyncio.run(self._timed(cold=cold))

    def requests(self, *, cold: bool) -> list[str]:
        """What one check asks for."""
        self.registry.fail()
        self.check(cold=cold)
        return list(self.registry.requests)

    async def _timed(self, *, cold: bool) -> float:
        client = RegistryClient(endpoints={IMAGE.registry: self.registry.url})
        try:
            if not cold:
                await self._check(client)
            self.registry.requests.clear()
            start = time.perf_counter()
            await self._check(client)
            return time.perf_counter() - start
        finally:
            await client.aclose()

    async def _check(self, client: RegistryClient) -> None:
        finder, rules = Finder(Gatherer(client), self.prover, KeyStore()), policies()
        question = Question(IMAGE, self.signed.digest, rules, "", datetime.now(UTC))
        found = verdict.judge(question, await finder.find(IMAGE, self.signed.digest, rules), waiting=False)
        if found.status is not Status.VERIFIED:
            raise RuntimeError(f"the image is {found.status}: {found.causes}")


def main() -> int:
    """Print the table."""
    print(f"Sequential network rounds of one whole-image check, medians of {ROUNDS} at {DELAY * 1000:.0f} ms a request")
    for name, legacy in (("bundles", False), ("legacy layers", True)):
        with LocalRegistry() as registry:
            setting = Setting.prepare(registry, legacy=legacy)
            for state in BUDGETS:
                _measure(setting, name, state)
    return 0


def _measure(setting: Setting, name: str, state: str) -> None:
    cold = state == "cold"
    asked = setting.requests(cold=cold)
    tasks = {paths: _delayed(setting, paths, cold=cold) for paths in (NO_REQUEST, NOT_STORAGE, EVERY_REQUEST)}
    walls = medians(tasks, rounds=ROUNDS, warm_ups=0)
    apart, every = (round((walls[paths] - walls[NO_REQUEST]) / DELAY) for paths in (NOT_STORAGE, EVERY_REQUEST))
    ours, simple = walls[EVERY_REQUEST], _one_after_the_other(setting.registry, asked)
    storage = sum("/storage/" in request for request in asked)
    figure = f"{apart} rounds  budget {BUDGETS[state]}  with blob redirects {every} ({ours * 1000:.0f} ms)"
    yardstick = f"one by one {len(asked)}, {storage} of them to storage ({simple * 1000:.0f} ms)"
    print(f"  {name:<13} {state:<13} {figure}  {yardstick}  {ours / simple:.2f} x")


def _delayed(setting: Setting, paths: str, *, cold: bool) -> Callable[[], float]:
    def run() -> float:
        setting.registry.fail(Fault(path=paths, hang=DELAY))
        return setting.check(cold=cold)

    return run


def _one_after_the_other(registry: LocalRegistry, asked: Sequence[str]) -> float:
    """Seconds that the same requests take in a row; who asks for a token is given one, so that all are answered."""
    token = registry.access.issue("", [f"repository:{IMAGE.repository}:pull"])
    headers = {"Authorization": f"Bearer {token}", "Accept": ", ".join(manifests.MANIFEST_TYPES)}
    with (
        httpx.Client(base_url=registry.url, headers=headers) as api,
        httpx.Client(base_url=registry.state.storage_url) as blobs,
    ):
        start = time.perf_counter()
        for request in asked:
            path = request.partition(" ")[2]
            (blobs if path.startswith("/storage/") else api).get(path)
        return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
