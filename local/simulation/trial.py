"""A trial: some publishes of every kind in one world, and what came of each, held against the truth."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from random import Random

from local.simulation.kinds import KINDS, LONGEST, Kind
from local.simulation.score import Finding, judge
from local.simulation.stage import Stage
from local.simulation.weather import DAY, Weather
from local.simulation.world import World
from registry_verifier.models import ImageName

DAYS = 2.0
"""over which publishes begin"""
QUIET = 2.0 * DAY
"""after the last thing that a publisher does: several sweeps"""
OF_ONE_REPOSITORY = 8


@dataclass
class Plan:
    """One publish to be."""

    id: int
    kind: Kind
    image: ImageName
    begins: float


@dataclass
class Result:
    """What a trial came to; small enough to be sent from another process."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def planned(seed: str, first: int, count: int) -> Iterator[Plan]:
    """`count` publishes, their ids from `first` on, with the kinds in the proportion of their weights."""
    rng = Random(f"{seed}/plan")
    kinds = rng.choices(KINDS, [kind.weight for kind in KINDS], k=count)
    for number, kind in enumerate(kinds):
        place = number // OF_ONE_REPOSITORY
        repository = f"maziyarpanahi/openmed-{place}" if kind.matched else f"example/tool-{place}"
        yield Plan(first + number, kind, ImageName("ghcr.io", repository), rng.uniform(0, DAYS * DAY))


class Trial:
    """One world with its publishes; the stories of those in `told` are told even if all is right."""

    def __init__(
        self, seed: str, first: int, count: int, *, weather: Weather | None = None, told: Collection[int] = ()
    ) -> None:
        self.told = told
        self.plans = list(planned(seed, first, count))
        self.world = World(seed, weather or Weather.drawn(Random(f"{seed}/weather"), DAYS + 2))
        self.stages = {plan.id: self._stage(plan) for plan in self.plans}

    def run(self) -> Result:
        """From the first push to the last quiet day."""
        world = self.world
        scripts = [world.loop.create_task(self._script(plan)) for plan in self.plans]
        world.run(DAYS * DAY + LONGEST + QUIET)
        world.rest(DAY / 12)
        for script in scripts:
            script.result()
        findings = list(itertools.chain.from_iterable(judge(self, plan) for plan in self.plans))
        result = Result(findings, self._counts())
        world.close()
        return result

    def _stage(self, plan: Plan) -> Stage:
        world = self.world
        rng = world.rng(f"publish {plan.id}")
        return Stage(plan.id, plan.image, world.loop, rng, world.sigstore, world.registry, world.github)

    async def _script(self, plan: Plan) -> None:
        await asyncio.sleep(plan.begins)
        await plan.kind.script(self.stages[plan.id])

    def _counts(self) -> Counter[str]:
        world = self.world
        parts = {"github": world.github.counts, "registry": world.registry.counts, "queue": world.queue.counts}
        parts |= {"slack": world.slack.counts, "stream": world.stream.counts, "": world.counts}
        found = Counter({f"{part}: {name}" if part else name: n for part, c in parts.items() for name, n in c.items()})
        found["queue: given up"] = len(world.queue.dead)
        found["queue: left"] = len(world.queue.messages)
        found["stream: given up"] = len(world.stream.dead)
        found["stream: left"] = world.stream.waiting
        found["table: write units"] = world.table.bill.write_units
        found["table: read units"] = int(world.table.bill.read_units)
        return found
