"""One request and one bounded answer: the only place where bytes move, and the wall where httpx's errors end.

No error text and no error's cause holds a header, a query or a body that was sent; httpx names URLs at level INFO, so
that level is off.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from registry_verifier.errors import Unavailable
from registry_verifier.github.answers import Exceeded
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer, place
from registry_verifier.registry.exchange import FOREIGN, STALE, insist_on_plain, no_cookies

TIMEOUT = httpx.Timeout(5.0, connect=3.0)
SECONDS = 20.0


@dataclass(frozen=True)
class Request:
    """What is asked, and how many bytes of an answer are read."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str] = field(repr=False)
    limit: int
    secret: str = field(default="", repr=False)
    """what must stand in no error, although the other side may echo it"""
    seconds: float = SECONDS
    """how long the answer's body may take, however steadily it drips"""


Client = httpx.Client
"""connections, for whoever only hands them on"""


def http_client() -> httpx.Client:
    """An HTTP client as this room needs it: short time-outs, no proxies from the environment, nothing remembered."""
    return httpx.Client(
        timeout=TIMEOUT,
        trust_env=False,
        follow_redirects=False,
        cookies=no_cookies(),
    )


def send(http: httpx.Client, request: Request) -> Answer:
    """Send it, once more where the connection breaks; raises Unavailable, `Exceeded` for more than the limit."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        try:
            return _sent(http, request)
        except STALE:
            return _sent(http, request)
    except FOREIGN as error:
        failure = type(error).__name__
    # Outside of the except clause and without `from`: httpx's errors carry the request, and so the secret.
    raise Unavailable(Reason.GITHUB_UNAVAILABLE, f"{request.method} {place(request.url)} failed: {failure}")


def _sent(http: httpx.Client, request: Request) -> Answer:
    headers = {"User-Agent": "registry-verifier", "Accept-Encoding": "identity", **request.headers}
    content = None if request.method == "GET" else b""
    asked = http.stream(request.method, request.url, content=content, headers=headers, follow_redirects=False)
    with asked as response:
        insist_on_plain(response)
        body = _read(response, request)
    return Answer(request.url, response.status_code, response.headers, body)


def _read(response: httpx.Response, request: Request) -> bytes:
    until = time.monotonic() + request.seconds
    content = bytearray()
    for chunk in response.iter_bytes():  # nothing is decompressed: `_sent` has refused what is encoded
        content += chunk
        if len(content) > request.limit:
            raise Exceeded(f"{place(request.url)} answered more than {request.limit} bytes")
        if time.monotonic() > until:
            raise TimeoutError
    if response.status_code >= 400 and request.secret:
        return bytes(content).replace(request.secret.encode(), b"***")
    return bytes(content)
