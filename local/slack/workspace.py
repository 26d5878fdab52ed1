"""The messages of one Slack workspace: posted, updated, replied to, deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from local.slack.blocks import refusal
from local.slack.rendering import rendered


class Workspace:
    """`messages` holds what was posted, oldest first, as it stands now; `closed` the channels that take nothing.

    `show` is given each message as a person sees it, again when it is updated.
    """

    def __init__(self, show: Callable[[str], None] = lambda _: None) -> None:
        self.messages: list[dict[str, Any]] = []
        self.refusals: list[tuple[str, str]] = []
        self.closed: set[str] = set()
        self.lock = threading.Lock()
        self._taken = 0
        self._show = show

    @property
    def roots(self) -> list[dict[str, Any]]:
        """The messages outside of threads."""
        return [message for message in self.messages if not message.get("thread_ts")]

    def replies(self, ts: str) -> list[dict[str, Any]]:
        """The messages in the thread of one."""
        return [message for message in self.messages if message.get("thread_ts") == ts]

    def delete(self, ts: str) -> None:
        """Delete a message, as people do; its thread stays."""
        with self.lock:
            self.messages[:] = [message for message in self.messages if message["ts"] != ts]

    def take(self, message: dict[str, Any]) -> tuple[str, str]:
        """Keep and show a message; its error (or empty) and its `ts`."""
        with self.lock:
            if refused := self._refused(message):
                return self._refuse(refused), ""
            self._taken += 1
            ts = f"{1_700_000_000 + self._taken - 1}.000100"
            named = [kept["channel"] for kept in self.messages if kept["ts"] == message.get("thread_ts")]
            self.messages.append({**message, "channel": (named or [message["channel"]])[0], "ts": ts})
            self._show(rendered(self.messages[-1]))
            return "", ts

    def change(self, change: dict[str, Any]) -> tuple[str, str]:
        """Put a message in the place of another one, and show it; its error (or empty) and its `ts`."""
        with self.lock:
            ts = str(change.get("ts", ""))
            found = [message for message in self.messages if message["ts"] == ts]
            if not found or channel_id(found[0]["channel"]) != change["channel"]:
                return self._refuse(("message_not_found", ts)), ""
            if refused := refusal(change):
                return self._refuse(refused), ""
            found[0].update({name: change[name] for name in ("text", "blocks") if name in change})
            found[0]["edited"] = True
            self._show(rendered(found[0]))
            return "", ts

    def _refused(self, message: dict[str, Any]) -> tuple[str, str] | None:
        if message["channel"] in self.closed:
            return "channel_not_found", str(message["channel"])
        known = [kept["ts"] for kept in self.messages if channel_id(kept["channel"]) == channel_id(message["channel"])]
        if (thread := message.get("thread_ts")) is not None and thread not in known:
            return "invalid_thread_ts", str(thread)
        return refusal(message)

    def _refuse(self, refused: tuple[str, str]) -> str:
        self.refusals.append(refused)
        return refused[0]


def channel_id(channel: str) -> str:
    """Slack's id of a channel, by its name or its id."""
    return channel if channel.startswith("C") else "C" + "".join(c for c in channel if c.isalnum()).upper()
