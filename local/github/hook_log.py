"""Webhooks and the deliveries that GitHub remembers of them: three days, each attempt a row of its own.

Source: docs.github.com/rest, "Webhooks": `guid` is the event's, shared by every hook and every attempt; GitHub tries
once, and again only where somebody asks for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from local.github import deliveries as github
from local.github.deliveries import Request
from local.github.payload import Push, published

KEPT = timedelta(days=3)
NOT_CONNECTED = 0
"""in the place of a status code: nobody answered"""


class Fate(StrEnum):
    """What becomes of one push's webhooks."""

    DELIVERED = "delivered"
    LOST = "lost"
    """tried, and nobody answered"""
    NEVER_SENT = "never sent"
    """there is not even a failed delivery to be found"""


@dataclass(frozen=True)
class Attempt:
    """One delivery of one event to one hook."""

    id: int
    guid: str
    at: datetime
    status_code: int
    redelivery: bool
    event: str
    action: str = "published"

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it."""
        return 200 <= self.status_code < 300

    def row(self) -> dict[str, Any]:
        """As the list of deliveries shows it."""
        failure = "failed to connect to host" if self.status_code == NOT_CONNECTED else "Invalid HTTP Response"
        failed = failure if self.status_code == NOT_CONNECTED else f"{failure}: {self.status_code}"
        return {
            "id": self.id,
            "guid": self.guid,
            "delivered_at": self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "redelivery": self.redelivery,
            "duration": 0.03,
            "status": "OK" if self.succeeded else failed,
            "status_code": self.status_code,
            "event": self.event,
            "action": self.action,
            "installation_id": None,
            "repository_id": 5001,
            "throttled_at": None,
        }


class HookLog:
    """All hooks. `deliver` posts a webhook and returns the receiver's status code, 0 where it could not be reached."""

    def __init__(self, deliver: Callable[[Request], int], now: Callable[[], datetime]) -> None:
        self.deliver = deliver
        self._now = now
        self._lock = threading.Lock()
        self._attempts: dict[str, list[Attempt]] = {}
        self._requests: dict[tuple[str, str], Request] = {}
        self._number = 20_000

    def add(self, hook: str) -> None:
        """A hook by its name: `repos/acme/app/hooks/1`, `orgs/acme/hooks/2`, or `app`."""
        self._attempts.setdefault(hook, [])

    def knows(self, hook: str) -> bool:
        """Whether there is such a hook."""
        return hook in self._attempts

    def publish(self, push: Push, guid: str, fate: Fate, *, at: datetime | None = None) -> None:
        """What a push leads to: one delivery to each hook that hears of its repository."""
        if fate == Fate.NEVER_SENT:
            return
        for hook in [hook for hook in self._attempts if _hears(hook, push)]:
            event = "registry_package" if hook == "app" else "package"
            request = github.request(event, published(push, event=event), delivery=guid)
            self._requests[hook, guid] = request
            code = NOT_CONNECTED if fate == Fate.LOST else self.deliver(request)
            self._record(hook, guid, event, code, at or self._now(), redelivery=False)

    def redeliver(self, hook: str, number: int) -> bool:
        """Try once more; False where there is no such delivery."""
        first = next((one for one in self.listed(hook) if one.id == number), None)
        if first is None:
            return False
        code = self.deliver(self._requests[hook, first.guid])
        self._record(hook, first.guid, first.event, code, self._now(), redelivery=True)
        return True

    def listed(self, hook: str) -> list[Attempt]:
        """What is remembered, newest first."""
        with self._lock:
            since = self._now() - KEPT
            return sorted((a for a in self._attempts[hook] if a.at >= since), key=lambda a: (a.at, a.id), reverse=True)

    def _record(self, hook: str, guid: str, event: str, code: int, at: datetime, *, redelivery: bool) -> None:
        with self._lock:
            self._number += 1
            self._attempts[hook].append(Attempt(self._number, guid, at, code, redelivery, event))


def _hears(hook: str, push: Push) -> bool:
    owner, name = push.owner.lower(), push.name.lower().partition("/")[0]
    return hook == "app" or hook.lower().startswith((f"orgs/{owner}/", f"repos/{owner}/{name}/"))
