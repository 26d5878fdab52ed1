"""The story of the refresh: the newest trusted root, proven by TUF, takes the place of the one before it.

1. read what was proven the last time
2. prove the newest one, from the state of the last time on: an older repository is not taken
3. refuse one that verify could not use, or that has nothing in common with the deployment's own
4. keep it, then put it in force

On any trouble the last good one stays in force, and the answer says what the trouble is and how old the last check is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry_verifier.errors import Superseded, TrustRootError, Unavailable
from registry_verifier.proof import usable_root
from registry_verifier.trust_root_record import Record, Stored
from registry_verifier.trusted_root import TrustedRoot

_PARTS = ("certificateAuthorities", "ctLogs", "tLogs", "timestampAuthorities")
_IN_USE = ("certificateAuthorities", "ctlogs", "tlogs")


class Store(Protocol):
    """Where trusted roots are kept. All raise Unavailable."""

    def read(self) -> Stored | None:
        """The record, or None where there is none yet."""
        ...

    def root(self, sha256: str) -> bytes:
        """The trusted root with this hash."""
        ...

    def keep(self, content: bytes) -> None:
        """Put a trusted root under its hash."""
        ...

    def replace(self, old: Stored | None, new: Record) -> None:
        """Put the record in the place of `old`; Superseded where another one is there."""
        ...


class Proven(Protocol):
    """A trusted root file that a TUF repository vouches for."""

    @property
    def content(self) -> bytes:
        """The file."""
        ...

    @property
    def state(self) -> Mapping[str, bytes]:
        """What the TUF client knows now."""
        ...


Prove = Callable[[Mapping[str, bytes]], Proven]
"""The newest trusted root, from the state of the last time on; TrustRootError or Unavailable where it is not proven."""


@dataclass(frozen=True)
class Refreshed:
    """What one refresh came to."""

    sha256: str
    """of the trusted root in force"""
    age_seconds: float | None
    """since the last time that one was proven, or that this was first tried; None where the store did not say"""
    changed: bool = False
    trouble: str = ""
    """why the newest one could not be proven or kept; empty where it was"""


@dataclass(frozen=True)
class Refresh:
    """Everything that a refresh needs."""

    store: Store
    prove: Prove
    packaged: TrustedRoot
    """the one in the deployment"""
    now: Callable[[], datetime]

    def run(self) -> Refreshed:
        """Prove the newest trusted root and put it in force. Never raises on purpose; see `Refreshed.trouble`."""
        try:
            stored = self.store.read()
        except Unavailable as error:
            return Refreshed(self.packaged.sha256, None, trouble=str(error))
        old = stored.record if stored else None
        try:
            return self._refreshed(stored, old)
        except Superseded:  # by another refresh, which says the rest
            return Refreshed(self._sha256(old), self._age(old))
        except (TrustRootError, Unavailable) as error:
            age = self._age(old) if old else self._noted(stored)
            return Refreshed(self._sha256(old), age, trouble=str(error))

    def _refreshed(self, stored: Stored | None, old: Record | None) -> Refreshed:
        kept = self._kept(old)
        present = kept if kept and old and self._is_in_force(old) else self.packaged
        proven = self.prove(old.tuf if old else {})
        new = usable_root(proven.content)
        self._require_continuity(present, new)
        if kept is None or kept.sha256 != new.sha256:
            self.store.keep(proven.content)
        self.store.replace(stored, Record(new.sha256, self.now(), self.packaged.sha256, proven.state))
        return Refreshed(new.sha256, 0.0, changed=new.sha256 != self._sha256(old))

    def _kept(self, old: Record | None) -> TrustedRoot | None:
        """The one that the record names; None where it is missing or broken, and must be written again."""
        with contextlib.suppress(TrustRootError, Unavailable):
            return usable_root(self.store.root(old.sha256)) if old and old.sha256 else None
        return None

    def _require_continuity(self, present: TrustedRoot, new: TrustedRoot) -> None:
        """TrustRootError for one that would fail what holds now: proven, but the TUF repository of somebody else."""
        if lost := sorted(_parts(present, self.now()) - _parts(new, self.now())):
            raise TrustRootError(f"the newest trusted root {new.sha256} has no {lost[0]}, the present one has")
        if not _anchors(self.packaged) & _anchors(new):
            text = "shares no certificate authority with the deployment's own"
            raise TrustRootError(f"the newest trusted root {new.sha256} {text} ({self.packaged.sha256})")

    def _noted(self, stored: Stored | None) -> float | None:
        """Begin to count the age where nothing was ever proven."""
        try:
            self.store.replace(stored, Record("", self.now(), self.packaged.sha256))
        except (Superseded, Unavailable):
            return None
        return 0.0

    def _is_in_force(self, record: Record) -> bool:
        return record.stands_for(self.packaged.sha256)

    def _sha256(self, old: Record | None) -> str:
        return old.sha256 if old and self._is_in_force(old) else self.packaged.sha256

    def _age(self, old: Record | None) -> float | None:
        return max(0.0, (self.now() - old.checked_at).total_seconds()) if old else None


def _parts(root: TrustedRoot, now: datetime) -> set[str]:
    """What it has, and what of that is in use now."""
    _, document = root.cut([now])
    in_use = {f"{name} in use at {now:%Y-%m-%d}" for name in _IN_USE if document[name]}
    return in_use | {name for name in _PARTS if root.has(name)}


def _anchors(root: TrustedRoot) -> set[object]:
    """The root certificates of its certificate authorities."""
    return {authority.certificates[-1] for authority in root.authorities}
