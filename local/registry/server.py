"""A registry with the ways of GHCR for one machine: loopback only, in memory, with faults on demand.

`python -m local.registry --port 5000` serves it; tests and the local stack use `LocalRegistry`. What GHCR does and
this does as well: a token for every request, a challenge with a placeholder scope, 403 for bad credentials, blobs from
another origin, no referrers API, unknown manifests for an `Accept` that does not list their type, 405 for deletes.
"""

from __future__ import annotations

import argparse
import contextlib
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType

from local.registry.access import Access
from local.registry.faults import Fault
from local.registry.http import Exchange, Server
from local.registry.routes import handle_api, handle_storage
from local.registry.state import REFERRERS_MODES, OnPush, State
from local.registry.store import Store, StoredManifest
from registry_verifier.models import Digest


class LocalRegistry:
    """A registry on two loopback ports, one of them its storage. A context manager: serves from `with` to its end.

    `users` maps names to passwords; without any, everybody may push. `private` repositories want one of them to pull.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        referrers: str = "ghcr",
        needs_tokens: bool = True,
        redirects_blobs: bool = True,
        users: Mapping[str, str] | None = None,
        private: Iterable[str] = (),
        page_size: int = 100,
        on_push: OnPush | None = None,
    ) -> None:
        if referrers not in REFERRERS_MODES:
            raise ValueError(f"referrers mode is {referrers!r} (expected one of {REFERRERS_MODES})")
        store = Store()
        access = Access(users or {}, private, lambda name: store.find(name) is not None)
        self.state = State(store, access, referrers, needs_tokens, redirects_blobs, on_push, page_size)
        self._api = Server(port, self._handle)
        self._storage = Server(0, self._handle_storage)
        self.state.url, self.state.storage_url = self._api.url, self._storage.url

    @property
    def url(self) -> str:
        """Where the API is reached."""
        return self.state.url

    @property
    def access(self) -> Access:
        """Who may do what."""
        return self.state.access

    @property
    def requests(self) -> list[str]:
        """Method and path of each request so far."""
        return self.state.requests

    @property
    def leaks(self) -> list[str]:
        """Requests that took an Authorization to the storage."""
        return self.state.leaks

    def fail(self, *faults: Fault) -> None:
        """Let these faults happen from now on, and no others; nothing given: none."""
        self.state.faults.set(*faults)

    def put_blob(self, repository: str, content: bytes) -> Digest:
        """Keep a blob without a request; returns its digest."""
        return self.state.store.put_blob(repository, content)

    def put_manifest(self, repository: str, content: bytes, media_type: str, tag: str | None = None) -> StoredManifest:
        """Keep a manifest without a request, and tell `on_push` of it."""
        stored = self.state.store.put_manifest(repository, content, media_type, tag)
        if self.state.on_push:
            self.state.on_push(repository, stored.digest, tag, media_type, "")
        return stored

    def start(self) -> None:
        """Begin to serve."""
        self._storage.start()
        self._api.start()

    def stop(self) -> None:
        """Stop serving; what was pushed is gone with the object."""
        self._api.stop()
        self._storage.stop()

    def __enter__(self) -> LocalRegistry:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _handle(self, http: Exchange) -> None:
        handle_api(http, self.state)

    def _handle_storage(self, http: Exchange) -> None:
        handle_storage(http, self.state)


def main() -> None:
    """Serve until interrupted; the first line of output says where."""
    parser = argparse.ArgumentParser(prog="python -m local.registry", description="a GHCR-like registry on loopback")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--referrers", choices=REFERRERS_MODES, default="ghcr")
    parser.add_argument("--user", action="append", default=[], metavar="NAME:PASSWORD")
    parser.add_argument("--private", action="append", default=[], metavar="REPOSITORY")
    arguments = parser.parse_args()
    users = dict(pair.split(":", 1) for pair in arguments.user)
    with LocalRegistry(
        port=arguments.port, referrers=arguments.referrers, users=users, private=arguments.private
    ) as registry:
        print(f"listening {registry.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
