"""Legacy layers: what must hold, and a test for each way of being wrong, named for its advisory where it has one."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from local.signing import signer
from local.sigstore import layers as local_layers
from local.sigstore.dsse import seal, statement
from local.sigstore.leaf import Leaf
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Statement
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason
from tests import material
from tests.material import CYCLONEDX, DIGEST, ISSUER, OTHER, SUBJECT

CERTIFICATE = "dev.sigstore.cosign/certificate"
ENTRY = "dev.sigstore.cosign/bundle"
SIGNATURE = "dev.cosignproject.cosign/signature"
KINDS = ("dsse", "intoto-0.0.2", "intoto-0.0.1")

Layer = tuple[bytes, dict[str, Any]]


def signature(leaf: Leaf | None = None, **options: Any) -> Layer:
    return signer.simple_signing_layer(
        material.sigstore(), leaf or material.leaf(), str(material.IMAGE), DIGEST, **options
    )


def attestation(leaf: Leaf | None = None, **options: Any) -> Layer:
    predicate = {"bomFormat": "CycloneDX"}
    return signer.dsse_layer(material.sigstore(), leaf or material.leaf(), DIGEST, CYCLONEDX, predicate, **options)


def check(form: str, layer: Layer, **options: Any) -> Statement:
    blob, descriptor = layer
    prover = Prover({PUBLIC_GOOD: material.root(**options)})
    return prover.prove(Candidate("a place", form, blob, descriptor["annotations"]), DIGEST, Trust())


def check_signature(layer: Layer, **options: Any) -> Statement:
    return check("simplesigning", layer, **options)


def check_attestation(layer: Layer, **options: Any) -> Statement:
    return check("dsse", layer, **options)


def annotated(layer: Layer, **values: str | None) -> Layer:
    """The layer with annotations replaced; None leaves one out."""
    blob, descriptor = layer
    names = {"certificate": CERTIFICATE, "entry": ENTRY, "signature": SIGNATURE}
    annotations = dict(descriptor["annotations"])
    for key, value in values.items():
        annotations.pop(names[key])
        if value is not None:
            annotations[names[key]] = value
    return blob, {**descriptor, "annotations": annotations}


def entry_of(layer: Layer) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(layer[1]["annotations"][ENTRY])
    return entry


def refused(check: Any, layer: Layer, **options: Any) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        check(layer, **options)
    assert str(caught.value)
    return caught.value.reason


def test_signature_holds_and_tells_who_when_and_where() -> None:
    found = check_signature(signature())
    assert (found.is_signature, found.holds, found.format) == (True, True, "simplesigning")
    assert found.identity is not None
    assert (found.identity.subject, found.identity.issuer) == (SUBJECT, ISSUER)
    assert found.signed_at == material.NOW + timedelta(seconds=5)
    assert found.log_index is not None


@pytest.mark.parametrize("kind", KINDS)
def test_attestation_holds_for_every_kind_of_entry(kind: str) -> None:
    found = check_attestation(attestation(kind=kind))
    assert (found.is_signature, found.predicate_type) == (False, CYCLONEDX)
    assert found.document["predicate"] == {"bomFormat": "CycloneDX"}


def test_signature_of_another_image_is_refused() -> None:
    layer = signer.simple_signing_layer(material.sigstore(), material.leaf(), str(material.IMAGE), OTHER)
    assert refused(check_signature, layer) == Reason.SUBJECT_DIGEST_MISMATCH


def test_payload_of_another_type_is_no_signature() -> None:
    payload = local_layers.simple_signing_payload(str(material.IMAGE), DIGEST, claim="atomic container signature")
    assert refused(check_signature, signature(payload=payload)) == Reason.STATEMENT_INVALID


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b'{"critical":null}', b'{"critical":{"image":[]}}'])
def test_cve_2026_39395_malformed_payload(payload: bytes) -> None:
    assert refused(check_signature, signature(payload=payload)) == Reason.STATEMENT_INVALID


def test_duplicate_keys_in_payload() -> None:
    payload = local_layers.simple_signing_payload(str(material.IMAGE), DIGEST)
    doubled = payload.replace(b'"critical":', b'"critical":{},"critical":', 1)
    assert refused(check_signature, signature(payload=doubled)) == Reason.STATEMENT_INVALID


def test_altered_payload_does_not_fit_the_entry() -> None:
    blob, descriptor = signature()
    assert refused(check_signature, (blob.replace(b"null", b"true"), descriptor)) == Reason.TLOG_MISMATCH


def test_signature_by_another_key_that_was_logged() -> None:
    mine, other = material.leaf(), material.leaf()
    forged = Leaf(other.key, mine.certificate)  # the entry agrees with the annotation; only the signature is wrong
    assert refused(check_signature, signature(forged)) == Reason.SIGNATURE_INVALID
    assert refused(check_attestation, attestation(forged)) == Reason.SIGNATURE_INVALID


def test_no_signature_annotation() -> None:
    assert refused(check_signature, annotated(signature(), signature=None)) == Reason.SIGNATURE_INVALID


def test_cve_2022_23649_entry_of_another_signature() -> None:
    foreign = signature(material.leaf())[1]["annotations"][ENTRY]
    assert refused(check_signature, annotated(signature(), entry=foreign)) == Reason.TLOG_MISMATCH


def test_cve_2022_36056_entry_of_the_same_payload_by_another_certificate() -> None:
    foreign = signature(material.leaf("https://github.com/acme/evil/.github/workflows/x.yml@refs/heads/main"))
    mine = signature()
    assert foreign[0] == mine[0]
    layer = annotated(mine, entry=foreign[1]["annotations"][ENTRY], signature=foreign[1]["annotations"][SIGNATURE])
    assert refused(check_signature, layer) == Reason.TLOG_MISMATCH


@pytest.mark.parametrize("kind", KINDS)
def test_cve_2026_22703_entry_of_another_attestation(kind: str) -> None:
    leaf = material.leaf()
    other = signer.dsse_layer(material.sigstore(), leaf, OTHER, CYCLONEDX, {}, kind=kind)  # type: ignore[arg-type] # from KINDS
    layer = annotated(attestation(leaf, kind=kind), entry=other[1]["annotations"][ENTRY])
    assert refused(check_attestation, layer) == Reason.TLOG_MISMATCH


def relogged(layer: Layer, path: str, value: Any) -> Layer:
    """The layer with an entry that the log really promised, differing in one field of its body."""
    body = json.loads(base64.b64decode(entry_of(layer)["Payload"]["body"]))
    entry = material.sigstore().rekor.record(
        material.changed(body, path, value), at=material.NOW + timedelta(seconds=5)
    )
    return annotated(layer, entry=json.dumps(entry.annotation_form()))


HASH = {"algorithm": "sha256", "value": "0" * 64}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kind", "rekord"),
        ("apiVersion", "0.0.2"),
        ("spec.data.hash.algorithm", "sha512"),
        ("spec.data.hash.value", "0" * 64),
        ("spec.data.hash", None),
        ("spec.signature.content", "AAAA"),
        ("spec.signature.publicKey.content", "AAAA"),
        ("spec.signature", []),
    ],
)
def test_cve_2022_36056_each_field_of_a_signature_entry_binds(path: str, value: Any) -> None:
    assert refused(check_signature, relogged(signature(), path, value)) == Reason.TLOG_MISMATCH


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("dsse", "spec.payloadHash", HASH),
        ("dsse", "spec.envelopeHash", HASH),
        ("dsse", "spec.signatures", []),
        ("dsse", "spec.signatures.0.signature", "AAAA"),
        ("dsse", "spec.signatures.0.verifier", "AAAA"),
        ("intoto-0.0.2", "spec.content.hash", HASH),
        ("intoto-0.0.2", "spec.content.payloadHash", HASH),
        ("intoto-0.0.2", "spec.content.envelope.payloadType", "text/plain"),
        ("intoto-0.0.2", "spec.content.envelope.signatures", []),
        ("intoto-0.0.2", "spec.content.envelope.signatures.0.sig", "QUFBQQ=="),
        ("intoto-0.0.2", "spec.content.envelope.signatures.0.publicKey", "AAAA"),
        ("intoto-0.0.1", "spec.content.hash", HASH),
        ("intoto-0.0.1", "spec.content.payloadHash", HASH),
        ("intoto-0.0.1", "spec.publicKey", "AAAA"),
    ],
)
def test_cve_2026_22703_each_field_of_an_attestation_entry_binds(kind: str, path: str, value: Any) -> None:
    assert refused(check_attestation, relogged(attestation(kind=kind), path, value)) == Reason.TLOG_MISMATCH


def test_hashedrekord_entry_is_none_for_an_attestation() -> None:
    assert refused(check_attestation, attestation(kind="hashedrekord")) == Reason.TLOG_MISMATCH


def test_ghsa_fx35_entry_for_a_bare_public_key() -> None:
    leaf = material.leaf()
    pem = leaf.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    layer = relogged(signature(leaf), "spec.signature.publicKey.content", base64.b64encode(pem).decode())
    assert refused(check_signature, layer) == Reason.TLOG_MISMATCH
    assert refused(check_signature, annotated(signature(leaf), certificate=pem.decode())) == Reason.CERT_INVALID


def test_no_entry() -> None:
    assert refused(check_signature, annotated(signature(), entry=None)) == Reason.TLOG_MISSING
    assert refused(check_attestation, annotated(attestation(), entry=None)) == Reason.TLOG_MISSING


def test_cve_2023_47122_promise_of_another_log() -> None:
    stranger = material.stranger()
    layer = signer.simple_signing_layer(stranger, material.leaf(), str(material.IMAGE), DIGEST)
    assert refused(check_signature, layer) == Reason.TLOG_INVALID


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Payload.integratedTime", 1),
        ("Payload.integratedTime", True),
        ("Payload.integratedTime", "1795348805"),
        ("Payload.integratedTime", 1795348805.0),
        ("Payload.integratedTime", -1),
        ("Payload.integratedTime", 1 << 60),
        ("Payload.logIndex", 0),
        ("Payload.logIndex", -1),
        ("Payload.logIndex", None),
        ("Payload.logID", "00" * 32),
        ("Payload.logID", "zz"),
        ("Payload.logID", 7),
        ("Payload.body", "e30="),
        ("Payload.body", "e30"),
        ("Payload.body", 7),
        ("Payload", []),
        ("SignedEntryTimestamp", "AAAA"),
        ("SignedEntryTimestamp", "****"),
        ("SignedEntryTimestamp", None),
    ],
)
def test_cve_2024_55655_the_promise_covers_each_field(path: str, value: Any) -> None:
    layer = signature()
    entry = json.dumps(material.changed(entry_of(layer), path, value))
    assert refused(check_signature, annotated(layer, entry=entry)) == Reason.TLOG_INVALID


@pytest.mark.parametrize(
    "entry", ["{", "[]", "7", '{"Payload":1,"Payload":2}', '{"a":NaN}', "[" * 100_000, "x" * 300_000]
)
def test_entry_that_is_no_entry(entry: str) -> None:
    assert refused(check_signature, annotated(signature(), entry=entry)) == Reason.TLOG_INVALID


def test_entry_that_is_longer_than_any() -> None:
    layer = signature()
    padded = layer[1]["annotations"][ENTRY] + " " * 300_000
    assert refused(check_signature, annotated(layer, entry=padded)) == Reason.TLOG_INVALID


def test_log_id_has_one_spelling() -> None:
    layer = signature()
    log_id = entry_of(layer)["Payload"]["logID"]
    for other in (log_id.upper(), f" {log_id}"):
        entry = json.dumps(material.changed(entry_of(layer), "Payload.logID", other))
        assert refused(check_signature, annotated(layer, entry=entry)) == Reason.TLOG_INVALID


def test_duplicate_integrated_time() -> None:
    layer = signature()
    text = layer[1]["annotations"][ENTRY].replace('"integratedTime":', '"integratedTime":1,"integratedTime":', 1)
    assert refused(check_signature, annotated(layer, entry=text)) == Reason.TLOG_INVALID


@pytest.mark.parametrize("offset", [timedelta(minutes=-1), timedelta(minutes=11), timedelta(days=-20)])
def test_logged_outside_the_certificates_ten_minutes(offset: timedelta) -> None:
    assert refused(check_signature, signature(at=material.NOW + offset)) == Reason.CERT_INVALID
    assert refused(check_attestation, attestation(at=material.NOW + offset)) == Reason.CERT_INVALID


@pytest.mark.parametrize(
    ("service", "reason"),
    [("rekor", Reason.TLOG_INVALID), ("fulcio", Reason.CERT_INVALID), ("ct_log", Reason.SCT_INVALID)],
)
def test_cosign_4663_key_or_authority_retired_before_signing(service: str, reason: Reason) -> None:
    before, after = material.NOW - timedelta(days=1), material.NOW + timedelta(days=1)
    assert refused(check_signature, signature(), ended={service: before}) == reason
    assert refused(check_attestation, attestation(), ended={service: before}) == reason
    assert check_signature(signature(), ended={service: after}).holds


def test_certificate_of_another_authority_with_its_chain_attached() -> None:
    leaf = material.stranger().fulcio.issue(SUBJECT)
    layer = signer.simple_signing_layer(material.sigstore(), leaf, str(material.IMAGE), DIGEST)
    chain = signer.simple_signing_layer(material.stranger(), leaf, str(material.IMAGE), DIGEST)[1]["annotations"]
    layer[1]["annotations"]["dev.sigstore.cosign/chain"] = chain["dev.sigstore.cosign/chain"]
    assert refused(check_signature, layer) == Reason.CERT_INVALID


def test_no_certificate_log_stamp() -> None:
    assert refused(check_signature, signature(material.leaf(sct=False))) == Reason.SCT_INVALID


def test_stamp_of_another_certificate_log() -> None:
    leaf = material.leaf(ct_log=material.stranger().ct_log)
    assert refused(check_signature, signature(leaf)) == Reason.SCT_INVALID


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
    assert refused(check_signature, signature(material.leaf(**options))) == Reason.CERT_INVALID


@pytest.mark.parametrize(
    "pem", [None, "", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_no_readable_certificate(pem: str | None) -> None:
    assert refused(check_signature, annotated(signature(), certificate=pem)) == Reason.CERT_INVALID


def test_two_certificates_in_the_annotation() -> None:
    leaf = material.leaf()
    layer = annotated(signature(leaf), certificate=leaf.pem + material.leaf().pem)
    assert refused(check_signature, layer) == Reason.CERT_INVALID


@pytest.mark.parametrize(
    "options",
    [
        {"other_subjects": ("https://github.com/evil/x",)},
        {"no_subject": True},
        {"claims": {"1": None, "8": None}},
        {"claims": {"1": "https://other.example"}},
        {"claims": {"8": b"\x0c\x05short"}},
        {"claims": {"8": b"\x13" + b"\x02ab"}},
        {"claims": {"1": b"\xff\xfe"}},
    ],
)
def test_certificate_that_names_no_one_signer(options: dict[str, Any]) -> None:
    reason = refused(check_signature, signature(material.leaf(**options)))
    assert reason in (Reason.IDENTITY_AMBIGUOUS, Reason.CERT_INVALID)


def test_envelope_of_another_payload_type() -> None:
    leaf = material.leaf()
    envelope = seal(leaf, statement(DIGEST, CYCLONEDX, {}), payload_type="application/json")
    entry = signer.record_envelope(material.sigstore(), leaf, envelope)
    layer = local_layers.envelope_layer(material.sigstore(), leaf, envelope, entry, predicate_type=CYCLONEDX)
    assert refused(check_attestation, layer) == Reason.ENVELOPE_INVALID


def stated(payload: bytes) -> Layer:
    """A correctly signed and logged layer around any payload."""
    leaf = material.leaf()
    envelope = seal(leaf, payload)
    entry = signer.record_envelope(material.sigstore(), leaf, envelope)
    return local_layers.envelope_layer(material.sigstore(), leaf, envelope, entry, predicate_type=CYCLONEDX)


@pytest.mark.parametrize("blob", [b"", b"[]", b'{"payloadType":1}', b'{"a":1,"a":2}', b"{" * 100_000])
def test_envelope_that_is_none(blob: bytes) -> None:
    descriptor = attestation()[1]
    assert refused(check_attestation, (blob, descriptor)) == Reason.ENVELOPE_INVALID


def test_two_signatures_in_the_envelope() -> None:
    blob, descriptor = attestation()
    document = json.loads(blob)
    document["signatures"] *= 2
    assert refused(check_attestation, (json.dumps(document).encode(), descriptor)) == Reason.ENVELOPE_INVALID


RIGHT = {"sha256": DIGEST.removeprefix("sha256:")}


def in_toto(**changes: Any) -> bytes:
    document: dict[str, Any] = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": RIGHT}]}
    document |= {"predicateType": CYCLONEDX, "predicate": {}, **changes}
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"\xff\xff",
        in_toto(_type="https://in-toto.io/Statement/v2"),
        in_toto(_type=None),
        in_toto(predicateType=""),
        in_toto(predicateType=["x"]),
        in_toto(subject=[]),
        in_toto(subject=None),
        in_toto(subject=[None, {"digest": RIGHT}]),
        in_toto(subject=[{"digest": "sha256"}]),
        in_toto(subject=[{"digest": RIGHT}] * 1025),
        in_toto().replace(b'"subject"', b'"subject": [], "subject"', 1),
    ],
)
def test_cve_2024_45395_statement_that_is_none(payload: bytes) -> None:
    assert refused(check_attestation, stated(payload)) == Reason.STATEMENT_INVALID


@pytest.mark.parametrize(
    "digest",
    [
        {"sha256": OTHER.removeprefix("sha256:")},
        {"sha256": RIGHT["sha256"].upper()},
        {"sha256": DIGEST},
        {"sha256": RIGHT["sha256"][:-1]},
        {"sha512": RIGHT["sha256"]},
        {"SHA256": RIGHT["sha256"]},
        {},
    ],
)
def test_cve_2026_31830_statement_about_something_else(digest: dict[str, str]) -> None:
    assert refused(check_attestation, stated(in_toto(subject=[{"digest": digest}]))) == Reason.SUBJECT_DIGEST_MISMATCH


def test_one_subject_of_several_is_enough() -> None:
    subjects = [{"digest": {"sha256": "0" * 64, "gitCommit": "1" * 40}}, {"digest": RIGHT}]
    assert check_attestation(stated(in_toto(subject=subjects))).holds


def test_provenance_is_not_a_signature() -> None:
    assert not check_attestation(attestation()).is_signature


def test_email_identity() -> None:
    found = check_signature(signature(material.leaf("dev@acme.example", email=True)))
    assert found.identity is not None
    assert found.identity.subject == "dev@acme.example"
