"""For which platforms an SBOM was made: a warning where an index has more, silence where nothing tells."""

from __future__ import annotations

from typing import Any

import pytest

from local.signing import signer
from registry_verifier import verdict_document
from registry_verifier.judgement import sbom_platforms
from registry_verifier.models import Identity, Statement, Verdict
from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Policy
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import AuthorityResult, PolicyResult, RequirementResult
from tests import material
from tests.library.test_children import Pushed
from tests.material import CYCLONEDX, ISSUER, SUBJECT

SPDX = "https://spdx.dev/Document/v2.3"
BOTH = ("linux/amd64", "linux/arm64")


def statement(bom: Any, kind: str = CYCLONEDX, place: str = "sbom", subject: str = SUBJECT) -> Statement:
    return Statement(place, "bundle", False, kind, Identity(subject, ISSUER), document={"predicate": bom})


def used(*places: str) -> PolicyResult:
    demands = tuple(RequirementResult(place, CYCLONEDX, place, None) for place in places)
    return PolicyResult("p", "enforce", "", (AuthorityResult("a", demands),))


def said(*statements: Statement, platforms: tuple[str, ...] = BOTH, places: tuple[str, ...] = ("sbom",)) -> str:
    warnings = sbom_platforms.warning(statements, [used(*places)], platforms)
    return warnings[0].text if warnings else ""


AMD64_ONLY = "SBOM describes linux/amd64 only (index has linux/amd64, linux/arm64)"
PURL = "pkg:oci/app@sha256%3Aabc?arch=amd64&repository_url=ghcr.io%2Facme%2Fapp"
TRIVY = {
    "bomFormat": "CycloneDX",
    "metadata": {
        "component": {
            "type": "container",
            "purl": PURL,
            "properties": [{"name": "aquasecurity:trivy:SchemaVersion", "value": "2"}],
        }
    },
}
SYFT = {
    "bomFormat": "CycloneDX",
    "metadata": {
        "component": {"type": "container", "name": "ghcr.io/acme/app"},
        "properties": [{"name": "syft:image:labels:architecture", "value": "arm64"}],
    },
    "components": [
        {"type": "library", "purl": "pkg:deb/debian/base-files@12?arch=amd64&distro=debian-12"},
        {"type": "library", "purl": "pkg:deb/debian/ca-certificates@1?arch=all&distro=debian-12"},
        {"type": "library", "purl": "pkg:pypi/six@1.17.0"},
        {"type": "operating-system", "name": "debian"},
    ],
}


