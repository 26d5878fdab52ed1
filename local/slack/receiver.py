"""A Slack for one machine: takes what Slack takes, refuses what Slack refuses, shows what people see.

`python -m local.slack --port 8091` serves it on loopback and prints each message; tests and the local stack use
`LocalSlack`. It answers `POST /api/chat.postMessage` and `/api/chat.update` (any `xoxb-` token but `REFUSED_TOKEN`),
the incoming webhook `POST /services/…`, `GET /messages`, and `POST /faults` with the fields of `Fault`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

from local.slack.workspace import Workspace, channel_id

_BODY_LIMIT = 1_000_000
WEBHOOK_PATH = "/services/T00000000/B00000000/local"
REFUSED_TOKEN = "xoxb-refused"  # noqa: S105 - a name for tests, no secret


@dataclass
class Fault:
    """What goes wrong with the next `count` posts (or all of the next `seconds`)."""

    kind: str
    """`rate` (429 with `Retry-After`), `ratelimited` (200, ok false), `error` (500), `hang`, `garbage`, `redirect`, or
    the name of an error of the Web API"""
    count: int | None = 1
    """None: until `seconds` are over"""
    seconds: float = 0
    retry_after: str = "1"
    since: float = 0.0

    def applies(self) -> bool:
        """Whether the post at hand is spoiled; counts it."""
        if self.count is None:
            return time.monotonic() < self.since + self.seconds
        self.count -= 1
        return self.count >= 0


class LocalSlack(Workspace):
    """A context manager: serves from `with` to its end."""

    def __init__(self, *, port: int = 0, show: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(show)
        self.requests: list[str] = []
        self._fault: Fault | None = None
        self.stopping = threading.Event()
        self._server = _Server(self, port)

    @property
    def api_url(self) -> str:
        """What `SLACK_API_URL` is to be."""
        return f"http://127.0.0.1:{self._server.server_port}/api"

    @property
    def webhook_url(self) -> str:
        """The incoming webhook: a secret."""
        return f"http://127.0.0.1:{self._server.server_port}{WEBHOOK_PATH}"

    def spoil(self, fault: Fault | None) -> None:
        """Let posts go wrong from now on; None: no more."""
        if fault:
            fault.since = time.monotonic()
        self._fault = fault

    def spoiled(self) -> Fault | None:
        """The fault for the post at hand."""
        with self.lock:
            return self._fault if self._fault and self._fault.applies() else None

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, slack: LocalSlack, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Exchange)
        self.slack = slack


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def slack(self) -> LocalSlack:
        return cast(_Server, self.server).slack

    def do_GET(self) -> None:
        """List the messages."""
        if self.path == "/messages":
            self._json(200, {"messages": self.slack.messages})
        else:
            self._answer(404, b"not found")

    def do_POST(self) -> None:
        """Take a post, or a fault."""
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _BODY_LIMIT))
        self.slack.requests.append(self.path)
        if self.path == "/faults":
            self.slack.spoil(Fault(**json.loads(raw)))
            self._json(200, {"ok": True})
        elif fault := self.slack.spoiled():
            self._spoil(fault)
        else:
            self._route(raw)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: the messages are shown."""

    def _route(self, raw: bytes) -> None:
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        match self.path:
            case "/api/chat.postMessage" | "/api/chat.update":
                self._web_api(body)
            case path if path == WEBHOOK_PATH:
                self._webhook(body)
            case path if path.startswith("/services/"):
                self._answer(404, b"no_service")
            case _:
                self._json(200, {"ok": False, "error": "unknown_method"})

    def _web_api(self, body: Any) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if not token.startswith("xoxb-") or token == REFUSED_TOKEN:
            return self._json(200, {"ok": False, "error": "invalid_auth" if token else "not_authed"})
        if not isinstance(body, dict):
            return self._json(200, {"ok": False, "error": "invalid_json"})
        if not isinstance(body.get("channel"), str) or not body["channel"]:
            return self._json(200, {"ok": False, "error": "channel_not_found"})
        error, ts = (self.slack.change if self.path.endswith("update") else self.slack.take)(body)
        where = channel_id(body["channel"])
        return self._json(200, {"ok": False, "error": error} if error else {"ok": True, "channel": where, "ts": ts})

    def _webhook(self, body: Any) -> None:
        if not isinstance(body, dict):
            return self._answer(400, b"invalid_payload")
        error, _ = self.slack.take({**body, "channel": ""})
        return self._answer(400, error.encode()) if error else self._answer(200, b"ok")

    def _spoil(self, fault: Fault) -> None:
        match fault.kind:
            case "rate":
                self._answer(429, b"rate_limited", Retry_After=fault.retry_after)
            case "ratelimited":
                self._json(200, {"ok": False, "error": "ratelimited"}, Retry_After=fault.retry_after)
            case "error":
                self._answer(500, b"rollup_error")
            case "garbage":
                self._answer(200, b"\xff<html>")
            case "redirect":
                self._answer(302, b"", Location=self.slack.webhook_url)
            case "hang":
                self.slack.stopping.wait(60)
                self.close_connection = True
            case name:
                self._json(200, {"ok": False, "error": name})

    def _json(self, status: int, document: Any, **headers: str) -> None:
        self._answer(status, json.dumps(document).encode(), **headers)

    def _answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until interrupted, and print each message."""
    parser = argparse.ArgumentParser(description="a Slack receiver on loopback")
    parser.add_argument("--port", type=int, default=8091)
    port = parser.parse_args().port
    with LocalSlack(port=port, show=print) as slack:
        sys.stdout.write(f"SLACK_API_URL={slack.api_url}\nincoming webhook: {slack.webhook_url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
