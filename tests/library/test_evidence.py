"""Evidence from all four places: found wherever it is, each candidate judged alone, bounded."""

from __future__ import annotations

from typing import Any

import pytest

from local.signing import signer
from registry_verifier import manifest
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence import gatherer as evidence
from registry_verifier.models import Statement, digest_of
from registry_verifier.reasons import Reason
from tests import finding, material
from tests.fakes import EMPTY, FakeRegistry, described
from tests.material import CYCLONEDX, DIGEST, IMAGE, MANIFEST, OTHER

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
