"""A calm simulated world in which each function's work is measured: what one publish takes, and one look again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from local.simulation import kinds
from local.simulation.setting import Setting
from local.simulation.stage import Stage
from local.simulation.weather import CALM, DAY
from local.simulation.world import World
from registry_verifier.models import ImageName
from registry_verifier.proof import Prover

HOUR = 3600.0
RECORDS = 3
"""of one publish: an index and its two children"""


@dataclass(frozen=True)
class Use:
    """What something takes, on average."""

    invocations: Counter[str]
    """by function"""
    worked: Counter[str]
    """seconds of a processor, by function"""
    waited: Counter[str]
    """seconds for the registry, the table and the queue, by function"""
    messages: float
    written: Counter[str]
    """write units, by kind of item and by index"""
    read: float
    """read units"""
    requests: Counter[str]
    """of the registry, by what was asked for"""

    def each(self, count: int) -> Use:
        """The same for one of `count`."""
        parts = ("invocations", "worked", "waited", "written", "requests")
        shared = {name: Counter({k: v / count for k, v in getattr(self, name).items()}) for name in parts}
        return replace(self, **shared, messages=self.messages / count, read=self.read / count)


class Metered:
    """Some publishes: for two platforms, signed with three statements within minutes."""

    def __init__(self, publishes: int) -> None:
        self.publishes = publishes
        setting = Setting.of("cost")
        self._setting = replace(setting, prover=Prover(setting.configuration.roots))
        self._signed: dict[tuple[str, str, str, bool], Any] = {}
        self._lived(self._deaf())  # signs everything, once
        self._aside = self._lived(self._deaf())
        self._world, self._worked, self._waited, self._calls = self._meters()

    def publish(self) -> Use:
        """From the push to the verdict: one of the publishes."""
        total = self._lived(self._world) - self._aside
        return self._use(total).each(self.publishes)

    def sweep(self) -> tuple[Use, Use]:
        """A day later: one record that a run of the sweep goes past, and one look again."""
        self._world.rest(DAY)
        self._forget()
        began = time.process_time()
        self._world.functions.reverify()
        self._world.rest(HOUR)
        again = self._use(time.process_time() - began).each(self.publishes)
        self._forget()
        self._clocked("sweep", self._world.functions.reverify)()  # nothing is due any more
        return self._use(self._worked["sweep"]).each(RECORDS * self.publishes), again

    def stored_bytes(self) -> float:
        """Of one publish, runs and all."""
        return self._world.table.stored_bytes() / self.publishes

    def _deaf(self) -> World:
        """A world in which webhooks come to nothing: what remains is the publisher's work."""
        world = World("cost", CALM, setting=self._setting)
        world.functions.receive = lambda request: 202  # type: ignore[method-assign]
        return world

    def _lived(self, world: World) -> float:
        began = time.process_time()
        for number in range(self.publishes):
            image = ImageName("ghcr.io", f"maziyarpanahi/openmed-{number}")
            around = (world.loop, world.rng(str(number)), world.sigstore, world.registry, world.github)
            world.loop.create_task(_told(Stage(number, image, *around, signed=self._signed)))
        world.rest(HOUR)
        return time.process_time() - began

    def _meters(self) -> tuple[World, Counter[str], Counter[str], Counter[str]]:
        self._worked, self._waited, self._calls = Counter[str](), Counter[str](), Counter[str]()
        world = World("cost", CALM, setting=self._setting)
        functions, verify = world.functions, world.functions.verify

        async def verified(body: str, handle: str, count: int) -> None:
            began = world.loop.time()
            await verify(body, handle, count)
            self._waited["verify"] += world.loop.time() - began  # type: ignore[assignment]
            self._calls["verify"] += 1

        functions.receive = self._clocked("receive", functions.receive)  # type: ignore[method-assign]
        functions.verify = verified  # type: ignore[method-assign]
        world.stream.consumer = self._clocked("notify", functions.notify)
        return world, self._worked, self._waited, self._calls

    def _clocked(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            began = time.process_time()
            result = work(*arguments)
            self._worked[name] += time.process_time() - began  # type: ignore[assignment]
            self._calls[name] += 1
            return result

        return call

    def _forget(self) -> None:
        for counter in (self._worked, self._waited, self._calls, self._world.registry.counts, self._world.queue.counts):
            counter.clear()
        self._world.table.bill.written.clear()
        self._world.table.bill.read.clear()

    def _use(self, total: float) -> Use:
        """What was counted; what the processor worked beside the other functions is verify's."""
        worked = Counter(self._worked)
        worked["verify"] = total - sum(worked.values()) if self._calls["verify"] else 0  # type: ignore[assignment]
        bill = self._world.table.bill
        counts = self._world.queue.counts
        requests = Counter(self._world.registry.counts)
        return Use(
            Counter(self._calls), worked, Counter(self._waited), counts["sent"], Counter(bill.written),
            bill.read_units, requests,
        )  # fmt: skip


async def _told(stage: Stage) -> None:
    await kinds.signed(stage)
