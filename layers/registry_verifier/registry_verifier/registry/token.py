"""Who we are to a registry: nobody, a token of its token service, or a name and a password.

GHCR wants a token for every request, of public images too. So its token service is asked before the first
request, for a scope that we build ourselves, and one token serves all requests about one repository.
Other registries are asked plainly first, and their challenge is taken up where it names a token service
that is the registry's own (`Endpoint.realm`). Credentials and tokens go to the one registry they are for.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from registry_verifier import strict_json
from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason
from registry_verifier.registry import challenge
from registry_verifier.registry.answers import Answer, place, unavailable
from registry_verifier.registry.exchange import EXCERPT_LIMIT, Exchange, Request
from registry_verifier.registry.hosts import Endpoint, parse_url

DEFAULT_USERNAME = "registry-verifier"
"""GHCR takes any user name beside a personal access token"""

# GHCR does not say how long a token lives; the Docker token protocol's default is 60 seconds.
LIFETIME_SECONDS = 60.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}\Z")


@dataclass(frozen=True)
class Credentials:
    """A name and a token (or password) for one registry, and for no other."""

    token: str = field(repr=False)
    username: str = ""
    registry: str = "ghcr.io"
    """the registry's name in image names"""

    def basic(self) -> str:
        """The value of an `Authorization` header (RFC 7617)."""
        pair = f"{self.username or DEFAULT_USERNAME}:{self.token}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


@dataclass(frozen=True)
class TokenService:
    """Where tokens come from, and the name by which it knows the registry."""

    url: httpx.URL
    name: str


@dataclass(frozen=True)
class Access:
    """What one request about one repository carries, and until when (on the clock of `Tokens`)."""

    authorization: str = field(default="", repr=False)
    until: float = 0.0
    service: TokenService | None = None
    with_credentials: bool = False


_Key = tuple[str, str]


class Tokens:
    """The tokens in hand, by registry and repository; each is fetched once however many requests wait for it."""

    def __init__(self, exchange: Exchange, credentials: Credentials | None, clock: Callable[[], float]) -> None:
        self._exchange = exchange
        self._credentials = credentials
        self._clock = clock
        self._kept: dict[_Key, Access] = {}
        self._under_way: dict[tuple[_Key, str], asyncio.Task[Access]] = {}

    async def access(self, endpoint: Endpoint, repository: str) -> Access:
        """What to send first: the token in hand, one from a token service known beforehand, or nothing."""
        if kept := self._in_hand((endpoint.name, repository)):
            return kept
        if endpoint.token_url is None:
            return Access()
        service = TokenService(endpoint.token_url, endpoint.name)
        return await self._fetched(endpoint, repository, service, self._basic(endpoint))

    async def renewed(self, endpoint: Endpoint, repository: str, old: Access, answer: Answer) -> Access | None:
        """What to send after a 401: a newer token, or what the challenge asks for; None where we have nothing more."""
        if answer.status != 401:
            return None
        if (kept := self._in_hand((endpoint.name, repository))) and kept is not old:
            return kept  # another request has renewed it meanwhile
        self._kept.pop((endpoint.name, repository), None)
        challenges = challenge.read(answer.headers.get("WWW-Authenticate", ""))
        if service := old.service or _service(endpoint, challenges):
            return await self._fetched(endpoint, repository, service, self._basic(endpoint))
        if not old.authorization and any(offered.scheme == "basic" for offered in challenges):
            return self._password((endpoint.name, repository), self._basic(endpoint))
        return None

    async def anonymous(self, endpoint: Endpoint, repository: str, old: Access, answer: Answer) -> Access | None:
        """What to send where our credentials are refused: GHCR refuses bad ones for public images too (tart#277)."""
        if not (old.with_credentials and old.service and answer.is_refusal):
            return None
        return await self._fetched(endpoint, repository, old.service, "")

    async def close(self) -> None:
        """Give up the fetches that are under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _basic(self, endpoint: Endpoint) -> str:
        ours = self._credentials
        return ours.basic() if ours and ours.registry == endpoint.name else ""

    def _in_hand(self, key: _Key) -> Access | None:
        kept = self._kept.get(key)
        return kept if kept and kept.until > self._clock() else None

    def _keep(self, key: _Key, access: Access) -> Access:
        now = self._clock()
        self._kept = {other: kept for other, kept in self._kept.items() if kept.until > now}
        self._kept[key] = access
        return access

    def _password(self, key: _Key, basic: str) -> Access | None:
        if not basic:
            return None
        return self._keep(key, Access(basic, self._clock() + LIFETIME_SECONDS, None, True))

    async def _fetched(self, endpoint: Endpoint, repository: str, service: TokenService, basic: str) -> Access:
        """Join the fetch under way or start one; it belongs to all who wait, so nobody's time-out ends it."""
        key = (endpoint.name, repository)
        flight = (key, basic)
        task = self._under_way.get(flight)
        if task is None:
            task = asyncio.ensure_future(self._fetch(key, service, basic))
            self._under_way[flight] = task
            task.add_done_callback(lambda done: self._landed(flight, done))
        return await asyncio.shield(task)

    def _landed(self, flight: tuple[_Key, str], task: asyncio.Task[Access]) -> None:
        self._under_way.pop(flight, None)
        if not task.cancelled():
            task.exception()  # asked for here, for there may be nobody left who waits

    async def _fetch(self, key: _Key, service: TokenService, basic: str) -> Access:
        answer, used = await self._ask(service, key[1], basic), basic
        if basic and answer.is_refusal:
            nobody = await self._ask(service, key[1], "")
            answer, used = (answer, basic) if nobody.is_refusal else (nobody, "")
        if answer.status == 404:  # a registry without tokens
            return self._keep(key, Access("", self._clock() + LIFETIME_SECONDS))
        if answer.status != 200:
            raise unavailable(answer)
        token, seconds = _token(answer)
        return self._keep(key, Access(f"Bearer {token}", self._clock() + seconds, service, bool(used)))

    async def _ask(self, service: TokenService, repository: str, basic: str) -> Answer:
        url = service.url.copy_merge_params({"service": service.name, "scope": f"repository:{repository}:pull"})
        return await self._exchange.get(Request(url, "application/json", EXCERPT_LIMIT), basic)


def _service(endpoint: Endpoint, challenges: tuple[challenge.Challenge, ...]) -> TokenService | None:
    """The first token service that is named and may be asked; a realm elsewhere is nobody we talk to."""
    for offered in challenges:
        url = parse_url(offered.realm)
        if offered.scheme == "bearer" and url and (offered.realm == endpoint.realm or endpoint.owns(url)):
            return TokenService(url, offered.service)
    return None


def _token(answer: Answer) -> tuple[str, float]:
    """The token of an answer and its lifetime in seconds, at most `LIFETIME_SECONDS`."""
    try:
        document = strict_json.parse_object(answer.content)
    except ValueError as error:
        raise _garbage(answer) from error
    token = document.get("token") or document.get("access_token")
    if not isinstance(token, str) or not _TOKEN.match(token):  # what cannot stand in a header is none
        raise _garbage(answer)
    return token, _lifetime(document.get("expires_in"))


def _lifetime(seconds: Any) -> float:
    """What the token service says, where that is a shorter time than we would keep a token anyhow."""
    if isinstance(seconds, int | float) and 0 <= seconds < LIFETIME_SECONDS:
        return float(seconds)
    return LIFETIME_SECONDS


def _garbage(answer: Answer) -> Unavailable:
    return Unavailable(Reason.REGISTRY_UNAVAILABLE, f"GET {place(answer.url)} answered 200 without a token")
