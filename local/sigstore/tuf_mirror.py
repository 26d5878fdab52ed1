"""A TUF repository on loopback HTTP, and what a mirror can do wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.sigstore.tuf_repository import TufRepository

_DRIP_SECONDS = 0.05


class TufMirror:
    """Serves one repository until closed; `faults` says which path is answered how, and `asked` what was asked for.

    A fault is a status code, another body, `redirect URL`, or `drip`: the body comes byte by byte and never ends.
    """

    def __init__(self, repository: TufRepository) -> None:
        self.repository = repository
        self.faults: dict[str, int | bytes | str] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the repository is, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> TufMirror:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body for a path; 404 for what is not there."""
        self.asked.append(path)
        fault = self.faults.get(path)
        if isinstance(fault, int):
            return fault, {}, b""
        if isinstance(fault, str) and fault.startswith("redirect "):
            return 302, {"Location": fault.removeprefix("redirect ")}, b""
        content = fault if isinstance(fault, bytes) else self.repository.files.get(path)
        return (404, {}, b"") if content is None else (200, {}, content)


def _handler(mirror: TufMirror) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            status, headers, content = mirror.answer(path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if mirror.faults.get(path) == "drip":
                self._drip()
                return
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _drip(self) -> None:
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b" ")
                    time.sleep(_DRIP_SECONDS)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
