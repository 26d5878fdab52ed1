"""A repository behind an HTTP address. For a terminal and for the refresh: nobody asks one to verify an image.

A trusted root that was fetched is a file like any other from then on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping

import httpx
from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient.fetcher import FetcherInterface

from registry_verifier.errors import Unavailable
from registry_verifier.policy.trust_root import Remote
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer
from registry_verifier.registry.exchange import Exchange, Request
from registry_verifier.tuf_repository import update
from registry_verifier.tuf_repository.update import Proven

SECONDS = 20.0
"""how long all requests to a mirror may take together"""
FILE_LIMIT = 5_000_000
"""in bytes; python-tuf reads no larger metadata"""

_REDIRECTS_LIMIT = 3


def prove(remote: Remote, *, seconds: float = SECONDS, state: Mapping[str, bytes] | None = None) -> Proven:
    """The trusted root behind the mirror; TrustRootError where it is not proven, Unavailable where it was not reached.

    `state` is that of an earlier `Proven`, where there is one. Not to be called where an event loop runs: it has one
    of its own.
    """
    with asyncio.Runner() as runner:
        exchange = runner.run(_opened())
        try:
            return update.prove(remote, _Mirror(runner, exchange, seconds), remote.mirror, state=state)
        finally:
            runner.run(exchange.close())


async def _opened() -> Exchange:
    return Exchange(None)


class _Mirror(FetcherInterface):
    """Gives python-tuf the files from the mirror, within one time for all of them."""

    def __init__(self, runner: asyncio.Runner, exchange: Exchange, seconds: float) -> None:
        self._runner = runner
        self._exchange = exchange
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def _fetch(self, url: str) -> Iterator[bytes]:
        yield self._runner.run(self._file(url))  # what is raised while it is read passes python-tuf as it is

    async def _file(self, url: str) -> bytes:
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                answer = await self._answer(httpx.URL(url))
        except (TimeoutError, Unavailable) as error:
            said = f"took longer than {self._seconds:g} seconds" if isinstance(error, TimeoutError) else str(error)
            raise _unreached(said) from error
        except Exception as error:  # an address that somebody made up: httpx and what is under it raise almost anything
            raise _unreached(f"GET {url} failed: {type(error).__name__}: {error}") from error
        return _content(answer, url)

    async def _answer(self, url: httpx.URL) -> Answer:
        """The answer after redirects, which must stay on the host that the document names."""
        asked = url
        for _ in range(_REDIRECTS_LIMIT + 1):
            answer = await self._exchange.get(Request(asked, "*/*", FILE_LIMIT))
            if not answer.is_redirect:
                return answer
            asked = asked.join(answer.headers.get("Location", ""))
            if asked.host != url.host or asked.scheme not in (url.scheme, "https"):
                raise Unavailable(Reason.KEY_UNAVAILABLE, f"{url} is redirected to another place: {asked}")
        raise Unavailable(Reason.KEY_UNAVAILABLE, f"{url} is redirected more than {_REDIRECTS_LIMIT} times")


def _content(answer: Answer, url: str) -> bytes:
    if answer.status in (403, 404) and url.endswith(".root.json"):
        raise DownloadHTTPError(f"GET {url} answered {answer.status}", answer.status)  # there is no newer root
    if answer.status != 200:
        raise _unreached(f"GET {url} answered {answer.status}")
    if len(answer.content) > FILE_LIMIT:
        raise DownloadLengthMismatchError(f"{url} has more than {FILE_LIMIT} bytes")
    return answer.content


def _unreached(text: str) -> Unavailable:
    return Unavailable(Reason.KEY_UNAVAILABLE, f"TUF mirror: {text[:400]}")
