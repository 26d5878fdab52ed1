"""What real cosign made, in every layout that it writes, through our own verifier."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.interop.recording import Recording
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from registry_verifier.candidate import PUBLIC_GOOD, Trust
from registry_verifier.evidence.gatherer import BESIDE_IMAGE, Gatherer
from registry_verifier.evidence.proofs import Proofs
from registry_verifier.judgement.decision import Decision, Judge
from registry_verifier.models import Statement, parse_digest
from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Policy
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason, Status
from registry_verifier.registry.client import RegistryClient
from registry_verifier.trusted_root import TrustedRoot
from tests.material import CYCLONEDX, IMAGE, ISSUER, SLSA

ASSETS = Path(__file__).parents[1] / "assets" / "cosign"
ALL_THREE = [
    "cosign2_bundle_tsa",
    "cosign2_legacy",
    "cosign2_legacy_intoto",
    "cosign3_legacy",
    "cosign3_rekor1",
    "cosign3_rekor1_tsa",
    "cosign3_rekor2_tsa",
]
RELEASE = Recording.load(ASSETS / "cosign3_rekor1.json").facts


@dataclass(frozen=True)
class Looked:
    """What one look at a recording found."""

    statements: tuple[Statement, ...]

    def decision(self) -> Decision:
        rules = (AttestationRule("sbom", CYCLONEDX), AttestationRule("provenance", SLSA))
        authority = Authority("release", (IdentityRule(issuer=ISSUER, subject=str(RELEASE["subject"])),), rules)
        return Judge(lambda _: self.statements).decide([Policy("p", ("**",), (authority,))], waiting=False)


def looked_at(name: str, mode: str = "ghcr") -> Looked:
    recording = Recording.load(ASSETS / f"{name}.json")
    root = TrustedRoot((ASSETS / "trusted_root.json").read_bytes())

    async def look(url: str) -> Looked:
        client = RegistryClient(endpoints={IMAGE.registry: url})
        try:
            digest = parse_digest(recording.image)
            evidence = await Gatherer(client).gather(IMAGE, digest)
            proofs = Proofs(Prover({PUBLIC_GOOD: root}), IMAGE, digest, evidence.sources)
            return Looked(proofs.statements(BESIDE_IMAGE, Trust()))
        finally:
            await client.aclose()

    with LocalRegistry(referrers=mode) as registry, Repository(registry.url, IMAGE.repository) as repository:
        recording.push(repository)
        return asyncio.run(look(registry.url))


@pytest.mark.parametrize("mode", ["ghcr", "404", "api"])
@pytest.mark.parametrize("name", ALL_THREE)
def test_signature_sbom_and_provenance_by_the_release_workflow(name: str, mode: str) -> None:
    looked = looked_at(name, mode)
    assert [statement.reason for statement in looked.statements] == [None] * 3
    assert looked.decision().status == Status.VERIFIED


@pytest.mark.parametrize("name", ["cosign2_legacy_fork", "cosign3_fork"])
def test_everything_by_a_fork(name: str) -> None:
    decision = looked_at(name).decision()
    assert (decision.status, {cause.code for cause in decision.causes}) == (Status.FAILED, {Reason.IDENTITY_MISMATCH})


def test_cosign_counts_an_sbom_as_a_signature_and_we_do_not() -> None:
    causes = [cause.code for cause in looked_at("cosign3_sbom_only").decision().causes]
    assert causes == [Reason.NO_SIGNATURE, Reason.NO_ATTESTATION]


def test_reusable_workflow_signs_under_its_own_name() -> None:
    decision = looked_at("cosign3_reusable_workflow").decision()
    assert decision.status == Status.FAILED
    assert decision.nearest_miss is not None


def test_signature_of_an_index() -> None:
    (only,) = looked_at("cosign3_index_recursive").statements
    assert (only.holds, only.is_signature) == (True, True)


def test_what_cosign_2_logged_in_rekor_2_is_refused_with_its_reason() -> None:
    looked = looked_at("cosign2_bundle_rekor2_tsa")
    assert {statement.reason for statement in looked.statements} == {Reason.TLOG_INVALID}
    assert all("dsse/0.0.2" in statement.detail for statement in looked.statements)
