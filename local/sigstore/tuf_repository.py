"""A TUF repository made by python-tuf's metadata API: the trusted root of a private Sigstore as a target, signed anew.

Source: TUF specification 1.0, sections 4 (metadata) and 6.2 (consistent snapshots).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from securesystemslib import signer as signers
from tuf.api import metadata as tuf_metadata
from tuf.api.metadata import Metadata

from local.sigstore.keys import KeySource
from local.sigstore.protojson import Json

ROLES = ("root", "timestamp", "snapshot", "targets")
TRUSTED_ROOT = "trusted_root.json"
LIFETIME = timedelta(days=30)

# both export their classes in a way that type checkers do not see
_tuf: Any = tuf_metadata
_Signer: Any = signers


class TufRepository:
    """One repository with a key for each role. Change it, then `publish`; `files` are what a mirror serves.

    `expires` says when metadata of a role expires, where that is not in thirty days; without `hashes` metadata is named
    by its version alone.
    """

    def __init__(self, targets: Mapping[str, bytes] | None = None, *, seed: str | None = None) -> None:
        self._keys = KeySource(seed)
        self.signers = {role: self._signer(f"tuf {role}") for role in ROLES}
        self.targets = dict(targets or {})
        self.custom: dict[str, Json] = {}
        self.expires: dict[str, datetime] = {}
        self.folder = "targets"
        self.consistent_snapshot = True
        self.hashes = True
        self.versions = dict.fromkeys(ROLES, 0)
        self.files: dict[str, bytes] = {}
        self._newest: dict[str, bytes] = {}

    @property
    def root(self) -> bytes:
        """The first root.json, which a TrustRoot has in it."""
        return self.files["1.root.json"]

    def rotate(self, role: str) -> None:
        """Give a role another key; a new root says so, signed by the old one and the new one."""
        old = self.signers["root"]
        version = self.versions["root"] + 1
        self.signers[role] = self._signer(f"tuf {role} {version}")
        self._sign_root(old)

    def publish(self) -> TufRepository:
        """Sign everything as it is now, each role with its next version."""
        if not self.versions["root"]:
            self._sign_root()
        self._sign("targets", _tuf.Targets(self._next("targets"), None, self._end("targets"), self._target_files()))
        snapshot = _tuf.Snapshot(self._next("snapshot"), None, self._end("snapshot"))
        snapshot.meta["targets.json"] = self._meta_file("targets")
        self._sign("snapshot", snapshot)
        timestamp = _tuf.Timestamp(self._next("timestamp"), None, self._end("timestamp"))
        timestamp.snapshot_meta = self._meta_file("snapshot")
        self._sign("timestamp", timestamp)
        return self

    def archive(self, prefix: str = "repository/") -> bytes:
        """The files as policy-controller packs them."""
        return pack({prefix + path: content for path, content in self.files.items()})

    def _sign_root(self, *further: Any) -> None:
        root = _tuf.Root(self._next("root"), None, self._end("root"), None, None, self.consistent_snapshot)
        for role, signer in self.signers.items():
            root.add_key(signer.public_key, role)
        self._sign("root", root, *further)

    def _sign(self, role: str, signed: Any, *further: Any) -> None:
        document: Any = Metadata(signed)
        for signer in (self.signers[role], *further):
            document.sign(signer, append=True)
        content = document.to_bytes()
        versioned = role == "root" or (self.consistent_snapshot and role != "timestamp")
        self.files[f"{signed.version}.{role}.json" if versioned else f"{role}.json"] = content
        self._newest[role] = content

    def _signer(self, name: str) -> Any:
        return _Signer.CryptoSigner(self._keys.ed25519(name))

    def _next(self, role: str) -> int:
        self.versions[role] += 1
        return self.versions[role]

    def _end(self, role: str) -> datetime:
        return self.expires.get(role, datetime.now(UTC).replace(microsecond=0) + LIFETIME)

    def _meta_file(self, role: str) -> Any:
        if not self.hashes:
            return _tuf.MetaFile(self.versions[role])
        return _tuf.MetaFile.from_data(self.versions[role], self._newest[role], ["sha256"])

    def _target_files(self) -> Json:
        described = {}
        for path, content in self.targets.items():
            target = _tuf.TargetFile.from_data(path, content, ["sha256"])
            if path in self.custom:
                target.unrecognized_fields["custom"] = self.custom[path]
            described[path] = target
            self._store(path, content)
        return described

    def _store(self, path: str, content: bytes) -> None:
        folder, _, name = path.rpartition("/")
        prefix = f"{hashlib.sha256(content).hexdigest()}." if self.consistent_snapshot else ""
        self.files["/".join(filter(None, (self.folder, folder, prefix + name)))] = content


def pack(files: Mapping[str, bytes]) -> bytes:
    """Files as a gzipped tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue())
