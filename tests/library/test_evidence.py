"""Evidence from all five places: found wherever it is, each candidate judged alone, bounded."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.signing import signer
from registry_verifier import manifest
from registry_verifier.candidate import PUBLIC_GOOD, Trust
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence import attested
from registry_verifier.evidence import gatherer as evidence
from registry_verifier.evidence.gatherer import BESIDE_IMAGE, Evidence, Gatherer
from registry_verifier.evidence.proofs import Proofs
from registry_verifier.judgement.simulation import Simulation
from registry_verifier.models import Digest, ImageName, Look, Statement, digest_of
from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Policy, Source, Static
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Answer
from registry_verifier.verdict import Question, judge
from registry_verifier.verify import Verification
from tests import finding, material
from tests.fakes import EMPTY, FakeClock, FakeLooks, FakeRegistry, FakeVerdicts, described
from tests.material import CYCLONEDX, DIGEST, IMAGE, ISSUER, MANIFEST, NOW, OTHER, SUBJECT

SIG, ATT = manifest.signature_tag(DIGEST), manifest.attestation_tag(DIGEST)


def bundle(**options: Any) -> bytes:
    return signer.bundle_signature(material.sigstore(), material.leaf(), DIGEST, **options)


def signature_layer() -> tuple[bytes, dict[str, Any]]:
    return signer.simple_signing_layer(material.sigstore(), material.leaf(), str(IMAGE), DIGEST)


def attestation_layer() -> tuple[bytes, dict[str, Any]]:
    return signer.dsse_layer(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {})


def registry(**options: Any) -> FakeRegistry:
    made = FakeRegistry(**options)
    made.put(MANIFEST, "v1")
    return made


def gather(fake: FakeRegistry, **options: Any) -> list[Statement]:
    return finding.proven(fake, **options)


def reasons(statements: list[Statement]) -> list[Reason | None]:
    return [statement.reason for statement in statements]


def test_nothing_is_an_empty_answer() -> None:
    assert gather(registry()) == []


@pytest.mark.parametrize("api", [True, False])
def test_bundle_is_found_by_referrers_api_and_by_fallback_tag(api: bool) -> None:
    fake = registry(api=api)
    referrer = fake.attach(DIGEST, bundle())
    (found,) = gather(fake)
    assert (found.holds, found.is_signature, found.place) == (True, True, f"referrer {referrer}")


def test_bundle_in_both_lists_is_read_once() -> None:
    fake = registry()
    referrer = fake.attach(DIGEST, bundle())
    fake.api = True
    assert reasons(gather(fake)) == [None]
    assert fake.asked.count(f"manifest {referrer}") == 1


def test_legacy_layers_are_found() -> None:
    fake = registry()
    fake.attach_layers(SIG, [signature_layer()])
    fake.attach_layers(ATT, [attestation_layer()])
    found = gather(fake)
    assert [(s.place, s.holds, s.is_signature) for s in found] == [(f"{SIG}#0", True, True), (f"{ATT}#0", True, False)]


def test_one_good_among_bad() -> None:
    fake = registry()
    good, bad = signature_layer(), signature_layer()
    bad[1]["annotations"] = {}
    fake.attach_layers(SIG, [bad, good, bad])
    fake.attach(DIGEST, b"nonsense")
    assert sorted(map(str, reasons(gather(fake)))) == [
        "BUNDLE_INVALID",
        "None",
        "SIGNATURE_INVALID",
        "SIGNATURE_INVALID",
    ]


def test_own_manifest_is_read_unless_evidence_only() -> None:
    fake = registry()
    gather(fake)
    assert f"manifest {DIGEST}" in fake.asked
    fake.asked.clear()
    gather(fake, evidence_only=True)
    assert f"manifest {DIGEST}" not in fake.asked


def test_referrer_about_another_image() -> None:
    fake = registry()
    fake.attach(DIGEST, bundle(), about=OTHER)
    assert reasons(gather(fake)) == [Reason.SUBJECT_DIGEST_MISMATCH]


def test_child_signature_does_not_cover_the_index() -> None:
    fake = registry()
    fake.attach(DIGEST, signer.bundle_signature(material.sigstore(), material.leaf(), OTHER))
    assert reasons(gather(fake)) == [Reason.SUBJECT_DIGEST_MISMATCH]


def test_listed_referrer_that_is_not_there_is_missing_not_wrong() -> None:
    fake = registry()
    fake.list_referrer(DIGEST, OTHER)
    assert reasons(gather(fake)) == [Reason.EVIDENCE_NOT_FOUND]


def test_bundle_blob_that_is_not_there() -> None:
    fake = registry()
    raw = bundle()
    fake.attach(DIGEST, raw)
    del fake.contents[digest_of(raw)]
    assert reasons(gather(fake)) == [Reason.EVIDENCE_NOT_FOUND]


def test_buildkit_attestation_is_never_evidence() -> None:
    fake = registry()
    blob = b'{"_type":"https://in-toto.io/Statement/v0.1"}'
    fake.put(blob)
    subject = described(MANIFEST, manifest.OCI_MANIFEST)
    layers = [described(blob, "application/vnd.in-toto+json")]
    fake.list_referrer(DIGEST, fake.put_manifest({"config": EMPTY, "layers": layers, "subject": subject}))
    assert reasons(gather(fake)) == [Reason.NOT_EVIDENCE]


def test_two_bundles_in_one_referrer() -> None:
    fake = registry()
    raw = bundle()
    fake.put(raw)
    layer = described(raw, "application/vnd.dev.sigstore.bundle.v0.3+json")
    subject = described(MANIFEST, manifest.OCI_MANIFEST)
    fake.list_referrer(DIGEST, fake.put_manifest({"config": EMPTY, "layers": [layer] * 2, "subject": subject}))
    assert reasons(gather(fake)) == [Reason.NOT_EVIDENCE]


def test_layer_of_another_media_type() -> None:
    fake = registry()
    blob, descriptor = signature_layer()
    fake.attach_layers(SIG, [(blob, {**descriptor, "mediaType": "application/octet-stream"})])
    assert reasons(gather(fake)) == [Reason.NOT_EVIDENCE]


def test_cve_2024_29903_too_many_referrers() -> None:
    fake = registry()
    for number in range(evidence.REFERRERS_LIMIT + 1):
        fake.list_referrer(DIGEST, material.digest(str(number)))
    found = reasons(gather(fake))
    assert (found[0], len(found)) == (Reason.TOO_MANY_CANDIDATES, evidence.REFERRERS_LIMIT + 1)


def test_cve_2023_46737_too_many_signatures() -> None:
    fake = registry()
    fake.attach_layers(SIG, [signature_layer()] * (evidence.LAYERS_LIMIT + 1))
    found = reasons(gather(fake))
    assert (found[0], len(found)) == (Reason.TOO_MANY_CANDIDATES, evidence.LAYERS_LIMIT + 1)


def test_cve_2024_29902_payload_larger_than_any_signature() -> None:
    fake = registry()
    blob, descriptor = signature_layer()
    fake.attach_layers(SIG, [(blob, {**descriptor, "size": evidence.PAYLOAD_LIMIT + 1})])
    assert reasons(gather(fake)) == [Reason.EVIDENCE_TOO_LARGE]


def test_evidence_is_bounded_together() -> None:
    fake = registry()
    part = evidence.BUNDLE_LIMIT
    layers = [(b"x" * 8 + bytes([n]), n) for n in range(evidence.TOTAL_LIMIT // part + 1)]
    described_layers = [(blob, described(blob, manifest.DSSE_ENVELOPE) | {"size": part}) for blob, _ in layers]
    fake.attach_layers(ATT, described_layers)
    assert reasons(gather(fake)).count(Reason.EVIDENCE_TOO_LARGE) == 1


def test_payload_shared_by_many_signatures_is_fetched_once() -> None:
    fake = registry()
    layers = [signature_layer() for _ in range(5)]
    fake.attach_layers(SIG, layers)
    assert reasons(gather(fake)) == [None] * 5
    assert sum(asked.startswith("blob") for asked in fake.asked) == 1


def test_outage_is_no_statement_about_the_image() -> None:
    fake = registry()
    fake.down = Unavailable(Reason.REGISTRY_THROTTLED, "429")
    with pytest.raises(Unavailable):
        gather(fake)


@pytest.mark.parametrize("tag", [SIG, ATT, manifest.fallback_tag(DIGEST)])
def test_tag_with_a_broken_manifest_is_one_rejected_candidate(tag: str) -> None:
    fake = registry()
    fake.put(b"nonsense", tag)
    assert reasons(gather(fake)) == [Reason.MANIFEST_INVALID]


def test_own_manifest_that_is_not_what_its_digest_says() -> None:
    fake = registry()
    fake.contents[DIGEST] = b"nonsense"
    with pytest.raises(EvidenceRejected):
        gather(fake)


def test_broken_bundle_keeps_what_it_claims_to_be() -> None:
    fake = registry()
    raw = signer.bundle_signature(material.stranger(), material.leaf(), DIGEST)
    fake.attach(DIGEST, raw)
    (found,) = gather(fake)
    assert (found.is_signature, found.holds, found.identity) == (True, False, None)


class FakeAttestations:
    """GitHub's attestations API, as ports.Attestations."""

    def __init__(self, *bundles: bytes | EvidenceRejected) -> None:
        self.kept = bundles
        self.down: Unavailable | None = None
        self.asked: list[tuple[ImageName, Digest]] = []
        self.thread = ""

    def bundles(self, image: ImageName, digest: Digest) -> tuple[bytes | EvidenceRejected, ...]:
        self.asked.append((image, digest))
        self.thread = threading.current_thread().name
        if self.down:
            raise self.down
        return self.kept


