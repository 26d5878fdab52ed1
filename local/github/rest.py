"""From a request to GitHub's REST API to its answer: faults first, then who asks, then what for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlencode

from local.github.attestation_list import FILES, AttestationList
from local.github.callers import APP, ATTESTATIONS, HOOKS, INSTALLATION_ID, PACKAGES, Caller, Callers, Refused
from local.github.hook_log import HookLog
from local.github.package_list import PackageList
from local.registry.faults import Faults
from local.registry.http import Exchange

_OWNER = r"(?P<kind>orgs|users)/(?P<owner>[\w-]+)"
_ROUTES = {
    "deliveries": r"/(?P<hook>(?:repos/[\w-]+/[\w.-]+|orgs/[\w-]+)/hooks/\d+)/deliveries",
    "attempts": r"/(?P<hook>(?:repos/[\w-]+/[\w.-]+|orgs/[\w-]+)/hooks/\d+)/deliveries/(?P<id>\d+)/attempts",
    "app deliveries": r"/(?P<hook>app)/hook/deliveries",
    "app attempts": r"/(?P<hook>app)/hook/deliveries/(?P<id>\d+)/attempts",
    "access token": r"/app/installations/(?P<id>\d+)/access_tokens",
    "packages": rf"/{_OWNER}/packages",
    "versions": rf"/{_OWNER}/packages/container/(?P<name>[^/]+)/versions",
    "attestations": rf"/(?:{_OWNER}|repos/(?P<login>[\w-]+)/[\w.-]+)/attestations/(?P<digest>sha256:[0-9a-f]{{64}})",
}
_POSTS = ("attempts", "app attempts", "access token")


@dataclass
class State:
    """Everything that one GitHub knows."""

    hooks: HookLog
    now: Callable[[], datetime]
    callers: Callers
    owners: Mapping[str, str]
    """login in lower case -> `orgs` or `users`; who is not there is an organization"""
    packages: PackageList = field(default_factory=PackageList)
    attestations: AttestationList = field(default_factory=AttestationList)
    faults: Faults = field(default_factory=Faults)
    requests: list[str] = field(default_factory=list)
    """method and path (with query) of each request, in order"""
    leaks: list[str] = field(default_factory=list)
    """requests that took an Authorization to the storage of bundles"""
    url: str = ""


def handle(http: Exchange, state: State) -> None:
    """Answer one request."""
    http.body()
    state.requests.append(f"{http.command} {http.path}")
    if _goes_wrong(http, state):
        return
    if http.path_only.startswith(FILES):
        _file(http, state)
        return
    try:
        caller = state.callers.who(http.headers.get("Authorization", ""))
    except Refused as error:
        _refuse(http, 401, str(error))
        return
    if not caller.take(state.now()):
        _refuse(http, 403, f"API rate limit exceeded for {caller.name}.", **caller.headers())
        return
    _Answer(http, state, caller).route()


def _goes_wrong(http: Exchange, state: State) -> bool:
    def refuse(status: int, message: str, **headers: str) -> None:
        _refuse(http, status, message or "Server Error", **headers)

    return http.goes_wrong(state.faults, refuse)


def _refuse(http: Exchange, status: int, message: str, **headers: str) -> None:
    document = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    http.answer_json(status, document, **headers)


def _file(http: Exchange, state: State) -> None:
    """A bundle, for whoever has the URL; a token has no business there."""
    if "Authorization" in http.headers:
        state.leaks.append(http.path)
    content = state.attestations.files.get(http.path_only)
    if content is None or "sig" not in http.query:
        http.answer(404, b"<?xml version='1.0'?><Error><Code>ResourceNotFound</Code></Error>", "application/xml")
    else:
        http.answer(200, content, "application/x-snappy")


class _Answer:
    """One request of somebody who is known."""

    def __init__(self, http: Exchange, state: State, caller: Caller) -> None:
        self._http, self._state, self._caller = http, state, caller

    def route(self) -> None:
        """Find what is asked for, and answer."""
        path = self._http.path_only
        found = ((name, match) for name, text in _ROUTES.items() if (match := re.fullmatch(text, path)))
        name, match = next(found, ("", None))
        if match is None or self._http.command != ("POST" if name in _POSTS else "GET"):
            self._not_found()
            return
        part = {key: unquote(value) for key, value in match.groupdict().items() if value is not None}
        routes = {
            "deliveries": self._deliveries,
            "app deliveries": self._deliveries,
            "attempts": self._attempt,
            "app attempts": self._attempt,
            "access token": self._access_token,
            "packages": self._packages,
            "versions": self._versions,
            "attestations": self._attestations,
        }
        routes[name](part)

    def _deliveries(self, part: Mapping[str, str]) -> None:
        """Newest first, by a cursor; `status` narrows it."""
        if not self._sees_hook(part["hook"]):
            return
        wanted = self._http.parameter("status")
        listed = [a for a in self._state.hooks.listed(part["hook"]) if wanted in (None, _outcome(a.succeeded))]
        cursor, size = self._http.parameter("cursor"), self._size(30)
        names = [f"v1_{attempt.id}" for attempt in listed]
        listed = listed[names.index(cursor) if cursor in names else 0 :]
        rest = listed[size : size + 1]
        links = {"next": {"per_page": str(size), "cursor": f"v1_{rest[0].id}"}} if rest else {}
        self._json(200, [attempt.row() for attempt in listed[:size]], links)

    def _attempt(self, part: Mapping[str, str]) -> None:
        if not self._sees_hook(part["hook"]):
            return
        if self._state.hooks.redeliver(part["hook"], int(part["id"])):
            self._json(202, {})
        else:
            self._not_found()

    def _sees_hook(self, hook: str) -> bool:
        """A hook is not there for whoever may not see it."""
        scope = APP if hook == "app" else HOOKS
        if scope in self._caller.scopes and self._state.hooks.knows(hook):
            return True
        self._not_found()
        return False

    def _access_token(self, part: Mapping[str, str]) -> None:
        if APP not in self._caller.scopes or part["id"] != INSTALLATION_ID:
            self._not_found()
            return
        token, until = self._state.callers.installation_token()
        document = {"token": token, "expires_at": until.strftime("%Y-%m-%dT%H:%M:%SZ"), "repository_selection": "all"}
        self._json(201, document)

    def _packages(self, part: Mapping[str, str]) -> None:
        if self._http.parameter("package_type") != "container":
            _refuse(self._http, 400, "Invalid package_type provided.")
        elif self._may_read_packages() and self._is_kind(part):
            self._numbered(self._state.packages.packages(part["owner"]))

    def _versions(self, part: Mapping[str, str]) -> None:
        if self._may_read_packages() and self._is_kind(part):
            versions = self._state.packages.versions(part["owner"], part["name"])
            if versions is None:
                self._not_found("Package not found.")
            else:
                self._numbered(versions)

    def _may_read_packages(self) -> bool:
        if PACKAGES in self._caller.scopes:
            return True
        of_app = "Resource not accessible by integration"
        lacks = of_app if self._caller.expires_at else "You need at least read:packages scope to list packages."
        _refuse(self._http, 403, lacks, **self._caller.headers())
        return False

    def _attestations(self, part: Mapping[str, str]) -> None:
        if ATTESTATIONS not in self._caller.scopes:
            _refuse(self._http, 403, "Resource not accessible by personal access token", **self._caller.headers())
        elif "login" in part or self._is_kind(part):
            owner = part.get("login") or part["owner"]
            rows = self._state.attestations.rows(owner, part["digest"], self._state.url)
            after, size = int(self._http.parameter("after") or 0), self._size(30)
            links = {"next": {"per_page": str(size), "after": str(after + size)}} if rows[after + size :] else {}
            if rows:
                self._json(200, {"attestations": rows[after : after + size]}, links)
            else:
                self._not_found()

    def _is_kind(self, part: Mapping[str, str]) -> bool:
        if self._state.owners.get(part["owner"].lower(), "orgs") == part["kind"]:
            return True
        self._not_found()
        return False

    def _numbered(self, rows: list[dict[str, Any]]) -> None:
        """A list by page numbers."""
        size, page = self._size(30), max(int(self._http.parameter("page") or 1), 1)
        last = max(-(-len(rows) // size), 1)
        links = {} if page >= last else {"next": page + 1, "last": last}
        links |= {} if page == 1 else {"prev": page - 1, "first": 1}
        kept = {key: value for key, value in self._http.query.items() if key != "page"}
        asked = {key: values[0] for key, values in kept.items()}
        shown = rows[(page - 1) * size : page * size]
        self._json(200, shown, {name: {**asked, "page": str(number)} for name, number in links.items()})

    def _size(self, default: int) -> int:
        return min(max(int(self._http.parameter("per_page") or default), 1), 100)

    def _json(self, status: int, document: Any, links: Mapping[str, Mapping[str, str]] | None = None) -> None:
        here = f"{self._state.url}{self._http.path_only}"
        told = ", ".join(f'<{here}?{urlencode(query)}>; rel="{name}"' for name, query in (links or {}).items())
        self._http.answer_json(status, document, **self._caller.headers(), **({"Link": told} if told else {}))

    def _not_found(self, message: str = "Not Found") -> None:
        _refuse(self._http, 404, message, **self._caller.headers())


def _outcome(succeeded: bool) -> str:
    return "success" if succeeded else "failure"
