"""The door of proofs: what each demand of a policy means for a certificate's signatures, and whose roots count."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from local.interop.recording import Recording
from local.signing import signer
from local.signing.signer import BUNDLE_TYPE
from local.sigstore.ct_log import CTLog
from local.sigstore.keys import KeySource, key_id, subject_public_key_info
from local.sigstore.leaf import Leaf
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.rekor import Rekor
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected, TrustRootError
from registry_verifier.models import Statement
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot
from tests import material
from tests.material import CYCLONEDX, DIGEST, MANIFEST, NOW, OTHER, SUBJECT

KEYLESS = Trust()
Make = Callable[..., Candidate]


def bundle(leaf: Leaf | None = None, **options: Any) -> Candidate:
    raw = signer.bundle_attestation(material.sigstore(), leaf or material.leaf(), DIGEST, CYCLONEDX, {}, **options)
    return material.of_bundle(raw)


def message(leaf: Leaf | None = None, **options: Any) -> Candidate:
    return material.of_bundle(signer.message_bundle(material.sigstore(), leaf or material.leaf(), MANIFEST, **options))


def signature(leaf: Leaf | None = None, **options: Any) -> Candidate:
    name = str(material.IMAGE)
    layer = signer.simple_signing_layer(material.sigstore(), leaf or material.leaf(), name, DIGEST, **options)
    return material.of_layer(layer)


def attestation(leaf: Leaf | None = None, **options: Any) -> Candidate:
    layer = signer.dsse_layer(material.sigstore(), leaf or material.leaf(), DIGEST, CYCLONEDX, {}, **options)
    return material.of_layer(layer)


EVERY = pytest.mark.parametrize("make", [bundle, signature, attestation])


def prove(candidate: Candidate, trust: Trust = KEYLESS, *, at: datetime = NOW, **roots: TrustedRoot) -> Statement:
    everything = {PUBLIC_GOOD: material.root(), **roots}
    return Prover(everything, clock=lambda: at).prove(candidate, DIGEST, trust)


def refused(candidate: Candidate, trust: Trust = KEYLESS, **options: Any) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        prove(candidate, trust, **options)
    assert str(caught.value)
    return caught.value.reason


def part(**options: Any) -> TrustedRoot:
    return material.root(complete=False, **options)


def foreign() -> TrustedRoot:
    return material.root(material.stranger())


@EVERY
def test_keyless_holds_where_it_was_found(make: Make) -> None:
    candidate = make()
    found = prove(candidate)
    assert (found.holds, found.place, found.format) == (True, candidate.place, candidate.format)
    assert found.identity is not None
    assert (found.identity.subject, found.key) == (SUBJECT, None)


@EVERY
def test_no_stamp_of_a_certificate_log_counts_only_where_it_is_not_demanded(make: Make) -> None:
    candidate = make(material.leaf(sct=False))
    assert refused(candidate) == Reason.SCT_INVALID
    assert prove(candidate, Trust(sct=False)).signed_at == NOW + timedelta(seconds=5)


@pytest.mark.parametrize("make", [bundle, message])
@pytest.mark.parametrize("rekor", [1, 2])
def test_bundles_in_both_logs_hold_without_a_stamp_of_a_certificate_log(make: Make, rekor: int) -> None:
    found = prove(make(material.leaf(sct=False), rekor=rekor), Trust(sct=False))
    assert found.signed_at == NOW + timedelta(seconds=5)
    assert found.log_index is not None


@EVERY
def test_parts_of_several_roots(make: Make) -> None:
    roots = {
        PUBLIC_GOOD: foreign(),
        "authorities": part(rekor=False, rekor_tiles=False, tsa=False),
        "logs": part(fulcio=False, ct_log=False, tsa=False),
        "stamps": part(fulcio=False, ct_log=False, rekor=False, rekor_tiles=False),
    }
    trust = Trust(root="authorities", log_root="logs", timestamp=True, timestamp_root="stamps")
    assert Prover(roots).prove(make(tsa=True), DIGEST, trust).holds
    reasons = {
        Reason.CERT_INVALID: Trust(log_root="logs", timestamp=True, timestamp_root="stamps"),
        Reason.TLOG_INVALID: Trust(root="authorities", timestamp=True, timestamp_root="stamps"),
        Reason.TIMESTAMP_INVALID: Trust(root="authorities", log_root="logs", timestamp=True),
    }
    for reason, wrong in reasons.items():
        with pytest.raises(EvidenceRejected) as caught:
            Prover(roots).prove(make(tsa=True), DIGEST, wrong)
        assert caught.value.reason == reason


@EVERY
def test_root_that_lacks_what_is_asked_of_it(make: Make) -> None:
    only_stamps = part(fulcio=False, ct_log=False, rekor=False, rekor_tiles=False)
    trust = Trust(root="stamps", log_root="stamps")
    assert refused(make(), trust, stamps=only_stamps) in (Reason.CERT_INVALID, Reason.TLOG_INVALID)


@EVERY
def test_logs_with_keys_on_another_curve(make: Make) -> None:
    sigstore, keys = PrivateSigstore(NOW, seed="curves"), KeySource("curves")
    sigstore.ct_log, sigstore.rekor = CTLog(keys.p384("ct")), Rekor(keys.p384("log"), host="rekor.test")
    document = sigstore.trusted_root(rekor_tiles=False)
    for name in ("tlogs", "ctlogs"):
        document[name][0]["publicKey"]["keyDetails"] = "PKIX_ECDSA_P384_SHA_384"
    leaf = sigstore.fulcio.issue(SUBJECT, ct_log=sigstore.ct_log)
    made: dict[Make, Candidate] = {
        bundle: material.of_bundle(signer.bundle_attestation(sigstore, leaf, DIGEST, CYCLONEDX, {})),
        signature: material.of_layer(signer.simple_signing_layer(sigstore, leaf, "x", DIGEST)),
        attestation: material.of_layer(signer.dsse_layer(sigstore, leaf, DIGEST, CYCLONEDX, {})),
    }
    root = TrustedRoot(json.dumps(document).encode())
    trust = Trust(root="curves", log_root="curves", sct=make is not bundle)
    assert prove(made[make], trust, curves=root).holds


def test_certificate_log_with_an_rsa_key() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    document = material.sigstore().trusted_root()
    document["ctlogs"][0]["publicKey"] |= {
        "rawBytes": base64.b64encode(subject_public_key_info(private.public_key())).decode(),
        "keyDetails": "PKIX_RSA_PKCS1V15_2048_SHA256",
    }
    root = TrustedRoot(json.dumps(document).encode())
    assert prove(signature(material.leaf(ct_log=RsaLog(private))), Trust(root="rsa"), rsa=root).holds
    assert refused(signature(), Trust(root="rsa"), rsa=root) == Reason.SCT_INVALID


class RsaLog(CTLog):
    """A certificate log with the kind of key that some private Sigstores have."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        super().__init__(KeySource("nobody's").p256("ct"))
        self.log_id = key_id(private.public_key())
        self._private = private

    def promise(self, precertificate: x509.Certificate, issuer: ec.EllipticCurvePublicKey, at: datetime) -> bytes:
        head = super().promise(precertificate, issuer, at)[:43]
        tbs = precertificate.tbs_certificate_bytes
        issuer_hash = hashlib.sha256(subject_public_key_info(issuer)).digest()
        signed = b"\0\0" + head[33:41] + b"\0\1" + issuer_hash + len(tbs).to_bytes(3, "big") + tbs + b"\0\0"
        made = self._private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return head + b"\x04\x01" + len(made).to_bytes(2, "big") + made


