"""Slack in memory: takes messages, unless it is down or asks to wait. A call that fails has posted nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from local.simulation.loop import VirtualLoop
from local.simulation.weather import Weather, during
from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason


@dataclass(frozen=True)
class Posted:
    """Where a message stands."""

    channel: str
    ts: str | None


@dataclass
class Note:
    """One message as it stands now."""

    channel: str
    ts: str
    thread_ts: str | None
    payload: Mapping[str, Any]
    at: float
    updates: int = 0


class SimulatedSlack:
    """Fits `messenger.Messenger`."""

    def __init__(self, loop: VirtualLoop, weather: Weather, rng: Random) -> None:
        self.counts: Counter[str] = Counter()
        self.notes: dict[str, Note] = {}
        self._loop, self._weather, self._rng = loop, weather, rng

    def post(self, channel: str, payload: Mapping[str, Any], *, thread_ts: str | None = None) -> Posted:
        """As messenger.Messenger."""
        self._ask("posted")
        ts = f"{self._loop.time():.3f}.{len(self.notes):06d}"
        self.notes[ts] = Note(channel, ts, thread_ts, payload, self._loop.time())
        return Posted(channel, ts)

    def has_threads(self) -> bool:
        """As messenger.Messenger: it is a bot."""
        return True

    def update(self, channel: str, ts: str, payload: Mapping[str, Any]) -> bool:
        """As messenger.Messenger."""
        self._ask("updated")
        note = self.notes[ts]
        note.payload, note.updates = payload, note.updates + 1
        return True

    def _ask(self, what: str) -> None:
        if during(self._weather.slack_down, self._loop.time()) or self._rng.random() < self._weather.odds.slack:
            self.counts["refused"] += 1
            raise Unavailable(Reason.SLACK_UNAVAILABLE, "slack answered 429", retry_after=5)
        self.counts[what] += 1
