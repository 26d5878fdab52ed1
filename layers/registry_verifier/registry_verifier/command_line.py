"""`registry-verifier`: the same engine at a terminal and in a pipeline."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from registry_verifier import configuration, report, settings, verdict, verdict_document
from registry_verifier.errors import (
    EvidenceRejected,
    PolicyError,
    SettingsError,
    TrustRootError,
    Unavailable,
)
from registry_verifier.evidence import Evidence, Gatherer
from registry_verifier.legacy.layers import LayerVerifier
from registry_verifier.models import Digest, ImageName, Verdict, parse_digest, parse_tag
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.model import Policy
from registry_verifier.reasons import Reason, Status
from registry_verifier.registry.client import RegistryClient
from registry_verifier.registry.token import Credentials
from registry_verifier.sigstore_bundle import BundleVerifier
from registry_verifier.trusted_root import TrustedRoot

EXIT = {Status.VERIFIED: 0, Status.FAILED: 1, Status.UNKNOWN: 3, Status.NO_POLICY: 4}
BAD_USAGE = 2
TOKEN = "REGISTRY_VERIFIER_TOKEN"  # noqa: S105 - the variable's name, no token
_SHIPPED = Path(__file__).parents[2] / "configuration" / "trusted_root.json"

_EPILOG = f"""\
exit codes: 0 VERIFIED, 1 FAILED, 2 bad usage or a policy that does not load, 3 UNKNOWN (could not look), 4 NO_POLICY
a private image: --username NAME, and the token in the environment variable {TOKEN}
example: registry-verifier verify ghcr.io/acme/app:latest --policy image-verification.yaml"""


@dataclass(frozen=True)
class Reference:
    """An image as it is named on the command line."""

    image: ImageName
    tag: str | None
    digest: Digest | None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read `HOST/OWNER/NAME[:TAG][@DIGEST]`; ValueError where it is not of that form, or has neither."""
        rest, _, digest = text.partition("@")
        last = rest.rpartition("/")[2]
        name, _, tag = rest.rpartition(":") if ":" in last else (rest, "", "")
        if not tag and not digest:
            raise ValueError(f"neither tag nor digest: {text[:80]!r} (expected NAME@sha256:… or NAME:TAG)")
        return cls(ImageName.parse(name), parse_tag(tag) if tag else None, parse_digest(digest) if digest else None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. Only the verdict goes to stdout, everything else to stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (PolicyError, TrustRootError, SettingsError, ValueError) as error:
        print(error, file=sys.stderr)
        return BAD_USAGE
    except Exception as error:  # noqa: BLE001 - a bug is no statement about the image: never exit code 1
        print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
        return EXIT[Status.UNKNOWN]


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("registry-verifier", description=__doc__, epilog=_EPILOG, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"%(prog)s {verdict_document.VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _verify_parser(commands.add_parser("verify", help="verify one image", epilog=_EPILOG, formatter_class=raw))
    policy = commands.add_parser("policy", help="work with policy files").add_subparsers(
        required=True, metavar="COMMAND"
    )
    check = policy.add_parser("check", help="load policy files and say what is wrong, with line numbers")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.set_defaults(run=_check)
    return parser


def _verify_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="HOST/OWNER/NAME@sha256:… or HOST/OWNER/NAME:TAG")
    parser.add_argument(
        "--policy", action="append", required=True, type=Path, metavar="FILE", help="a ClusterImagePolicy file"
    )
    parser.add_argument(
        "--trusted-root", type=Path, default=_SHIPPED, metavar="FILE", help="default: Sigstore's public one"
    )
    parser.add_argument(
        "--registry-endpoint", action="append", default=[], metavar="HOST=URL", help="where HOST is reached"
    )
    parser.add_argument("--evidence-only", action="store_true", help="do not read the image's own manifest")
    parser.add_argument("--username", default="", metavar="NAME", help=f"with the token in {TOKEN}")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.set_defaults(run=_verify)


def _check(options: argparse.Namespace) -> int:
    for policy in configuration.policies(options.files):
        print(f"{policy.file}: {policy.name}: loads")
    return 0


def _verify(options: argparse.Namespace) -> int:
    reference = Reference.parse(options.image)
    if options.evidence_only and not reference.digest:
        raise ValueError("--evidence-only needs a digest: a tag is resolved by reading the image's manifest")
    policies, root = configuration.policies(options.policy), configuration.trusted_root(options.trusted_root)
    endpoints = settings.registry_endpoints(",".join(options.registry_endpoint))
    token = os.environ.get(TOKEN, "")
    credentials = Credentials(token, options.username, reference.image.registry) if token else None
    result = asyncio.run(
        _judged(
            reference,
            policies,
            root,
            RegistryClient(endpoints=endpoints, credentials=credentials),
            options.evidence_only,
        )
    )
    document = verdict_document.write(result)
    print(json.dumps(document, indent=2) if options.output == "json" else report.text(document))
    return EXIT[result.status]


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


if __name__ == "__main__":
    sys.exit(main())