def test_unknown_root_is_the_callers_fault() -> None:
    with pytest.raises(TrustRootError, match="no trust root 'nowhere'"):
        prove(bundle(), Trust(log_root="nowhere"))


@EVERY
def test_keyless_without_any_witness_of_the_time(make: Make) -> None:
    assert refused(make(tsa=True), Trust(log=False)) == Reason.TIMESTAMP_MISSING


@EVERY
def test_certificate_that_must_be_valid_now(make: Make) -> None:
    trust = Trust(log=False, now=True)
    assert prove(make(log=False), trust, at=NOW + timedelta(minutes=5)).signed_at is None
    for late in (timedelta(minutes=-1), timedelta(minutes=11)):
        assert refused(make(log=False), trust, at=NOW + late) == Reason.CERT_INVALID


@EVERY
def test_log_that_is_not_demanded_is_not_looked_at(make: Make) -> None:
    candidate = make(at=NOW + timedelta(hours=1))  # logged when the certificate was over
    assert refused(candidate) == Reason.CERT_INVALID
    trust = Trust(log=False, now=True)
    assert prove(candidate, trust).log_index is None


@pytest.mark.parametrize("make", [bundle, signature, attestation, message])
def test_signature_by_another_key_than_the_certificates(make: Make) -> None:
    mine, other = material.leaf(), material.leaf()
    candidate = make(Leaf(other.key, mine.certificate))
    assert refused(candidate, Trust(sct=False)) == Reason.SIGNATURE_INVALID