def spdx(*locators: str) -> dict[str, Any]:
    references = [
        {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": each} for each in locators
    ]
    return {"spdxVersion": "SPDX-2.3", "packages": [{"name": "app", "externalRefs": references}]}


def properties(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"metadata": {"component": {"properties": [{"name": name, "value": value} for name, value in pairs]}}}


@pytest.mark.parametrize(
    "bom",
    [
        TRIVY,
        SYFT,
        {"Data": TRIVY, "Timestamp": "2026-01-01T00:00:00Z"},
        {"components": [{"purl": "pkg:apk/alpine/musl@1.2.5?arch=x86_64&distro=alpine-3.20"}]},
        {"components": [{"purl": "pkg:rpm/redhat/bash@5.1?arch=x86_64"}]},
        {"metadata": {"component": {"purl": "pkg:docker/acme/app@v1?platform=linux%2Famd64"}}},
        properties(("aquasecurity:trivy:Architecture", "amd64")),
        properties(("syft:image:architecture", "amd64"), ("syft:image:os", "linux")),
        properties(("example:image:platform", "linux/amd64/v1")),
    ],
)
def test_cyclonedx_of_one_platform_is_said_so(bom: Any) -> None:
    assert said(statement(bom)) == AMD64_ONLY
    assert said(statement(bom), platforms=("linux/amd64",)) == ""


@pytest.mark.parametrize(
    "locators",
    [
        ("pkg:oci/app@sha256:abc?arch=amd64&tag=v1",),
        ("pkg:oci/app@sha256:abc?arch=amd64&os=linux",),
        ("pkg:apk/wolfi/glibc@2.4?arch=x86_64", "pkg:apk/wolfi/data@1?arch=noarch"),
    ],
)
def test_spdx_of_one_platform_is_said_so(locators: tuple[str, ...]) -> None:
    assert said(statement(spdx(*locators), SPDX)) == AMD64_ONLY


@pytest.mark.parametrize(
    "bom",
    [
        {},
        "SPDXVersion: SPDX-2.3",
        None,
        {"components": "many"},
        {"components": [None, 7, {"purl": 5}, {"purl": "pkg:pypi/six@1"}, {"purl": "pkg:deb/debian/x@1?arch=all"}]},
        {"components": [{"purl": "pkg:generic/openssl@3?arch=amd64"}]},
        {"metadata": {"properties": [{"name": 1, "value": 2}, {"name": "x:platform", "value": "el9"}]}},
        properties(("aquasecurity:trivy:Labels:architecture", "amd64")),
        properties(("example:architecture", "the best one")),
        {"packages": [{"externalRefs": [{"referenceType": "cpe", "referenceLocator": PURL}]}]},
    ],
)
def test_sbom_that_does_not_tell_is_no_warning(bom: Any) -> None:
    assert said(statement(bom)) == ""


def test_what_is_said_of_the_image_comes_before_its_packages() -> None:
    bom = TRIVY | {"components": [{"purl": "pkg:deb/debian/libc6@2?arch=arm64"}]}
    assert said(statement(bom)) == AMD64_ONLY


def test_one_sbom_for_each_platform_is_no_warning() -> None:
    arm64 = {"metadata": {"component": {"purl": PURL.replace("amd64", "arm64")}}}
    assert said(statement(TRIVY), statement(arm64, place="other")) == ""


def test_sbom_of_another_signer_says_nothing() -> None:
    arm64 = {"metadata": {"component": {"purl": PURL.replace("amd64", "arm64")}}}
    stranger = statement(arm64, place="other", subject=SUBJECT.replace("main", "dev"))
    assert said(statement(TRIVY), stranger) == AMD64_ONLY


def test_second_sbom_that_does_not_tell_leaves_it_open() -> None:
    assert said(statement(TRIVY), statement({}, place="other")) == ""


def test_sbom_that_nobody_asked_for_says_nothing() -> None:
    assert said(statement(TRIVY), places=("signature",)) == ""


def test_platform_that_the_index_does_not_have_is_named() -> None:
    expected = "SBOM describes amd64 only (index has linux/arm64, linux/s390x)"
    assert said(statement(TRIVY), platforms=("linux/arm64", "linux/s390x")) == expected


def test_windows_of_the_same_machine_is_another_platform_where_the_system_is_known() -> None:
    bom = {"metadata": {"component": {"purl": PURL + "&os=linux"}}}
    expected = "SBOM describes linux/amd64 only (index has linux/amd64, windows/amd64)"
    assert said(statement(bom), platforms=("linux/amd64", "windows/amd64")) == expected


def test_hostile_sbom_takes_little_time_and_is_no_error() -> None:
    purl = "pkg:deb/" + "a" * 100_000 + "?" + "arch=amd64&" * 10_000
    bom = {"components": [{"purl": purl}, {"purl": "pkg:deb/x@1?" + "&" * 500}] * 30_000, "packages": [[]] * 30_000}
    assert said(statement(bom)) == ""


def judged(predicate: Any, *platforms: str) -> Verdict:
    pushed = Pushed(*platforms)
    pushed.sign(pushed.index)
    bundle = signer.bundle_attestation(material.sigstore(), material.leaf(), pushed.index, CYCLONEDX, predicate)
    pushed.registry.attach(pushed.index, bundle)
    rules = (AttestationRule("sbom", CYCLONEDX),)
    return pushed.judged(
        Policy("p", ("**",), (Authority("a", (IdentityRule(issuer=ISSUER, subject=SUBJECT),), rules),))
    )


def test_warning_stands_in_the_verdict_and_fails_nothing() -> None:
    verdict = judged(TRIVY, *BOTH)
    assert (verdict.status, [w.code for w in verdict.warnings]) == (Status.VERIFIED, [Reason.SBOM_PLATFORMS])
    document = verdict_document.write(verdict)
    assert document["warnings"] == [{"code": "SBOM_PLATFORMS", "text": AMD64_ONLY}]


def test_index_of_one_platform_has_no_warning() -> None:
    assert judged(TRIVY, "linux/amd64").warnings == ()
