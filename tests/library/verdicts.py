"""What the tests of verdicts share: states as verify makes them, and the table as template.yaml defines it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import yaml
from moto import mock_aws

from registry_verifier import verdict_document
from registry_verifier.models import Digest, Identity, ImageName, State, Statement, Verdict, digest_of
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import (
    Answer,
    AuthorityResult,
    Cause,
    ClusterAnswer,
    NearestMiss,
    PolicyResult,
    RequirementResult,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TABLE = "verdicts"
TEMPLATE = Path(__file__).parents[2] / "template.yaml"
_BESIDE_CREATE_TABLE = (
    "PointInTimeRecoverySpecification",
    "TimeToLiveSpecification",
    "DeletionProtectionEnabled",
    "Tags",
)

NOW = datetime(2026, 11, 22, 10, 1, 0, tzinfo=UTC)
IMAGE = ImageName("ghcr.io", "acme/app")
DIGEST = digest_of(b"acme/app")
ISSUER = "https://token.actions.githubusercontent.com"
EXPECTED = "https://github.com/acme/app/.github/workflows/sign.yml@refs/heads/main"
FOUND = "https://github.com/acme/app/.github/workflows/sign.yml@refs/heads/dev"
CLUSTER = ClusterAnswer(Answer.DENY, "authority keyless: no attestation is in the tags .sig and .att")
PREDICATES = (
    "https://sigstore.dev/cosign/sign/v1",
    "https://slsa.dev/provenance/v1",
    "https://cyclonedx.org/bom",
    "https://spdx.dev/Document",
)


def digest(number: int) -> Digest:
    """Some digest, a different one for each number."""
    return digest_of(b"%d" % number)


def claims(number: int) -> dict[str, str]:
    """What Fulcio writes into a certificate for a GitHub workflow: the claims of its OID table."""
    commit = digest(5)[-40:]
    return {
        "build_signer_uri": EXPECTED,
        "build_signer_digest": commit,
        "runner_environment": "github-hosted",
        "source_repository_uri": "https://github.com/acme/app",
        "source_repository_digest": commit,
        "source_repository_ref": "refs/heads/main",
        "source_repository_identifier": "512345678",
        "source_repository_owner_uri": "https://github.com/acme",
        "source_repository_owner_identifier": "91234567",
        "build_config_uri": EXPECTED,
        "build_config_digest": commit,
        "build_trigger": "push",
        "run_invocation_uri": f"https://github.com/acme/app/actions/runs/1234567{number:04d}/attempts/1",
        "source_repository_visibility": "public",
        "github_workflow_trigger": "push",
        "github_workflow_sha": commit,
        "github_workflow_name": "Sign",
        "github_workflow_repository": "acme/app",
        "github_workflow_ref": "refs/heads/main",
    }


def provenance() -> dict[str, Any]:
    """What GitHub's own provenance says."""
    workflow = {
        "ref": "refs/heads/main",
        "repository": "https://github.com/acme/app",
        "path": ".github/workflows/x.yml",
    }
    github = {"event_name": "push", "repository_id": "512345678", "repository_owner_id": "91234567"}
    commit = {"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"gitCommit": digest(5)[-40:]}}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": str(IMAGE), "digest": {"sha256": DIGEST[7:]}}],
        "predicateType": PREDICATES[1],
        "predicate": {
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {"workflow": workflow},
                "internalParameters": {"github": {**github, "runner_environment": "github-hosted"}},
                "resolvedDependencies": [commit],
            },
            "runDetails": {
                "builder": {"id": EXPECTED},
                "metadata": {"invocationId": "https://github.com/acme/app/actions/runs/12345670001/attempts/1"},
            },
        },
    }


def statement(number: int = 0, **changes: Any) -> Statement:
    """A statement that holds, as cosign 3 and GitHub attach them."""
    made = Statement(
        place=f"referrer {digest(1000 + number)}",
        format="bundle",
        is_signature=number == 0,
        predicate_type=PREDICATES[number % 4],
        identity=Identity(EXPECTED, ISSUER, claims(number)),
        log_index=412_345_678 + number * 9973,
        signed_at=NOW + timedelta(seconds=40 + number),
        document=provenance() if number == 1 else {},
    )
    return replace(made, **changes)


