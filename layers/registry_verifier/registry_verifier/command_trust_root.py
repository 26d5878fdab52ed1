"""`registry-verifier trust-root fetch`: fetch private Sigstores' trusted roots by TUF, for functions that never do."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry_verifier import trust_roots
from registry_verifier.errors import BadRequest, PolicyError, Problem, TrustRootError, Unavailable
from registry_verifier.policy import trust_root
from registry_verifier.policy.trust_root import TrustRootDocument

FETCHED, WRONG, NOT_REACHED = 0, 2, 3

_HELP = "fetch the trusted roots of remote TrustRoot documents"
_DESCRIPTION = f"""\
Fetch the trusted root of each TrustRoot document that has spec.remote: the whole TUF client workflow, from the
root.json in the document to the target. Each is written to NAME.json, in the folder {trust_roots.FOLDER} beside the
policy file, where the functions and `verify` find it. Fetch again before the TUF timestamp expires to learn of new
and withdrawn keys; a file that is there goes on being used."""
_EPILOG = """\
exit codes: 0 all fetched, 2 a file does not load or a root is not proven, 3 a mirror was not reached
example: registry-verifier trust-root fetch layers/configuration/policies/*.yaml"""


def add_to(commands: Any) -> None:
    """Add `trust-root` to the command line's commands."""
    raw = argparse.RawDescriptionHelpFormatter
    inner = commands.add_parser("trust-root", help="work with TrustRoot documents").add_subparsers(
        required=True, metavar="COMMAND"
    )
    fetch = inner.add_parser("fetch", help=_HELP, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=raw)
    fetch.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file with TrustRoot documents")
    fetch.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help=f"where to write (default: {trust_roots.FOLDER} beside each FILE)",
    )
    fetch.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Fetch what the options name, one line to stdout for each; PolicyError or BadRequest for bad usage."""
    documents = [document for file in options.files for document in _remote(file)]
    if not documents:
        raise BadRequest("no TrustRoot with spec.remote in these files")
    codes = [_fetch(document, options.output) for document in documents]
    return next((code for code in (WRONG, NOT_REACHED) if code in codes), FETCHED)


def _remote(file: Path) -> Iterator[TrustRootDocument]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PolicyError(Problem(str(file), 1, 1, "", f"cannot read the file: {error.strerror}")) from error
    return (document for document in trust_root.load(content, file=str(file)) if document.remote)


def _fetch(document: TrustRootDocument, folder: Path | None) -> int:
    from registry_verifier.tuf_repository import mirror  # python-tuf and httpx take longer than all the rest

    assert document.remote is not None  # noqa: S101 - `_remote` has taken these only
    file = folder / f"{document.name}.json" if folder else trust_roots.fetched_file(document)
    try:
        proven = mirror.prove(document.remote)
        root = trust_roots.resolve(document, fetched=proven.content)
    except (TrustRootError, Unavailable) as error:
        print(f"{document.file}: TrustRoot {document.name!r}: {error}", file=sys.stderr)
        return WRONG if isinstance(error, TrustRootError) else NOT_REACHED
    _write(file, proven.content)
    print(f"{document.name} sha256:{root.sha256} timestamp expires {proven.expires:%Y-%m-%dT%H:%M:%SZ} -> {file}")
    return FETCHED


def _write(file: Path, content: bytes) -> None:
    """Write the whole file or nothing; BadRequest where it cannot be written."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(content)
        new.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise BadRequest(f"cannot write {file}: {error.strerror}") from error
