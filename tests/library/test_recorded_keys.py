"""What real cosign 2 and 3 made with a key, in tests/assets/cosign_keys: it holds, and under no other demand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from local.interop.record_keys import CASES
from local.interop.recording import Recording
from registry_verifier import signing_key
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Digest
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot
from tests import material

ASSETS = Path(__file__).parents[1] / "assets" / "cosign_keys"
FORMATS = {
    "application/vnd.dev.sigstore.bundle.v0.3+json": "bundle",
    "application/vnd.dev.cosign.simplesigning.v1+json": "simplesigning",
    "application/vnd.dsse.envelope.v1+json": "dsse",
}
EVERY = pytest.mark.parametrize("name", [case.name for case in CASES])


def load(name: str) -> tuple[Recording, list[Candidate], Trust]:
    """What was recorded, the candidates in it, and the strictest demand that it meets."""
    recording = Recording.load(ASSETS / f"{name}.json")
    facts = recording.facts
    trust = Trust(keys=signing_key.read(facts["key"]), log=facts["log"], timestamp=facts["timestamp"])
    return recording, list(candidates(recording)), trust


def candidates(recording: Recording) -> Iterator[Candidate]:
    for manifest in map(json.loads, recording.manifests.values()):
        for layer in manifest.get("layers", ()):
            if layer["mediaType"] in FORMATS:
                content = recording.blobs[layer["digest"]]
                yield Candidate("", FORMATS[layer["mediaType"]], content, layer.get("annotations", {}))


@pytest.fixture(scope="module")
def prover() -> Prover:
    return Prover({PUBLIC_GOOD: TrustedRoot((ASSETS / "trusted_root.json").read_bytes())})


def refused(prover: Prover, candidate: Candidate, digest: Any, trust: Trust) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        prover.prove(candidate, Digest(digest), trust)
    return caught.value.reason


def test_every_case_has_its_file_and_every_file_its_case() -> None:
    assert {path.stem for path in ASSETS.glob("*.json")} == {*(case.name for case in CASES), "trusted_root"}


@EVERY
def test_signature_and_attestation_hold(name: str, prover: Prover) -> None:
    recording, found, trust = load(name)
    proven = [prover.prove(candidate, Digest(recording.image), trust) for candidate in found]
    assert sorted(statement.is_signature for statement in proven) == [False, True]
    assert {statement.key for statement in proven} == {signing_key.fingerprint(recording.facts["key"])}
    assert all(statement.log_index is not None for statement in proven) == trust.log


@EVERY
def test_under_other_demands_nothing_holds(name: str, prover: Prover) -> None:
    recording, found, trust = load(name)
    other = material.key(ec.generate_private_key(ec.SECP256R1())).pem
    wrong = {
        replace(trust, keys=(other,)): {Reason.KEY_MISMATCH},
        replace(trust, hash_algorithm="sha512"): {Reason.KEY_MISMATCH},
        replace(trust, keys=()): {Reason.CERT_INVALID, Reason.TIMESTAMP_MISSING},
    }
    if not trust.log:
        wrong[replace(trust, log=True)] = {Reason.TLOG_MISSING}
    if not trust.timestamp:
        wrong[replace(trust, timestamp=True)] = {Reason.TIMESTAMP_MISSING}
    for demand, reasons in wrong.items():
        assert {refused(prover, candidate, recording.image, demand) for candidate in found} <= reasons


@EVERY
def test_nothing_holds_about_another_image_or_under_another_root(name: str, prover: Prover) -> None:
    recording, found, trust = load(name)
    for candidate in found:
        assert refused(prover, candidate, material.OTHER, trust) == Reason.SUBJECT_DIGEST_MISMATCH
        if trust.log:
            foreign = Prover({PUBLIC_GOOD: material.root()})
            assert refused(foreign, candidate, recording.image, trust) in (
                Reason.TLOG_INVALID,
                Reason.TIMESTAMP_INVALID,
            )