def policy(*, mode: str = "enforce", holds: bool = False) -> PolicyResult:
    """A policy with two demands: the signature is met if it `holds`, provenance always is."""
    cause = None if holds else Cause(Reason.IDENTITY_MISMATCH, "signed by somebody else")
    used = statement().place if holds else None
    demands = (
        RequirementResult("signature", None, used, cause, final=not holds),
        RequirementResult("provenance", PREDICATES[1], statement(1).place, None),
    )
    authorities = (AuthorityResult("keyless", demands),)
    return PolicyResult("acme-signatures", mode, digest(3)[7:], authorities, cluster=CLUSTER)


def verdict(status: Status, **changes: Any) -> Verdict:
    """A verdict with four statements, as `verify` makes it."""
    good = status is Status.VERIFIED
    made = Verdict(
        status=status,
        image=IMAGE,
        digest=DIGEST,
        verified_at=NOW,
        causes=() if good else (Cause(Reason.IDENTITY_MISMATCH, f"expected {EXPECTED!r}, got {FOUND!r}"),),
        policies=(policy(holds=good),),
        statements=tuple(map(statement, range(4))),
        nearest_miss=None if good else NearestMiss(EXPECTED, ISSUER, FOUND, ISSUER, statement().place),
        reproduce=(
            f"cosign verify {IMAGE}@{DIGEST} --certificate-identity {EXPECTED} --certificate-oidc-issuer {ISSUER}",
            f"cosign verify-attestation {IMAGE}@{DIGEST} --type slsaprovenance1 --certificate-identity {EXPECTED}",
        ),
        media_type="application/vnd.oci.image.index.v1+json",
        children=(digest(1), digest(2)),
        trust_root_sha256=digest(4)[7:],
        cluster=CLUSTER,
        trusts={statement(number).place: {"keyless": None} for number in range(4)},
        outcomes={(statement(1).place, digest(6)[7:]): None},
        sources=("",),
    )
    return replace(made, **changes)


def state(status: Status = Status.FAILED, *, version: int = 1, document: Any = None, **changes: Any) -> State:
    """The state of one verdict; `document` replaces parts of the verdict."""
    parts = {name: changes[name] for name in ("image", "digest") if name in changes}
    made = State(
        image=IMAGE,
        digest=DIGEST,
        version=version,
        status=status,
        document=verdict_document.write(verdict(status, **parts)) | (document or {}),
        first_seen=NOW,
        deadline=NOW + timedelta(minutes=30),
        tags=("v1.4.0", "latest"),
        actor="octo-releaser",
        deliveries=("0b1c2d3e-4f50-11ef-9a7b-0123456789ab", "1c2d3e4f-5061-11ef-8b7c-123456789abc"),
    )
    return replace(made, **changes)


class _Template(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref x`) as their arguments."""


_Template.add_multi_constructor(
    "!", lambda loader, _, node: loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
)


def table_definition() -> dict[str, Any]:
    """VerdictsTable as template.yaml has it, for CreateTable."""
    template = yaml.load(TEMPLATE.read_text(), Loader=_Template)  # noqa: S506 - a SafeLoader
    properties = dict(template["Resources"]["VerdictsTable"]["Properties"])
    stream = {"StreamEnabled": True, **properties.pop("StreamSpecification")}
    kept = {
        name: value for name, value in properties.items() if name not in (*_BESIDE_CREATE_TABLE, "SSESpecification")
    }
    return {**kept, "StreamSpecification": stream}


@contextmanager
def table() -> Iterator[DynamoDBClient]:
    """An empty table in moto, and the client to it."""
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-central-1", aws_access_key_id="fake", aws_secret_access_key="fake"
        )
        client.create_table(TableName=TABLE, **table_definition())
        yield client
