"""A look as a message on the queue: what happens to it when the digest cannot be looked at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from registry_verifier import grace
from registry_verifier.errors import Unavailable
from registry_verifier.models import Look
from registry_verifier.reasons import Reason
from registry_verifier.verify import Outcome, Verification

GIVE_UP_AFTER = 6
"""how many times a message is tried before UNKNOWN is stored: with the back-off, about five minutes"""


@dataclass(frozen=True)
class Message:
    """One message as the queue delivered it."""

    look: Look
    receipt_handle: str
    receive_count: int
    """1 the first time"""


LOOK_SECONDS = 45.0
"""how long one look may take: what takes longer must come to its end before the function is ended"""


class Returns(Protocol):
    """The queue, as far as a message can be put back."""

    def retry_later(self, receipt_handle: str, seconds: int) -> None:
        """Show the message again in so many seconds; raises Unavailable."""
        ...


@dataclass(frozen=True)
class MessageTaker:
    """Takes messages: a verdict, or back to the queue with growing pauses, or UNKNOWN."""

    verification: Verification
    queue: Returns
    look_seconds: float = LOOK_SECONDS

    async def take(self, message: Message) -> Outcome:
        """Look, and say what came of it.

        Raises Unavailable where the message must come again; by then the queue knows how long to wait.
        """
        try:
            return await self._look(message)
        except Unavailable as error:
            if message.receive_count >= GIVE_UP_AFTER:
                return await self.verification.could_not_look(message.look, error)
            self.queue.retry_later(message.receipt_handle, grace.back_off(message.receive_count, error.retry_after))
            raise

    async def _look(self, message: Message) -> Outcome:
        try:
            async with asyncio.timeout(self.look_seconds):
                return await self.verification.look(message.look, redelivered=message.receive_count > 1)
        except TimeoutError as error:
            text = f"the look at {message.look.digest} took longer than {self.look_seconds:g} seconds"
            raise Unavailable(Reason.REGISTRY_UNAVAILABLE, text) from error
