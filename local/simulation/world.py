"""One simulated world: the whole stack, GitHub, a registry and Slack, for some days with some publishes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, cast

from botocore.exceptions import ClientError

from local.github.deliveries import Request
from local.simulation.functions import Functions
from local.simulation.github import SECRET, SimulatedGitHub
from local.simulation.guard import Guard, Guarded, Killed
from local.simulation.journal import Journal
from local.simulation.loop import VirtualLoop
from local.simulation.messenger import SimulatedSlack
from local.simulation.registry import SimulatedRegistry
from local.simulation.remembering import RememberingTable
from local.simulation.setting import Setting
from local.simulation.sqs import Queue
from local.simulation.stream import Change, Stream
from local.simulation.table import Item, Table
from local.simulation.weather import MINUTE, Weather, during
from registry_verifier import verdict_record
from registry_verifier.errors import Unavailable
from registry_verifier.evidence.findings import Finder
from registry_verifier.evidence.gatherer import Gatherer
from registry_verifier.image_queue import LookQueue
from registry_verifier.incident import Channels
from registry_verifier.incident_table import IncidentTable
from registry_verifier.missed import Reconciliation
from registry_verifier.models import Digest, ImageName
from registry_verifier.notify import Notifier
from registry_verifier.reasons import Reason
from registry_verifier.receive import Receiver
from registry_verifier.sweep import Sweep
from registry_verifier.verify import Verification
from registry_verifier.verify_message import MessageTaker

DYNAMODB_WRITES = ("put_item", "transact_write_items")
SQS_WRITES = ("send_message", "change_message_visibility")
CHANNELS = Channels("#releases", "#operations", warn_without_policy=True)
OWNERS = ("orgs/maziyarpanahi", "orgs/example")
WINDOW = timedelta(days=90)
BATCH = 100
_INDEX_LAG = 2.0


@dataclass(frozen=True)
class Schedule:
    """When the sweep runs, and for what."""

    reverify_seconds: float = 60 * MINUTE
    missed_seconds: float = 15 * MINUTE
    after: timedelta = timedelta(hours=24)
    """how long a verdict stands unlooked at"""


class Secrets:
    """Fits `receive.WebhookSecrets`."""

    def values(self, arn: str) -> Sequence[str]:
        """The one that GitHub signs with."""
        return (SECRET,)

    refresh = values


class NoKeys:
    """Fits `findings.Keys`."""

    def public_key(self, reference: str) -> str:
        """There are none."""
        raise Unavailable(Reason.KEY_UNAVAILABLE, f"no key {reference}")


@dataclass
class World:
    """Everything, wired as the handlers and `wiring` do it."""

    seed: str
    weather: Weather
    schedule: Schedule = Schedule()
    guard: Guard = field(default_factory=Guard)
    setting: Setting | None = None
    """None: one of its own"""
    loop: VirtualLoop = field(default_factory=VirtualLoop)

    def __post_init__(self) -> None:
        loop, weather = self.loop, self.weather
        odds = weather.odds
        self.journal = Journal(loop.now)
        self._set = self.setting or Setting.of(self.seed)
        self.sigstore = self._set.sigstore
        self.stream = Stream(loop, self.rng("stream"), self.guard, doubled=odds.redelivered)
        self.table = Table(
            on_change=self._changed,
            trouble=self._sometimes("table", odds.table),
            now=loop.time,
            index_lag=lambda: self.rng_index.uniform(0, _INDEX_LAG) if odds.table else 0.0,
        )
        self.rng_index = self.rng("index")
        self.queue = Queue(
            loop,
            self.rng("queue"),
            self.guard,
            doubled=odds.redelivered,
            trouble=self._sometimes("queue", odds.queue),
        )
        self.slack = SimulatedSlack(loop, weather, self.rng("slack"))
        self.github = SimulatedGitHub(loop, weather, self.rng("github"), self._receive)
        self.registry = SimulatedRegistry(loop, weather, self.rng("registry"), self._pushed)
        self.counts: Counter[str] = Counter()
        self.functions = self._functions()
        self.queue.consumer, self.queue.killed = self._verify, self.restart
        self.stream.consumer, self.stream.killed = self._notify, self.restart

    def restart(self) -> None:
        """All functions anew, as after `kill -9`: nothing is left of what they had in memory or in hand."""
        self.guard.generation += 1
        self.counts["killed"] += 1
        self.queue.end()
        self.functions = self._functions()

    def rng(self, name: str) -> Random:
        """Chances of its own for each part, so that one more draw of one moves no other."""
        return Random(f"{self.seed}/{name}")

    def _functions(self) -> Functions:
        now = self.loop.now
        client = cast(Any, Guarded(self.table, self.guard, *DYNAMODB_WRITES))
        looks = LookQueue(cast(Any, Guarded(self.queue, self.guard, *SQS_WRITES)), "looks")
        slack = cast(Any, Guarded(self.slack, self.guard, "post", "update"))
        verdicts = RememberingTable(client, "verdicts", now=now, sleep=_no_sleep)
        incidents = IncidentTable(client, "verdicts", now=now, sleep=_no_sleep)
        configuration = self._set.configuration
        verification = Verification(
            finder=Finder(Gatherer(self.registry), self._set.prover, NoKeys()),
            policies=configuration.policies,
            trust_root_sha256=configuration.trusted_root.sha256,
            verdicts=verdicts,
            looks=looks,
            now=now,
        )
        return Functions(
            loop=self.loop,
            journal=self.journal,
            receiver=Receiver(Secrets(), "arn", looks),
            taker=MessageTaker(verification, looks),
            notifier=Notifier(incidents, slack, CHANNELS, now=now),
            sweep=Sweep(verdicts, looks, now, self.schedule.after, WINDOW, BATCH),
            reconciliation=Reconciliation((self.github,), self.github, OWNERS, verdicts, looks, now, lambda: 300.0),
            counts=self.counts,
        )

    def run(self, seconds: float) -> None:
        """Let so much time go by, with the schedules running."""
        self.loop.run_until_complete(self._days(seconds))

    def rest(self, seconds: float) -> None:
        """Let so much time go by without the schedules, so that what is under way comes to its end."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    async def _days(self, seconds: float) -> None:
        schedules = [
            self.loop.create_task(self._every(self.schedule.reverify_seconds, Functions.reverify)),
            self.loop.create_task(self._every(self.schedule.missed_seconds, Functions.missed)),
        ]
        await asyncio.sleep(seconds)
        for schedule in schedules:
            schedule.cancel()
        await asyncio.gather(*schedules, return_exceptions=True)

    def close(self) -> None:
        """End whatever still waits."""
        self.loop.run_until_complete(_cancelled(asyncio.all_tasks(self.loop)))
        self.loop.close()

    def _receive(self, request: Request) -> int:
        try:
            return self.functions.receive(request)
        except Killed:
            self.restart()
            return 0

    async def _verify(self, body: str, handle: str, count: int) -> None:
        await self.functions.verify(body, handle, count)

    def _notify(self, batch: Sequence[Change]) -> int:
        return self.functions.notify(batch)

    async def _every(self, seconds: float, task: Callable[[Functions], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                task(self.functions)
            except Killed:
                self.restart()

    def _pushed(self, image: ImageName, digest: Digest, tag: str | None, kind: str, size: int, known: bool) -> None:
        self.journal.note(image, digest, f"pushed, tag {tag}" + (" again" if known else ""))
        self.github.pushed(image, digest, tag, kind, size, known)

    def _changed(self, old: Item | None, new: Item) -> None:
        if new["SK"]["S"] == verdict_record.STATE:
            self.journal.changed(verdict_record.read_state(new))
        self.stream.changed(old, new)

    def _sometimes(self, name: str, odds: float) -> Callable[[str], None]:
        rng = self.rng(f"{name} trouble")

        def trouble(call: str) -> None:
            down = name == "queue" and call == "send_message" and during(self.weather.queue_down, self.loop.time())
            if down or (odds and rng.random() < odds):
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, call)

        return trouble


async def _cancelled(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _no_sleep(seconds: float) -> None:
    """Waits in the middle of a call take no time."""
