"""Bundles with a timestamp and no log entry, as GitHub's own Sigstore makes for private repositories."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from local.signing import signer
from local.sigstore.dsse import seal, statement
from local.sigstore.leaf import Leaf
from local.sigstore.private_sigstore import PrivateSigstore
from registry_verifier import identity, signing_key
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Digest, Statement
from registry_verifier.proof import Prover, bundle, certificate
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot
from tests import material
from tests.material import DIGEST, ISSUER, NOW, OTHER, SLSA, SUBJECT

NO_LOGS: dict[str, Any] = {"rekor": False, "rekor_tiles": False, "ct_log": False}
GITHUB = Trust(root="github", sct=False, log=False, timestamp=True, timestamp_root="github")


def instance(**options: Any) -> TrustedRoot:
    """The root of an instance that has no log of any kind; everything that is made here is by the tests' Sigstore."""
    return material.root(complete=False, **NO_LOGS, **options)


def private(leaf: Leaf | None = None, *, digest: str = DIGEST, **options: Any) -> Candidate:
    options = {"log": False, "tsa": True, "statement_version": "v1", **options}
    leaf = leaf or material.leaf(sct=False)
    return material.of_bundle(signer.bundle_attestation(material.sigstore(), leaf, digest, SLSA, {"a": 1}, **options))


def prove(candidate: Candidate, trust: Trust = GITHUB, **options: Any) -> Statement:
    roots = {PUBLIC_GOOD: material.root(material.stranger()), "github": instance(**options)}
    return Prover(roots).prove(candidate, DIGEST, trust)


def refused(candidate: Candidate, trust: Trust = GITHUB, **options: Any) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        prove(candidate, trust, **options)
    assert str(caught.value)
    return caught.value.reason


def without(candidate: Candidate, name: str) -> Candidate:
    document = json.loads(candidate.content)
    del document["verificationMaterial"][name]
    return material.of_bundle(json.dumps(document).encode())


def test_provenance_of_a_private_repository_holds() -> None:
    found = prove(private())
    assert found.identity is not None
    assert (found.identity.subject, found.identity.issuer) == (SUBJECT, ISSUER)
    assert (found.signed_at, found.log_index) == (NOW + timedelta(seconds=5), None)
    assert (found.predicate_type, found.document["predicate"], found.is_signature) == (SLSA, {"a": 1}, False)


@pytest.mark.parametrize("certified", [True, False])
def test_timestamp_authority_with_an_intermediate_as_github_has_it(certified: bool) -> None:
    sigstore = PrivateSigstore(NOW, seed="github", tsa_intermediate=True)
    leaf = sigstore.fulcio.issue(SUBJECT, sct=False)
    envelope = seal(leaf, statement(DIGEST, SLSA, {}))
    imprint = hashlib.sha256(envelope.signature).digest()
    stamp = sigstore.tsa.stamp_imprint(imprint, at=NOW + timedelta(seconds=5), certified=certified)
    raw = signer.bundle(leaf, {"dsseEnvelope": envelope.as_bundle_content()}, [], [stamp])
    roots = {PUBLIC_GOOD: material.root(), "github": material.root(sigstore, complete=False, **NO_LOGS)}
    assert Prover(roots).prove(material.of_bundle(raw), DIGEST, GITHUB).holds
    assert refused(material.of_bundle(raw)) == Reason.TIMESTAMP_INVALID


def test_list_of_log_entries_may_be_left_out() -> None:
    assert prove(without(private(), "tlogEntries")).holds


def test_signed_manifest_holds() -> None:
    leaf = material.leaf(sct=False)
    raw = signer.message_bundle(material.sigstore(), leaf, material.MANIFEST, log=False, tsa=True)
    assert prove(material.of_bundle(raw)).is_signature


def test_public_root_does_not_know_it() -> None:
    assert refused(private(), Trust()) == Reason.TLOG_MISSING
    public = Trust(sct=False, log=False, timestamp=True)
    assert refused(private(), public) == Reason.TIMESTAMP_INVALID


def test_certificate_that_chains_to_another_root() -> None:
    assert refused(private(material.stranger().fulcio.issue(SUBJECT))) == Reason.CERT_INVALID