@pytest.mark.parametrize(
    "options",
    [
        {"other_subjects": ("https://github.com/evil/x",)},
        {"claims": {"1": "https://other.example"}},
    ],
)
@EVERY
def test_certificate_that_names_no_one_signer(make: Make, options: dict[str, Any]) -> None:
    assert refused(make(material.leaf(**options)), Trust(sct=False)) == Reason.IDENTITY_AMBIGUOUS


@EVERY
def test_certificate_of_another_authority(make: Make) -> None:
    assert refused(make(material.stranger().fulcio.issue(SUBJECT)), Trust(sct=False)) == Reason.CERT_INVALID


@EVERY
def test_evidence_about_another_image(make: Make) -> None:
    with pytest.raises(EvidenceRejected) as caught:
        Prover({PUBLIC_GOOD: material.root()}).prove(make(), OTHER, Trust(sct=False))
    assert caught.value.reason == Reason.SUBJECT_DIGEST_MISMATCH


def test_id_is_a_hash_of_signature_and_certificate() -> None:
    leaf = material.leaf()
    layer = signature(leaf)
    raw = hashlib.sha256(base64.b64decode(layer.annotations["dev.cosignproject.cosign/signature"]) + leaf.pem.encode())
    assert prove(layer).signature_id == raw.hexdigest()
    assert prove(attestation(leaf)).signature_id == hashlib.sha256(leaf.pem.encode()).hexdigest()


@pytest.mark.parametrize("rekor", [1, 2])
def test_id_of_a_bundle_is_the_same_whoever_proves_it(rekor: int) -> None:
    candidate = bundle(rekor=rekor)
    assert prove(candidate).signature_id == prove(candidate, Trust(sct=False)).signature_id


def test_older_claims_of_github_are_told() -> None:
    values = {"2": "push", "3": "0" * 40, "4": "Release \N{ROCKET}", "5": "acme/app", "6": "refs/heads/main"}
    found = prove(signature(material.leaf(claims=values)))
    assert found.identity is not None
    assert {name: found.identity.claims[f"github_workflow_{name}"] for name in OLDER} == dict(
        zip(OLDER, values.values(), strict=True)
    )


OLDER = ("trigger", "sha", "name", "repository", "ref")


def test_older_claim_that_is_no_text() -> None:
    assert refused(signature(material.leaf(claims={"4": b"\xff"}))) == Reason.IDENTITY_AMBIGUOUS


def test_refused_candidate_tells_what_it_claims_to_be() -> None:
    prover, error = Prover({PUBLIC_GOOD: material.root()}), EvidenceRejected(Reason.CERT_INVALID, "a fact")
    told = [prover.refused(candidate, error) for candidate in (bundle(), message(), signature(), attestation())]
    assert [(each.is_signature, each.predicate_type) for each in told] == [
        (False, CYCLONEDX),
        (True, None),
        (True, None),
        (False, CYCLONEDX),
    ]
    assert {(each.reason, each.detail, each.holds) for each in told} == {(Reason.CERT_INVALID, "a fact", False)}


COSIGN = Path(__file__).parents[1] / "assets" / "cosign"
BUNDLES = [
    (path.stem, digest)
    for path in sorted(COSIGN.glob("cosign*.json"))
    for digest, manifest in sorted(json.loads(path.read_text())["manifests"].items())
    if json.loads(manifest).get("artifactType") == BUNDLE_TYPE
]


@pytest.mark.parametrize(("name", "referrer"), BUNDLES)
def test_our_steps_and_sigstore_python_agree_on_what_cosign_made(name: str, referrer: str) -> None:
    recording = Recording.load(COSIGN / f"{name}.json")
    manifest = json.loads(recording.manifests[referrer])
    candidate = material.of_bundle(recording.blobs[manifest["layers"][0]["digest"]])
    prover = Prover({PUBLIC_GOOD: TrustedRoot((COSIGN / "trusted_root.json").read_bytes())})
    answers: list[Statement | None] = []
    for trust in (Trust(), Trust(sct=False)):
        try:
            answers.append(prover.prove(candidate, manifest["subject"]["digest"], trust))
        except EvidenceRejected:
            answers.append(None)
    assert answers[0] == answers[1]
    assert (answers[0] is None) == (name == "cosign2_bundle_rekor2_tsa")
