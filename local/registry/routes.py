"""From a request to its route: faults first, then who asks, then what for (OCI distribution-spec 1.1 "Endpoints")."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from local.registry import faults as registry_faults
from local.registry import pull as registry_pull
from local.registry import push as registry_push
from local.registry.access import WrongCredentials
from local.registry.http import Exchange, TooLarge
from local.registry.state import State

CONTROL_PATHS = ("/_faults", "/_requests")

_DIGEST = r"sha256:[0-9a-f]{64}"
_ROUTE = re.compile(
    r"/v2/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)/(?:"
    rf"(?P<manifests>manifests)/(?P<reference>{_DIGEST}|\w[\w.-]{{0,127}})"
    rf"|(?P<blobs>blobs)/(?P<blob>{_DIGEST})"
    r"|blobs/(?P<uploads>uploads)/(?P<upload>[0-9a-f-]*)"
    rf"|(?P<referrers>referrers)/(?P<subject>{_DIGEST})"
    r"|(?P<tags>tags)/list)",
    re.ASCII,
)
# GHCR names no real repository here (cosign#3434); whoever asks for a token has to know better.
_CHALLENGE = 'Bearer realm="{}/token",service="ghcr.io",scope="repository:user/image:pull"'
_PULLS = ("GET", "HEAD")
_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NOT_FOUND", 429: "TOOMANYREQUESTS"}


def handle_api(http: Exchange, state: State) -> None:
    """Answer a request to the registry."""
    content = _body(http)
    if content is None:
        return
    if http.path_only in CONTROL_PATHS:
        _control(http, state, content)
        return
    state.requests.append(f"{http.command} {http.path}")
    if _goes_wrong(http, state):
        return
    if http.path_only == "/token":
        _token(http, state)
    elif http.path_only.startswith("/v2"):
        _api(http, state, content)
    else:
        http.answer(404, b"<!DOCTYPE html><title>Page not found</title>", "text/html; charset=utf-8")


def handle_storage(http: Exchange, state: State) -> None:
    """Answer a request to the storage behind the registry."""
    state.requests.append(f"{http.command} {http.path}")
    if _body(http) is not None and not _goes_wrong(http, state):
        registry_pull.get_storage(http, state)


def _body(http: Exchange) -> bytes | None:
    try:
        return http.body()
    except TooLarge:
        http.close_connection = True
        http.error(413, "SIZE_INVALID")
        return None


def _goes_wrong(http: Exchange, state: State) -> bool:
    def refuse(status: int, message: str, **headers: str) -> None:
        http.error(status, _CODES.get(status, "UNKNOWN"), message, **headers)

    return http.goes_wrong(state.faults, refuse)


def _control(http: Exchange, state: State, content: bytes) -> None:
    """`/_faults`: GET lists, PUT replaces, DELETE clears; `/_requests`: GET lists, DELETE clears."""
    if http.path_only == "/_requests":
        if http.command == "DELETE":
            state.requests.clear()
        http.answer_json(200, list(state.requests))
        return
    try:
        if http.command in ("PUT", "DELETE"):
            state.faults.set(*(registry_faults.read(json.loads(content)) if http.command == "PUT" else ()))
        http.answer_json(200, state.faults.listed())
    except (TypeError, ValueError, re.error) as error:
        http.answer_json(400, {"error": str(error)})


def _token(http: Exchange, state: State) -> None:
    """`GET /token`: the Docker token protocol as GHCR has it: `{"token": …}` and nothing else."""
    if http.command != "GET":
        http.error(405, "UNSUPPORTED")
        return
    try:
        user = state.access.log_in(http.headers.get("Authorization", ""))
    except WrongCredentials:
        http.error(403, "DENIED", "denied")
        return
    token = state.access.issue(user, (part for scope in http.query.get("scope", []) for part in scope.split()))
    if token is None:
        http.error(401, "UNAUTHORIZED", "authentication required")
    else:
        http.answer_json(200, {"token": token})


def _api(http: Exchange, state: State, content: bytes) -> None:
    match = _ROUTE.fullmatch(http.path_only)
    grant = state.access.grant(http.headers.get("Authorization", ""))
    if grant is None and state.needs_tokens:
        http.error(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=_CHALLENGE.format(state.url))
    elif http.path_only in ("/v2", "/v2/"):
        http.answer(200, b"{}")
    elif match is None:
        http.error(404, "NAME_UNKNOWN")
    elif grant and (match["name"], "pull" if http.command in _PULLS else "push") not in grant.actions:
        http.error(403, "DENIED", "permission_denied: read_package")
    else:
        _route(http, state, content, match, grant.user if grant else "")


def _route(http: Exchange, state: State, content: bytes, match: re.Match[str], user: str) -> None:
    method = "GET" if http.command == "HEAD" else http.command
    name = match["name"]
    routes: dict[tuple[str, str], Callable[[], None]] = {
        ("GET", "manifests"): lambda: registry_pull.get_manifest(http, state, name, match["reference"]),
        ("PUT", "manifests"): lambda: registry_push.put_manifest(http, state, name, content, match["reference"], user),
        ("GET", "blobs"): lambda: registry_pull.get_blob(http, state, name, match["blob"]),
        ("GET", "referrers"): lambda: registry_pull.get_referrers(http, state, name, match["subject"]),
        ("GET", "tags"): lambda: registry_pull.get_tags(http, state, name),
        ("POST", "uploads"): lambda: registry_push.begin_upload(http, state, name, content),
        ("PATCH", "uploads"): lambda: registry_push.extend_upload(http, state, name, content, match["upload"]),
        ("PUT", "uploads"): lambda: registry_push.end_upload(http, state, name, content, match["upload"]),
        ("GET", "uploads"): lambda: registry_push.show_upload(http, state, name, match["upload"]),
    }
    kind = next(kind for kind in ("manifests", "blobs", "uploads", "referrers", "tags") if match[kind])
    routes.get((method, kind), lambda: http.error(405, "UNSUPPORTED"))()
