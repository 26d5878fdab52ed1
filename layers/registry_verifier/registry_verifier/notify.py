"""The story of notify: a verdict changed; do people and programs have to hear about it?

1. tell programs: events on a bus, where the record says something new
2. read what people were told about this digest, and find what that record means for it: incidents that open, go on for
   other reasons, or end (`incident.steps`)
3. for each: bring its message up to date, remember that; reply in its thread, remember that
4. too many at once are counted instead, into one summary (`storms`)

The stream brings the records of one digest in order, and each is judged as it is, even where the table has moved on
meanwhile: so the messages tell what happened, in the order in which it happened.

Between posting and remembering a crash can come: the message is then posted twice. The other order could lose it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from registry_verifier import cloud_event, follow_up, incident, message
from registry_verifier.cloud_event import CloudEvent
from registry_verifier.errors import ChannelRefused, Unavailable
from registry_verifier.incident import Channels, Incident, Step
from registry_verifier.messenger import Messenger, post
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.reasons import Status
from registry_verifier.storms import Mark, Storms, StormTable

STORM_LIMIT = 10


class Incidents(StormTable, Protocol):
    """What people were told; all raise `Unavailable`."""

    def of_digest(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        """Every incident about this digest."""
        ...

    def keep(self, incident: Incident) -> None:
        """Remember what people were told; replaces what was remembered."""
        ...


class Bus(Protocol):
    """Where programs listen."""

    def send(self, events: Sequence[CloudEvent]) -> None:
        """Send events, in order; raises `Unavailable`."""
        ...


@dataclass(frozen=True)
class Told:
    """What one record came to."""

    sent: int = 0
    """messages that were posted or updated"""
    suppressed: int = 0
    """incidents that were counted into a storm, in place of a message"""
    storms: frozenset[Mark] = frozenset()
    """the storms whose summaries have to be brought up to date at the end of the batch"""

    def __add__(self, other: Told) -> Told:
        return Told(self.sent + other.sent, self.suppressed + other.suppressed, self.storms | other.storms)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Notifier:
    """Everything that a record of the stream needs, wired once per process."""

    incidents: Incidents
    messenger: Messenger
    channels: Channels
    api_url: str = ""
    bus: Bus | None = None
    """None: programs hear nothing"""
    storm_limit: int = STORM_LIMIT
    now: Callable[[], datetime] = _now

    def tell(self, records: Iterable[tuple[State | None, State]]) -> Told:
        """A whole batch: for each record what was stored before, and what is now."""
        told = sum((self.notify(new, old) for old, new in records), Told())
        return replace(told, sent=told.sent + self.summarise(told.storms))

    def notify(self, state: State, old: State | None = None) -> Told:
        """Tell of this state, which replaces `old`, where somebody has to hear of it.

        Raises Unavailable where the table, the messenger or the bus did not answer: the record must come again. What
        was told by then is not told again, events apart, which have the same id each time.
        """
        if state.status is Status.PENDING:
            return Told()
        known = [
            one for one in self.incidents.of_digest(state.image, state.digest) if one.first_seen == state.first_seen
        ]
        steps = list(incident.steps(state, known, self.channels))
        trouble = self._announce(old, state, known, steps)
        told = sum((self._again(state, one) for one in known if one.version == state.version), Told())
        told = sum((self._step(state, step) for step in steps), told)
        if trouble:
            raise trouble
        return told

    def summarise(self, storms: Iterable[Mark]) -> int:
        """Bring the summaries of storms up to date, at the end of a batch; returns how many messages that took."""
        return sum(map(self._storms.summarise, storms))

    @property
    def _storms(self) -> Storms:
        return Storms(self.incidents, self.messenger, self.storm_limit, self.channels.verdicts, self.now)

    def _announce(
        self, old: State | None, state: State, known: Iterable[Incident], steps: Iterable[Step]
    ) -> Unavailable | None:
        """Tell programs; a bus that does not answer is no reason to keep it from people."""
        if self.bus is None:
            return None
        ended = [(one.key, one.ending) for one in known if one.version == state.version and one.ending]
        ended += [(step.incident.key, step.ending) for step in steps if step.ending]
        try:
            self.bus.send(list(cloud_event.about(old, state, ended)))
        except Unavailable as error:
            return error
        return None

    def _again(self, state: State, told: Incident) -> Told:
        """What was left undone when the same record came before."""
        if told.storm:
            return Told(storms=frozenset([self._storms.mark(told)]))
        return self._reply(state, told)

    def _step(self, state: State, step: Step) -> Told:
        reasons = incident.reasons(state.document, step.incident.key)
        new = replace(step.incident, version=state.version, reasons=reasons, ending=step.ending)
        if step.incident.storm:
            return self._in_storm(step, new)
        if step.incident.version == 0 and (storm := self._storms.of(new)):
            return Told(suppressed=1, storms=frozenset([self._storms.count(replace(new, storm=storm))]))
        return self._bring_up_to_date(state, step.incident, new)

    def _in_storm(self, step: Step, new: Incident) -> Told:
        """Of what is counted only the end is worth a word."""
        if not step.ending:
            return Told()
        return Told(storms=frozenset([self._storms.count_end(new)]))

    def _bring_up_to_date(self, state: State, old: Incident, new: Incident) -> Told:
        payload = self._message(state, new)
        new = replace(new, told=message.fingerprint(payload))
        is_news = bool(new.ending) or old.version == 0 or set(old.reasons) != set(new.reasons)
        if not is_news and (old.ts is None or old.told == new.told):
            return Told()
        if old.ts and self.messenger.update(old.channel, old.ts, payload):
            # nobody is called for tags: the newest is in the message, and nothing in its thread
            new = new if is_news else replace(new, replied=state.version)
        else:
            new = self._posted(state, new, payload)
        self.incidents.keep(new)
        return Told(sent=1) + self._reply(state, new)

    def _posted(self, state: State, new: Incident, payload: message.Payload) -> Incident:
        receipt = post(self.messenger, new.channel, payload, otherwise=self.channels.verdicts)
        replied = 0 if receipt.ts and not new.ending else state.version
        return replace(new, channel=receipt.channel, ts=receipt.ts, replied=replied)

    def _message(self, state: State, new: Incident) -> message.Payload:
        if new.ending:
            return message.ended(state, new.key, new.ending, api_url=self.api_url)
        more = [] if self.messenger.has_threads() else follow_up.details(state, new.key)
        return message.opened(state, new.key, api_url=self.api_url, more=more)

    def _reply(self, state: State, told: Incident) -> Told:
        """Reply in the thread where that is due, and remember it; where nobody can, the message says enough."""
        if told.ts is None or told.replied >= state.version:
            return Told()
        sent = 0
        if payload := follow_up.reply(state, told):
            with contextlib.suppress(ChannelRefused):
                self.messenger.post(told.channel, payload, thread_ts=told.ts)
                sent = 1
        self.incidents.keep(replace(told, replied=state.version))
        return Told(sent=sent)
