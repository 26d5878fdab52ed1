"""What notify needs of the world, in memory: the incident table and a messenger, which behave as the real ones do.

For tests and simulations of many publishes; `local.slack.receiver` is a Slack with a socket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry_verifier.cloud_event import CloudEvent
from registry_verifier.errors import ChannelRefused, Superseded, Unavailable
from registry_verifier.incident import Incident, Key
from registry_verifier.models import Digest, ImageName
from registry_verifier.reasons import Reason
from registry_verifier.storm import Gauge, Summary

_NO_TABLE = "table did not answer"
_NO_SLACK = "slack did not answer"
_NO_BUS = "event bus did not answer"


@dataclass
class MemoryIncidents:
    """The incident table. `down_after` is how many more writes it takes; None: as many as you like."""

    incidents: dict[tuple[ImageName, Digest, Key], Incident] = field(default_factory=dict)
    gauges: dict[str, Gauge] = field(default_factory=dict)
    summaries: dict[tuple[str, str], Summary] = field(default_factory=dict)
    down_after: int | None = None

    def of_digest(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        """As notify.Incidents."""
        return [one for (name, about, _), one in self.incidents.items() if (name, about) == (image, digest)]

    def keep(self, incident: Incident) -> None:
        """As notify.Incidents."""
        self._write()
        self.incidents[incident.image, incident.digest, incident.key] = incident

    def gauge(self, channel: str) -> Gauge | None:
        """As storms.StormTable."""
        return self.gauges.get(channel)

    def keep_gauge(self, old: Gauge | None, new: Gauge) -> None:
        """As storms.StormTable."""
        self._write()
        _compare(old, self.gauges.get(new.channel))
        self.gauges[new.channel] = new

    def summary(self, channel: str, began: str) -> Summary | None:
        """As storms.StormTable."""
        return self.summaries.get((channel, began))

    def keep_summary(self, old: Summary | None, new: Summary, incident: Incident | None = None) -> None:
        """As storms.StormTable."""
        self._write()
        _compare(old, self.summaries.get((new.channel, new.began)))
        self.summaries[new.channel, new.began] = new
        if incident:
            self.incidents[incident.image, incident.digest, incident.key] = incident

    def _write(self) -> None:
        if self.down_after == 0:
            raise Unavailable(Reason.STORE_UNAVAILABLE, _NO_TABLE)
        if self.down_after:
            self.down_after -= 1


def _compare(old: Gauge | Summary | None, stored: Gauge | Summary | None) -> None:
    if (old and old.version) != (stored and stored.version):
        raise Superseded("another version is stored")


@dataclass(frozen=True)
class Standing:
    """Where a message stands."""

    channel: str
    ts: str | None


@dataclass
class MemoryMessenger:
    """A Slack with a bot token, or an incoming webhook where it has no `threads`."""

    threads: bool = True
    messages: list[dict[str, Any]] = field(default_factory=list)
    """what was posted, oldest first, as it stands now; `updates` counts how often it was updated"""
    closed: set[str] = field(default_factory=set)
    """channels that take no messages"""
    deleted: set[str] = field(default_factory=set)
    """the `ts` of messages that somebody deleted"""
    down_after: int | None = None
    """how many more calls it answers; None: as many as you like"""

    @property
    def roots(self) -> list[dict[str, Any]]:
        """The messages outside of threads."""
        return [message for message in self.messages if message["thread_ts"] is None]

    def has_threads(self) -> bool:
        """As messenger.Messenger."""
        return self.threads

    def post(self, channel: str, payload: Mapping[str, Any], *, thread_ts: str | None = None) -> Standing:
        """As messenger.Messenger."""
        self._call()
        if channel in self.closed or (thread_ts and thread_ts in self.deleted):
            raise ChannelRefused(Reason.SLACK_UNAVAILABLE, "slack took no message: status 200, channel_not_found")
        ts = f"{len(self.messages) + 1}.0" if self.threads else None
        self.messages.append({**payload, "channel": channel, "ts": ts, "thread_ts": thread_ts, "updates": 0})
        return Standing(channel, ts)

    def update(self, channel: str, ts: str, payload: Mapping[str, Any]) -> bool:
        """As messenger.Messenger."""
        self._call()
        found = [
            one for one in self.messages if (one["channel"], one["ts"]) == (channel, ts) and ts not in self.deleted
        ]
        for message in found:
            message.update(payload)
            message["updates"] += 1
        return bool(found)

    def _call(self) -> None:
        if self.down_after == 0:
            raise Unavailable(Reason.SLACK_UNAVAILABLE, _NO_SLACK)
        if self.down_after:
            self.down_after -= 1


@dataclass
class MemoryBus:
    """An event bus."""

    events: list[CloudEvent] = field(default_factory=list)
    is_down: bool = False

    def send(self, events: Sequence[CloudEvent]) -> None:
        """As notify.Bus."""
        if self.is_down:
            raise Unavailable(Reason.EVENTS_UNAVAILABLE, _NO_BUS)
        self.events.extend(events)
