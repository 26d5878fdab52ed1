"""`python -m local.signing` against a registry on loopback."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rfc3161_client import VerifierBuilder, decode_timestamp_response
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


def _key_file(folder: Path, private: ec.EllipticCurvePrivateKey) -> str:
    file = folder / "key.pem"
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(file)


def test_key_signs_in_place_of_a_certificate(registry: LocalRegistry, repository: Repository, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    options = ["--registry", registry.url, "--key", _key_file(tmp_path, private)]
    main(["sign", "acme/app:v1", "--no-log", *options])
    main(["sign", "acme/app:v1", "--legacy", "--tsa", *options])
    bundle = json.loads(_bundles(repository)[0])
    assert bundle["verificationMaterial"].keys() == {"publicKey", "tlogEntries"}
    assert bundle["verificationMaterial"]["tlogEntries"] == []
    tag = f"{repository.describe('v1')['digest'].replace(':', '-')}.sig"
    (layer,) = (repository.manifest(tag) or {})["layers"]
    signature = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
    private.public_key().verify(signature, repository.blob(layer["digest"]), ec.ECDSA(hashes.SHA256()))
    assert "dev.sigstore.cosign/certificate" not in layer["annotations"]
    stamp = json.loads(layer["annotations"]["dev.sigstore.cosign/rfc3161timestamp"])["SignedRFC3161Timestamp"]
    root = machine_sigstore().tsa.root.certificate
    verifier = VerifierBuilder().add_root_certificate(root).build()
    assert verifier.verify_message(decode_timestamp_response(base64.b64decode(stamp)), signature)


def test_key_that_cannot_sign_here(registry: LocalRegistry, repository: Repository, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(
        x25519.X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with pytest.raises(ValueError, match="expected ECDSA, RSA or Ed25519"):
        main(["sign", f"{repository.name}:v1", "--registry", registry.url, "--key", str(file)])


def test_every_process_has_the_same_sigstore() -> None:
    assert machine_sigstore().trusted_root() == machine_sigstore().trusted_root()
