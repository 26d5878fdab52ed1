"""The trusted root that verify uses: the newest one that was proven, and the deployment's own where that cannot be had.

Verification never waits for the store, and never stops for it: on any trouble the last good one goes on being used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry_verifier.errors import TrustRootError, Unavailable
from registry_verifier.proof import usable_root
from registry_verifier.trust_root_record import Stored
from registry_verifier.trusted_root import TrustedRoot

KEPT_SECONDS = 600
RETRY_SECONDS = 60
"""how long the store is left alone after it failed: somebody waits while it does not answer"""


class Store(Protocol):
    """Where trusted roots are kept. Both raise Unavailable."""

    def read(self, known: Stored | None = None) -> Stored | None:
        """The record, or None where there is none yet; `known` itself where it did not change."""
        ...

    def root(self, sha256: str) -> bytes:
        """The trusted root with this hash."""
        ...


@dataclass(frozen=True)
class RootInUse:
    """A trusted root, and when it was proven to be the newest one: never, where the deployment's own is used unseen."""

    root: TrustedRoot
    checked_at: datetime | None = None


class NewestRoot:
    """The trusted root of one process; without a store it is the deployment's own.

    `clock` gives seconds since any time.
    """

    def __init__(
        self, store: Store | None, packaged: TrustedRoot, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._packaged = packaged
        self._clock = clock
        self._in_use = RootInUse(packaged)
        self._stored: Stored | None = None
        self._ask_at = clock()
        self.trouble = ""
        """why the newest one cannot be had; empty where it is in use"""

    def current(self) -> RootInUse:
        """The one to use now: the same object while nothing changed. Asks the store at most every ten minutes."""
        if self._store and self._clock() >= self._ask_at:
            self._ask_at = self._clock() + KEPT_SECONDS
            try:
                self._ask(self._store)
                self.trouble = ""
            except (TrustRootError, Unavailable) as error:
                self._ask_at = self._clock() + RETRY_SECONDS
                self.trouble = str(error)
        return self._in_use

    def _ask(self, store: Store) -> None:
        stored = store.read(self._stored)
        if stored is None or stored is self._stored:
            return  # a record that is gone takes nothing back
        if stored.record is None:
            raise TrustRootError("the record of the trusted root cannot be read")
        if stored.record.stands_for(self._packaged.sha256):
            self._in_use = RootInUse(self._root(store, stored.record.sha256), stored.record.checked_at)
        self._stored = stored

    def _root(self, store: Store, sha256: str) -> TrustedRoot:
        at_hand = {root.sha256: root for root in (self._packaged, self._in_use.root)}
        return at_hand.get(sha256) or usable_root(store.root(sha256))
