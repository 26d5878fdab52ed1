"""The side of Lambda that a function talks to: the Runtime API on loopback, and the real runtime client on top of it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, version 2018-06-01: `next`, `response`, `error` and
`init/error`.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

from local.template import ROOT

PYTHON = ROOT / ".venv-lambda/bin/python"
"""an interpreter that has what Lambda's runtime brings (its client and boto3), and nothing else"""

FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:function"


@dataclass(frozen=True)
class Invocation:
    """How one invocation went."""

    kind: str
    """`response`, or `error` of the handler, or `init` where the function did not start"""
    document: Any
    """the handler's answer, or the error with its `errorType` and `errorMessage`"""
    output: str
    """all that the function printed"""


def invoke(task: Path, layers: Sequence[Path], event: Any, environment: Mapping[str, str]) -> Invocation:
    """Start the function in the folder `task` on these layers alone, and hand it one event."""
    with _Server(("127.0.0.1", 0), _RuntimeApi) as server:
        api = _Exchange(event, Queue())
        server.exchange = api
        threading.Thread(target=server.serve_forever, daemon=True).start()
        process = subprocess.Popen(
            [PYTHON, "-s", "-m", "awslambdaric", "handler.lambda_handler"],
            cwd=task,
            env=_environment(task, layers, server.server_port) | dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            kind, document = api.outcome.get(timeout=60)
        finally:
            process.kill()
            output = process.communicate()[0]
            api.over.set()
            server.shutdown()
    return Invocation(kind, document, output)


class _Exchange:
    """One event to hand out, one outcome to take in."""

    def __init__(self, event: Any, outcome: Queue[tuple[str, Any]]) -> None:
        self.event = event
        self.outcome = outcome
        self.handed_out = False
        self.over = threading.Event()


class _Server(ThreadingHTTPServer):
    exchange: _Exchange

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The function was ended while it waited for its next event: as meant."""


class _RuntimeApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        exchange = self.server.exchange
        if exchange.handed_out:
            exchange.over.wait()  # Lambda keeps an idle function waiting in the same way
            return
        exchange.handed_out = True
        self._answer(200, exchange.event)

    def do_POST(self) -> None:
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        kind = "init" if self.path.endswith("/init/error") else self.path.rsplit("/", 1)[1]
        self.server.exchange.outcome.put((kind, document))
        self._answer(202, {"status": "OK"})

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", "7d0a9f5e-0000-4000-8000-000000000000")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 30_000))
        self.end_headers()
        self.wfile.write(body)


def _environment(task: Path, layers: Sequence[Path], port: int) -> dict[str, str]:
    """Lambda's, and nothing of this process's."""
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "LAMBDA_TASK_ROOT": str(task),
        "PYTHONPATH": ":".join([str(task), *(str(layer / "python") for layer in layers)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/nonexistent",
    }
