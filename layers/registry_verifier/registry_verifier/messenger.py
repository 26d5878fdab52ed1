"""What the stories of notify need of a messenger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from registry_verifier import message
from registry_verifier.errors import ChannelRefused
from registry_verifier.message import Payload


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

    def has_threads(self) -> bool:
        """Whether messages can be updated and replied to."""
        ...

    def post(self, channel: str, payload: Mapping[str, Any], *, thread_ts: str | None = None) -> Receipt:
        """Post to a channel, as a reply where `thread_ts` names a message.

        Raises ChannelRefused where the channel takes none, or nobody can reply to that message.
        """
        ...

    def update(self, channel: str, ts: str, payload: Mapping[str, Any]) -> bool:
        """Put `payload` in the place of a message; False where that cannot be done."""
        ...


def post(messenger: Messenger, channel: str, payload: Payload, *, otherwise: str) -> Receipt:
    """Post to a channel, or to another one where the first takes no messages from us.

    A policy may name a channel that nobody made: that must not be silence, and must not hold up everybody else.
    """
    try:
        return messenger.post(channel, payload)
    except ChannelRefused:
        if channel == otherwise:
            raise
    return messenger.post(otherwise, message.redirected(payload, channel))
