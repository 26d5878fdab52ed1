"""`registry-verifier verify`: one image, looked at once. A room of its own: its import of sigstore takes a second."""

from __future__ import annotations

import argparse
import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from registry_verifier import configuration, settings, trust_roots, verdict
from registry_verifier.configuration import Configuration
from registry_verifier.errors import BadRequest, EvidenceRejected, Unavailable
from registry_verifier.evidence.findings import Finder, Findings
from registry_verifier.evidence.gatherer import Gatherer
from registry_verifier.evidence.proofs import Proofs
from registry_verifier.image_reference import Reference
from registry_verifier.judgement import kubernetes
from registry_verifier.judgement.authority_matches import Surroundings
from registry_verifier.judgement.kubernetes import Resource
from registry_verifier.key_store import KeyStore
from registry_verifier.models import Digest, Verdict
from registry_verifier.policy.glob import policies_for
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason
from registry_verifier.registry.client import RegistryClient
from registry_verifier.registry.token import Credentials


def run(options: argparse.Namespace) -> Verdict:
    """The verdict that the options ask for; BadRequest, PolicyError, TrustRootError or SettingsError for bad usage."""
    reference = Reference.parse(options.image)
    if options.evidence_only and not reference.digest:
        raise BadRequest("--evidence-only needs a digest: a tag is resolved by reading the image's manifest")
    loaded, root = configuration.policies(options.policy), configuration.trusted_root(options.trusted_root)
    configured = configuration.configured(loaded, root, trust_roots.fetch)
    endpoints = settings.registry_endpoints(",".join(options.registry_endpoint))
    token = os.environ.get(settings.TOKEN_VARIABLE, "")
    credentials = Credentials(token, options.username, reference.image.registry) if token else None
    registry = RegistryClient(endpoints=endpoints, credentials=credentials)
    return asyncio.run(_judged(reference, configured, registry, _resource(options.resource), options.evidence_only))


def _resource(file: Path | None) -> Resource | None:
    try:
        return kubernetes.read(file.read_bytes()) if file else None
    except OSError as error:
        raise BadRequest(f"cannot read the resource {file}: {error.strerror}") from error


async def _judged(
    reference: Reference,
    configured: Configuration,
    registry: RegistryClient,
    resource: Resource | None,
    evidence_only: bool,
) -> Verdict:
    finder = Finder(Gatherer(registry), Prover(configured.roots), KeyStore(), resource)
    try:
        return await _look(reference, configured, finder, evidence_only)
    except (Unavailable, EvidenceRejected) as error:
        digest, root = reference.digest or Digest(""), configured.trusted_root
        question = verdict.Question(reference.image, digest, (), root.sha256, datetime.now(UTC))
        return verdict.unknown(question, error.reason, str(error))
    finally:
        await registry.aclose()


async def _look(reference: Reference, configured: Configuration, finder: Finder, evidence_only: bool) -> Verdict:
    digest = reference.digest or await _resolve(reference, finder)
    tags = [reference.tag] if reference.tag else []
    matching = policies_for(configured.policies, reference.image, digest, tags)
    root, now = configured.trusted_root.sha256, datetime.now(UTC)
    question = verdict.Question(reference.image, digest, matching, root, now, tuple(tags))
    if not matching:
        nothing = Findings(None, Proofs(finder.prover, reference.image, digest, {}), {}, Surroundings())
        return verdict.judge(question, nothing, waiting=False)
    found = await finder.find(reference.image, digest, matching, evidence_only=evidence_only)
    if found.manifest is None and not evidence_only:
        raise Unavailable(Reason.MANIFEST_NOT_FOUND, f"{reference.image}@{digest} is not in the registry")
    return verdict.judge(question, found, waiting=False)


async def _resolve(reference: Reference, finder: Finder) -> Digest:
    """A tag is resolved once; from then on the digest is what is verified."""
    manifest = await finder.gatherer.registry.manifest(reference.image, reference.tag or "")
    if manifest is None:
        raise Unavailable(Reason.MANIFEST_NOT_FOUND, f"{reference.image}:{reference.tag} is not in the registry")
    return manifest.digest
