"""Who we are to GitHub: a personal access token, which needs nothing here, or a GitHub App and its installation.

Source: docs.github.com "Generating a JSON Web Token (JWT) for a GitHub App": RS256, `iss` the App's id, `iat` a minute
back, `exp` at most ten minutes on. The JWT itself answers for `/app/hook/deliveries`; everything else is asked with a
token of the installation, `POST /app/installations/{installation_id}/access_tokens`, which answers 201 with
`{"token": "ghs_…", "expires_at": "2026-01-01T00:00:00Z"}` and lives an hour.
The App's secret is JSON: `{"app_id": 1, "private_key": "-----BEGIN RSA PRIVATE KEY-----…", "installation_id": 2}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from registry_verifier import strict_json
from registry_verifier.errors import Unavailable
from registry_verifier.github import answers
from registry_verifier.github.client import GitHubClient
from registry_verifier.github.moments import moment
from registry_verifier.reasons import Reason

BACKDATED = timedelta(seconds=60)
LIFETIME = timedelta(minutes=9)
RENEWED_BEFORE = timedelta(minutes=5)
KEPT_LIMIT = timedelta(minutes=55)

_APP_ID = re.compile(r"[A-Za-z0-9.]{1,64}\Z")  # a number, or the client id `Iv1.…`
_NUMBER = re.compile(r"[1-9][0-9]{0,18}\Z")


@dataclass(frozen=True)
class App:
    """A GitHub App, and one installation of it."""

    app_id: str
    installation_id: str
    private_key: str = field(repr=False)


@dataclass(frozen=True)
class _Kept:
    app: App
    token: str = field(repr=False)
    since: datetime
    until: datetime


def read_app(text: str) -> App:
    """Read the App's secret; raises Unavailable (SECRET_UNAVAILABLE), which quotes nothing of it."""
    try:
        document: dict[str, Any] = strict_json.parse_object(text)
    except ValueError:
        document = {}
    app_id, installation = _text(document.get("app_id")), _text(document.get("installation_id"))
    key = document.get("private_key")
    if _APP_ID.match(app_id) and _NUMBER.match(installation) and isinstance(key, str) and key:
        return App(app_id, installation, key)
    expected = "expected json with app_id, private_key and installation_id"
    raise Unavailable(Reason.SECRET_UNAVAILABLE, f"secret of the github app cannot be used ({expected})")


class AppToken:
    """The App's own token, made anew at each call: `AppToken(secret, now=now)()`. `secret` gives the App's JSON."""

    def __init__(self, secret: Callable[[], str], *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._secret = secret
        self._now = now

    def __call__(self) -> str:
        """A JWT that is good for nine minutes; raises Unavailable where the secret cannot be used."""
        app, now = read_app(self._secret()), self._now()
        claims = {
            "iat": int((now - BACKDATED).timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "iss": app.app_id,
        }
        return _signed(claims, app)


class InstallationToken:
    """The installation's token, kept until five minutes before it expires: `InstallationToken(app_client, secret)()`.

    `app_client` asks as the App itself. Another secret means another token.
    """

    def __init__(self, app_client: GitHubClient, secret: Callable[[], str]) -> None:
        self._client = app_client
        self._secret = secret
        self._kept: _Kept | None = None

    def __call__(self) -> str:
        """The token; raises Unavailable where GitHub gives none."""
        app, now = read_app(self._secret()), self._client.now()
        if self._kept is None or self._kept.app != app or not self._kept.since <= now < self._kept.until:
            self._kept = self._fetched(app, now)
        return self._kept.token

    def _fetched(self, app: App, now: datetime) -> _Kept:
        answer = self._client.post(f"/app/installations/{app.installation_id}/access_tokens")
        document = answers.document(answer)
        token = document.get("token") if isinstance(document, dict) else None
        expires_at = moment(document.get("expires_at")) if isinstance(document, dict) else None
        if not isinstance(token, str) or not token or expires_at is None:
            raise answers.garbage(answer, "token and expires_at")
        return _Kept(app, token, now, min(expires_at - RENEWED_BEFORE, now + KEPT_LIMIT))


def _signed(claims: dict[str, Any], app: App) -> str:
    import jwt  # here, for verify is started with every publish, and needs none of it

    try:
        return jwt.encode(claims, app.private_key, algorithm="RS256")
    except Exception as error:  # pyjwt and cryptography have no common base, and some of theirs quote the key
        failure = type(error).__name__
    raise Unavailable(Reason.SECRET_UNAVAILABLE, f"private key of the github app cannot be used: {failure}")


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
