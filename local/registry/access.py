"""Who may do what, as GHCR has it: a token for every request, anonymous ones for what is public."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

LIFETIME_SECONDS = 300.0


class WrongCredentials(Exception):
    """The user name or password is wrong: GHCR answers 403, even for public images."""


@dataclass(frozen=True)
class Grant:
    """What one token allows: `actions` are pairs of repository and `pull` or `push`."""

    user: str
    actions: frozenset[tuple[str, str]]
    until: float


class Access:
    """Issues tokens and judges them.

    `users` maps names to passwords. Where there are none, anybody may push: it is your own machine.
    `exists` tells whether a repository does; to strangers a missing one looks like a private one.
    """

    def __init__(self, users: Mapping[str, str], private: Iterable[str], exists: Callable[[str], bool]) -> None:
        self._users = dict(users)
        self._private = frozenset(private)
        self._exists = exists
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}

    def log_in(self, authorization: str) -> str:
        """The user behind a Basic `Authorization`, empty for none; raises `WrongCredentials`."""
        if not authorization:
            return ""
        scheme, _, encoded = authorization.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise WrongCredentials from None
        known = self._users.get(user, "")
        if scheme.lower() != "basic" or not known or not hmac.compare_digest(known.encode(), password.encode()):
            raise WrongCredentials
        return user

    def issue(self, user: str, scopes: Iterable[str]) -> str | None:
        """A token for what of `scopes` the user may do, or None where that is nothing though something was asked."""
        wanted = frozenset(pair for scope in scopes for pair in _pairs(scope))
        actions = frozenset(pair for pair in wanted if self._may(user, *pair, wanted))
        if wanted and not actions:
            return None
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._grants[token] = Grant(user, actions, time.monotonic() + LIFETIME_SECONDS)
        return token

    def grant(self, authorization: str) -> Grant | None:
        """What the token in a Bearer `Authorization` allows; None where it is not a token that is valid now."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            grant = self._grants.get(token) if scheme.lower() == "bearer" else None
        return grant if grant and grant.until > time.monotonic() else None

    def forget_tokens(self) -> None:
        """Make every token invalid that was issued so far."""
        with self._lock:
            self._grants.clear()

    def _may(self, user: str, repository: str, action: str, wanted: frozenset[tuple[str, str]]) -> bool:
        if user or repository in self._private:
            return bool(user)
        creating = (repository, "push") in wanted and not self._users
        return creating or (action == "pull" and self._exists(repository))


def _pairs(scope: str) -> list[tuple[str, str]]:
    """`repository:acme/app:pull,push` as pairs; nothing for a scope of another form."""
    kind, _, rest = scope.partition(":")
    repository, _, actions = rest.rpartition(":")
    return [(repository, action) for action in actions.split(",")] if kind == "repository" else []
