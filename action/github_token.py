"""GitHub's OIDC token for this job: who runs here, signed by GitHub, good for some minutes.

Source: GitHub's documentation, "OpenID Connect reference": GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=… with the bearer
$ACTIONS_ID_TOKEN_REQUEST_TOKEN answers {"value": TOKEN}.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from urllib.parse import quote

import exchange
from documents import read_object
from findings import Ended, bad_usage, not_asked
from inputs import is_safe

_FRESH = 120.0
"""seconds that a token is used for; GitHub's live for five minutes"""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{1,8192}\Z")
_BEARER = re.compile(r"[\x21-\x7e]{1,16384}\Z")
_PERMISSION = "the job needs `permissions: id-token: write`, which workflows of pull requests from forks never get"


class GitHubToken:
    """Asks for a token when there is none, or an old one."""

    def __init__(self, environment: Mapping[str, str], audience: str) -> None:
        self._url = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        self._bearer = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        self._audience = audience
        self._token = ""
        self._since = 0.0
        if not self._url or not self._bearer:
            raise Ended(bad_usage(f"GitHub offers no OIDC token here: {_PERMISSION}"))
        if not is_safe(self._url) or not _BEARER.match(self._bearer):
            raise Ended(bad_usage("GitHub's OIDC endpoint in the environment cannot be used (expected https)"))

    def get(self, seconds: float) -> str:
        """A token that is fresh; NotAnswered where GitHub does not answer, Ended where it refuses."""
        if not self._token or time.monotonic() - self._since > _FRESH:
            self._token, self._since = self._asked(seconds), time.monotonic()
            print(f"::add-mask::{self._token}", flush=True)  # the runner takes this line away, and hides the text
        return self._token

    def forget(self) -> None:
        """Use the token no more."""
        self._token = ""

    def _asked(self, seconds: float) -> str:
        url = f"{self._url}{'&' if '?' in self._url else '?'}audience={quote(self._audience, safe='')}"
        answer = exchange.send(url, {"Authorization": f"Bearer {self._bearer}"}, seconds)
        if answer.status in (400, 401, 403, 404):
            raise Ended(bad_usage(f"GitHub gives no OIDC token: status {answer.status}; {_PERMISSION}"))
        if answer.status != 200:
            raise exchange.NotAnswered(f"GitHub gives no OIDC token: status {answer.status}")
        token = read_object(answer.body).get("value")
        if not isinstance(token, str) or not _TOKEN.match(token):
            raise Ended(not_asked("what GitHub gives for an OIDC token is none", final=True))
        return token
