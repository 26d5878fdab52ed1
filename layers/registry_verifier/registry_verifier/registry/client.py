"""An OCI registry, GHCR before all: manifests, referrers and blobs, each checked against its digest and bounded.

Fits the `Registry` of ports.py by shape. One client serves a whole process and keeps its connections between
invocations; whoever makes it owns the event loop that it lives on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx

from registry_verifier import manifest as manifests
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, ImageName, digest_of, parse_digest, parse_tag
from registry_verifier.reasons import Reason
from registry_verifier.registry import hosts, redirects, referrers
from registry_verifier.registry.answers import Answer, unavailable
from registry_verifier.registry.exchange import REQUEST_SECONDS, Exchange, Request
from registry_verifier.registry.tally import Tally
from registry_verifier.registry.token import Credentials, Tokens

MANIFEST_LIMIT = 4 * 1024 * 1024
"""in bytes; OCI distribution-spec 1.1 asks registries to take manifests of at least this size"""
OPERATION_SECONDS = 30.0
"""how long one manifest, listing or blob may take with its token, pages and redirects"""

_ACCEPT = ", ".join(manifests.MANIFEST_TYPES)  # GHCR hides a manifest of a type that is not listed


class RegistryClient:
    """Every registry that images name, over one set of connections.

    `endpoints` says where a registry is reached that is not at https://HOST; image names never change by it.
    `credentials` go to the registry that they name; `tally` counts the requests. Raises SettingsError for an endpoint
    that cannot be used.
    """

    def __init__(
        self,
        *,
        endpoints: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        request_seconds: float = REQUEST_SECONDS,
        operation_seconds: float = OPERATION_SECONDS,
        tally: Tally | None = None,
    ) -> None:
        self._overrides = dict(endpoints or {})
        for name in self._overrides:
            hosts.endpoint(name, self._overrides)
        self._seconds = operation_seconds
        self._exchange = Exchange(transport, seconds=request_seconds, tally=tally)
        self._tokens = Tokens(self._exchange, credentials, clock)

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        """The manifest behind a digest or a tag, or None where there is none; ValueError for neither of the two."""
        expected = parse_digest(reference) if ":" in reference else None
        tag = None if expected else parse_tag(reference)
        async with self._bounded(image, f"manifest {expected or tag}"):
            endpoint = self._endpoint(image)
            url = endpoint.at(f"/v2/{image.repository}/manifests/{reference}")
            answer = await self._ask(endpoint, image, Request(url, _ACCEPT, MANIFEST_LIMIT))
        return None if _is_absent(answer) else _manifest(answer, expected)

    async def referrers(self, image: ImageName, digest: Digest) -> tuple[Digest, ...]:
        """The manifests that the referrers API lists for `digest`; empty where the registry has no such API."""
        endpoint = self._endpoint(image)

        async def get(url: httpx.URL) -> Answer:
            request = Request(url, manifests.OCI_INDEX, referrers.PAGE_LIMIT, (manifests.OCI_INDEX,))
            return await self._ask(endpoint, image, request)

        async with self._bounded(image, f"referrers of {digest}"):
            return await referrers.read(get, endpoint, image.repository, digest)

    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        """The blob of exactly `size` bytes, or None where there is none; more than `limit` bytes are refused unread."""
        if size > limit:
            raise EvidenceRejected(
                Reason.EVIDENCE_TOO_LARGE, f"blob {digest} has {size} bytes (expected at most {limit})"
            )
        async with self._bounded(image, f"blob {digest}"):
            endpoint = self._endpoint(image)
            request = Request(endpoint.at(f"/v2/{image.repository}/blobs/{digest}"), "*/*", size)
            answer = await self._blob(endpoint, image, request)
        return None if _is_absent(answer) else _blob(answer, digest, size)

    async def aclose(self) -> None:
        """Close every connection; the client cannot be used again."""
        await self._tokens.close()
        await self._exchange.close()

    def _endpoint(self, image: ImageName) -> hosts.Endpoint:
        return hosts.endpoint(image.registry, self._overrides)

    async def _blob(self, endpoint: hosts.Endpoint, image: ImageName, request: Request) -> Answer:
        async def own(url: httpx.URL) -> Answer:
            return await self._ask(endpoint, image, replace(request, url=url))

        async def foreign(url: httpx.URL) -> Answer:
            return await self._exchange.get(replace(request, url=url))

        return await redirects.follow(await own(request.url), endpoint, own=own, foreign=foreign)

    async def _ask(self, endpoint: hosts.Endpoint, image: ImageName, request: Request) -> Answer:
        """Ask the registry itself: as who we are, with a new token where ours is stale, then as nobody."""
        access = await self._tokens.access(endpoint, image.repository)
        answer = await self._exchange.get(request, access.authorization)
        for other in (self._tokens.renewed, self._tokens.anonymous):
            if answer.is_refusal and (new := await other(endpoint, image.repository, access, answer)):
                access, answer = new, await self._exchange.get(request, new.authorization)
        return answer

    @asynccontextmanager
    async def _bounded(self, image: ImageName, what: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError as error:
            text = f"{what} in {image} took longer than {self._seconds:g} seconds"
            raise Unavailable(Reason.REGISTRY_UNAVAILABLE, text) from error


def _is_absent(answer: Answer) -> bool:
    if answer.status not in (200, 404):
        raise unavailable(answer)
    return answer.status == 404


def _manifest(answer: Answer, expected: Digest | None) -> Manifest:
    if len(answer.content) > MANIFEST_LIMIT:
        raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, f"manifest is larger than {MANIFEST_LIMIT} bytes")
    if expected is None and answer.media_type and manifests.essence(answer.media_type) not in manifests.MANIFEST_TYPES:
        text = f"registry answered with {answer.media_type[:80]!r} for a tag (expected a manifest)"
        raise Unavailable(Reason.REGISTRY_UNAVAILABLE, text)
    found = digest_of(answer.content)
    promised = expected or answer.headers.get("Docker-Content-Digest", found)
    if found != promised:
        raise EvidenceRejected(Reason.CONTENT_MISMATCH, f"expected manifest {promised[:80]}, got {found}")
    return manifests.read(answer.content, media_type=answer.media_type)


def _blob(answer: Answer, digest: Digest, size: int) -> bytes:
    if len(answer.content) != size:
        got = f"got {'more' if len(answer.content) > size else len(answer.content)}"
        raise EvidenceRejected(Reason.CONTENT_MISMATCH, f"expected blob {digest} of {size} bytes, {got}")
    if (found := digest_of(answer.content)) != digest:
        raise EvidenceRejected(Reason.CONTENT_MISMATCH, f"expected blob {digest}, got {found}")
    return answer.content
