"""The private Sigstore on loopback HTTP: enough of Fulcio, Rekor v1 and v2, a TSA and GitHub's OIDC for cosign to sign.

`python -m local.sigstore FOLDER` serves the machine's Sigstore until interrupted; `GET /token` gives identity tokens.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.sigstore import oidc
from local.sigstore.certificate_requests import RequestRefused, chain_for
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.log_entry import LogEntry
from local.sigstore.merkle import leaf_hash
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json, compact
from local.sigstore.rekor_requests import EntryRefused, canonical_entry_v1, canonical_entry_v2
from local.sigstore.trust import signing_config

_JSON = "application/json"
_REFUSALS = (RequestRefused, EntryRefused, oidc.TokenRefused, LookupError, TypeError, ValueError)
_BODY_LIMIT = 64 * 1024 * 1024

Clock = Callable[[], datetime]
Answer = tuple[int, str, bytes, dict[str, str]]
"""status, content type, body, further headers"""


def _json(document: Any, status: int = 200, **headers: str) -> Answer:
    return status, _JSON, compact(document), headers


class Services:
    """What each path of the private Sigstore answers. One request at a time: the logs are not made for more."""

    def __init__(self, sigstore: PrivateSigstore, *, clock: Clock) -> None:
        self.sigstore = sigstore
        self.tokens = oidc.TokenIssuer()
        self.url = ""
        self._clock = clock
        self._entries: dict[int, LogEntry] = {}
        self._lock = threading.Lock()
        self._routes: dict[str, Callable[[Request], Answer]] = {
            "POST /api/v2/signingCert": self._certificate,
            "POST /api/v1/signingCert": self._certificate_v1,
            "POST /api/v1/log/entries": self._record,
            "GET /api/v1/log/entries": self._entry,
            "GET /api/v1/log": self._log,
            "GET /api/v1/log/publicKey": self._log_key,
            "POST /api/v2/log/entries": self._record_v2,
            "POST /api/v1/timestamp": self._stamp,
            "GET /.well-known/openid-configuration": lambda _: _json(oidc.discovery(self.url)),
            "GET /.well-known/jwks": lambda _: _json(self.tokens.key_set()),
            "GET /token": self._token,
        }

    def answer(self, request: Request) -> Answer:
        """Answer one request: 404 for a path that is not there, 400 for a request that makes no sense."""
        route = self._routes.get(f"{request.method} {request.path}")
        if route is None:
            return _json({"code": 404, "message": f"no such path: {request.path}"}, 404)
        try:
            with self._lock:
                return route(request)
        except _REFUSALS as error:
            return _json({"code": 400, "message": f"{type(error).__name__}: {error}"}, 400)

    def identity_token(self, run: WorkflowRun) -> str:
        """A token such as GitHub gives to this run of a workflow."""
        return self.tokens.issue(run.token_claims(), issuer=GITHUB_ISSUER, at=self._clock())

    def signing_config(self, *, rekor: int = 1, tsa: bool = True) -> Json:
        """The signing configuration that names these services, with this version of Rekor."""
        stamps, since = [self.url] if tsa else [], self.sigstore.since
        return signing_config(fulcio=self.url, oidc=self.url, rekor=[(self.url, rekor)], tsa=stamps, since=since)

    def _token(self, request: Request) -> Answer:
        known = {field.name for field in fields(WorkflowRun)}
        run = WorkflowRun(**{name: value for name, value in request.query.items() if name in known})
        return _json({"value": self.identity_token(run)})

    def _chain(self, request: Request) -> list[str]:
        now = self._clock()
        identity = self.tokens.check(request.authorization.removeprefix("Bearer "), at=now)
        return chain_for(self.sigstore.fulcio, request.json(), identity, at=now)

    def _certificate(self, request: Request) -> Answer:
        return _json({"signedCertificateEmbeddedSct": {"chain": {"certificates": self._chain(request)}}})

    def _certificate_v1(self, request: Request) -> Answer:
        return 201, "application/pem-certificate-chain", "".join(self._chain(request)).encode(), {}

    def _record(self, request: Request) -> Answer:
        entry = self.sigstore.rekor.record(canonical_entry_v1(request.json()), at=self._clock())
        self._entries[entry.log_index] = entry
        uuid = self._uuid(entry)
        return _json({uuid: entry.response_form()}, 201, etag=uuid, location=f"/api/v1/log/entries/{uuid}")

    def _record_v2(self, request: Request) -> Answer:
        return _json(self.sigstore.rekor_tiles.record(canonical_entry_v2(request.json())).bundle_form(), 201)

    def _entry(self, request: Request) -> Answer:
        entry = self._entries.get(int(request.query["logIndex"]))
        if entry is None:
            return _json({"code": 404, "message": "entry not found"}, 404)
        return _json({self._uuid(entry): entry.response_form()})

    def _uuid(self, entry: LogEntry) -> str:
        return f"{self.sigstore.rekor.tree_id:016x}{leaf_hash(entry.body).hex()}"

    def _log(self, _: Request) -> Answer:
        rekor = self.sigstore.rekor
        head = {"rootHash": rekor.tree.root().hex(), "treeSize": rekor.tree.size, "treeID": str(rekor.tree_id)}
        note = rekor.checkpoint(seconds=int(self._clock().timestamp()))
        return _json({**head, "signedTreeHead": note, "inactiveShards": []})

    def _log_key(self, _: Request) -> Answer:
        key = self.sigstore.rekor.key.public_key()
        return 200, "application/x-pem-file", key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), {}

    def _stamp(self, request: Request) -> Answer:
        stamp = self.sigstore.tsa.answer(request.body, at=self._clock())
        return 201, "application/timestamp-reply", stamp, {}


class Request:
    """One HTTP request, read whole."""

    def __init__(self, method: str, target: str, authorization: str, body: bytes) -> None:
        self.method = method
        self.path = urlsplit(target).path
        self.query = dict(parse_qsl(urlsplit(target).query))
        self.authorization = authorization
        self.body = body

    def json(self) -> Json:
        """The body as JSON; ValueError where it is none."""
        document: Json = json.loads(self.body)
        return document


class HttpFace:
    """Serves one private Sigstore on a loopback port until closed; port 0 takes a free one."""

    def __init__(self, sigstore: PrivateSigstore, *, port: int = 0, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.services = Services(sigstore, clock=clock)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self.services))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.services.url = self.url
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the services are, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> HttpFace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(services: Services) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("content-length", 0)), _BODY_LIMIT))
            request = Request(self.command, self.path, self.headers.get("authorization", ""), body)
            status, content_type, content, headers = services.answer(request)
            self.send_response(status)
            for name, value in {**headers, "content-type": content_type, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
