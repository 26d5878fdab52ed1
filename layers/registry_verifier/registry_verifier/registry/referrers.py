"""The pages of the referrers API: OCI distribution-spec 1.1 "Listing Referrers".

GHCR has no such API: it answers 404, or 303 to a page for people. A registry without it is no error,
since evidence is looked for behind the fallback tag as well.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import httpx

from registry_verifier import manifest
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.models import Digest
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer, place, printable, unavailable
from registry_verifier.registry.hosts import Endpoint, parse_url

PAGES_LIMIT = 10
CANDIDATES_LIMIT = 128
PAGE_LIMIT = 4 * 1024 * 1024
"""in bytes"""

_NO_API = (400, 404, 405)
_LINK = re.compile(r"<([^<>]{1,4096})>([^<]*)")
_NEXT = re.compile(r';\s*rel\s*=\s*(?:"next"|next\b)', re.IGNORECASE)

Get = Callable[[httpx.URL], Awaitable[Answer]]


async def read(get: Get, endpoint: Endpoint, repository: str, digest: Digest) -> tuple[Digest, ...]:
    """The digests that the registry lists as referring to `digest`, each once; empty where it has no such API.

    Only digests come out: a descriptor's types and annotations are the registry's word for somebody else's.
    Raises `Unavailable` where a page could not be had, `EvidenceRejected` for a page that is malformed or too many.
    """
    own = f"/v2/{repository}/"
    answer = await get(endpoint.at(f"{own}referrers/{digest}"))
    if answer.is_redirect or answer.status in _NO_API or (answer.status == 200 and not _is_index(answer)):
        return ()
    found: dict[Digest, None] = {}
    for _ in range(PAGES_LIMIT):
        found |= dict.fromkeys(_page(answer))
        if len(found) > CANDIDATES_LIMIT:
            raise _too_many(digest, f"more than {CANDIDATES_LIMIT} referrers")
        url = _next(answer, endpoint, own)
        if url is None:
            return tuple(found)
        answer = await get(url)
    raise _too_many(digest, f"more than {PAGES_LIMIT} pages of referrers")


def _page(answer: Answer) -> list[Digest]:
    if answer.status != 200 or not _is_index(answer):
        raise unavailable(answer)
    if len(answer.content) > PAGE_LIMIT:
        raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, f"page of referrers is larger than {PAGE_LIMIT} bytes")
    index = manifest.read(answer.content, media_type=manifest.OCI_INDEX)
    return [entry.digest for entry in index.children]


def _is_index(answer: Answer) -> bool:
    return answer.media_type == manifest.OCI_INDEX


def _next(answer: Answer, endpoint: Endpoint, own: str) -> httpx.URL | None:
    """The next page's URL, None on the last; `Unavailable` where it leads out of this repository."""
    for target, parameters in _LINK.findall(answer.headers.get("Link", "")):
        if not _NEXT.search(parameters):
            continue
        url = parse_url(target, answer.url)
        if url and endpoint.owns(url) and url.path.startswith(endpoint.at(own).path) and ".." not in url.path:
            return url
        text = (
            f"GET {place(answer.url)} links to {printable(target.partition('?')[0])!r} (expected the same repository)"
        )
        raise Unavailable(Reason.REGISTRY_UNAVAILABLE, text)
    return None


def _too_many(digest: Digest, text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TOO_MANY_CANDIDATES, f"{digest} has {text}")
