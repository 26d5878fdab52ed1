"""One publish of the sample, and what verdicts about it are made of: signers, statements, demands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from registry_verifier.models import Digest, Identity, ImageName, Statement, Verdict, digest_of
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import (
    Answer,
    AuthorityResult,
    Cause,
    ClusterAnswer,
    PolicyResult,
    RequirementResult,
)

ISSUER = "https://token.actions.githubusercontent.com"
SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
SBOM = "https://cyclonedx.org/bom"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DEMANDS = {"signature": None, "slsa-provenance": PROVENANCE, "cyclonedx-sbom": SBOM}
"""what the policies of the sample demand: a signature, and attestations of these types"""
ROOT = digest_of(b"the trusted root of the sample")[7:]
_SHA256 = {name: digest_of(name.encode())[7:] for name in ("acme-releases", "openmed-ghcr-keyless-signatures")}


@dataclass(frozen=True)
class Publish:
    """One digest that came to a repository."""

    image: ImageName
    number: int
    """which publish of the repository"""
    at: datetime
    tags: tuple[str, ...]
    actor: str
    commit_ref: str = "refs/heads/main"

    @property
    def digest(self) -> Digest:
        """The same for the same repository and number, always."""
        return digest_of(f"{self.image} {self.number}".encode())

    @property
    def subject(self) -> str:
        """The workflow that is expected to sign."""
        return f"https://github.com/{self.image.repository}/.github/workflows/release.yml@{self.commit_ref}"

    @property
    def policy(self) -> str:
        """The policy that matches it."""
        return "acme-releases" if self.image.repository.startswith("acme/") else "openmed-ghcr-keyless-signatures"


def identity(publish: Publish, subject: str = "") -> Identity:
    """A signer as Fulcio names a workflow of GitHub Actions."""
    commit = digest_of(f"commit {publish.number}".encode())[7:47]
    repository = f"https://github.com/{publish.image.repository}"
    claims = {
        "source_repository_uri": repository,
        "source_repository_ref": publish.commit_ref,
        "source_repository_digest": commit,
        "build_trigger": "push",
        "runner_environment": "github-hosted",
        "run_invocation_uri": f"{repository}/actions/runs/{1_900_000_000 + publish.number}/attempts/1",
    }
    return Identity(subject or publish.subject, ISSUER, claims)


def bundle(publish: Publish, predicate_type: str = SIGNATURE, *, subject: str = "", **changes: Any) -> Statement:
    """A signature or an attestation as cosign 3 attaches them."""
    made = Statement(
        place=f"referrer {digest_of(f'{publish.digest} {predicate_type} {subject}'.encode())}",
        format="bundle",
        is_signature=predicate_type == SIGNATURE,
        predicate_type=predicate_type,
        identity=identity(publish, subject),
        log_index=1_400_000_000 + publish.number * 9973 + len(predicate_type),
        signed_at=publish.at + timedelta(seconds=48),
        root_sha256=ROOT,
    )
    document = {"predicateType": predicate_type, "subject": [{"digest": {"sha256": publish.digest[7:]}}]}
    return replace(replace(made, document=document), **changes)


def legacy(publish: Publish, layer: int, predicate_type: str | None = None) -> Statement:
    """A signature or an attestation as cosign 2 stores them, in a layer behind a tag."""
    tag = f"sha256-{publish.digest[7:]}.{'att' if predicate_type else 'sig'}"
    made = bundle(publish, predicate_type or SIGNATURE, place=f"{tag}#{layer}")
    return replace(
        made, format="dsse" if predicate_type else "simplesigning", predicate_type=predicate_type, document={}
    )


def complete(publish: Publish) -> tuple[Statement, ...]:
    """Everything that the policies of the sample demand."""
    return tuple(bundle(publish, predicate_type) for predicate_type in (SIGNATURE, PROVENANCE, SBOM))


def verdict(
    publish: Publish,
    status: Status,
    after: timedelta,
    statements: Sequence[Statement] = (),
    wrong: Mapping[str, Cause] | None = None,
    **more: Any,
) -> Verdict:
    """A verdict about a publish: each demand is met by a statement of its type, unless something is `wrong` with it."""
    judged = Verdict(
        status=status,
        image=publish.image,
        digest=publish.digest,
        verified_at=publish.at + after,
        causes=tuple((wrong or {}).values()),
        policies=(_policy(publish, statements, wrong or {}),),
        statements=tuple(statements),
        cluster=_cluster(publish, status),
        trusts={one.place: {"keyless": one.reason} for one in statements},
        reproduce=commands(publish),
        media_type=MANIFEST,
        trust_root_sha256=ROOT,
        trust_root_checked_at=publish.at.replace(hour=3, minute=0, second=0),
    )
    return replace(judged, **more)


def commands(publish: Publish) -> tuple[str, ...]:
    """What checks the same by hand."""
    who = f"--certificate-identity {publish.subject} --certificate-oidc-issuer {ISSUER}"
    reference = f"{publish.image}@{publish.digest}"
    types = [one for one in DEMANDS.values() if one]
    attestations = (f"cosign verify-attestation {reference} --type {one} {who}" for one in types)
    return (f"cosign verify {reference} {who}", *attestations)


def missing(name: str) -> Cause:
    """Why a demand is not met where nothing was found."""
    predicate_type = DEMANDS[name]
    if predicate_type is None:
        return Cause(Reason.NO_SIGNATURE, "no signature of the image was found")
    return Cause(Reason.NO_ATTESTATION, f"no attestation of type {predicate_type} was found")


def _policy(publish: Publish, statements: Sequence[Statement], wrong: Mapping[str, Cause]) -> PolicyResult:
    demands = tuple(_demand(name, statements, wrong.get(name)) for name in DEMANDS)
    authority = AuthorityResult("release-workflow", demands)
    return PolicyResult(
        publish.policy, "enforce", _SHA256[publish.policy], (authority,), cluster=_answer(publish, authority.holds)
    )


def _demand(name: str, statements: Sequence[Statement], cause: Cause | None) -> RequirementResult:
    wanted = DEMANDS[name]
    fitting = (
        one for one in statements if one.is_signature == (wanted is None) and wanted in (None, one.predicate_type)
    )
    used = next((one.place for one in fitting if one.holds), None) if cause is None else None
    return RequirementResult(name, wanted, used, cause or (None if used else missing(name)))


def _cluster(publish: Publish, status: Status) -> ClusterAnswer:
    if status is Status.NO_POLICY:
        return ClusterAnswer(Answer.DOES_NOT_APPLY, "no policy matches")
    return _answer(publish, status is Status.VERIFIED)


def _answer(publish: Publish, holds: bool) -> ClusterAnswer:
    if holds:
        return ClusterAnswer(Answer.ADMIT, f"policy {publish.policy}: authority release-workflow holds")
    return ClusterAnswer(Answer.DENY, f"policy {publish.policy}: authority release-workflow does not hold")
