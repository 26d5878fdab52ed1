"""What real cosign made, in tests/assets/cosign: it is whole, and sigstore-python agrees with what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sigstore.errors import Error as SigstoreError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

from local.interop.cosign_session import PREDICATES
from local.interop.record_assets import CASES
from local.interop.recording import Recording
from local.signing.signer import BUNDLE_TYPE, SIGNATURE_PREDICATE

ASSETS = Path(__file__).parents[1] / "assets"
NAMES = [case.name for case in CASES]
BUNDLES = [case.name for case in CASES if not case.layout.legacy]
LEGACY = [case.name for case in CASES if case.layout.legacy]
READABLE = [name for name in BUNDLES if name != "cosign2_bundle_rekor2_tsa"]


def _load(name: str) -> Recording:
    return Recording.load(ASSETS / "cosign" / f"{name}.json")


def _manifests(recording: Recording) -> Iterator[Any]:
    yield from map(json.loads, recording.manifests.values())


def _referrers(recording: Recording, subject: str) -> list[Any]:
    return [each for each in _manifests(recording) if (each.get("subject") or {}).get("digest") == subject]


def _bundles(recording: Recording) -> list[bytes]:
    found = [each for each in _manifests(recording) if each.get("artifactType") == BUNDLE_TYPE]
    return [recording.blobs[each["layers"][0]["digest"]] for each in found]


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(trusted_root=TrustedRoot.from_file(str(ASSETS / "cosign" / "trusted_root.json")))


def test_every_case_has_its_file_and_every_file_its_case() -> None:
    assert {path.stem for path in (ASSETS / "cosign").glob("*.json")} == {*NAMES, "trusted_root"}


def test_assets_stay_small() -> None:
    assert sum(path.stat().st_size for path in ASSETS.rglob("*") if path.is_file()) < 1_000_000


@pytest.mark.parametrize("name", NAMES)
def test_recording_is_whole(name: str) -> None:
    recording = _load(name)
    assert recording.tags["v1"] == recording.image
    pointed_at = {part["digest"] for each in _manifests(recording) for part in each.get("layers", ())}
    assert pointed_at <= recording.blobs.keys()


@pytest.mark.parametrize("name", READABLE)
def test_sigstore_python_accepts_the_bundles(name: str, verifier: Verifier) -> None:
    recording = _load(name)
    signer = policy.Identity(identity=recording.facts["subject"], issuer=recording.facts["issuer"])
    for raw in _bundles(recording):
        verifier.verify_dsse(Bundle.from_json(raw), signer)


def test_sigstore_python_does_not_read_what_cosign_2_logs_in_rekor_2(verifier: Verifier) -> None:
    for raw in _bundles(_load("cosign2_bundle_rekor2_tsa")):
        with pytest.raises(SigstoreError, match=r"Unsupported DSSE log entry type: dsse/0\.0\.2"):
            verifier.verify_dsse(Bundle.from_json(raw), policy.UnsafeNoOp())


@pytest.mark.parametrize("name", BUNDLES)
def test_bundles_are_listed_in_the_fallback_index(name: str) -> None:
    recording = _load(name)
    index = json.loads(recording.manifests[recording.tags[recording.image.replace(":", "-")]])
    assert len(index["manifests"]) == len(_referrers(recording, recording.image)) > 0


@pytest.mark.parametrize("name", LEGACY)
def test_legacy_layers_are_at_their_tags(name: str) -> None:
    recording = _load(name)
    tag = recording.image.replace(":", "-")
    signatures, attestations = (
        json.loads(recording.manifests[recording.tags[f"{tag}.{suffix}"]])["layers"] for suffix in ("sig", "att")
    )
    assert (len(signatures), len(attestations)) == (1, len(PREDICATES))
    assert all("dev.sigstore.cosign/bundle" in layer["annotations"] for layer in [*signatures, *attestations])


def test_cosign_2_annotates_every_bundle_as_a_signature() -> None:
    recording = _load("cosign2_bundle_tsa")
    claimed = {
        each["annotations"]["dev.sigstore.bundle.predicateType"] for each in _referrers(recording, recording.image)
    }
    assert claimed == {SIGNATURE_PREDICATE}
    assert len(_bundles(recording)) == 1 + len(PREDICATES)


def test_cosign_3_takes_an_sbom_for_a_signature() -> None:
    facts = _load("cosign3_sbom_only").facts
    assert (facts["signed"], facts["accepted_by_cosign"]["verify"]) == (False, True)


def test_recursive_signing_signs_every_child() -> None:
    recording = _load("cosign3_index_recursive")
    children = [child["digest"] for child in json.loads(recording.manifests[recording.image])["manifests"]]
    assert [len(_referrers(recording, digest)) for digest in (recording.image, *children)] == [1, 1, 1]
