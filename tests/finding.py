"""The parts of a look, put together on a registry of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from registry_verifier.candidate import PUBLIC_GOOD, Trust
from registry_verifier.errors import Unavailable
from registry_verifier.evidence.findings import Finder, Findings
from registry_verifier.evidence.gatherer import BESIDE_IMAGE, Gatherer
from registry_verifier.evidence.proofs import Proofs
from registry_verifier.models import Statement
from registry_verifier.ports import Registry
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot
from tests import material
from tests.material import DIGEST, IMAGE


class FakeKeys:
    """Public keys by reference; what is not there cannot be asked for."""

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        self.keys = dict(keys or {})
        self.asked: list[str] = []

    def public_key(self, reference: str) -> str:
        """As findings.Keys."""
        self.asked.append(reference)
        if reference not in self.keys:
            raise Unavailable(Reason.KEY_UNAVAILABLE, f"key {reference} is not to be had")
        return self.keys[reference]


def finder(
    registry: Registry,
    roots: Mapping[str, TrustedRoot] | None = None,
    keys: FakeKeys | None = None,
    **options: Any,
) -> Finder:
    """A finder that trusts the tests' private Sigstore, as the public one and under any other name given."""
    trusted = {PUBLIC_GOOD: material.root(), **(roots or {})}
    return Finder(Gatherer(registry), Prover(trusted), keys or FakeKeys(), **options)


def proven(registry: Registry, root: TrustedRoot | None = None, **options: Any) -> list[Statement]:
    """Every candidate beside the image, proven keyless."""
    evidence = asyncio.run(Gatherer(registry).gather(IMAGE, DIGEST, **options))
    proofs = Proofs(Prover({PUBLIC_GOOD: root or material.root()}), IMAGE, DIGEST, evidence.sources)
    return list(proofs.statements(BESIDE_IMAGE, Trust()))


def found(registry: Registry, *policies: Any, **options: Any) -> Findings:
    """What a finder comes back with for these policies."""
    return asyncio.run(finder(registry, **options).find(IMAGE, DIGEST, policies))
