"""Inclusion proofs in bundles that sigstore-python is not asked about: what must hold, and each way of being wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local.signing import signer
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason
from tests import material
from tests.material import CYCLONEDX, DIGEST

BY_KEY = Trust(keys=(material.key().pem,))
ENTRY = "verificationMaterial.tlogEntries.0"
PROOF = f"{ENTRY}.inclusionProof"
LOGS = pytest.mark.parametrize("rekor", [1, 2])


def bundle(rekor: Any = 1) -> dict[str, Any]:
    raw = signer.bundle_attestation(material.sigstore(), material.key(), DIGEST, CYCLONEDX, {}, rekor=rekor)
    document: dict[str, Any] = json.loads(raw)
    return document


def candidate(document: Any) -> Candidate:
    return material.of_bundle(json.dumps(document).encode())


def refused(document: Any) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        Prover({PUBLIC_GOOD: material.root()}).prove(candidate(document), DIGEST, BY_KEY)
    assert str(caught.value)
    return caught.value.reason


def proof_of(document: Any) -> Any:
    return document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]


@LOGS
def test_every_place_in_a_growing_tree_is_proven(rekor: int) -> None:
    prover = Prover({PUBLIC_GOOD: material.root()})
    for _ in range(40):
        assert prover.prove(candidate(bundle(rekor)), DIGEST, BY_KEY).holds


@LOGS
def test_no_inclusion_proof(rekor: int) -> None:
    nothings: tuple[Any, ...] = (None, "x", [])
    for nothing in nothings:
        assert refused(material.changed(bundle(rekor), PROOF, nothing)) == Reason.TLOG_INVALID


@LOGS
def test_each_hash_of_the_path_counts(rekor: int) -> None:
    document = bundle(rekor)
    for number, _ in enumerate(proof_of(document)["hashes"]):
        other = base64.b64encode(bytes(32)).decode()
        assert refused(material.changed(document, f"{PROOF}.hashes.{number}", other)) == Reason.TLOG_INVALID


@LOGS
def test_path_that_is_too_short_or_too_long(rekor: int) -> None:
    document = bundle(rekor)
    hashes = proof_of(document)["hashes"]
    for wrong in (hashes[:-1], [*hashes, hashes[0]], [], hashes * 20, "x", [7]):
        assert refused(material.changed(document, f"{PROOF}.hashes", wrong)) == Reason.TLOG_INVALID


@LOGS
def test_path_is_as_long_as_the_tree_is_high_whatever_the_log_signed(rekor: int) -> None:
    document = bundle(rekor)
    hashes = proof_of(document)["hashes"]
    for wrong, fact in ((hashes[:-1], "does not reach the root"), (hashes * 20, "longer than the tree")):
        with pytest.raises(EvidenceRejected, match=fact):
            changed = candidate(material.changed(document, f"{PROOF}.hashes", wrong[:64]))
            Prover({PUBLIC_GOOD: material.root()}).prove(changed, DIGEST, BY_KEY)


@LOGS
@pytest.mark.parametrize("name", ["logIndex", "treeSize"])
@pytest.mark.parametrize("value", ["0", "1", "-1", "x", "\u0661", "9" * 30, 7, None, "1" * 19])
def test_place_in_the_tree_counts(rekor: int, name: str, value: Any) -> None:
    assert refused(material.changed(bundle(rekor), f"{PROOF}.{name}", value)) == Reason.TLOG_INVALID


@LOGS
def test_place_beyond_the_end_of_the_tree(rekor: int) -> None:
    document = bundle(rekor)
    while (size := int(proof_of(document)["treeSize"])) & (size - 1):
        document = bundle(rekor)  # in a whole tree the path of the last leaf is the same for places far beyond
    beyond = str(size - 1 + (1 << 40))
    changed = material.changed(document, f"{PROOF}.logIndex", beyond)
    if rekor == 2:
        changed = material.changed(changed, f"{ENTRY}.logIndex", beyond)
    assert refused(changed) == Reason.TLOG_INVALID


def test_index_that_nothing_in_the_second_log_vouches_for() -> None:
    assert refused(material.changed(bundle(2), f"{ENTRY}.logIndex", "7")) == Reason.TLOG_INVALID


@LOGS
@pytest.mark.parametrize("index", ["-1", "x", 7, "9" * 40, None])
def test_index_in_the_log_that_is_none(rekor: int, index: Any) -> None:
    assert refused(material.changed(bundle(rekor), f"{ENTRY}.logIndex", index)) == Reason.TLOG_INVALID


@LOGS
@pytest.mark.parametrize("key_id", ["AAAA", "", "****", 7])
def test_log_that_nobody_knows(rekor: int, key_id: Any) -> None:
    reason = refused(material.changed(bundle(rekor), f"{ENTRY}.logId.keyId", key_id))
    assert reason == Reason.TLOG_INVALID


def checkpoint_of(document: Any) -> str:
    text: str = proof_of(document)["checkpoint"]["envelope"]
    return text


@LOGS
def test_cve_2024_54140_checkpoint_that_nobody_signed(rekor: int) -> None:
    document = bundle(rekor)
    text = checkpoint_of(document)
    head, _, signatures = text.partition("\n\n")
    wrong = [
        text.replace("\n", "\n1", 1),
        f"{head}\n\n",
        f"{head}\nmore\n\n{signatures}",
        f"x{text}",
        head,
        f"{head}\n\n{signatures}\n\n",
        "\n\n" + signatures,
        "x" * 20_000,
        "",
        7,
    ]
    for envelope in wrong:
        assert refused(material.changed(document, f"{PROOF}.checkpoint.envelope", envelope)) == Reason.TLOG_INVALID


@LOGS
def test_checkpoint_of_another_log(rekor: Any) -> None:
    foreign = signer.bundle_attestation(material.stranger(), material.key(), DIGEST, CYCLONEDX, {}, rekor=rekor)
    text = checkpoint_of(json.loads(foreign))
    assert refused(material.changed(bundle(rekor), f"{PROOF}.checkpoint.envelope", text)) == Reason.TLOG_INVALID


@LOGS
def test_genuine_checkpoint_of_another_size(rekor: int) -> None:
    older = checkpoint_of(bundle(rekor))
    assert refused(material.changed(bundle(rekor), f"{PROOF}.checkpoint.envelope", older)) == Reason.TLOG_INVALID


@LOGS
def test_further_signatures_on_a_checkpoint_do_no_harm(rekor: int) -> None:
    document = bundle(rekor)
    text = checkpoint_of(document) + "\N{EM DASH} witness.example AAAAAAAAAAAA\n"
    changed = material.changed(document, f"{PROOF}.checkpoint.envelope", text)
    assert Prover({PUBLIC_GOOD: material.root()}).prove(candidate(changed), DIGEST, BY_KEY).holds


@pytest.mark.parametrize("value", ["AAAA", "****", 7])
def test_promise_that_does_not_hold(value: Any) -> None:
    path = f"{ENTRY}.inclusionPromise.signedEntryTimestamp"
    assert refused(material.changed(bundle(), path, value)) == Reason.TLOG_INVALID


def test_cve_2026_48816_integrated_time_is_covered_by_the_promise() -> None:
    later = str(int(material.NOW.timestamp()) + 60)
    assert refused(material.changed(bundle(), f"{ENTRY}.integratedTime", later)) == Reason.TLOG_INVALID


def test_cve_2024_55655_integrated_time_without_promise() -> None:
    document = bundle()
    del document["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]
    assert refused(document) == Reason.TIMESTAMP_MISSING


@LOGS
def test_cve_2024_51746_cve_2026_49834_two_log_entries(rekor: int) -> None:
    entries = bundle(rekor)["verificationMaterial"]["tlogEntries"]
    assert refused(material.changed(bundle(rekor), "verificationMaterial.tlogEntries", entries * 2)) == (
        Reason.TLOG_INVALID
    )


@pytest.mark.parametrize("body", ["e30", "bm90IGpzb24=", "W10=", "", 7])
def test_body_that_is_none(body: Any) -> None:
    assert refused(material.changed(bundle(), f"{ENTRY}.canonicalizedBody", body)) == Reason.TLOG_INVALID
