"""GitHub's REST API for one machine: what hooks could not deliver, what was published, what is attested.

`python -m local.github.api --port 8092` serves it on loopback; tests and simulations use `LocalGitHub`. It takes tokens
with scopes and an App's JWT, counts requests, answers in pages, and does as GitHub does where it refuses. Pushes feed
it: `pushed` lists the version, and sends or loses the webhooks.
"""

from __future__ import annotations

import argparse
import contextlib
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import httpx

from local.github import deliveries as github
from local.github.callers import ATTESTATIONS, HOOKS, PACKAGES, Callers
from local.github.deliveries import Request
from local.github.hook_log import NOT_CONNECTED, Fate, HookLog
from local.github.payload import OCI_MANIFEST, Push
from local.github.rest import State, handle
from local.registry.faults import Fault
from local.registry.http import Server

_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def _now() -> datetime:
    return datetime.now(UTC)


def posting(url: str) -> Callable[[Request], int]:
    """Deliver by HTTP: the receiver's status code, 0 where it could not be reached."""

    def deliver(request: Request) -> int:
        try:
            return github.post(url, request)[0].status_code
        except httpx.HTTPError:
            return NOT_CONNECTED

    return deliver


class LocalGitHub:
    """A context manager: serves from `with` to its end.

    `deliver` posts a webhook and returns the receiver's status code, 0 where it could not be reached; it is called for
    pushes, and for redeliveries. `owners` says of logins whether they are `orgs` or `users`; others are `orgs`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        deliver: Callable[[Request], int] = lambda _: NOT_CONNECTED,
        owners: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.fate: Callable[[Push], Fate] = lambda _: Fate.DELIVERED
        """what becomes of the webhooks of a push that `on_push` tells of"""
        kinds = {login.lower(): kind for login, kind in (owners or {}).items()}
        self.state = State(HookLog(deliver, now), now, Callers(now), kinds)
        self._server = Server(port, lambda http: handle(http, self.state))
        self.state.url = self._server.url

    @property
    def url(self) -> str:
        """What `GITHUB_API_URL` is to be."""
        return self.state.url

    @property
    def requests(self) -> list[str]:
        """Method and path of each request so far."""
        return self.state.requests

    @property
    def leaks(self) -> list[str]:
        """Requests that took an Authorization to the storage of bundles."""
        return self.state.leaks

    @property
    def app_secret(self) -> str:
        """The secret of the App, as JSON with `app_id`, `private_key` and `installation_id`."""
        return self.state.callers.app_secret

    def token(self, *scopes: str, limit: int = 5000) -> str:
        """A new token for `hooks`, `packages` or `attestations`; for all of them unless some are named."""
        return self.state.callers.allow(*(scopes or (HOOKS, PACKAGES, ATTESTATIONS)), limit=limit)

    def hook(self, name: str) -> str:
        """Add a webhook: `repos/acme/app/hooks/1`, `orgs/acme/hooks/2`, or `app`."""
        self.state.hooks.add(name)
        return name

    def connect(self, url: str) -> None:
        """Deliver there from now on."""
        self.state.hooks.deliver = posting(url)

    def pushed(
        self, push: Push, fate: Fate = Fate.DELIVERED, *, at: datetime | None = None, guid: str | None = None
    ) -> str:
        """One manifest was pushed; returns the event's id."""
        event = guid or str(uuid.uuid4())
        self.state.packages.publish(push, at or self.state.now())
        self.state.hooks.publish(push, event, fate, at=at)
        return event

    def on_push(self, repository: str, digest: str, tag: str | None, media_type: str, pusher: str) -> None:
        """What a `LocalRegistry` tells of each manifest."""
        push = Push(repository, digest, tag or "", media_type or OCI_MANIFEST, pusher=pusher or "github-actions[bot]")
        self.pushed(push, self.fate(push))

    def attest(
        self, owner: str, digest: str, bundle: bytes, *, inline: bool = False, file: bytes | None = None
    ) -> None:
        """Keep a bundle about a digest, in the answer itself if `inline`; `file` stands in the place of its snappy."""
        self.state.attestations.add(owner, digest, bundle, inline=inline, file=file)

    def fail(self, *faults: Fault) -> None:
        """Let these faults happen from now on, and no others; nothing given: none."""
        self.state.faults.set(*faults)

    def throttle(self, seconds: float, *, count: int | None = None, path: str = "") -> None:
        """Refuse for a secondary rate limit, `count` times or always."""
        self.fail(Fault(path=path, status=403, message=_SECONDARY, retry_after=seconds, count=count))

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def stop(self) -> None:
        """Stop serving; what was pushed is gone with the object."""
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def main() -> None:
    """Serve until interrupted; the first line of output says where, the second has a token for everything."""
    parser = argparse.ArgumentParser(prog="python -m local.github.api", description="GitHub's REST API on loopback")
    parser.add_argument("--port", type=int, default=8092)
    parser.add_argument("--hook", action="append", default=[], metavar="NAME", help="such as orgs/acme/hooks/2")
    parser.add_argument("--deliver", default="", metavar="URL", help="where webhooks are received")
    arguments = parser.parse_args()
    with LocalGitHub(port=arguments.port) as server:
        for name in arguments.hook:
            server.hook(name)
        if arguments.deliver:
            server.connect(arguments.deliver)
        print(f"listening {server.url}\ntoken {server.token()}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
