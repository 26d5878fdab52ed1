"""The TUF client workflow over one repository: from the root.json that is trusted to the trusted root, a target."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tuf.api import exceptions
from tuf.api.metadata import Metadata
from tuf.api.serialization import DeserializationError
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from registry_verifier.errors import RegistryVerifierError, TrustRootError
from registry_verifier.policy.trust_root import Remote, Repository
from registry_verifier.tuf_repository import client_state, custom_targets

TARGET_LIMIT = 1 << 20
"""in bytes; no trusted root is larger"""

_Target = Any  # python-tuf's own class is exported in a way that type checkers do not see
_FACTS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.ExpiredMetadataError, "TUF metadata is expired"),
    (exceptions.UnsignedMetadataError, "TUF metadata is not signed by as many of its keys as it must be"),
    (exceptions.BadVersionNumberError, "TUF metadata has the wrong version"),
    (exceptions.LengthOrHashMismatchError, "file is not the one that the TUF metadata names"),
    (exceptions.DownloadLengthMismatchError, "file is larger than it may be"),
    (exceptions.DownloadHTTPError, "file is missing from the TUF repository"),
    (DeserializationError, "file is not read as TUF metadata"),
    (exceptions.RepositoryError, "TUF metadata does not hold"),
    (OSError, "no temporary folder can be written"),
)
"""what python-tuf raises, the narrower before the wider, and what it means"""


@dataclass(frozen=True)
class Proven:
    """A trusted root file that a TUF repository vouches for, and until when it does without a new timestamp."""

    content: bytes
    expires: datetime
    state: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """what the client knows now: given to the next `prove`, no older repository will do"""


def prove(
    repository: Remote | Repository, fetcher: FetcherInterface, base: str, *, state: Mapping[str, bytes] | None = None
) -> Proven:
    """The trusted root of a repository whose files `fetcher` gives under `base`; TrustRootError where it is not proven.

    Errors of ours that `fetcher` raises pass. Without the `state` of an earlier time, an older repository that has not
    expired is taken. A state is believed as far as the repository's keys vouch for it.
    """
    with _translated(), tempfile.TemporaryDirectory(prefix="tuf-") as folder:
        client_state.write(Path(folder), state or {})
        updater = Updater(
            metadata_dir=folder,
            metadata_base_url=base,
            target_base_url=f"{base.rstrip('/')}/{repository.targets}",
            fetcher=fetcher,
            config=UpdaterConfig(),
            bootstrap=repository.root,
        )
        updater.refresh()
        content = _trusted_root(updater, repository.trusted_root_target, Path(folder))
        return Proven(content, _verified(Path(folder), "timestamp").expires, client_state.read(Path(folder)))


def _trusted_root(updater: Updater, name: str, folder: Path) -> bytes:
    """The target of this name; where there is none, what older repositories have: a target for each key."""
    if target := updater.get_targetinfo(name):
        return _download(updater, target, folder)
    targets = _verified(folder, "targets").targets
    found = custom_targets.described({path: target.custom for path, target in targets.items()})
    if not found:
        raise TrustRootError(f"TUF repository has no target {name!r}, and no keys described as Sigstore's")
    return custom_targets.trusted_root({each: _download(updater, targets[each.name], folder) for each in found})


def _verified(folder: Path, role: str) -> Any:
    """What python-tuf has verified and put into its folder."""
    return Metadata.from_file(str(folder / f"{role}.json")).signed


def _download(updater: Updater, target: _Target, folder: Path) -> bytes:
    if target.length > TARGET_LIMIT:
        raise TrustRootError(f"target {target.path[:80]!r} has {target.length} bytes (at most {TARGET_LIMIT})")
    return Path(updater.download_target(target, str(folder / "target"))).read_bytes()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RegistryVerifierError:
        raise
    except Exception as error:  # python-tuf reads what strangers wrote: what it has no class for is wrong there too
        raise TrustRootError(f"{_fact(error)}: {_said(error)[:300]}") from error


def _fact(error: Exception) -> str:
    found = next((fact for kind, fact in _FACTS if isinstance(error, kind)), "")
    return found or f"TUF repository cannot be read: {type(error).__name__}"


def _said(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, DeserializationError) else None
    return f"{type(cause).__name__}: {cause}" if cause else str(error)