GITHUB_DOWN = Unavailable(Reason.GITHUB_UNAVAILABLE, "api.github.com answered 502", retry_after=7)


def collected(fake: FakeRegistry, github: FakeAttestations, *sources: Source, image: ImageName = IMAGE) -> Evidence:
    return asyncio.run(Gatherer(fake, github).gather(image, DIGEST, sources or (BESIDE_IMAGE,)))


def judged(found: Evidence, source: Source = BESIDE_IMAGE) -> list[tuple[str, Reason | None]]:
    proofs = Proofs(Prover({PUBLIC_GOOD: material.root()}), IMAGE, DIGEST, found.sources)
    return [(statement.place, statement.reason) for statement in proofs.statements(source, Trust())]


def test_bundle_at_github_is_evidence_by_its_number() -> None:
    github = FakeAttestations(b"nonsense", bundle())
    found = collected(registry(), github)
    expected = [("github attestation #0", Reason.BUNDLE_INVALID), ("github attestation #1", None)]
    assert (judged(found), github.asked, found.unread) == (expected, [(IMAGE, DIGEST)], None)
    assert github.thread != threading.main_thread().name


def test_bundle_that_github_could_not_hand_out_is_one_refused_candidate() -> None:
    refused = EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, "bundle has 17 MB")
    found = sorted(judged(collected(registry(), FakeAttestations(refused, bundle()))))
    assert found == [
        ("github attestation #0", Reason.EVIDENCE_TOO_LARGE),
        ("github attestation #1", None),
    ]


