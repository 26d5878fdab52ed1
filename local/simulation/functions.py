"""The functions of the stack, each with its real story: what their handlers do with an event, less Lambda."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from local.github.deliveries import Request
from local.simulation.journal import Journal
from local.simulation.loop import VirtualLoop
from local.simulation.stream import Change
from registry_verifier import look_message, verdict_record
from registry_verifier.errors import Unavailable
from registry_verifier.missed import Reconciliation
from registry_verifier.models import Digest, ImageName
from registry_verifier.notify import Notifier
from registry_verifier.receive import Delivery, Receiver
from registry_verifier.sweep import Sweep
from registry_verifier.verify_message import Message, MessageTaker


@dataclass
class Functions:
    """All of them, with what they came to."""

    loop: VirtualLoop
    journal: Journal
    receiver: Receiver
    taker: MessageTaker
    notifier: Notifier
    sweep: Sweep
    reconciliation: Reconciliation
    counts: Counter[str]

    def receive(self, request: Request) -> int:
        """One delivery; the status of the answer."""
        answer = self.receiver.receive(Delivery(request.body, request.headers), now=self.loop.now())
        self.counts[f"receive: {answer.outcome}"] += 1
        if accepted := answer.body.get("accepted"):
            image, digest = ImageName.parse(accepted["image"]), Digest(accepted["digest"])
            self.journal.note(image, digest, f"webhook, tag {accepted['tag']}")
        return answer.status_code

    async def verify(self, body: str, handle: str, count: int) -> None:
        """One message of the queue."""
        look = look_message.read(body)
        try:
            outcome = await self.taker.take(Message(look, handle, count))
        except Unavailable as error:
            self.counts["verify: came back"] += 1
            self.journal.note(look.image, look.digest, f"look ({look.cause}, receive {count}): {error}")
            raise
        except Exception as error:
            self.counts["verify: bugs"] += 1
            self.journal.note(look.image, look.digest, f"look ({look.cause}) ended with a bug: {error!r}")
            raise
        self.counts[f"verify: {outcome.done}"] += 1
        text = f"look ({look.cause}, attempt {look.attempt}): {outcome.done} {outcome.status or ''}"
        self.journal.note(look.image, look.digest, f"{text} {' '.join(outcome.reasons)}")

    def notify(self, batch: Sequence[Change]) -> int:
        """One batch of the stream; how many records were told."""
        for number, change in enumerate(batch):
            state = verdict_record.read_state(change.new)
            old = verdict_record.read_state(change.old) if change.old else None
            try:
                told = self.notifier.notify(state, old)
                self.notifier.summarise(told.storms)
            except Unavailable as error:
                self.counts["notify: came back"] += 1
                self.journal.note(state.image, state.digest, f"not told: {error}")
                return number
            self.counts["notify: messages"] += told.sent
            self.counts["notify: counted into a storm"] += told.suppressed
            if told.sent or told.suppressed:
                self.journal.note(state.image, state.digest, f"told {state.status} v{state.version}")
        return len(batch)

    def reverify(self) -> None:
        """The sweep."""
        try:
            swept = self.sweep.run()
        except Unavailable:
            self.counts["sweep: came back"] += 1
            return
        self.counts["sweep: looks"] += swept.sent
        self.counts["sweep: overdue"] += swept.overdue

    def missed(self) -> None:
        """What GitHub did not tell."""
        try:
            found = self.reconciliation.run()
        except Unavailable:
            self.counts["missed: came back"] += 1
            return
        self.counts["missed: redelivered"] += found.redelivered
        self.counts["missed: digests"] += found.missed
        self.counts["missed: troubles"] += len(found.troubles)
