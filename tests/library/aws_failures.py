"""The ways in which an AWS service does not answer, and a service on loopback that answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NoReturn

import botocore.exceptions as botocore_errors
import botocore.session
from botocore.config import Config
from botocore.parsers import ResponseParserError

FAILURES: dict[str, Exception] = {
    "ClientError": botocore_errors.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Operation"),
    "Throttling": botocore_errors.ClientError(
        {"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "Operation"
    ),
    "EndpointConnectionError": botocore_errors.EndpointConnectionError(endpoint_url="https://example.org"),
    "ConnectTimeoutError": botocore_errors.ConnectTimeoutError(endpoint_url="https://example.org"),
    "ReadTimeoutError": botocore_errors.ReadTimeoutError(endpoint_url="https://example.org"),
    "ConnectionClosedError": botocore_errors.ConnectionClosedError(endpoint_url="https://example.org"),
    "SSLError": botocore_errors.SSLError(endpoint_url="https://example.org", error=OSError("bad certificate")),
    "ProxyConnectionError": botocore_errors.ProxyConnectionError(proxy_url="http://proxy.example.org"),
    "HTTPClientError": botocore_errors.HTTPClientError(error="broken"),
    "NoCredentialsError": botocore_errors.NoCredentialsError(),
    "PartialCredentialsError": botocore_errors.PartialCredentialsError(
        provider="env", cred_var="AWS_SECRET_ACCESS_KEY"
    ),
    "CredentialRetrievalError": botocore_errors.CredentialRetrievalError(provider="env", error_msg="expired"),
    "NoRegionError": botocore_errors.NoRegionError(),
    "ParamValidationError": botocore_errors.ParamValidationError(report="wrong type"),
    "ResponseParserError": ResponseParserError("not xml"),
    "AttributeError": AttributeError("'list' object has no attribute 'get'"),
    "OSError": OSError("no file descriptors left"),
}


class FailingClient:
    """A client of any service: each of its operations raises `error`."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, operation: str) -> Any:
        def fail(**_: object) -> NoReturn:
            raise self._error

        return fail


USELESS_ANSWERS: dict[str, tuple[int, bytes]] = {
    "empty": (200, b""),
    "page of a proxy": (200, b"<html>sign in</html>"),
    "list": (200, b"[]"),
    "text": (200, b'"ok"'),
    "null": (200, b"null"),
    "object without the fields": (200, b"{}"),
    "not utf-8": (200, b"\xff\xfe"),
    "deep": (200, b"[" * 200_000),
    "server error": (500, b"<html>oops</html>"),
    "server error, list": (503, b"[]"),
    "client error": (400, b"nonsense"),
    "not found": (404, b""),
    "redirect": (302, b""),
}


@contextmanager
def answering(status_code: int, body: bytes) -> Iterator[str]:
    """A service on loopback that gives every request the same answer; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status_code)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client_of(service: str, url: str) -> Any:
    """A real client of the service at `url`, without retries."""
    config = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}, proxies={})
    return botocore.session.get_session().create_client(
        service,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=config,
    )
