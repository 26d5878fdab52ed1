"""`python -m local.signing` against a registry on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

from local.registry.server import LocalRegistry
from local.signing.command import main
from local.signing.distribution import Repository
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.private_sigstore import machine_sigstore

RELEASE = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"


@pytest.fixture
def registry() -> Iterator[LocalRegistry]:
    with LocalRegistry() as running:
        yield running


@pytest.fixture
def repository(registry: LocalRegistry) -> Iterator[Repository]:
    with Repository(registry.url, "acme/app") as opened:
        main(["push", "acme/app:v1", "--registry", registry.url])
        yield opened


def _bundles(repository: Repository) -> list[bytes]:
    index = repository.manifest(repository.describe("v1")["digest"].replace(":", "-")) or {"manifests": []}
    referrers = [repository.manifest(entry["digest"]) or {} for entry in index["manifests"]]
    return [repository.blob(referrer["layers"][0]["digest"]) for referrer in referrers]


def _predicate(folder: Path) -> str:
    file = folder / "predicate.json"
    file.write_text('{"bomFormat":"CycloneDX"}')
    return str(file)


def test_signature_holds_under_the_trusted_root_that_it_writes(
    registry: LocalRegistry, repository: Repository, tmp_path: Path
) -> None:
    main(["sign", "acme/app:v1", "--registry", registry.url])
    main(["trusted-root", str(tmp_path / "root.json")])
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(tmp_path / "root.json")))
    (raw,) = _bundles(repository)
    _, payload = verifier.verify_dsse(Bundle.from_json(raw), policy.Identity(identity=RELEASE, issuer=GITHUB_ISSUER))
    assert json.loads(payload)["subject"] == [{"digest": {"sha256": repository.describe("v1")["digest"][7:]}}]


def test_attestation_is_of_the_type_and_by_the_workflow_that_was_said(
    registry: LocalRegistry, repository: Repository, tmp_path: Path
) -> None:
    workflow = "acme/ci/.github/workflows/sbom.yml@refs/tags/v1"
    options = ["--type", "https://cyclonedx.org/bom", "--predicate", _predicate(tmp_path), "--workflow", workflow]
    main(["attest", "acme/app:v1", "--registry", registry.url, "--rekor", "2", *options])
    root = machine_sigstore().write_trusted_root(tmp_path / "root.json")
    (raw,) = _bundles(repository)
    signer = policy.Identity(identity=f"https://github.com/{workflow}", issuer=GITHUB_ISSUER)
    _, payload = Verifier(trusted_root=TrustedRoot.from_file(str(root))).verify_dsse(Bundle.from_json(raw), signer)
    assert json.loads(payload)["predicateType"] == "https://cyclonedx.org/bom"


def test_legacy_evidence_goes_to_its_tags(registry: LocalRegistry, repository: Repository, tmp_path: Path) -> None:
    digest = repository.describe("v1")["digest"]
    main(["sign", f"acme/app@{digest}", "--legacy", "--registry", registry.url])
    options = ["--type", "https://cyclonedx.org/bom", "--predicate", _predicate(tmp_path)]
    main(["attest", f"acme/app@{digest}", "--legacy", "--registry", registry.url, *options])
    for suffix in ("sig", "att"):
        assert len((repository.manifest(f"{digest.replace(':', '-')}.{suffix}") or {})["layers"]) == 1


def test_every_process_has_the_same_sigstore() -> None:
    assert machine_sigstore().trusted_root() == machine_sigstore().trusted_root()
