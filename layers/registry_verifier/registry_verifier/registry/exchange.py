"""One request and one bounded answer: the only place where bytes move, and the wall where httpx's errors end."""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer, place, printable
from registry_verifier.registry.tally import Tally

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
REQUEST_SECONDS = 20.0
"""how long one request may take from its first byte to its answer's last, however steadily that drips"""
PARALLEL_REQUESTS = 16
EXCERPT_LIMIT = 64 * 1024
"""how many bytes of an answer are read that is not what was asked for"""

# After a freeze the pool's connections may be dead, which shows with the next request only: once more, then give up.
STALE = (httpx.NetworkError, httpx.RemoteProtocolError)
# Beside httpx's own: OSError for sockets and our time-out, the last two for a header, host or port of no use.
FOREIGN = (
    *(httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict),
    *(OSError, ValueError, OverflowError),
)


@dataclass(frozen=True)
class Request:
    """A GET: where, what is accepted, and how many bytes of what types are read in full."""

    url: httpx.URL
    accept: str
    limit: int
    media_types: tuple[str, ...] = ()
    """read in full only these; empty: any"""


class Exchange:
    """Sends requests, a bounded number at a time, over connections that are kept from one to the next."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None,
        *,
        seconds: float = REQUEST_SECONDS,
        tally: Tally | None = None,
    ) -> None:
        # httpx logs whole URLs at INFO, and the query of a blob's URL is a credential for it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._seconds = seconds
        self._tally = tally or Tally()
        self._turns = asyncio.Semaphore(PARALLEL_REQUESTS)
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=PARALLEL_REQUESTS, max_keepalive_connections=PARALLEL_REQUESTS),
            trust_env=False,
            follow_redirects=False,
            cookies=no_cookies(),
            headers={"User-Agent": "registry-verifier", "Accept-Encoding": "identity"},
        )

    async def get(self, request: Request, authorization: str = "") -> Answer:
        """Send one request, once more where the connection breaks; raises `Unavailable` where no answer comes."""
        try:
            async with self._turns, asyncio.timeout(self._seconds):
                try:
                    return await self._send(request, authorization)
                except STALE:
                    return await self._send(request, authorization)
        except FOREIGN as error:
            self._tally.errors += 1
            what = f"GET {place(request.url)} failed: {type(error).__name__}"
            said = printable(str(error))
            raise Unavailable(Reason.REGISTRY_UNAVAILABLE, f"{what}: {said}" if said else what) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _send(self, request: Request, authorization: str) -> Answer:
        self._tally.requests += 1
        headers = {"Accept": request.accept} | ({"Authorization": authorization} if authorization else {})
        async with self._client.stream("GET", request.url, headers=headers) as response:
            head = Answer(request.url, response.status_code, response.headers, b"")
            insist_on_plain(response)
            content = await _read(response, _limit(request, head))
        answer = replace(head, content=content if head.status == 200 else _without_secrets(content, authorization))
        self._tally.throttled += answer.is_throttled
        self._tally.errors += answer.status >= 500 and not answer.is_throttled
        return answer


def no_cookies() -> CookieJar:
    """A jar that keeps nothing: what one answer sets is no part of the next request."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


def insist_on_plain(response: httpx.Response) -> None:
    """Raise httpx.DecodingError for an answer that is encoded: a small one may stand for a very large one."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise httpx.DecodingError("the answer is compressed though no compression was asked for")


def _limit(request: Request, head: Answer) -> int:
    wanted = head.status == 200 and (not request.media_types or head.media_type in request.media_types)
    return request.limit if wanted else EXCERPT_LIMIT


async def _read(response: httpx.Response, limit: int) -> bytes:
    """The body as it came, cut off one byte after `limit`: more was never read."""
    content = bytearray()
    async for chunk in response.aiter_bytes():  # nothing is decompressed: `_send` has refused what is encoded
        content += chunk
        if len(content) > limit:
            break
    return bytes(content[: limit + 1])


def _without_secrets(content: bytes, authorization: str) -> bytes:
    """An error's body, which may echo what we sent, without the token or the password in it."""
    scheme, _, sent = authorization.partition(" ")
    secrets = [sent.encode()]
    if scheme == "Basic":
        secrets.append(base64.b64decode(sent).partition(b":")[2])
    for secret in filter(None, secrets):
        content = content.replace(secret, b"***")
    return content
