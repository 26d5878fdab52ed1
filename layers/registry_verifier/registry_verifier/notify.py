"""The story of notify: a verdict changed; do people have to hear about it?

1. leave alone what nobody has to hear: waiting digests, children of an index (the index speaks for them)
2. read what people were told about this digest; a record that they were told about already says nothing new
3. decide: open an incident, say that it is over, or be silent
4. post, then remember what was posted

At most one message per record. A digest that keeps failing, for whatever reasons, is one incident. The stream brings
the records of one digest in order, and each is judged as it is, even where the table has moved on meanwhile: so the
messages tell what happened, in the order in which it happened.

Between posting and remembering a crash can come: the message is then posted twice. The other order could lose it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from registry_verifier import message
from registry_verifier.alert import Alert, AlertKind
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.reasons import Status


class Receipt(Protocol):
    """Where a message stands."""

    @property
    def channel(self) -> str:
        """The channel, as the messenger names it."""
        ...

    @property
    def ts(self) -> str | None:
        """The message's id in the channel, or None where the messenger names none."""
        ...


class Messenger(Protocol):
    """Posts messages; raises `Unavailable` for whatever goes wrong."""

    def post(self, channel: str, payload: Mapping[str, Any], *, thread_ts: str | None = None) -> Receipt:
        """Post to a channel, as a reply where `thread_ts` names a message."""
        ...


class Alerts(Protocol):
    """What people were told; both raise `Unavailable`."""

    def alert(self, image: ImageName, digest: Digest) -> Alert | None:
        """The newest message about this digest, or None."""
        ...

    def keep_alert(self, alert: Alert) -> None:
        """Remember the newest message about a digest."""
        ...


@dataclass(frozen=True)
class Channels:
    """Who hears what."""

    verdicts: str
    """FAILED, and NO_POLICY where that is worth a warning"""
    operations: str
    """UNKNOWN; empty: nobody hears it"""
    warn_without_policy: bool
    """whether a publish that no policy matches is worth a message"""


@dataclass(frozen=True)
class _Message:
    kind: AlertKind
    channel: str
    write: Callable[..., message.Payload]
    thread_ts: str | None = None


@dataclass(frozen=True)
class Notifier:
    """Everything that a record of the stream needs, wired once per process."""

    alerts: Alerts
    messenger: Messenger
    channels: Channels
    api_url: str

    def notify(self, state: State) -> AlertKind | None:
        """Tell people about this state where they have to hear of it; what was posted, or None.

        Raises Unavailable where the table or Slack did not answer: the record must come again.
        """
        if state.status is Status.PENDING:
            return None
        alert = self._alert(state)
        if alert and alert.version >= state.version:
            return None
        told = _decide(state, alert, self.channels)
        if told is None:
            return None
        payload = told.write(state, api_url=self.api_url)
        receipt = self.messenger.post(told.channel, payload, thread_ts=told.thread_ts)
        self.alerts.keep_alert(_remember(state, told, receipt))
        return told.kind

    def _alert(self, state: State) -> Alert | None:
        """What people were told in this record's life: versions count from 1 again after a record expired."""
        alert = self.alerts.alert(state.image, state.digest)
        return alert if alert and alert.first_seen == state.first_seen else None


def _decide(state: State, alert: Alert | None, channels: Channels) -> _Message | None:
    if state.status is Status.VERIFIED:
        return (
            _Message(AlertKind.RESOLVED, alert.channel, message.resolved, alert.ts) if alert and alert.is_open else None
        )
    if state.document.get("kind") == "child":
        return None
    opening = _opening(state, channels)
    return opening if opening and _is_news(opening.kind, alert) else None


def _opening(state: State, channels: Channels) -> _Message | None:
    """The message that would open an incident about this state, had nothing been said before."""
    if state.status is Status.FAILED:
        return _Message(AlertKind.FAILED, channels.verdicts, message.failure)
    if state.status is Status.UNKNOWN and channels.operations:
        return _Message(AlertKind.UNKNOWN, channels.operations, message.unknown)
    if state.status is Status.NO_POLICY and state.tags and channels.warn_without_policy:  # not each child of an index
        return _Message(AlertKind.NO_POLICY, channels.verdicts, message.no_policy)
    return None


def _is_news(kind: AlertKind, alert: Alert | None) -> bool:
    """An open incident is opened once; and while a failure is open, not being able to look adds nothing to it."""
    if alert is None or not alert.is_open:
        return True
    return kind is not alert.kind and not (kind is AlertKind.UNKNOWN and alert.kind is AlertKind.FAILED)


def _remember(state: State, told: _Message, receipt: Receipt) -> Alert:
    return Alert(
        image=state.image,
        digest=state.digest,
        kind=told.kind,
        version=state.version,
        first_seen=state.first_seen,
        channel=receipt.channel,
        ts=receipt.ts,
        reasons=tuple(state.document.get("reasons") or ()),
    )
