"""SQS in memory with the one function behind it: at least once, in no order, with redrive to a dead-letter queue.

Amazon SQS Developer Guide, "At-least-once delivery", "Visibility timeout", "Dead-letter queues"; the numbers are
those of `template.yaml`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from local.simulation.guard import Guard, Killed
from local.simulation.loop import VirtualLoop
from local.simulation.table import nothing

VISIBILITY_SECONDS = 360.0
RECEIVES_LIMIT = 10
RETENTION_SECONDS = 345_600.0
AT_A_TIME = 50
"""five batches of ten"""
_JITTER_SECONDS = 1.5


@dataclass
class Message:
    """One message, or one of the two that SQS made of it."""

    body: str
    handle: str
    sent: float
    receives: int = 0
    visible: float = 0.0
    """when it is seen again, unless it is deleted"""


Consumer = Callable[[str, str, int], Awaitable[None]]
"""body, receipt handle and receive count; what it raises sends the message back"""


class Queue:
    """One queue, in the shape of boto3's client."""

    def __init__(
        self,
        loop: VirtualLoop,
        rng: Random,
        guard: Guard,
        *,
        doubled: float = 0.0,
        trouble: Callable[[str], None] = nothing,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.dead: list[Message] = []
        self.messages: dict[str, Message] = {}
        self.consumer: Consumer | None = None
        self.killed: Callable[[], None] = nothing
        """what happens when the process is killed that had a message in hand"""
        self._loop, self._rng, self._guard, self._doubled, self._trouble = loop, rng, guard, doubled, trouble
        self._slots = asyncio.Semaphore(AT_A_TIME)
        self._tasks: set[asyncio.Task[None]] = set()

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0) -> dict[str, Any]:  # noqa: N803
        """SQS's SendMessage."""
        self._trouble("send_message")
        self.counts["sent"] += 1
        for _ in range(2 if self._rng.random() < self._doubled else 1):
            handle = f"m{self.counts['handles']}"
            self.counts["handles"] += 1
            message = self.messages[handle] = Message(MessageBody, handle, self._loop.time())
            self._show(message, DelaySeconds + self._rng.uniform(0, _JITTER_SECONDS))
        return {"MessageId": handle}

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        """SQS's ChangeMessageVisibility."""
        self._trouble("change_message_visibility")
        self.messages[ReceiptHandle].visible = self._loop.time() + VisibilityTimeout

    def _show(self, message: Message, seconds: float) -> None:
        message.visible = self._loop.time() + seconds
        self._loop.call_later(seconds, self._start, message)

    def _start(self, message: Message) -> None:
        task = self._loop.create_task(self._receive(message))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            raise error

    async def _receive(self, message: Message) -> None:
        async with self._slots:
            if self._is_over(message):
                return
            message.receives += 1
            message.visible = self._loop.time() + VISIBILITY_SECONDS
            self.counts["received"] += 1
            if await self._consumed(message):
                return
        self._loop.call_later(max(message.visible - self._loop.time(), 0), self._start, message)

    async def _consumed(self, message: Message) -> bool:
        """Whether it is done and deleted; where not, it comes again."""
        assert self.consumer
        try:
            await self.consumer(message.body, message.handle, message.receives)
            self._guard.write("delete_message", lambda: self.messages.pop(message.handle, None))
        except (Exception, asyncio.CancelledError):
            self.counts["came back"] += 1
            return message.handle not in self.messages
        except Killed:
            self.killed()
            return message.handle not in self.messages
        return True

    def end(self) -> None:
        """End whatever is in hand, as the process is gone that had it in hand: it comes again."""
        current = asyncio.current_task(self._loop)
        for task in self._tasks - {current}:
            task.cancel()

    def _is_over(self, message: Message) -> bool:
        if self._loop.time() - message.sent > RETENTION_SECONDS:
            self.counts["forgotten"] += 1
        elif message.receives >= RECEIVES_LIMIT:
            self.dead.append(message)
        else:
            return False
        self.messages.pop(message.handle, None)
        return True
