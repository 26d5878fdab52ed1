"""`registry-verifier`: the same engine at a terminal and in a pipeline."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from registry_verifier import (
    command_policy,
    command_slack,
    command_status,
    command_trust_root,
    report,
    verdict_document,
)
from registry_verifier.errors import BadRequest, PolicyError, SettingsError, TrustRootError
from registry_verifier.reasons import Status
from registry_verifier.settings import TOKEN_VARIABLE

EXIT = {Status.VERIFIED: 0, Status.FAILED: 1, Status.UNKNOWN: 3, Status.NO_POLICY: 4, Status.PENDING: 5}
BAD_USAGE = 2
_SHIPPED = Path(__file__).parents[2] / "configuration" / "trusted_root.json"

_EPILOG = f"""\
exit codes: 0 VERIFIED, 1 FAILED, 2 bad usage or a policy that does not load, 3 UNKNOWN (could not look), 4 NO_POLICY
a private image: --username NAME, and the token in the environment variable {TOKEN_VARIABLE}
example: registry-verifier verify ghcr.io/acme/app:latest --policy image-verification.yaml"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. Only the verdict goes to stdout, everything else to stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (BadRequest, PolicyError, TrustRootError, SettingsError) as error:
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
    command_status.add_to(commands, EXIT)
    command_policy.add_to(commands)
    command_slack.add_to(commands)
    command_trust_root.add_to(commands)
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
    parser.add_argument("--username", default="", metavar="NAME", help=f"with the token in {TOKEN_VARIABLE}")
    parser.add_argument(
        "--resource", type=Path, metavar="FILE", help="a Kubernetes object, for policies that look at one"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    from registry_verifier import command_verify  # sigstore's import takes longer than all the rest

    result = command_verify.run(options)
    document = verdict_document.write(result)
    print(json.dumps(document, indent=2) if options.output == "json" else report.text(document))
    return EXIT[result.status]


if __name__ == "__main__":
    sys.exit(main())