def test_the_same_bytes_in_the_registry_are_proven_there_only() -> None:
    fake, raw = registry(), bundle()
    referrer = fake.attach(DIGEST, raw)
    assert judged(collected(fake, FakeAttestations(raw))) == [(f"referrer {referrer}", None)]


@pytest.mark.parametrize("source", [Source("ghcr.io/acme/signatures"), Source("ghcr.io/acme/signatures", "release-")])
def test_other_repositories_are_looked_in_for_what_they_hold_themselves(source: Source) -> None:
    github = FakeAttestations(bundle())
    assert (judged(collected(registry(), github, source), source), github.asked) == ([], [])


@pytest.mark.parametrize("source", [Source(), Source(str(IMAGE)), Source(tag_prefix="release-")])
def test_the_images_own_repository_has_githubs_bundles_whatever_it_is_called(source: Source) -> None:
    github = FakeAttestations(bundle())
    assert judged(collected(registry(), github, source), source) == [("github attestation #0", None)]


def test_github_is_asked_once_for_all_sources() -> None:
    github = FakeAttestations(bundle())
    other = Source("ghcr.io/acme/signatures")
    found = collected(registry(), github, BESIDE_IMAGE, Source(tag_prefix="release-"), other)
    assert (len(github.asked), judged(found, other)) == (1, [])


def test_images_of_other_registries_are_none_of_githubs() -> None:
    github = FakeAttestations(bundle())
    found = collected(registry(), github, image=ImageName("registry.example.com", "acme/app"))
    assert (judged(found), github.asked) == ([], [])


def test_attestations_are_bounded_in_number() -> None:
    found = judged(
        collected(registry(), FakeAttestations(*(b"%d" % n for n in range(attested.ATTESTATIONS_LIMIT + 1))))
    )
    assert found[0] == ("github attestations", Reason.TOO_MANY_CANDIDATES)
    assert len(found) == attested.ATTESTATIONS_LIMIT + 1


def test_attestations_are_bounded_together_with_what_the_registry_has() -> None:
    fake, part = registry(), evidence.BUNDLE_LIMIT
    fake.attach(DIGEST, b"x" * part)
    number = evidence.TOTAL_LIMIT // part
    found = collected(fake, FakeAttestations(*(bytes([n]) * part for n in range(number)), bundle()))
    reasons_of = dict(judged(found))
    assert reasons_of[f"github attestation #{number - 2}"] == Reason.BUNDLE_INVALID
    assert reasons_of[f"github attestation #{number - 1}"] == Reason.EVIDENCE_TOO_LARGE


def test_attestation_larger_than_any_bundle_costs_the_next_nothing() -> None:
    huge = b"x" * (evidence.BUNDLE_LIMIT + 1)
    found = judged(collected(registry(), FakeAttestations(*[huge] * 5, bundle())))
    assert sorted({reason or "holds" for _, reason in found}) == ["EVIDENCE_TOO_LARGE", "holds"]


