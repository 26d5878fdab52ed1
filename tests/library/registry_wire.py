"""What the registry tests share: a scripted registry behind httpx's own port, and manifests to put into it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

import httpx

from registry_verifier import manifest
from registry_verifier.models import Digest, ImageName, digest_of
from registry_verifier.registry.client import RegistryClient
from registry_verifier.registry.token import Credentials

T = TypeVar("T")
Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]
Use = Callable[[RegistryClient], Awaitable[T]]

IMAGE = ImageName("ghcr.io", "acme/app")
HUB = ImageName("docker.io", "acme/app")
OTHER = ImageName("registry.example.com", "acme/app")
SECRET = "ghp_the-operators-token"
CREDENTIALS = Credentials(SECRET, "robot")
ABSENT = Digest("sha256:" + "0" * 64)


def descriptor(content: bytes = b"{}", media_type: str = "application/octet-stream", **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def image(**changes: Any) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": manifest.OCI_MANIFEST,
        "config": descriptor(media_type="application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(b"layer", "application/vnd.oci.image.layer.v1.tar+gzip")],
    }
    return _written(document, changes)


def index(*entries: Mapping[str, Any], **changes: Any) -> bytes:
    return _written({"schemaVersion": 2, "mediaType": manifest.OCI_INDEX, "manifests": list(entries)}, changes)


def _written(document: dict[str, Any], changes: Mapping[str, Any]) -> bytes:
    changed = {**document, **changes}
    return json.dumps({key: value for key, value in changed.items() if value is not ...}).encode()


def found(content: bytes, media_type: str | None = manifest.OCI_MANIFEST, **headers: str) -> httpx.Response:
    typed = {"Content-Type": media_type} if media_type else {}
    return httpx.Response(200, content=content, headers={**typed, **headers})


def token(value: str = "t0", **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"token": value, **more})


def said(status: int, text: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, text=text, headers=headers)


class Wire(httpx.AsyncBaseTransport):
    """A network by script: URL without query -> replies in turn, the last for good. Everything else is 404."""

    def __init__(self, script: Mapping[str, Reply | list[Reply]] | None = None) -> None:
        self.script = {
            url: replies if isinstance(replies, list) else [replies] for url, replies in (script or {}).items()
        }
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        replies = self.script.get(str(request.url.copy_with(query=None)), [said(404)])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, Exception):
            raise reply
        reply = reply if isinstance(reply, httpx.Response) else reply(request)
        return httpx.Response(reply.status_code, headers=reply.headers, stream=_Once(reply.stream))

    @property
    def asked(self) -> list[str]:
        return [str(request.url.copy_with(query=None)) for request in self.seen]

    def authorizations(self, host: str) -> list[str | None]:
        return [request.headers.get("Authorization") for request in self.seen if request.url.host == host]


class _Once(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if isinstance(self._stream, httpx.SyncByteStream):
            for chunk in self._stream:
                yield chunk
        else:
            async for chunk in self._stream:
                yield chunk


class Body(httpx.AsyncByteStream):
    """A body in parts; a part that is an error is raised. `read` counts the parts that were wanted."""

    def __init__(self, parts: Iterable[bytes | Exception]) -> None:
        self._parts = parts
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            self.read += 1
            if isinstance(part, Exception):
                raise part
            yield part


def ghcr(script: Mapping[str, Reply | list[Reply]] | None = None) -> Wire:
    """GHCR with a token service that works, at paths below /v2/acme/app/."""
    below = {f"https://ghcr.io/v2/acme/app/{path}": replies for path, replies in (script or {}).items()}
    return Wire({"https://ghcr.io/token": token(), **below})


def ask(transport: httpx.AsyncBaseTransport | None, use: Use[T], **settings: Any) -> T:
    """Make a client, use it, close it."""

    async def go() -> T:
        client = RegistryClient(transport=transport, **settings)
        try:
            return await use(client)
        finally:
            await client.aclose()

    return asyncio.run(go())
