"""Provenance of real workflows: not one false alarm, and each lie in an altered copy is found."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from registry_verifier import identity
from registry_verifier.models import ImageName, Statement, parse_digest
from registry_verifier.provenance import disagreements, is_checked
from tests.material import changed

CASES = sorted((Path(__file__).parents[3] / "shared/corpus/cases").glob("*/meta.json"))
pytestmark = pytest.mark.skipif(
    not CASES, reason="../shared/corpus is not there: its files are not part of the project"
)


def documents(case: Path) -> Iterator[dict[str, Any]]:
    for blob in sorted((case.parent / "blobs/sha256").iterdir()):
        try:
            document = json.loads(blob.read_bytes())
        except ValueError:
            continue
        if isinstance(document, dict):
            yield document


def statements(case: Path) -> Iterator[Statement]:
    for document in documents(case):
        if "dsseEnvelope" in document:
            certificate = base64.b64decode(document["verificationMaterial"]["certificate"]["rawBytes"])
            yield statement(document["dsseEnvelope"], x509.load_der_x509_certificate(certificate))
        for layer in document.get("layers", []):
            pem = (layer.get("annotations") or {}).get("dev.sigstore.cosign/certificate", "")
            envelope = json.loads((case.parent / "blobs/sha256" / layer["digest"][7:]).read_bytes()) if pem else {}
            if "payload" in envelope:
                yield statement(envelope, x509.load_pem_x509_certificate(pem.encode()))


def statement(envelope: dict[str, Any], certificate: x509.Certificate) -> Statement:
    document = json.loads(base64.b64decode(envelope["payload"]))
    return Statement(
        place="",
        format="bundle",
        is_signature=False,
        predicate_type=document["predicateType"],
        identity=identity.read(certificate),
        document=document,
    )


def provenance() -> list[Any]:
    found = []
    for case in CASES:
        meta = json.loads(case.read_text())
        for number, one in enumerate(statements(case)):
            if is_checked(one):
                found.append(pytest.param(one, meta, id=f"{meta['name']}-{number}"))
    return found


def check(one: Statement, meta: dict[str, Any]) -> list[str]:
    image, digest = ImageName.parse(meta["image_ref"]), parse_digest(meta["digest"])
    return [str(found) for found in disagreements(one, image, digest)]


def test_the_corpus_has_provenance_of_each_generation() -> None:
    assert {param.values[0].predicate_type.rpartition("/")[2] for param in provenance()} == {"v1", "v0.2"}


@pytest.mark.parametrize(("one", "meta"), provenance())
def test_genuine_provenance_agrees_with_its_certificate(one: Statement, meta: dict[str, Any]) -> None:
    assert check(one, meta) == []


PATHS = {
    "https://slsa.dev/provenance/v1": [
        "buildDefinition.externalParameters.workflow.repository",
        "buildDefinition.externalParameters.workflow.ref",
        "buildDefinition.externalParameters.workflow.path",
        "buildDefinition.resolvedDependencies.0.uri",
        "buildDefinition.resolvedDependencies.0.digest.gitCommit",
        "buildDefinition.internalParameters.github.event_name",
        "runDetails.builder.id",
        "runDetails.metadata.invocationId",
    ],
    "https://slsa.dev/provenance/v0.2": [
        "builder.id",
        "invocation.configSource.uri",
        "invocation.configSource.digest.sha1",
        "invocation.configSource.entryPoint",
        "invocation.environment.github_run_id",
        "metadata.buildInvocationID",
        "materials.0.uri",
        "materials.0.digest.sha1",
    ],
}


@pytest.mark.parametrize(("one", "meta"), provenance())
def test_each_altered_fact_is_found(one: Statement, meta: dict[str, Any]) -> None:
    assert one.identity is not None
    if "run_invocation_uri" not in one.identity.claims:
        pytest.skip("a certificate of 2022 speaks of neither run nor workflow file")
    for path in PATHS[str(one.predicate_type)]:
        lie = replace(one, document=changed(one.document, f"predicate.{path}", "https://github.com/evil/app"))
        assert check(lie, meta), path


@pytest.mark.parametrize(("one", "meta"), provenance())
def test_another_digest_is_found(one: Statement, meta: dict[str, Any]) -> None:
    assert check(one, {**meta, "digest": f"sha256:{'0' * 64}"})