POLICY = Policy(
    "release",
    ("ghcr.io/acme/**",),
    (Authority("publisher", (IdentityRule(issuer=ISSUER, subject=SUBJECT),)),),
    grace=timedelta(minutes=30),
)
FROZEN = Policy("frozen", ("ghcr.io/acme/**",), (Authority("nobody", (), static=Static("fail", "no more")),))


class Verifier:
    """A verifier that asks GitHub too."""

    def __init__(self, *policies: Policy, github: FakeAttestations) -> None:
        self.registry, self.table, self.looks, self.clock = registry(), FakeVerdicts(), FakeLooks(), FakeClock(NOW)
        finder = replace(finding.finder(self.registry), gatherer=Gatherer(self.registry, github))
        root = material.root().sha256
        self.verification = Verification(finder, policies or (POLICY,), root, self.table, self.looks, self.clock)

    def look(self, cause: str = "publish", *, late: bool = True) -> Status | None:
        self.clock.moment = NOW + timedelta(hours=late)
        return asyncio.run(self.verification.look(Look(IMAGE, DIGEST, cause, "v1", first_seen=NOW))).status


def test_evidence_at_github_alone_verifies() -> None:
    assert Verifier(github=FakeAttestations(bundle())).look() == Status.VERIFIED


def test_verdict_with_evidence_at_github_is_judged_again_like_any_other() -> None:
    world = Verifier(github=FakeAttestations(bundle()))
    world.look()
    stored = json.loads(json.dumps(world.table.states[IMAGE, DIGEST].document))
    replay = Simulation((POLICY,), {PUBLIC_GOOD: material.root()}).replay(stored)
    assert (stored["statements"][0]["place"], replay.after) == ("github attestation #0", Status.VERIFIED)


@pytest.mark.parametrize(("where", "answer"), [("registry", Answer.ADMIT), ("github", Answer.DENY)])
def test_the_cluster_reads_registries_only(where: str, answer: Answer) -> None:
    raw = signer.bundle_attestation(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {})
    rules = (AttestationRule("sbom", CYCLONEDX),)
    publisher = replace(POLICY.authorities[0], attestations=rules, signature_format="bundle")
    world = Verifier(replace(POLICY, authorities=(publisher,)), github=FakeAttestations(*[raw] * (where == "github")))
    if where == "registry":
        world.registry.attach(DIGEST, raw)
    findings = asyncio.run(world.verification.finder.find(IMAGE, DIGEST, world.verification.policies))
    question = Question(IMAGE, DIGEST, world.verification.policies, "", NOW)
    cluster = judge(question, findings, waiting=True).cluster
    assert cluster and cluster.answer == answer


def test_registry_that_has_all_the_evidence_is_enough() -> None:
    world = Verifier(github=github_that_is_down())
    world.registry.attach(DIGEST, bundle())
    assert world.look() == Status.VERIFIED


def github_that_is_down() -> FakeAttestations:
    github = FakeAttestations()
    github.down = GITHUB_DOWN
    return github


def test_missing_evidence_that_may_be_at_github_is_no_failure() -> None:
    world = Verifier(github=github_that_is_down())
    with pytest.raises(Unavailable, match="api.github.com answered 502") as refused:
        world.look()
    assert (refused.value.retry_after, world.table.states) == (7, {})


def test_wrong_evidence_is_no_failure_while_the_right_one_may_be_at_github() -> None:
    world = Verifier(github=github_that_is_down())
    leaf = material.leaf("https://github.com/stranger/app/.github/workflows/release.yml@refs/heads/main")
    world.registry.attach(DIGEST, signer.bundle_signature(material.sigstore(), leaf, DIGEST))
    with pytest.raises(Unavailable, match="api.github.com answered 502"):
        world.look()


def test_within_the_grace_period_nobody_needs_to_know_that_github_is_down() -> None:
    assert Verifier(github=github_that_is_down()).look(late=False) == Status.PENDING


def test_what_no_evidence_mends_fails_without_github() -> None:
    assert Verifier(FROZEN, github=github_that_is_down()).look() == Status.FAILED


def test_verdict_of_another_policy_is_not_told_while_evidence_may_be_at_github() -> None:
    with pytest.raises(Unavailable):
        Verifier(FROZEN, POLICY, github=github_that_is_down()).look()


def test_outage_at_github_demotes_nothing() -> None:
    github = FakeAttestations(bundle())
    world = Verifier(github=github)
    assert world.look() == Status.VERIFIED
    github.kept, github.down = (), GITHUB_DOWN
    with pytest.raises(Unavailable):
        world.look("sweep")
    assert world.table.states[IMAGE, DIGEST].status == Status.VERIFIED
