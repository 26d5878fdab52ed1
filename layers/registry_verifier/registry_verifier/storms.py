"""The story of a storm: which incidents are told by themselves, which are counted, and what the summary says.

1. every opening is noted in its channel's gauge, which says whether it is counted into a storm
2. what is counted is kept together with its incident, both or neither: no crash counts twice or not at all
3. at the end of a batch the summary is brought up to date: posted by whoever tells of the incident that began the
   storm, then updated in place by everybody

Several batches run at a time, so every write names the version that it replaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry_verifier import storm, storm_message
from registry_verifier.errors import Superseded, Unavailable
from registry_verifier.incident import Incident
from registry_verifier.messenger import Messenger, Receipt, post
from registry_verifier.reasons import Reason
from registry_verifier.storm import Gauge, Summary

_TRIES = 12


class StormTable(Protocol):
    """What is remembered of storms; all raise `Unavailable`, and the keepers `Superseded` where `old` is not stored."""

    def gauge(self, channel: str) -> Gauge | None:
        """The newest openings of a channel."""
        ...

    def keep_gauge(self, old: Gauge | None, new: Gauge) -> None:
        """Replace `old` (None: there is none yet) by `new`."""
        ...

    def summary(self, channel: str, began: str) -> Summary | None:
        """The summary of a storm."""
        ...

    def keep_summary(self, old: Summary | None, new: Summary, incident: Incident | None = None) -> None:
        """Replace `old` (None: there is none yet) by `new`, and keep `incident` with it, both or neither."""
        ...


@dataclass(frozen=True)
class Mark:
    """A storm whose summary may have to be brought up to date, and the incident that says so."""

    channel: str
    began: str
    name: str


@dataclass(frozen=True)
class Storms:
    """Everything that a storm needs, wired once per process."""

    table: StormTable
    messenger: Messenger
    limit: int
    """how many incidents of a channel have messages of their own within ten minutes"""
    otherwise: str
    """the channel for what another one does not take"""
    now: Callable[[], datetime]

    def of(self, incident: Incident) -> str:
        """The storm that an incident which opens is counted into; empty: it has a message of its own."""
        name = storm.name_of(incident)
        for _ in range(_TRIES):
            old = self.table.gauge(incident.channel)
            new = (old or Gauge(incident.channel)).after(name, self.now(), self.limit)
            try:
                if new is not old:
                    self.table.keep_gauge(old, new)
                return new.storm_of(name)
            except Superseded:
                continue
        raise _crowded(incident.channel)

    def count(self, incident: Incident) -> Mark:
        """Keep an incident that opens, or that people hear of when it is over already, and count it."""
        return self._counted(incident, lambda summary: summary.with_opened(incident))

    def count_end(self, incident: Incident) -> Mark:
        """Keep an incident that is over, and count that."""
        return self._counted(incident, lambda summary: summary.with_ended(incident))

    def mark(self, incident: Incident) -> Mark:
        """The mark of an incident that was counted before."""
        return Mark(incident.channel, incident.storm, storm.name_of(incident))

    def summarise(self, mark: Mark) -> int:
        """Bring a summary up to date; returns how many messages were posted or updated."""
        sent = 0
        for _ in range(_TRIES):
            summary = self.table.summary(mark.channel, mark.began)
            is_ours = summary and (summary.posted_to or summary.first == mark.name)
            if summary is None or summary.is_shown or not is_ours:
                break
            receipt = self._show(summary)
            if receipt is None:
                break
            sent += 1
            self._remember(summary, receipt)
        return sent

    def _show(self, summary: Summary) -> Receipt | None:
        """Update the message, or post one; None where one more is not worth it."""
        payload = storm_message.write(summary)
        if summary.ts:
            if self.messenger.update(summary.posted_to, summary.ts, payload):
                return _Standing(summary.posted_to, summary.ts)
        elif not summary.deserves_another(self.now()):
            return None
        return post(self.messenger, summary.channel, payload, otherwise=self.otherwise)

    def _remember(self, shown: Summary, receipt: Receipt) -> None:
        """Remember what people were told, whatever was counted meanwhile."""
        newest: Summary | None = shown
        for _ in range(_TRIES):
            base = newest or shown
            told = base.with_shown(shown, receipt.channel, receipt.ts, self.now())
            try:
                return self.table.keep_summary(newest, told)
            except Superseded:
                newest = self.table.summary(shown.channel, shown.began)
        raise _crowded(shown.channel)

    def _counted(self, incident: Incident, count: Callable[[Summary], Summary]) -> Mark:
        for _ in range(_TRIES):
            old = self.table.summary(incident.channel, incident.storm)
            new = count(old or Summary(incident.channel, incident.storm))
            try:
                self.table.keep_summary(old, new, incident)
                return self.mark(incident)
            except Superseded:
                continue
        raise _crowded(incident.channel)


@dataclass(frozen=True)
class _Standing:
    channel: str
    ts: str | None


def _crowded(channel: str) -> Unavailable:
    return Unavailable(Reason.STORE_UNAVAILABLE, f"storm in {channel[:80]!r} changed under {_TRIES} writes")
