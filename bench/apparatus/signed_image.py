"""The image that the benches verify: signed, with a CycloneDX SBOM and SLSA provenance, as bundles or as legacy layers.

Each of the three has a certificate of its own, as it has where a workflow runs cosign three times.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.signing.publisher import attach_bundle, attach_layer, push_image
from local.signing.signer import SIGNATURE_PREDICATE, envelope_bundle, record_envelope, record_payload
from local.sigstore.dsse import Envelope, pre_authentication_encoding, seal, statement
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.layers import envelope_layer, payload_layer, simple_signing_payload
from local.sigstore.leaf import Leaf
from local.sigstore.log_entry import LogEntry
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json
from registry_verifier.models import Digest, ImageName, parse_digest
from registry_verifier.policy import load
from registry_verifier.policy.model import Policy
from registry_verifier.trusted_root import TrustedRoot

IMAGE = ImageName("ghcr.io", "acme/app")
RUN = WorkflowRun()
CYCLONEDX = "https://cyclonedx.org/bom"
SLSA = "https://slsa.dev/provenance/v1"
POLICY = f"""\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: bench
spec:
  images:
    - glob: ghcr.io/acme/*
  authorities:
    - name: release
      keyless:
        url: https://fulcio.sigstore.dev
        identities:
          - issuer: {GITHUB_ISSUER}
            subject: {RUN.subject}
      attestations:
        - name: sbom
          predicateType: {CYCLONEDX}
          policy:
            type: cue
            data: |
              predicateType: "{CYCLONEDX}"
              predicate: bomFormat: "CycloneDX"
        - name: provenance
          predicateType: {SLSA}
          policy:
            type: cue
            data: |
              predicateType: "{SLSA}"
              predicate: buildDefinition: externalParameters: image: =~"^ghcr\\\\.io/acme/app@sha256:[0-9a-f]{{64}}$"
"""


@dataclass(frozen=True)
class Signed:
    """One signature with what vouches for it."""

    leaf: Leaf
    message: bytes
    """what the signature is over"""
    signature: bytes
    entry: LogEntry


@dataclass(frozen=True)
class SignedImage:
    """What was published."""

    digest: Digest
    signatures: Sequence[Signed]


def policies() -> tuple[Policy, ...]:
    """The policy that the image meets."""
    return load.load(POLICY.encode(), file="bench.yaml")


def trusted_root(sigstore: PrivateSigstore) -> TrustedRoot:
    """What to verify with."""
    return TrustedRoot(json.dumps(sigstore.trusted_root()).encode())


def publish(
    registry: LocalRegistry, sigstore: PrivateSigstore, *, legacy: bool = False, components: int = 1
) -> SignedImage:
    """Push the image as `v1`, sign and attest it; its SBOM lists so many components, of about 250 bytes each."""
    with Repository(registry.url, IMAGE.repository) as repository:
        image = push_image(repository, tag="v1")
        attach = _as_layers if legacy else _as_bundles
        signatures = tuple(attach(repository, sigstore, image, _attested(str(image["digest"]), components)))
    return SignedImage(parse_digest(image["digest"]), signatures)


def _as_bundles(repository: Repository, sigstore: PrivateSigstore, image: Json, attested: Json) -> Iterator[Signed]:
    for predicate_type, predicate in {SIGNATURE_PREDICATE: {}, **attested}.items():
        leaf, envelope = _sealed(sigstore, image, predicate_type, predicate)
        entry = record_envelope(sigstore, leaf, envelope)
        bundle = envelope_bundle(sigstore, leaf, envelope, entry=entry)
        attach_bundle(repository, image, bundle, predicate_type=predicate_type)
        yield _signed(leaf, envelope, entry)


def _as_layers(repository: Repository, sigstore: PrivateSigstore, image: Json, attested: Json) -> Iterator[Signed]:
    leaf, payload = _leaf(sigstore), simple_signing_payload(str(IMAGE), image["digest"])
    signature = leaf.sign(payload)
    entry = record_payload(sigstore, leaf, payload, signature)
    attach_layer(repository, image["digest"], "sig", payload_layer(sigstore, leaf, payload, signature, entry))
    yield Signed(leaf, payload, signature, entry)
    for predicate_type, predicate in attested.items():
        leaf, envelope = _sealed(sigstore, image, predicate_type, predicate)
        entry = record_envelope(sigstore, leaf, envelope)
        layer = envelope_layer(sigstore, leaf, envelope, entry, predicate_type=predicate_type)
        attach_layer(repository, image["digest"], "att", layer)
        yield _signed(leaf, envelope, entry)


def _sealed(sigstore: PrivateSigstore, image: Json, predicate_type: str, predicate: Any) -> tuple[Leaf, Envelope]:
    leaf = _leaf(sigstore)
    return leaf, seal(leaf, statement(image["digest"], predicate_type, predicate))


def _leaf(sigstore: PrivateSigstore) -> Leaf:
    return sigstore.fulcio.issue(RUN.subject, claims=RUN.claims())


def _signed(leaf: Leaf, envelope: Envelope, entry: LogEntry) -> Signed:
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    return Signed(leaf, message, envelope.signature, entry)


def _attested(digest: str, components: int) -> Json:
    build = {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {"image": f"{IMAGE}@{digest}"},
    }
    run = {"builder": {"id": "https://github.com/actions/runner/github-hosted"}}
    return {
        CYCLONEDX: {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": list(_components(components))},
        SLSA: {"buildDefinition": build, "runDetails": run},
    }


def _components(count: int) -> Iterator[Json]:
    for number in range(count):
        name = f"package-{number}"
        yield {
            "type": "library",
            "name": name,
            "version": f"1.{number}",
            "purl": f"pkg:pypi/{name}@1.{number}",
            "licenses": [{"license": {"id": "Apache-2.0"}}],
            "hashes": [{"alg": "SHA-256", "content": f"{number:064x}"}],
        }
