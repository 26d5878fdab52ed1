"""GitHub's REST API as somebody: the headers of each request, the wait for a short limit, and the pages of a list.

Every request carries `Authorization: Bearer …`, `Accept: application/vnd.github+json`, `User-Agent: registry-verifier`
and `X-GitHub-Api-Version: 2022-11-28`, and goes to the API's own origin: pages are followed by `Link: <…>; rel="next"`
as far as that is the same origin and below the same path. Redirects are not followed.
Limits are told by 403 or 429 with `retry-after`, `x-ratelimit-remaining: 0` and `x-ratelimit-reset`, or by a message.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from registry_verifier.errors import SettingsError, Unavailable
from registry_verifier.github import answers, exchange
from registry_verifier.github.answers import Exceeded
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer, place, printable
from registry_verifier.registry.hosts import is_loopback, parse_url

API_URL = "https://api.github.com"
API_VERSION = "2022-11-28"
PAGE_LIMIT = 8 << 20
"""in bytes"""
WAIT_LIMIT = 5.0
"""seconds that a rate limit is waited for, once; a longer one is left to the caller"""

_FOUND = (200, 201, 202)
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}\Z")  # what cannot stand in a header is none


def _now() -> datetime:
    return datetime.now(UTC)


class GitHubClient:
    """Asks GitHub as whoever `token` says at each call. Raises SettingsError for an `api_url` that cannot be used.

    A classic token: `GitHubClient(http_client(), lambda: secrets.values(arn)[0], api_url="https://api.github.com")`.
    An App: `app = GitHubClient(http, AppToken(secret), api_url=…)` asks as the App itself, and
    `GitHubClient(http, InstallationToken(app, secret), api_url=…)` as its installation.
    """

    def __init__(
        self,
        http: httpx.Client,
        token: Callable[[], str],
        *,
        api_url: str = API_URL,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._token = token
        self._base = _base(api_url)
        self.now = now
        self._sleep = sleep

    @property
    def is_local(self) -> bool:
        """Whether the API is on this machine: a test's, or a demonstration's."""
        return is_loopback(self._base.host)

    def owns(self, url: httpx.URL) -> bool:
        """Whether `url` is on the API's own origin."""
        return not url.userinfo and _origin(url) == _origin(self._base)

    def post(self, path: str) -> Answer:
        """Post an empty body; raises Unavailable unless the answer is 200, 201 or 202."""
        answer = self._ask("POST", self._at(path), PAGE_LIMIT)
        if answer.status == 404:
            raise answers.unavailable(answer, "POST", self.now())
        return answer

    def pages(
        self, path: str, parameters: Mapping[str, str], *, count: int, size: int = PAGE_LIMIT
    ) -> Iterator[tuple[Any, Answer]] | None:
        """The pages of a list, each asked for when it is needed: its JSON, and the answer for whoever cannot read that.

        None where GitHub answers 404. Raises Unavailable, and the iterator too; `Exceeded` for a page of more than
        `size` bytes, and where there is a page after `count` of them.
        """
        answer = self._ask("GET", self._at(path).copy_merge_params(parameters), size)
        return None if answer.status == 404 else self._following(answer, count, size)

    def _following(self, answer: Answer, count: int, size: int) -> Iterator[tuple[Any, Answer]]:
        for number in range(1, count + 1):
            if answer.status == 404:  # of a page that was linked to
                raise answers.unavailable(answer, "GET", self.now())
            yield answers.document(answer), answer
            url = self._next(answer)
            if url is None:
                return
            if number < count:
                answer = self._ask("GET", url, size)
        raise Exceeded(f"{place(answer.url)} has more than {count} pages")

    def _next(self, answer: Answer) -> httpx.URL | None:
        """The next page's URL, None on the last; Unavailable where it leads away from the API."""
        link = httpx.Response(200, headers=answer.headers).links.get("next")
        if link is None:
            return None
        url = parse_url(link.get("url", ""), answer.url)
        if url and self.owns(url) and url.path.startswith(self._base.path) and ".." not in url.path:
            return url
        leads = printable(link.get("url", "").partition("?")[0])
        raise Unavailable(
            Reason.GITHUB_UNAVAILABLE, f"{place(answer.url)} links to {leads!r} (expected the same origin)"
        )

    def _ask(self, method: str, url: httpx.URL, limit: int) -> Answer:
        """The answer: found, or 404; raises Unavailable for any other."""
        answer = self._send(method, url, limit)
        if answers.is_throttled(answer) and (seconds := answers.wait(answer, self.now())) <= WAIT_LIMIT:
            self._sleep(seconds)
            answer = self._send(method, url, limit)
        if answer.status not in (*_FOUND, 404):
            raise answers.unavailable(answer, method, self.now())
        return answer

    def _send(self, method: str, url: httpx.URL, limit: int) -> Answer:
        token = self._token()
        if not _TOKEN.match(token):
            raise Unavailable(Reason.SECRET_UNAVAILABLE, "github token is no token: it cannot stand in a header")
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
        }
        return exchange.send(self._http, exchange.Request(method, url, headers, limit, token))

    def _at(self, path: str) -> httpx.URL:
        return httpx.URL(f"{self._base}{path}")


def _base(text: str) -> httpx.URL:
    url = parse_url(text.rstrip("/"))
    if url is None or url.userinfo or url.query or url.fragment:
        raise SettingsError(f"GITHUB_API_URL is {text[:200]!r} (expected a URL without user, query or fragment)")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise SettingsError(f"GITHUB_API_URL is {text[:200]!r} (expected https, or http to a loopback address)")
    return httpx.URL(str(url).rstrip("/"))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"https": 443, "http": 80}.get(url.scheme)
