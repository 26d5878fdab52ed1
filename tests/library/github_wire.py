"""GitHub's API by script, over a real socket: what it answers in turn, and what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from registry_verifier.github.client import GitHubClient
from registry_verifier.models import Digest, ImageName

TOKEN = "ghp_s3cr3tOfTheOperator"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
IMAGE = ImageName("ghcr.io", "acme/app")
DIGEST = Digest("sha256:" + "ab" * 32)


@dataclass(frozen=True)
class Reply:
    """One answer; `body` is sent as it is, or as JSON where it is no bytes."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """how long it takes to come"""

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


class GitHub:
    """Answers a path with its replies in turn, the last for good; everything else is 404, as GitHub says it."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.seen: list[Seen] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def asked(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.seen]

    def at(self, path: str, *replies: Reply | Any) -> None:
        self.replies[path] = [one if isinstance(one, Reply) else Reply(one) for one in replies]

    def paged(self, path: str, *pages: Any, name: str = "page") -> None:
        """Pages that are linked to each other."""
        for number, page in enumerate(pages, 1):
            link = f'<{self.url}{path}?{name}={number + 1}>; rel="next", <{self.url}{path}>; rel="first"'
            headers = {"Link": link} if number < len(pages) else {}
            self.replies.setdefault(path, []).append(Reply(page, headers=headers))

    def answer(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        replies = self.replies.get(seen.path, [Reply({"message": "Not Found"}, 404)])
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Waits(list[float]):
    """A sleep that only writes down how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.value = NOW

    def __call__(self) -> datetime:
        return self.value

    def advance(self, **span: float) -> None:
        self.value += timedelta(**span)


def client_of(github: GitHub, http: httpx.Client, waits: Waits | None = None, **options: Any) -> GitHubClient:
    settings = {"api_url": github.url, "now": lambda: NOW, "sleep": Waits() if waits is None else waits, **options}
    return GitHubClient(http, settings.pop("token", lambda: TOKEN), **settings)


def _handler(github: GitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the other end delays its word that it has the first

        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._reply()

        def log_message(self, *_: object) -> None:
            pass

        def _reply(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = github.answer(Seen(self.command, parts.path, parse_qs(parts.query), headers))
            time.sleep(reply.seconds)
            content = reply.content()
            with contextlib.suppress(ConnectionError):
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

    return Handler