def test_stamp_of_a_certificate_log_that_the_root_does_not_have() -> None:
    demanded = Trust(root="github", log=False, timestamp=True, timestamp_root="github")
    assert refused(private(), demanded) == Reason.SCT_INVALID
    assert refused(private(material.leaf()), demanded) == Reason.SCT_INVALID


def test_log_entry_demanded_of_a_root_without_logs() -> None:
    demanded = Trust(root="github", sct=False, log_root="github")
    assert refused(private(), demanded) == Reason.TLOG_MISSING
    assert refused(private(log=True), demanded) == Reason.TLOG_INVALID


def test_no_timestamp() -> None:
    assert refused(private(tsa=False)) == Reason.TIMESTAMP_MISSING
    assert refused(without(private(), "timestampVerificationData")) == Reason.TIMESTAMP_MISSING


def test_timestamp_of_another_authority() -> None:
    raw = signer.bundle_attestation(
        material.stranger(), material.leaf(sct=False), DIGEST, SLSA, {}, log=False, tsa=True
    )
    assert refused(material.of_bundle(raw)) == Reason.TIMESTAMP_INVALID


@pytest.mark.parametrize("service", ["fulcio", "tsa"])
def test_authority_retired_before_signing(service: str) -> None:
    assert refused(private(), ended={service: NOW - timedelta(days=1)}) in (
        Reason.CERT_INVALID,
        Reason.TIMESTAMP_INVALID,
    )
    assert prove(private(), ended={service: NOW + timedelta(days=1)}).holds


@pytest.mark.parametrize("offset", [timedelta(minutes=-1), timedelta(minutes=11)])
def test_stamped_outside_the_certificates_ten_minutes(offset: timedelta) -> None:
    assert refused(private(at=NOW + offset)) == Reason.CERT_INVALID


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
    assert refused(private(material.leaf(sct=False, **options))) == Reason.CERT_INVALID


def test_signature_by_another_key() -> None:
    mine, other = material.leaf(sct=False), material.leaf(sct=False)
    assert refused(private(Leaf(other.key, mine.certificate))) == Reason.SIGNATURE_INVALID


def test_provenance_of_another_image() -> None:
    assert refused(private(digest=OTHER)) == Reason.SUBJECT_DIGEST_MISMATCH


@pytest.mark.parametrize("der", ["", "AAAA", "****", 7, "A" * 200_000])
def test_certificate_that_is_none(der: Any) -> None:
    path = "verificationMaterial.certificate.rawBytes"
    document = material.changed(json.loads(private().content), path, der)
    assert refused(material.of_bundle(json.dumps(document).encode())) == Reason.CERT_INVALID


def test_certificate_that_is_no_object() -> None:
    document = material.changed(json.loads(private().content), "verificationMaterial.certificate", "x")
    assert refused(material.of_bundle(json.dumps(document).encode())) == Reason.CERT_INVALID


def test_real_bundle_of_github_is_read_whole_and_lacks_only_its_root() -> None:
    """A genuine one; GitHub's trusted root is not in the tree, so that the chains are as far as it goes."""
    folder = Path(os.environ.get("CORPUS_CASES", "../shared/corpus/cases")) / "neg-github-private-root"
    if not folder.is_dir():
        pytest.skip("no corpus beside the checkout")
    meta = json.loads((folder / "meta.json").read_text())
    raw = (folder / "blobs/sha256" / meta["signatures"][0]["layer"].removeprefix("sha256:")).read_bytes()
    read = bundle.read(bundle.parse(raw))
    leaf = read.certificate()
    assert identity.read(leaf).subject == meta["policy"]["san"]
    assert read.message is not None
    assert signing_key.signed(certificate.public_key(leaf), read.signature, read.message)
    assert len(read.stamps()) == 1
    prover = Prover({PUBLIC_GOOD: material.root(), "github": instance()})
    with pytest.raises(EvidenceRejected, match="was in use at 2025-05-07T08:05:10") as caught:
        prover.prove(material.of_bundle(raw), Digest(meta["digest"]), GITHUB)
    assert caught.value.reason == Reason.TIMESTAMP_INVALID
