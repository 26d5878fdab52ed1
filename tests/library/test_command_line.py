"""The command line against a registry on loopback: exit codes, JSON, and what it says of bad usage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.registry.faults import Fault
from local.registry.server import LocalRegistry
from local.signing import publisher, signer
from local.signing.distribution import Repository
from local.sigstore.protojson import Json
from registry_verifier.command_line import main
from registry_verifier.settings import TOKEN_VARIABLE
from tests import material
from tests.material import CYCLONEDX, IMAGE, ISSUER, SUBJECT

Run = Callable[..., tuple[int, dict[str, Any]]]

POLICY = f"""\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: release
spec:
  images:
    - glob: ghcr.io/acme/**
  authorities:
    - name: publisher
      keyless:
        identities:
          - issuer: {ISSUER}
            subject: {SUBJECT}
      attestations:
        - name: sbom
          predicateType: {CYCLONEDX}
          policy:
            type: cue
            data: |
              predicate: bomFormat: "CycloneDX"
"""


class Bench:
    """A registry with one image, and the command line pointed at it."""

    def __init__(
        self, registry: LocalRegistry, repository: Repository, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.registry, self.repository, self.capsys = registry, repository, capsys
        self.policy = folder / "policy.yaml"
        self.policy.write_text(POLICY)
        self.root = material.sigstore().write_trusted_root(folder / "trusted_root.json")
        self.image: Json = publisher.push_image(self.repository, tag="v1")

    def sign(self, subject: str = SUBJECT) -> None:
        leaf, digest = material.leaf(subject), self.image["digest"]
        publisher.attach_bundle(self.repository, self.image, signer.bundle_signature(material.sigstore(), leaf, digest))
        bom = signer.bundle_attestation(material.sigstore(), leaf, digest, CYCLONEDX, {"bomFormat": "CycloneDX"})
        publisher.attach_bundle(self.repository, self.image, bom)

    def run(self, reference: str = "", *more: str, output: str = "json") -> tuple[int, dict[str, Any]]:
        code = self.main(reference, *more, "--output", output)
        said = self.capsys.readouterr()
        return code, json.loads(said.out) if said.out else {"stderr": said.err}

    def main(self, reference: str = "", *more: str) -> int:
        endpoint = f"ghcr.io={self.registry.url}"
        options = ["--policy", str(self.policy), "--trusted-root", str(self.root), "--registry-endpoint", endpoint]
        return main(["verify", reference or f"{IMAGE}@{self.image['digest']}", *options, *more])


@pytest.fixture(params=["ghcr", "404", "api"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with LocalRegistry(referrers=request.param) as registry, Repository(registry.url, IMAGE.repository) as repository:
        yield Bench(registry, repository, tmp_path, capsys)


def test_verified_is_0(bench: Bench) -> None:
    bench.sign()
    code, said = bench.run()
    assert (code, said["status"], said["reasons"]) == (0, "VERIFIED", [])
    assert (said["image"], said["digest"]) == (str(IMAGE), bench.image["digest"])
    assert [s["holds"] for s in said["statements"]] == [True, True]
    assert said["policies"][0]["holds"] is True


def test_tag_is_resolved_once_and_the_digest_is_verified(bench: Bench) -> None:
    bench.sign()
    code, said = bench.run(f"{IMAGE}:v1")
    assert (code, said["digest"]) == (0, bench.image["digest"])
    assert sum("manifests/v1" in asked for asked in bench.registry.requests if asked.startswith("GET")) == 1


def test_missing_evidence_is_1_there_is_no_later(bench: Bench) -> None:
    code, said = bench.run()
    assert (code, said["status"], said["reasons"]) == (1, "FAILED", ["NO_SIGNATURE", "NO_ATTESTATION"])


def test_wrong_signer_is_1_with_the_nearest_miss(bench: Bench) -> None:
    bench.sign(SUBJECT.replace("main", "dev"))
    code, said = bench.run()
    assert (code, said["reasons"]) == (1, ["IDENTITY_MISMATCH"])
    assert said["nearest_miss"]["expected"]["subject"] == SUBJECT


def test_cve_2025_25204_attestations_of_another_type_only_are_1_and_not_0(bench: Bench) -> None:
    digest = bench.image["digest"]
    signature = signer.bundle_signature(material.sigstore(), material.leaf(), digest)
    other = signer.bundle_attestation(material.sigstore(), material.leaf(), digest, "https://example.com/other", {})
    for bundle in (signature, other):
        publisher.attach_bundle(bench.repository, bench.image, bundle)
    code, said = bench.run()
    assert (code, said["reasons"]) == (1, ["NO_ATTESTATION"])


def test_outage_is_3(bench: Bench) -> None:
    bench.sign()
    bench.registry.fail(Fault(status=503))
    assert bench.run()[0] == 3
    bench.registry.fail(Fault(status=429))
    code, said = bench.run()
    assert (code, said["status"], said["reasons"]) == (3, "UNKNOWN", ["REGISTRY_THROTTLED"])


def test_image_that_is_not_there_is_3(bench: Bench) -> None:
    code, said = bench.run(f"{IMAGE}@{material.digest('nothing')}")
    assert (code, said["reasons"]) == (3, ["MANIFEST_NOT_FOUND"])
    assert bench.run(f"{IMAGE}:v2")[0] == 3


def test_evidence_only_judges_an_image_that_is_gone(bench: Bench) -> None:
    gone = {**bench.image, "digest": material.digest("gone")}
    bundle = signer.bundle_signature(material.sigstore(), material.leaf(), gone["digest"])
    publisher.attach_bundle(bench.repository, gone, bundle)
    code, said = bench.run(f"{IMAGE}@{gone['digest']}", "--evidence-only")
    assert (code, said["reasons"]) == (1, ["NO_ATTESTATION"])


def test_no_policy_is_4(bench: Bench) -> None:
    bench.policy.write_text(POLICY.replace("ghcr.io/acme/**", "ghcr.io/other/**"))
    code, said = bench.run()
    assert (code, said["status"]) == (4, "NO_POLICY")


@pytest.mark.parametrize(
    ("reference", "more"),
    [
        (f"{IMAGE}", ()),
        ("acme", ()),
        (f"{IMAGE}@sha256:abc", ()),
        (f"{IMAGE}:", ()),
        ("GHCR.IO/Acme/App:v1", ()),
        (f"{IMAGE}:v1", ("--evidence-only",)),
        (f"{IMAGE}:v1", ("--registry-endpoint", "ghcr.io=http://127.0.0.1.evil.example:1")),
        (f"{IMAGE}:v1", ("--registry-endpoint", "ghcr.io")),
        (f"{IMAGE}:v1", ("--policy", "no-such-file.yaml")),
        (f"{IMAGE}:v1", ("--trusted-root", "no-such-file.json")),
    ],
)
def test_bad_usage_is_2_and_says_why_on_stderr(bench: Bench, reference: str, more: tuple[str, ...]) -> None:
    code, said = bench.run(reference, *more)
    assert code == 2
    assert said["stderr"].strip()


@pytest.mark.parametrize("arguments", [[], ["verify"], ["verify", f"{IMAGE}:v1"], ["--nonsense"], ["policy"]])
def test_usage_that_does_not_parse_is_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_text_says_the_answer_first_and_shows_no_control_characters(bench: Bench) -> None:
    bench.sign(SUBJECT.replace("main", "dev"))
    hostile = "https://x.example/\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}\n"
    raw = signer.bundle_attestation(material.sigstore(), material.leaf(), bench.image["digest"], hostile, {})
    publisher.attach_bundle(bench.repository, bench.image, raw)
    code = bench.main()
    said = bench.capsys.readouterr().out
    assert code == 1
    assert said.startswith(f"FAILED  {IMAGE}@{bench.image['digest']}\n")
    assert "nearest miss" in said
    assert all(character.isprintable() for character in said.replace("\n", ""))


def test_private_image_by_username_and_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        LocalRegistry(users={"robot": "s3cret"}, private=[IMAGE.repository]) as registry,
        Repository(registry.url, IMAGE.repository, credentials=("robot", "s3cret")) as repository,
    ):
        bench = Bench(registry, repository, tmp_path, capsys)
        bench.sign()
        assert bench.run()[1]["reasons"] == ["REGISTRY_FORBIDDEN"]
        monkeypatch.setenv(TOKEN_VARIABLE, "s3cret")
        assert bench.run("", "--username", "robot")[0] == 0


def test_policy_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(POLICY)
    bad.write_text(POLICY.replace("name: release", "name: other").replace("identities", "identites"))
    assert main(["policy", "check", str(good)]) == 0
    assert "release" in capsys.readouterr().out
    assert main(["policy", "check", str(good), str(bad)]) == 2
    said = capsys.readouterr().err
    assert f"{bad}:11:9: spec.authorities[0].keyless.identites: " in said
    assert "identities" in said
