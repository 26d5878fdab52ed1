"""The trusted root that a TrustRoot document stands for, and where one that was fetched is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from registry_verifier.errors import TrustRootError
from registry_verifier.policy.trust_root import Remote, TrustRootDocument
from registry_verifier.trusted_root import TrustedRoot

FOLDER = "trust_roots"


def fetched_file(document: TrustRootDocument) -> Path:
    """Where `registry-verifier trust-root fetch` writes, unless told otherwise: beside the policy file."""
    return Path(document.file).parent / FOLDER / f"{document.name}.json"


def fetch(remote: Remote) -> bytes:
    """The trusted root file behind a mirror; TrustRootError where it is not proven, Unavailable where not reached."""
    from registry_verifier.tuf_repository import mirror  # python-tuf is needed for few TrustRoots

    return mirror.prove(remote).content


def resolve(
    document: TrustRootDocument, *, fetched: bytes | None = None, fetch: Callable[[Remote], bytes] | None = None
) -> TrustedRoot:
    """The trusted root of a document; TrustRootError where it cannot be read or proven.

    `fetched` is what was fetched for a `remote` one before; where it is None, `fetch` is asked, whose errors pass.
    """
    return TrustedRoot(_content(document, fetched, fetch), complete=False)


def _content(document: TrustRootDocument, fetched: bytes | None, fetch: Callable[[Remote], bytes] | None) -> bytes:
    if document.sigstore_keys is not None:
        return document.sigstore_keys
    if document.repository:
        from registry_verifier.tuf_repository import archive  # python-tuf is needed for few TrustRoots

        return archive.prove(document.repository).content
    if fetched is not None:
        return fetched
    if fetch is None or document.remote is None:
        raise TrustRootError(f"was not fetched (run: registry-verifier trust-root fetch {document.file})")
    return fetch(document.remote)
