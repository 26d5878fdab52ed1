"""Who asks GitHub's API: personal tokens with their scopes, and an App by its JWT or by a token of its installation.

Source: docs.github.com "Authenticating as a GitHub App", "Rate limits for the REST API"; an App sees no packages.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

HOOKS, PACKAGES, ATTESTATIONS, APP = "hooks", "packages", "attestations", "app"
APP_ID, INSTALLATION_ID = "123456", "654321"
_LONGEST_JWT = timedelta(minutes=10)
_TOKEN_LIFE = timedelta(hours=1)
_WINDOW = timedelta(hours=1)


class Refused(Exception):
    """401: these are no credentials."""


@dataclass
class Caller:
    """One token, and what it may still ask in this hour."""

    name: str
    scopes: frozenset[str]
    limit: int
    remaining: int
    resets_at: datetime
    expires_at: datetime | None = None

    def take(self, now: datetime) -> bool:
        """Count one request; False where none is left."""
        if now >= self.resets_at:
            self.remaining, self.resets_at = self.limit, now + _WINDOW
        self.remaining -= 1
        if self.remaining >= 0:
            return True
        self.remaining = 0
        return False

    def headers(self) -> dict[str, str]:
        """How GitHub tells what is left."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.limit - self.remaining),
            "X-RateLimit-Reset": str(int(self.resets_at.timestamp())),
            "X-RateLimit-Resource": "core",
        }


class Callers:
    """Everybody who may ask."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._callers: dict[str, Caller] = {}

    @cached_property
    def private_key(self) -> str:
        """The App's, in PEM."""
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
        return self._key.private_bytes(encoding, form, serialization.NoEncryption()).decode()

    @property
    def app_secret(self) -> str:
        """What the App's secret holds."""
        return json.dumps({"app_id": APP_ID, "private_key": self.private_key, "installation_id": INSTALLATION_ID})

    def allow(self, *scopes: str, limit: int = 5000, token: str = "") -> str:
        """A token for these scopes: `hooks`, `packages`, `attestations`; a new one unless it is given."""
        token = token or f"ghp_{secrets.token_hex(18)}"
        self._callers[token] = self._caller(f"token {len(self._callers)}", frozenset(scopes), limit)
        return token

    def installation_token(self) -> tuple[str, datetime]:
        """What an App asks with for everything but itself."""
        token, until = f"ghs_{secrets.token_hex(18)}", self._now() + _TOKEN_LIFE
        caller = self._caller("installation", frozenset({HOOKS, ATTESTATIONS}), 5000)
        caller.expires_at = until
        self._callers[token] = caller
        return token, until

    def who(self, authorization: str) -> Caller:
        """The caller behind a header; raises `Refused`."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() not in ("bearer", "token"):
            raise Refused("Requires authentication")
        if token.count(".") == 2:
            return self._app(token)
        caller = self._callers.get(token)
        if caller is None or (caller.expires_at and caller.expires_at <= self._now()):
            raise Refused("Bad credentials")
        return caller

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def _caller(self, name: str, scopes: frozenset[str], limit: int) -> Caller:
        return Caller(name, scopes, limit, limit, self._now() + _WINDOW)

    def _app(self, token: str) -> Caller:
        times = {"verify_exp": False, "verify_iat": False, "require": ["iat", "exp", "iss"]}
        try:
            claims = jwt.decode(token, self._key.public_key(), algorithms=["RS256"], issuer=APP_ID, options=times)  # type: ignore[arg-type]
        except jwt.InvalidTokenError as error:
            raise Refused("A JSON web token could not be decoded") from error
        now = self._now().timestamp()
        if claims["iat"] > now or claims["exp"] <= now:
            raise Refused("'Issued at' claim ('iat') or 'Expiration time' claim ('exp') is not now")
        if claims["exp"] - now > _LONGEST_JWT.total_seconds():
            raise Refused("'Expiration time' claim ('exp') is too far in the future")
        return self._callers.setdefault("app", self._caller("app", frozenset({APP}), 5000))
