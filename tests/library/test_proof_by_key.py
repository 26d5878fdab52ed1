"""Public keys instead of certificates: what must hold, and a test for each way of being wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from local.signing import signer
from local.sigstore.dsse import seal, statement
from local.sigstore.layers import envelope_layer
from local.sigstore.leaf import Leaf
from local.sigstore.signing_key import Signatory, SigningKey
from registry_verifier import signing_key
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Statement
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason
from tests import material
from tests.material import CYCLONEDX, DIGEST, MANIFEST, NOW, OTHER

Make = Callable[..., Candidate]
ENTRY = "dev.sigstore.cosign/bundle"
HASH = {"algorithm": "sha256", "value": "0" * 64}


def bundle(hand: Signatory | None = None, **options: Any) -> Candidate:
    raw = signer.bundle_attestation(material.sigstore(), hand or material.key(), DIGEST, CYCLONEDX, {}, **options)
    return material.of_bundle(raw)


def tiles_bundle(hand: Signatory | None = None, **options: Any) -> Candidate:
    return bundle(hand, **{"rekor": 2, **options})


def message(hand: Signatory | None = None, **options: Any) -> Candidate:
    return material.of_bundle(signer.message_bundle(material.sigstore(), hand or material.key(), MANIFEST, **options))


def signature(hand: Signatory | None = None, **options: Any) -> Candidate:
    name = str(material.IMAGE)
    layer = signer.simple_signing_layer(material.sigstore(), hand or material.key(), name, DIGEST, **options)
    return material.of_layer(layer)


def attestation(hand: Signatory | None = None, **options: Any) -> Candidate:
    layer = signer.dsse_layer(material.sigstore(), hand or material.key(), DIGEST, CYCLONEDX, {}, **options)
    return material.of_layer(layer)


def another() -> SigningKey:
    return material.key(ec.generate_private_key(ec.SECP256R1()))


EVERY = pytest.mark.parametrize("make", [bundle, tiles_bundle, message, signature, attestation])
OURS = (material.key().pem,)


def prove(candidate: Candidate, **trust: Any) -> Statement:
    return Prover({PUBLIC_GOOD: material.root()}).prove(candidate, DIGEST, Trust(**{"keys": OURS, **trust}))


def refused(candidate: Candidate, **trust: Any) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        prove(candidate, **trust)
    assert str(caught.value)
    return caught.value.reason


@EVERY
def test_key_holds_and_tells_which_and_when(make: Make) -> None:
    found = prove(make())
    assert (found.holds, found.identity, found.key) == (True, None, signing_key.fingerprint(OURS[0]))
    assert found.signed_at == NOW + timedelta(seconds=5)
    assert found.log_index is not None


@EVERY
def test_any_of_the_keys_is_enough(make: Make) -> None:
    assert prove(make(), keys=(another().pem, *OURS)).key == signing_key.fingerprint(OURS[0])


@EVERY
def test_another_key(make: Make) -> None:
    assert refused(make(another())) == Reason.KEY_MISMATCH
    assert refused(make(another()), log=False) == Reason.KEY_MISMATCH


@EVERY
def test_no_log_entry_counts_only_where_none_is_demanded(make: Make) -> None:
    candidate = make(log=False, tsa=False)
    assert refused(candidate) == Reason.TLOG_MISSING
    found = prove(candidate, log=False)
    assert (found.log_index, found.signed_at) == (None, None)


@pytest.mark.parametrize("kind", ["dsse", "intoto-0.0.2", "intoto-0.0.1"])
def test_attestation_holds_for_every_kind_of_entry(kind: Any) -> None:
    assert prove(attestation(kind=kind)).predicate_type == CYCLONEDX


KEYS: list[Any] = [
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP521R1()),
    rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ed25519.Ed25519PrivateKey.generate(),
]


@pytest.mark.parametrize("private", KEYS)
@pytest.mark.parametrize("make", [bundle, signature, attestation])
def test_every_kind_of_key(make: Make, private: Any) -> None:
    hand = material.key(private)
    assert prove(make(hand, log=False), keys=(hand.pem,), log=False).holds
    assert refused(make(another(), log=False), keys=(hand.pem,), log=False) == Reason.KEY_MISMATCH


@pytest.mark.parametrize("private", [material.key().private, *KEYS[:3]])
@pytest.mark.parametrize("make", [bundle, signature, attestation])
def test_hash_algorithm_is_the_one_of_the_policy(make: Make, private: Any) -> None:
    hand = material.key(private, hashes.SHA512())
    assert prove(make(hand, log=False), keys=(hand.pem,), log=False, hash_algorithm="sha512").holds
    for other in ("sha224", "sha256", "sha384"):
        assert refused(make(hand, log=False), keys=(hand.pem,), log=False, hash_algorithm=other) == Reason.KEY_MISMATCH


@pytest.mark.parametrize("make", [bundle, signature, attestation])
def test_other_hash_by_the_right_key_is_told(make: Make) -> None:
    hand = material.key(KEYS[0], hashes.SHA384())  # what cosign does with a key on P-384
    with pytest.raises(EvidenceRejected, match=r"signed over sha384 \(expected sha256"):
        prove(make(hand, log=False), keys=(another().pem, hand.pem), log=False)
    with pytest.raises(EvidenceRejected, match=r"signed by none of them \(expected one of 1 public keys, over sha256"):
        prove(make(another(), log=False), log=False)


@pytest.mark.parametrize("make", [signature, attestation])
def test_certificate_that_signed_in_place_of_a_key_is_told(make: Make) -> None:
    with pytest.raises(EvidenceRejected, match="signed by a certificate's key"):
        prove(make(material.leaf()))


def test_sha224_for_a_curve_and_never_for_rsa() -> None:
    for private, holds in ((material.key().private, True), (KEYS[2], False)):
        hand = material.key(private, hashes.SHA224())
        trust = {"keys": (hand.pem,), "log": False, "hash_algorithm": "sha224"}
        if holds:
            assert prove(signature(hand, log=False), **trust).holds
        else:
            assert refused(signature(hand, log=False), **trust) == Reason.KEY_MISMATCH


class PssKey(SigningKey):
    def sign(self, message: bytes) -> bytes:
        assert isinstance(self.private, rsa.RSAPrivateKey)
        return self.private.sign(message, padding.PSS(padding.MGF1(self.hash), 32), self.hash)


def test_rsa_with_pss_which_no_verifier_of_cosign_takes_from_a_file() -> None:
    hand = PssKey(KEYS[2], NOW)
    assert refused(signature(hand, log=False), keys=(hand.pem,), log=False) == Reason.KEY_MISMATCH


def test_another_hash_is_in_the_second_log_too() -> None:
    hand = material.key(hash_algorithm=hashes.SHA384())
    assert prove(tiles_bundle(hand), hash_algorithm="sha384").holds
    sha256 = json.loads(tiles_bundle(hand).content)
    body = json.loads(base64.b64decode(sha256["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]))
    body["spec"]["hashedRekordV002"]["data"]["algorithm"] = "SHA2_256"
    entry = material.sigstore().rekor_tiles.record(body)
    candidate = changed(tiles_bundle(hand), "verificationMaterial.tlogEntries.0", entry.bundle_form())
    assert refused(candidate, hash_algorithm="sha384") == Reason.TLOG_MISMATCH


def test_signed_manifest_by_keys_that_cannot_sign_a_digest() -> None:
    for private, trust in ((KEYS[3], {}), (KEYS[0], {"hash_algorithm": "sha384"})):
        hand = material.key(private)
        assert refused(message(hand, log=False), keys=(hand.pem,), log=False, **trust) == Reason.KEY_MISMATCH


@EVERY
def test_certificate_where_a_key_is_demanded(make: Make) -> None:
    assert refused(make(material.leaf())) == Reason.KEY_MISMATCH


@EVERY
def test_key_where_a_certificate_is_demanded(make: Make) -> None:
    for sct in (True, False):
        assert refused(make(), keys=(), sct=sct) == Reason.CERT_INVALID


def as_leaf(hand: SigningKey) -> Leaf:
    """A certificate of somebody for this key."""
    assert isinstance(hand.private, ec.EllipticCurvePrivateKey)
    return material.leaf(key=hand.private)


@pytest.mark.parametrize("make", [bundle, tiles_bundle, message])
def test_ghsa_fx35_certificate_for_the_demanded_key_is_not_that_key(make: Make) -> None:
    assert refused(make(as_leaf(material.key())), log=False) == Reason.KEY_MISMATCH


@pytest.mark.parametrize("make", [signature, attestation])
def test_ghsa_fx35_certificate_beside_a_layer_says_nothing(make: Make) -> None:
    candidate = make(as_leaf(material.key()))
    assert refused(candidate) == Reason.TLOG_MISMATCH  # what is logged is the certificate
    assert prove(candidate, log=False).identity is None


def entry_of(candidate: Candidate) -> Any:
    return json.loads(candidate.content)["verificationMaterial"]["tlogEntries"][0]


def changed(candidate: Candidate, path: str, value: Any) -> Candidate:
    return material.of_bundle(json.dumps(material.changed(json.loads(candidate.content), path, value)).encode())


@pytest.mark.parametrize("make", [bundle, tiles_bundle, message])
def test_ghsa_fx35_entry_for_a_certificate_with_the_same_key(make: Make) -> None:
    by_certificate = make(as_leaf(material.key()))
    document = json.loads(by_certificate.content)
    material_of_key = json.loads(make().content)["verificationMaterial"]["publicKey"]
    del document["verificationMaterial"]["certificate"]
    document["verificationMaterial"]["publicKey"] = material_of_key
    candidate = material.of_bundle(json.dumps(document).encode())
    assert prove(candidate, log=False).holds
    assert refused(candidate) == Reason.TLOG_MISMATCH


@pytest.mark.parametrize("make", [bundle, tiles_bundle, message])
def test_ghsa_fx35_entry_for_a_key_where_the_certificate_of_it_signed(make: Make) -> None:
    leaf = as_leaf(material.key())
    by_key = json.loads(make().content)
    del by_key["verificationMaterial"]["publicKey"]
    by_key["verificationMaterial"] |= leaf.material
    candidate = material.of_bundle(json.dumps(by_key).encode())
    for sct in (True, False):
        assert refused(candidate, keys=(), sct=sct) in (Reason.TLOG_MISMATCH, Reason.TLOG_INVALID)


@pytest.mark.parametrize("make", [bundle, tiles_bundle, message])
def test_cve_2026_22703_entry_of_another_signature_by_the_same_key(make: Make) -> None:
    assert refused(changed(make(), "verificationMaterial.tlogEntries.0", entry_of(make()))) == Reason.TLOG_MISMATCH


@pytest.mark.parametrize("make", [signature, attestation])
def test_cve_2022_23649_entry_of_another_signature_in_a_layer(make: Make) -> None:
    mine, other = make(), make()
    annotations = {**mine.annotations, ENTRY: other.annotations[ENTRY]}
    assert refused(Candidate("", mine.format, mine.content, annotations)) == Reason.TLOG_MISMATCH


def relogged(candidate: Candidate, path: str, value: Any) -> Candidate:
    """The bundle with an entry that its log really took in, differing in one field of its body."""
    body = material.changed(json.loads(base64.b64decode(entry_of(candidate)["canonicalizedBody"])), path, value)
    sigstore = material.sigstore()
    if body["apiVersion"] == "0.0.2" and "hashedRekordV002" in body["spec"]:
        entry = sigstore.rekor_tiles.record(body)
    else:
        entry = sigstore.rekor.record(body, at=NOW + timedelta(seconds=5))
    return changed(candidate, "verificationMaterial.tlogEntries.0", entry.bundle_form())


PEM = base64.b64encode(material.key().pem.encode()).decode()
OTHER_PEM = base64.b64encode(another().pem.encode()).decode()
CERTIFICATE = base64.b64encode(material.leaf().pem.encode()).decode()
TILES = "spec.hashedRekordV002"


@pytest.mark.parametrize(
    ("make", "path", "value"),
    [
        (bundle, "kind", "rekord"),
        (bundle, "kind", 7),
        (bundle, "apiVersion", "0.0.3"),
        (bundle, "spec.payloadHash", HASH),
        (bundle, "spec.signatures", []),
        (bundle, "spec.signatures.0.signature", "AAAA"),
        (bundle, "spec.signatures.0.verifier", OTHER_PEM),
        (bundle, "spec.signatures.0.verifier", CERTIFICATE),
        (bundle, "spec.signatures.0.verifier", "AAAA"),
        (bundle, "spec.signatures.0.verifier", "gICA"),
        (message, "spec.data.hash", HASH),
        (message, "spec.signature.content", "AAAA"),
        (message, "spec.signature.publicKey.content", OTHER_PEM),
        (message, "spec.signature.publicKey.content", CERTIFICATE),
        (message, "kind", "dsse"),
        (tiles_bundle, f"{TILES}.data.algorithm", "SHA2_512"),
        (tiles_bundle, f"{TILES}.data.digest", "AAAA"),
        (tiles_bundle, f"{TILES}.signature.content", "AAAA"),
        (tiles_bundle, f"{TILES}.signature.verifier", {}),
        (tiles_bundle, f"{TILES}.signature.verifier", "publicKey"),
        (tiles_bundle, f"{TILES}.signature.verifier.publicKey", {"rawBytes": "AAAA"}),
        (tiles_bundle, f"{TILES}.signature.verifier", {"x509Certificate": {"rawBytes": "AAAA"}}),
    ],
)
def test_cve_2026_22703_each_field_of_an_entry_binds(make: Make, path: str, value: Any) -> None:
    assert refused(relogged(make(), path, value)) == Reason.TLOG_MISMATCH


def test_two_signatures_in_an_entry() -> None:
    raw = bundle()
    signatures = json.loads(base64.b64decode(entry_of(raw)["canonicalizedBody"]))["spec"]["signatures"]
    assert refused(relogged(raw, "spec.signatures", signatures * 2)) == Reason.TLOG_MISMATCH


@pytest.mark.parametrize("make", [signature, attestation])
def test_layer_in_another_log(make: Make) -> None:
    made = {
        "simplesigning": lambda: signer.simple_signing_layer(
            material.stranger(), material.key(), str(material.IMAGE), DIGEST
        ),
        "dsse": lambda: signer.dsse_layer(material.stranger(), material.key(), DIGEST, CYCLONEDX, {}),
    }
    candidate = material.of_layer(made[make().format]())
    assert refused(candidate) == Reason.TLOG_INVALID
    assert prove(candidate, log=False).holds


@pytest.mark.parametrize("rekor", [1, 2])
def test_bundle_in_another_log(rekor: Any) -> None:
    raw = signer.bundle_attestation(material.stranger(), material.key(), DIGEST, CYCLONEDX, {}, rekor=rekor)
    assert refused(material.of_bundle(raw)) in (Reason.TLOG_INVALID, Reason.TIMESTAMP_INVALID)


def test_entry_in_the_second_log_without_any_time() -> None:
    assert refused(tiles_bundle(tsa=False)) == Reason.TIMESTAMP_MISSING


@pytest.mark.parametrize(
    ("make", "service"),
    [(bundle, "rekor"), (signature, "rekor"), (attestation, "rekor"), (tiles_bundle, "rekor_tiles")],
)
def test_cosign_4663_log_retired_before_signing(make: Make, service: str) -> None:
    before, after = NOW - timedelta(days=1), NOW + timedelta(days=1)
    retired = Prover({PUBLIC_GOOD: material.root(ended={service: before})})
    with pytest.raises(EvidenceRejected) as caught:
        retired.prove(make(), DIGEST, Trust(keys=OURS))
    assert caught.value.reason == Reason.TLOG_INVALID
    in_use = Prover({PUBLIC_GOOD: material.root(ended={service: after})})
    assert in_use.prove(make(), DIGEST, Trust(keys=OURS)).holds


@pytest.mark.parametrize("make", [bundle, signature, attestation, message])
def test_evidence_about_another_image(make: Make) -> None:
    with pytest.raises(EvidenceRejected) as caught:
        Prover({PUBLIC_GOOD: material.root()}).prove(make(log=False), OTHER, Trust(keys=OURS, log=False))
    assert caught.value.reason in (Reason.SUBJECT_DIGEST_MISMATCH, Reason.KEY_MISMATCH)


def test_altered_payload() -> None:
    candidate = signature(log=False)
    altered = Candidate("", candidate.format, candidate.content.replace(b"null", b"true"), candidate.annotations)
    assert refused(altered, log=False) == Reason.KEY_MISMATCH


def test_two_signatures_in_the_envelope() -> None:
    raw = bundle(log=False)
    signatures = json.loads(raw.content)["dsseEnvelope"]["signatures"]
    assert refused(changed(raw, "dsseEnvelope.signatures", signatures * 2), log=False) == Reason.ENVELOPE_INVALID
    layer = attestation(log=False)
    document = json.loads(layer.content)
    document["signatures"] *= 2
    doubled = Candidate("", "dsse", json.dumps(document).encode(), layer.annotations)
    assert refused(doubled, log=False) == Reason.ENVELOPE_INVALID


def test_envelope_of_another_payload_type() -> None:
    envelope = seal(material.key(), statement(DIGEST, CYCLONEDX, {}), payload_type="application/json")
    raw = signer.envelope_bundle(material.sigstore(), material.key(), envelope, log=False)
    assert refused(material.of_bundle(raw), log=False) == Reason.ENVELOPE_INVALID
    layer = envelope_layer(material.sigstore(), material.key(), envelope, None, predicate_type=CYCLONEDX)
    assert refused(material.of_layer(layer), log=False) == Reason.ENVELOPE_INVALID


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.1"),
        ("mediaType", None),
        ("verificationMaterial", {}),
        ("verificationMaterial", []),
        ("verificationMaterial.certificate", {"rawBytes": "AAAA"}),
        ("verificationMaterial.x509CertificateChain", {"certificates": []}),
        ("messageSignature", {"signature": "AAAA"}),
        ("dsseEnvelope", None),
        ("dsseEnvelope", []),
    ],
)
def test_bundle_that_is_none(path: str, value: Any) -> None:
    assert refused(changed(bundle(), path, value)) == Reason.BUNDLE_INVALID


def test_id_is_a_hash_of_the_signature_alone() -> None:
    candidate = signature()
    raw = base64.b64decode(candidate.annotations["dev.cosignproject.cosign/signature"])
    assert prove(candidate).signature_id == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize("make", [bundle, tiles_bundle])
def test_every_value_replaced_by_nonsense_is_a_rejection_and_nothing_else(make: Make) -> None:
    candidate = make(tsa=True)
    document = json.loads(candidate.content)
    prover, trust = Prover({PUBLIC_GOOD: material.root()}), Trust(keys=OURS)
    nonsenses: list[Any] = [None, "", "!", 7, -1, 1 << 70, "9" * 40, {}, [], [[]], "A" * 64, "AAAA"]
    harmless = set()
    for path in paths(document):
        for nonsense in nonsenses:
            try:
                prover.prove(changed(candidate, path, nonsense), DIGEST, trust)
                harmless.add(path)
            except EvidenceRejected:
                continue
    assert harmless <= {
        "verificationMaterial.publicKey",
        "verificationMaterial.publicKey.hint",
        "verificationMaterial.timestampVerificationData",
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps",
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps.0",
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp",
        "verificationMaterial.tlogEntries.0.kindVersion",
        "verificationMaterial.tlogEntries.0.kindVersion.kind",
        "verificationMaterial.tlogEntries.0.kindVersion.version",
        "verificationMaterial.tlogEntries.0.inclusionPromise",
        "verificationMaterial.tlogEntries.0.inclusionPromise.signedEntryTimestamp",
        "verificationMaterial.tlogEntries.0.integratedTime",
        "verificationMaterial.tlogEntries.0.inclusionProof.rootHash",
        "dsseEnvelope.signatures.0.keyid",
    }


def paths(value: Any, path: str = "") -> list[str]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for k, v in inner for p in (f"{path}{k}", *paths(v, f"{path}{k}."))]
