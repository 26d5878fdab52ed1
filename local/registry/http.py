"""The registry's HTTP side below its routes: reading requests, writing answers, and letting faults spoil them."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from local.registry.faults import Fault, Faults

BODY_LIMIT = 256 * 1024 * 1024
_CHUNK = 64 * 1024


class TooLarge(Exception):
    """A request's body is larger than this registry takes."""


class Exchange(BaseHTTPRequestHandler):
    """One connection: requests come in whole, answers go out whole, so that it can be kept."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    fault: Fault | None = None
    """what goes wrong with the request at hand"""
    stopping: threading.Event

    def setup(self) -> None:
        """Take the handler and the stop signal from the server."""
        super().setup()
        self.stopping = cast(Server, self.server).stopping

    @property
    def path_only(self) -> str:
        """The request's path without its query."""
        return urlsplit(self.path).path

    @property
    def query(self) -> Mapping[str, list[str]]:
        """The parameters of the request's query."""
        return parse_qs(urlsplit(self.path).query)

    def parameter(self, name: str) -> str | None:
        """The first value of one parameter of the query."""
        return self.query.get(name, [None])[0]

    def body(self) -> bytes:
        """The request's body, by length or in chunks; raises `TooLarge`."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunked()
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            raise TooLarge
        return self.rfile.read(length)

    def answer(self, status: int, content: bytes = b"", media_type: str = "application/json", **headers: str) -> None:
        """Send an answer; underscores in header names stand for hyphens. A fault may spoil the content of a 200."""
        spoiled = self.fault.content if self.fault and status == 200 and self.command == "GET" else ""
        if spoiled == "wrong":
            content = bytes([content[0] ^ 1]) + content[1:] if content else b"?"
        self._head(status, media_type, headers, None if spoiled == "endless" else len(content))
        if spoiled == "endless":
            self._endless()
        elif self.command != "HEAD":
            self._whole(content, spoiled == "truncated")

    def error(self, status: int, code: str, message: str = "", **headers: str) -> None:
        """Send an error as registries word it (OCI distribution-spec 1.1 "Error Codes")."""
        entry = {"code": code, "message": message or code.lower().replace("_", " ")}
        self.answer(status, json.dumps({"errors": [entry]}).encode(), **headers)

    def answer_json(self, status: int, document: Any, **headers: str) -> None:
        """Send a JSON document."""
        self.answer(status, json.dumps(document).encode(), **headers)

    def goes_wrong(self, faults: Faults, refuse: Callable[..., None]) -> bool:
        """Apply the fault for this request, if there is one; True where it has answered already.

        `refuse` is called with status, message and headers of the answer that it is to send.
        """
        self.fault = fault = faults.take(self.command, self.path)
        if fault is None:
            return False
        self.stopping.wait(fault.hang)
        if fault.status is None:
            return False
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        refuse(fault.status, fault.message, **headers)
        return True

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: `LocalRegistry.requests` has it all."""

    def do_GET(self) -> None:
        """Answer one request, whatever its method."""
        self.fault = None
        cast(Server, self.server).handle(self)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _head(self, status: int, media_type: str, headers: Mapping[str, str], length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is None:
            self.send_header("Connection", "close")
        elif status != 204:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _whole(self, content: bytes, truncated: bool) -> None:
        self.wfile.write(content[: len(content) // 2] if truncated else content)
        self.wfile.flush()
        self.close_connection = self.close_connection or truncated

    def _endless(self) -> None:
        self.close_connection = True
        while not self.stopping.is_set():
            self.wfile.write(b"\0" * _CHUNK)

    def _chunked(self) -> bytes:
        content = bytearray()
        while size := int(self.rfile.readline(64).split(b";")[0], 16):
            if len(content) + size > BODY_LIMIT:
                raise TooLarge
            content += self.rfile.read(size)
            self.rfile.readline(8)
        while self.rfile.readline(8192).strip():
            pass
        return bytes(content)


class Server(ThreadingHTTPServer):
    """Listens on loopback, nowhere else; one thread a connection, `handle` for each request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, handle: Callable[[Exchange], None]) -> None:
        super().__init__(("127.0.0.1", port), Exchange)
        self.handle = handle
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Serve from a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and let go of the port."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
