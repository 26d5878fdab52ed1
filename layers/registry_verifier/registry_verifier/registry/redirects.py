"""Where a blob may be fetched from: registries answer with a redirect to their storage, another host.

OCI distribution-spec 1.1 "Pulling blobs": a client must not send its Authorization there. And it goes nowhere
that the table of `hosts.py` does not list, whatever the answer says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer, place, printable, unavailable
from registry_verifier.registry.hosts import Endpoint, parse_url

REDIRECTS_LIMIT = 3

Get = Callable[[httpx.URL], Awaitable[Answer]]


async def follow(answer: Answer, endpoint: Endpoint, *, own: Get, foreign: Get) -> Answer:
    """Follow the redirects of a blob's answer, by hand, to the last answer.

    `own` asks the registry and may say who we are; `foreign` asks without. Once elsewhere, always `foreign`.
    Raises `Unavailable` for a place that is not allowed, one redirect too many, or storage that does not answer 200:
    the registry said that the blob is there, so that nothing is known about it.
    """
    get, count = own, 0
    while answer.is_redirect:
        count += 1
        if count > REDIRECTS_LIMIT:
            raise _refused(answer, f"redirected more than {REDIRECTS_LIMIT} times")
        url = _next(answer, endpoint)
        if not endpoint.owns(url):
            get = foreign
        answer = await get(url)
    if get is foreign and answer.status != 200:
        raise _storage_failed(answer)
    return answer


def _next(answer: Answer, endpoint: Endpoint) -> httpx.URL:
    location = answer.headers.get("Location", "")
    url = parse_url(location, answer.url) if location else None
    if url is None:
        raise _refused(answer, f"redirected to no place: {printable(location.partition('?')[0])!r}")
    if not endpoint.may_serve_blobs(url):
        raise _refused(answer, f"redirected to {url.scheme}://{place(url)}, which is not storage of {endpoint.name}")
    return url


def _refused(answer: Answer, text: str) -> Unavailable:
    return Unavailable(Reason.REGISTRY_UNAVAILABLE, f"GET {place(answer.url)} {text}")


def _storage_failed(answer: Answer) -> Unavailable:
    """Storage knows no users: its 401 and 403 mean an expired link and say nothing about our credentials."""
    error = unavailable(answer)
    if error.reason is Reason.REGISTRY_FORBIDDEN:
        return Unavailable(Reason.REGISTRY_UNAVAILABLE, str(error))
    return error
