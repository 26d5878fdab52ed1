"""Bundles: what must hold, and a test for each way of being wrong, named for its advisory where it has one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from local.signing import signer
from local.sigstore.dsse import seal, statement
from local.sigstore.leaf import Leaf
from registry_verifier.errors import EvidenceRejected, TrustRootError
from registry_verifier.models import Statement
from registry_verifier.proof.sigstore_bundle import BundleVerifier
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot
from tests import material
from tests.material import CYCLONEDX, DIGEST, ISSUER, MANIFEST, OTHER, SLSA, SUBJECT

Make = Callable[..., bytes]


def signature(leaf: Leaf | None = None, **options: Any) -> bytes:
    return signer.bundle_signature(material.sigstore(), leaf or material.leaf(), DIGEST, **options)


def attestation(leaf: Leaf | None = None, **options: Any) -> bytes:
    return signer.bundle_attestation(material.sigstore(), leaf or material.leaf(), DIGEST, SLSA, {"a": 1}, **options)


def message(leaf: Leaf | None = None, **options: Any) -> bytes:
    return signer.message_bundle(material.sigstore(), leaf or material.leaf(), MANIFEST, **options)


def check(raw: bytes, **options: Any) -> Statement:
    return BundleVerifier(material.root(**options)).verify(raw, DIGEST)


def refused(raw: bytes, **options: Any) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        check(raw, **options)
    assert str(caught.value)
    return caught.value.reason


def changed(raw: bytes, path: str, value: Any) -> bytes:
    return json.dumps(material.changed(json.loads(raw), path, value)).encode()


ENTRY = "verificationMaterial.tlogEntries.0"


@pytest.mark.parametrize("options", [{}, {"tsa": True}, {"rekor": 2}])
def test_signature_holds_and_tells_who_and_when(options: dict[str, Any]) -> None:
    found = check(signature(**options))
    assert (found.holds, found.is_signature, found.format) == (True, True, "bundle")
    assert found.identity is not None
    assert (found.identity.subject, found.identity.issuer) == (SUBJECT, ISSUER)
    assert found.signed_at == material.NOW + timedelta(seconds=5)
    assert found.log_index is not None


@pytest.mark.parametrize("version", ["v0.1", "v1"])
@pytest.mark.parametrize("name", [None, "ghcr.io/acme/app"])
def test_attestation_holds_in_both_statement_versions(version: str, name: str | None) -> None:
    found = check(attestation(statement_version=version, name=name))
    assert (found.is_signature, found.predicate_type, found.document["predicate"]) == (False, SLSA, {"a": 1})


@pytest.mark.parametrize("rekor", [1, 2])
def test_signed_manifest_is_a_signature(rekor: int) -> None:
    assert check(message(rekor=rekor)).is_signature


def test_certificate_without_the_old_issuer_extension_holds() -> None:
    assert check(signature(material.leaf(claims={"1": None}))).holds


def test_signed_manifest_of_another_image() -> None:
    raw = signer.message_bundle(material.sigstore(), material.leaf(), b"another image")
    assert refused(raw) == Reason.SIGNATURE_INVALID


def test_cve_2026_31830_statement_about_another_image() -> None:
    raw = signer.bundle_signature(material.sigstore(), material.leaf(), OTHER)
    assert refused(raw) == Reason.SUBJECT_DIGEST_MISMATCH


@pytest.mark.parametrize("raw", [b"", b"7", b"[]", b"{}", b"\xff", b'{"a":1,"a":2}', b"{" * 200_000, b'{"a":NaN}'])
def test_cve_2026_44310_bundle_that_is_none(raw: bytes) -> None:
    assert refused(raw) in (Reason.BUNDLE_INVALID, Reason.TLOG_MISSING)


def test_snake_case_spelling_is_one_spelling_too_many() -> None:
    raw = signature().replace(b'"dsseEnvelope"', b'"dsse_envelope"')
    assert refused(raw) == Reason.BUNDLE_INVALID


def test_bundle_nested_deeper_than_any_bundle() -> None:
    raw = changed(signature(), "x", json.loads("[" * 50 + "]" * 50))
    assert refused(raw) == Reason.BUNDLE_INVALID


@pytest.mark.parametrize("make", [signature, message])
def test_no_log_entry(make: Make) -> None:
    assert refused(changed(make(), "verificationMaterial.tlogEntries", [])) == Reason.TLOG_MISSING


def test_cve_2024_51746_cve_2026_49834_two_log_entries() -> None:
    entries = json.loads(signature())["verificationMaterial"]["tlogEntries"]
    assert refused(changed(signature(), "verificationMaterial.tlogEntries", entries * 2)) == Reason.TLOG_INVALID


def foreign_entry(raw: bytes) -> Any:
    return json.loads(raw)["verificationMaterial"]["tlogEntries"][0]


@pytest.mark.parametrize("rekor", [1, 2])
def test_cve_2026_22703_genuine_entry_of_another_bundle(rekor: int) -> None:
    leaf = material.leaf()
    raw = changed(signature(leaf, rekor=rekor), ENTRY, foreign_entry(attestation(leaf, rekor=rekor)))
    assert refused(raw) == Reason.TLOG_INVALID


def test_cve_2024_53267_entry_of_another_certificate() -> None:
    raw = changed(signature(), ENTRY, foreign_entry(signature()))
    assert refused(raw) == Reason.TLOG_INVALID


def test_cve_2024_54140_checkpoint_that_nobody_signed() -> None:
    raw = signature()
    envelope = foreign_entry(raw)["inclusionProof"]["checkpoint"]["envelope"]
    assert refused(changed(raw, f"{ENTRY}.inclusionProof.checkpoint.envelope", envelope.replace("\n", "\n1", 1))) == (
        Reason.TLOG_INVALID
    )


def test_inclusion_proof_that_does_not_lead_to_the_root() -> None:
    raw = changed(signature(), f"{ENTRY}.inclusionProof.hashes.0", "A" * 43 + "=")
    assert refused(raw) == Reason.TLOG_INVALID


def test_no_inclusion_proof() -> None:
    assert refused(changed(signature(), f"{ENTRY}.inclusionProof", None)) == Reason.BUNDLE_INVALID


def test_cve_2024_55655_integrated_time_without_promise() -> None:
    assert refused(changed(signature(), f"{ENTRY}.inclusionPromise", None)) == Reason.TIMESTAMP_MISSING


def test_cve_2026_48816_integrated_time_is_covered_by_the_promise() -> None:
    raw = changed(signature(), f"{ENTRY}.integratedTime", str(int(material.NOW.timestamp()) + 60))
    assert refused(raw) == Reason.TLOG_INVALID


def test_rekor_2_without_timestamp() -> None:
    assert refused(signature(rekor=2, tsa=False)) == Reason.TIMESTAMP_MISSING


def test_timestamp_of_another_authority() -> None:
    stamps = json.loads(signer.bundle_signature(material.stranger(), material.leaf(), DIGEST, rekor=2))
    stamp = stamps["verificationMaterial"]["timestampVerificationData"]
    raw = changed(signature(rekor=2), "verificationMaterial.timestampVerificationData", stamp)
    assert refused(raw) in (Reason.TIMESTAMP_INVALID, Reason.SCT_INVALID)


@pytest.mark.parametrize("rekor", [1, 2])
def test_timestamp_that_does_not_hold_beside_what_does_moves_no_time(rekor: int) -> None:
    raw = signature(rekor=rekor, tsa=True)
    path = "verificationMaterial.timestampVerificationData.rfc3161Timestamps"
    listed = json.loads(raw)["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    junk = material.stranger().tsa.stamp(b"junk", at=material.NOW - timedelta(days=3))
    more = changed(raw, path, [*listed, {"signedTimestamp": base64.b64encode(junk).decode()}])
    assert check(more).signed_at == material.NOW + timedelta(seconds=5)


def test_cve_2023_47122_entry_of_another_log() -> None:
    raw = signer.bundle_signature(material.stranger(), material.leaf(), DIGEST)
    assert refused(raw) == Reason.TLOG_INVALID


@pytest.mark.parametrize("kind", ["intoto-0.0.2"])
def test_intoto_entries_of_before_october_2024_are_refused_with_the_reason(kind: Any) -> None:
    leaf = material.leaf()
    envelope = seal(leaf, statement(DIGEST, SLSA, {}))
    entry = signer.record_envelope(material.sigstore(), leaf, envelope, kind=kind)
    with pytest.raises(EvidenceRejected, match="kind intoto"):
        check(signer.envelope_bundle(material.sigstore(), leaf, envelope, entry=entry))


@pytest.mark.parametrize("rekor", [1, 2])
@pytest.mark.parametrize("service", ["fulcio", "ct_log", "log"])
def test_cosign_4663_key_or_authority_retired_before_signing(service: str, rekor: int) -> None:
    name = {"log": "rekor" if rekor == 1 else "rekor_tiles"}.get(service, service)
    before, after = material.NOW - timedelta(days=1), material.NOW + timedelta(days=1)
    assert refused(signature(rekor=rekor), ended={name: before}) in (Reason.CERT_INVALID, Reason.TLOG_INVALID)
    assert check(signature(rekor=rekor), ended={name: after}).holds


@pytest.mark.parametrize("offset", [timedelta(minutes=-1), timedelta(minutes=11), timedelta(days=-20)])
@pytest.mark.parametrize("rekor", [1, 2])
def test_signed_outside_the_certificates_ten_minutes(offset: timedelta, rekor: int) -> None:
    assert refused(signature(rekor=rekor, at=material.NOW + offset)) == Reason.CERT_INVALID


def test_certificate_of_another_authority() -> None:
    assert refused(signature(material.stranger().fulcio.issue(SUBJECT))) == Reason.CERT_INVALID


def test_no_certificate_log_stamp() -> None:
    assert refused(signature(material.leaf(sct=False))) == Reason.SCT_INVALID


def test_stamp_of_another_certificate_log() -> None:
    assert refused(signature(material.leaf(ct_log=material.stranger().ct_log))) == Reason.SCT_INVALID


@pytest.mark.parametrize(
    "options",
    [
        {"usages": (ExtendedKeyUsageOID.CLIENT_AUTH,)},
        {"usages": ()},
        {"key_usages": ("key_encipherment",)},
        {"is_authority": True, "key_usages": ("digital_signature", "key_cert_sign")},
    ],
)
def test_certificate_that_is_no_code_signing_leaf(options: dict[str, Any]) -> None:
    assert refused(signature(material.leaf(**options))) in (Reason.CERT_INVALID, Reason.SCT_INVALID)


@pytest.mark.parametrize(
    "options",
    [
        {"other_subjects": ("https://github.com/evil/x",)},
        {"claims": {"1": None, "8": None}},
        {"claims": {"1": "https://other.example"}},
        {"claims": {"8": b"\x0c\x05short"}},
    ],
)
def test_certificate_that_names_no_one_signer(options: dict[str, Any]) -> None:
    assert refused(signature(material.leaf(**options))) == Reason.IDENTITY_AMBIGUOUS


def test_ghsa_fx35_public_key_instead_of_a_certificate() -> None:
    document = json.loads(signature())
    del document["verificationMaterial"]["certificate"]
    document["verificationMaterial"]["publicKey"] = {"hint": "x"}
    assert refused(json.dumps(document).encode()) == Reason.CERT_INVALID


def test_signature_by_another_key() -> None:
    mine, other = material.leaf(), material.leaf()
    assert refused(signature(Leaf(other.key, mine.certificate))) == Reason.SIGNATURE_INVALID
    assert refused(message(Leaf(other.key, mine.certificate))) == Reason.SIGNATURE_INVALID


def test_payload_altered_after_signing() -> None:
    document = json.loads(attestation())
    other = json.loads(signature())
    document["dsseEnvelope"]["payload"] = other["dsseEnvelope"]["payload"]
    assert refused(json.dumps(document).encode()) == Reason.SIGNATURE_INVALID


def test_envelope_of_another_payload_type() -> None:
    leaf = material.leaf()
    envelope = seal(leaf, statement(DIGEST, SLSA, {}), payload_type="application/json")
    assert refused(signer.envelope_bundle(material.sigstore(), leaf, envelope)) == Reason.ENVELOPE_INVALID


def test_duplicate_keys_in_statement() -> None:
    leaf = material.leaf()
    doubled = statement(DIGEST, SLSA, {}).replace(b'"predicateType"', b'"predicateType":"x","predicateType"', 1)
    assert refused(signer.envelope_bundle(material.sigstore(), leaf, seal(leaf, doubled))) == Reason.STATEMENT_INVALID


def test_both_kinds_of_content_at_once() -> None:
    document = json.loads(attestation()) | {"messageSignature": json.loads(message())["messageSignature"]}
    assert refused(json.dumps(document).encode()) == Reason.BUNDLE_INVALID


@pytest.mark.parametrize("predicate_type", ["", 7, None, ["x"]])
def test_statement_without_a_predicate_type(predicate_type: Any) -> None:
    leaf = material.leaf()
    payload = json.loads(statement(DIGEST, SLSA, {})) | {"predicateType": predicate_type}
    raw = signer.envelope_bundle(material.sigstore(), leaf, seal(leaf, json.dumps(payload).encode()))
    assert refused(raw) == Reason.STATEMENT_INVALID


def test_every_value_replaced_by_nonsense_is_a_rejection_and_nothing_else() -> None:
    raw = signature(tsa=True)
    document = json.loads(raw)

    def paths(value: Any, path: str = "") -> list[str]:
        if isinstance(value, dict):
            return [p for k, v in value.items() for p in (f"{path}{k}", *paths(v, f"{path}{k}."))]
        if isinstance(value, list):
            return [p for k, v in enumerate(value) for p in (f"{path}{k}", *paths(v, f"{path}{k}."))]
        return []

    verifier = BundleVerifier(material.root())
    harmless = []
    for path in paths(document):
        nonsenses: list[Any] = [None, "", "!", 7, -1, {}, [], [[]], "A" * 64]
        for nonsense in nonsenses:
            try:
                verifier.verify(changed(raw, path, nonsense), DIGEST)
                harmless.append((path, nonsense))
            except EvidenceRejected:
                continue
    # a bundle that still holds lost nothing that was looked at: what is left out is optional beside what remains
    assert {path for path, _ in harmless} <= {
        "verificationMaterial.timestampVerificationData",
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps",
        "verificationMaterial.tlogEntries.0.logIndex",
        "verificationMaterial.tlogEntries.0.inclusionPromise",
        "verificationMaterial.tlogEntries.0.integratedTime",
        "dsseEnvelope.signatures.0.keyid",
    }


def test_hint_is_what_a_broken_bundle_claims() -> None:
    assert BundleVerifier.hint(signature()) == (True, "https://sigstore.dev/cosign/sign/v1")
    assert BundleVerifier.hint(message()) == (True, None)
    assert BundleVerifier.hint(attestation()) == (False, SLSA)
    assert BundleVerifier.hint(b"nonsense") == (False, None)


def test_trusted_root_that_sigstore_cannot_use() -> None:
    document = material.sigstore().trusted_root() | {"mediaType": "application/json"}
    with pytest.raises(TrustRootError):
        BundleVerifier(TrustedRoot(json.dumps(document).encode()))


def test_sbom_type_is_told() -> None:
    raw = signer.bundle_attestation(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {})
    assert check(raw).predicate_type == CYCLONEDX
