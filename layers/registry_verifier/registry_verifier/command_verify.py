"""`registry-verifier verify`: one image, looked at once. A room of its own: its import of sigstore takes a second."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from registry_verifier import configuration, settings, verdict
from registry_verifier.errors import BadRequest, EvidenceRejected, Unavailable
from registry_verifier.evidence import Evidence, Gatherer
from registry_verifier.legacy.layers import LayerVerifier
from registry_verifier.models import Digest, ImageName, Verdict, parse_digest, parse_tag
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.model import Policy
from registry_verifier.reasons import Reason
from registry_verifier.registry.client import RegistryClient
from registry_verifier.registry.token import Credentials
from registry_verifier.sigstore_bundle import BundleVerifier
from registry_verifier.trusted_root import TrustedRoot


@dataclass(frozen=True)
class Reference:
    """An image as it is named on the command line."""

    image: ImageName
    tag: str | None
    digest: Digest | None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read `HOST/OWNER/NAME[:TAG][@DIGEST]`; BadRequest where it is not of that form, or has neither."""
        rest, _, digest = text.partition("@")
        last = rest.rpartition("/")[2]
        name, _, tag = rest.rpartition(":") if ":" in last else (rest, "", "")
        if not tag and not digest:
            raise BadRequest(f"neither tag nor digest: {text[:80]!r} (expected NAME@sha256:… or NAME:TAG)")
        try:
            return cls(ImageName.parse(name), parse_tag(tag) if tag else None, parse_digest(digest) if digest else None)
        except ValueError as error:
            raise BadRequest(str(error)) from error


def run(options: argparse.Namespace) -> Verdict:
    """The verdict that the options ask for; BadRequest, PolicyError, TrustRootError or SettingsError for bad usage."""
    reference = Reference.parse(options.image)
    if options.evidence_only and not reference.digest:
        raise BadRequest("--evidence-only needs a digest: a tag is resolved by reading the image's manifest")
    policies, root = configuration.policies(options.policy), configuration.trusted_root(options.trusted_root)
    endpoints = settings.registry_endpoints(",".join(options.registry_endpoint))
    token = os.environ.get(settings.TOKEN_VARIABLE, "")
    credentials = Credentials(token, options.username, reference.image.registry) if token else None
    registry = RegistryClient(endpoints=endpoints, credentials=credentials)
    return asyncio.run(_judged(reference, policies, root, registry, options.evidence_only))


async def _judged(
    reference: Reference, policies: Sequence[Policy], root: TrustedRoot, registry: RegistryClient, evidence_only: bool
) -> Verdict:
    try:
        return await _look(reference, policies, root, registry, evidence_only)
    except (Unavailable, EvidenceRejected) as error:
        question = verdict.Question(reference.image, reference.digest or Digest(""), (), root.sha256, datetime.now(UTC))
        return verdict.unknown(question, error.reason, str(error))
    finally:
        await registry.aclose()


async def _look(
    reference: Reference, policies: Sequence[Policy], root: TrustedRoot, registry: RegistryClient, evidence_only: bool
) -> Verdict:
    digest = reference.digest or await _resolve(reference, registry)
    matching = policies_for(policies, reference.image, digest, [reference.tag] if reference.tag else [])
    question = verdict.Question(reference.image, digest, matching, root.sha256, datetime.now(UTC))
    if not matching:
        return verdict.judge(question, Evidence(None, ()), waiting=False)
    gatherer = Gatherer(registry, BundleVerifier(root), LayerVerifier(root))
    evidence = await gatherer.gather(reference.image, digest, evidence_only=evidence_only)
    if evidence.manifest is None and not evidence_only:
        raise Unavailable(Reason.MANIFEST_NOT_FOUND, f"{reference.image}@{digest} is not in the registry")
    return verdict.judge(question, evidence, waiting=False)


async def _resolve(reference: Reference, registry: RegistryClient) -> Digest:
    """A tag is resolved once; from then on the digest is what is verified."""
    manifest = await registry.manifest(reference.image, reference.tag or "")
    if manifest is None:
        raise Unavailable(Reason.MANIFEST_NOT_FOUND, f"{reference.image}:{reference.tag} is not in the registry")
    return manifest.digest
