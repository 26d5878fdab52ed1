"""A repository's files in a gzipped tar archive, as a TrustRoot carries them: unpacked in memory, within bounds."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from registry_verifier.errors import TrustRootError
from registry_verifier.policy.trust_root import Repository
from registry_verifier.tuf_repository import update
from registry_verifier.tuf_repository.update import Proven

ARCHIVE_LIMIT = 8 << 20
UNPACKED_LIMIT = 32 << 20
ENTRIES_LIMIT = 1000

_PREFIX = "repository"  # policy-controller packs the folder itself
_BASE = "archive:/"


def prove(repository: Repository) -> Proven:
    """The trusted root in the archive; TrustRootError where it is not proven."""
    return update.prove(repository, _Archive(unpack(repository.archive)), _BASE)


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of a repository by path; TrustRootError where the archive is not read, or is more than the bounds."""
    if len(archive) > ARCHIVE_LIMIT:
        raise TrustRootError(f"archive has {len(archive)} bytes (at most {ARCHIVE_LIMIT})")
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_unzipped(archive)), mode="r|") as tar:  # a stream never goes back
            for path, content in _entries(tar):
                if path in files:
                    raise TrustRootError(f"archive has {path[:80]!r} twice")
                files[path] = content
    except TrustRootError:
        raise
    except Exception as error:  # a header made up by somebody makes tarfile raise almost anything
        raise TrustRootError(f"archive is not read as tar: {type(error).__name__}: {str(error)[:200]}") from error
    return files


def _unzipped(archive: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(archive)) as stream:
            content = stream.read(UNPACKED_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TrustRootError(f"archive is not read as gzip: {error}") from error
    if len(content) > UNPACKED_LIMIT:
        raise TrustRootError(f"archive unpacks to more than {UNPACKED_LIMIT} bytes")
    return content


def _entries(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for count, entry in enumerate(tar, 1):
        if count > ENTRIES_LIMIT:
            raise TrustRootError(f"archive has more than {ENTRIES_LIMIT} entries")
        path = _path(entry.name)
        if entry.isdir():
            continue
        if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or entry.issparse():
            raise TrustRootError(f"archive entry {entry.name[:80]!r} is no plain file (expected files and folders)")
        opened = tar.extractfile(entry)
        yield path, opened.read(UNPACKED_LIMIT) if opened else b""


def _path(name: str) -> str:
    """The path within the repository: without the folder that it was packed in."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
        raise TrustRootError(f"archive entry {name[:80]!r} leads out of the archive")
    return "/".join(parts[1:] if parts[:1] == (_PREFIX,) else parts)


class _Archive(FetcherInterface):
    """Gives python-tuf the files from memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = url.removeprefix(_BASE)
        if path not in self._files:
            raise DownloadHTTPError(f"{path[:120]} is not in the archive", 404)
        return iter((self._files[path],))
