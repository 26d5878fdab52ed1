"""`python -m local.signing`: push, sign and attest in a registry on loopback with this machine's own Sigstore."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from local.signing.distribution import Repository
from local.signing.publisher import attach_bundle, attach_layer, push_image
from local.signing.signer import bundle_attestation, bundle_signature, dsse_layer, simple_signing_layer
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.private_sigstore import PrivateSigstore, machine_sigstore
from local.sigstore.protojson import Json
from local.sigstore.signing_key import Signatory, SigningKey

_EPILOG = """\
example, with `python -m local.registry --port 5000` running:
  python -m local.signing trusted-root trusted_root.json
  python -m local.signing push   acme/app:v1 --registry http://127.0.0.1:5000
  python -m local.signing sign   acme/app:v1 --registry http://127.0.0.1:5000
  python -m local.signing attest acme/app:v1 --registry http://127.0.0.1:5000 \\
      --type https://cyclonedx.org/bom --predicate bom.json"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command says and print the digest that it is about."""
    options = _parser().parse_args(arguments)
    if options.command == "trusted-root":
        print(machine_sigstore().write_trusted_root(options.file))
        return
    name, separator, reference = _split(options.image)
    credentials = tuple(options.user.split(":", 1)) if options.user else None
    with Repository(options.registry, name, credentials=credentials) as repository:
        if options.command == "push":
            tag = reference if separator == ":" else None
            print(push_image(repository, tag=tag, content=options.content.encode())["digest"])
        else:
            print(_attach(repository, repository.describe(reference), options))


def _attach(repository: Repository, image: Json, options: argparse.Namespace) -> str:
    """Attach the signature or attestation, and return the image's digest."""
    sigstore, digest = machine_sigstore(), str(image["digest"])
    hand = _hand(sigstore, repository.name, options)
    attach = _attach_layer if options.legacy else _attach_bundle
    attach(repository, sigstore, hand, image, options)
    return digest


def _attach_bundle(
    repository: Repository, sigstore: PrivateSigstore, hand: Signatory, image: Json, options: argparse.Namespace
) -> None:
    digest, log, tsa = image["digest"], not options.no_log, options.tsa or None
    if options.command == "attest":
        attestation = (options.type, json.loads(options.predicate.read_text()))
        bundle = bundle_attestation(sigstore, hand, digest, *attestation, rekor=options.rekor, log=log, tsa=tsa)
        attach_bundle(repository, image, bundle, predicate_type=options.type)
    else:
        bundle = bundle_signature(sigstore, hand, digest, rekor=options.rekor, log=log, tsa=tsa)
        attach_bundle(repository, image, bundle)


def _attach_layer(
    repository: Repository, sigstore: PrivateSigstore, hand: Signatory, image: Json, options: argparse.Namespace
) -> None:
    digest, log, tsa = image["digest"], not options.no_log, options.tsa
    if options.command == "attest":
        attestation = (options.type, json.loads(options.predicate.read_text()))
        attach_layer(repository, digest, "att", dsse_layer(sigstore, hand, digest, *attestation, log=log, tsa=tsa))
    else:
        name = f"ghcr.io/{repository.name}"
        attach_layer(repository, digest, "sig", simple_signing_layer(sigstore, hand, name, digest, log=log, tsa=tsa))


def _hand(sigstore: PrivateSigstore, repository: str, options: argparse.Namespace) -> Signatory:
    now = datetime.now(UTC).replace(microsecond=0)
    if options.key:
        return SigningKey.load(options.key.read_bytes(), now)
    run = replace(WorkflowRun(), repository=repository, signer=options.workflow)
    return sigstore.fulcio.issue(run.subject, at=now, claims=run.claims())


def _split(image: str) -> tuple[str, str, str]:
    """Name, separator, and tag or digest."""
    return image.partition("@") if "@" in image else image.partition(":")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.signing",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("trusted-root", help="write the trusted root").add_argument("file", type=Path)
    push = _image_command(commands.add_parser("push", help="push a small image"))
    push.add_argument("--content", default="hello\n", help="what is in its one file")
    _signing_command(commands.add_parser("sign", help="sign an image"))
    attest = _signing_command(commands.add_parser("attest", help="attest something about an image"))
    attest.add_argument("--type", required=True, metavar="URI", help="the predicate type")
    attest.add_argument("--predicate", required=True, type=Path, metavar="FILE", help="the predicate, JSON")
    return parser


def _image_command(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("image", help="OWNER/NAME:TAG or OWNER/NAME@sha256:…")
    parser.add_argument("--registry", default="http://127.0.0.1:5000", metavar="URL")
    parser.add_argument("--user", default="", metavar="NAME:PASSWORD", help="where the registry wants one for pushes")
    return parser


def _signing_command(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _image_command(parser)
    parser.add_argument("--legacy", action="store_true", help="as cosign 2 does, in layers at .sig and .att tags")
    parser.add_argument("--rekor", type=int, choices=(1, 2), default=1, help="of bundles: the version of the log")
    parser.add_argument("--tsa", action="store_true", help="with a timestamp; with --rekor 2 there always is one")
    parser.add_argument("--no-log", action="store_true", help="without a log entry")
    parser.add_argument("--key", type=Path, metavar="FILE", help="sign with this private key (PEM), not by certificate")
    parser.add_argument(
        "--workflow",
        default="",
        metavar="OWNER/NAME/PATH@REF",
        help="who signs; default: .github/workflows/release.yml@refs/heads/main of the image's repository",
    )
    return parser
