"""`kill -9` at each write of each function, before or after it: the next run repairs what was left."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from local.project import CYCLONEDX
from local.simulation.guard import Guard
from local.simulation.kinds import Script
from local.simulation.setting import Setting
from local.simulation.stage import Stage
from local.simulation.weather import CALM, MINUTE
from local.simulation.world import Schedule, World
from registry_verifier import incident_record, verdict_record
from registry_verifier.models import Digest, ImageName

IMAGE = ImageName("ghcr.io", "maziyarpanahi/openmed")
SCHEDULE = Schedule(reverify_seconds=60 * MINUTE, missed_seconds=30 * MINUTE, after=timedelta(hours=2))
SETTING = Setting.of("killed", grace="2m")
SIGNED: dict[tuple[str, str, str, bool], Any] = {}
HOURS = 6.9


async def mended_then_lost(stage: Stage) -> None:
    """Nobody signs in time; then somebody does, and then the evidence is deleted."""
    image = stage.push("v1", platforms=1)
    await stage.wait(7200, 7200)
    await stage.sign(image, layers=True)
    await stage.wait(3600, 3600)
    stage.lose_evidence(image)


async def replaced(stage: Stage) -> None:
    """An index without an SBOM; then another one, which holds, gets its tag."""
    await stage.sign(stage.push("v2", more="old"), without=(CYCLONEDX,))
    await stage.wait(7200, 7200)
    await stage.sign(stage.push("v2", more="new"))


@dataclass(frozen=True)
class Ending:
    """What is there in the end."""

    statuses: Mapping[Digest, str]
    runs: frozenset[tuple[str, str]]
    incidents: frozenset[tuple[str, str, str]]
    left: tuple[int, int, int, int]
    messages: int
    """those outside of threads"""


def lived(script: Script, guard: Guard) -> Ending:
    """The scenario from its beginning to its end."""
    world = World("killed", CALM, SCHEDULE, guard, SETTING)
    rng = world.rng("stage")
    stage = Stage(1, IMAGE, world.loop, rng, world.sigstore, world.registry, world.github, signed=SIGNED)
    world.loop.create_task(told(script, stage))
    world.run(HOURS * 3600)
    world.rest(3600)
    ending = seen(world)
    world.close()
    return ending


async def told(script: Script, stage: Stage) -> None:
    await script(stage)


def seen(world: World) -> Ending:
    statuses, runs, incidents = {}, set(), set()
    for _, digest in list(world.journal.statuses):
        for name, item in world.table.partition(verdict_record.partition(IMAGE, digest)).items():
            if name == verdict_record.STATE:
                statuses[digest] = item["status"]["S"]
            elif name.startswith("RUN#"):
                runs.add((digest, item["status"]["S"]))
            elif name.startswith(incident_record.PREFIX):
                incident = incident_record.read_incident(item)
                incidents.add((digest, incident.key.kind.value, str(incident.ending)))
    left = (len(world.queue.messages), len(world.queue.dead), world.stream.waiting, len(world.stream.dead))
    messages = sum(note.thread_ts is None for note in world.slack.notes.values())
    return Ending(statuses, frozenset(runs), frozenset(incidents), left, messages)


@functools.cache
def undisturbed(script: Script) -> tuple[Ending, tuple[str, ...]]:
    guard = Guard()
    return lived(script, guard), tuple(guard.writes)


def differs(now: Ending, then: Ending) -> str:
    for name in ("statuses", "runs", "incidents", "left"):
        if getattr(now, name) != getattr(then, name):
            return f"{name} {getattr(now, name)} (expected {getattr(then, name)})"
    more = now.messages - then.messages
    return f"{more} messages more" if not 0 <= more <= 1 else ""


def test_the_scenarios_go_through_every_kind_of_write_and_ending() -> None:
    (one, its_writes), (two, more_writes) = undisturbed(mended_then_lost), undisturbed(replaced)
    assert list(one.statuses.values()) == ["FAILED"]
    assert {ending for _, _, ending in one.incidents} == {"None"}
    assert sorted(two.statuses.values()) == ["FAILED"] * 3 + ["VERIFIED"] * 3
    assert {ending for _, _, ending in two.incidents} == {"superseded"}
    assert one.left == two.left == (0, 0, 0, 0)
    writes = {"put_item", "send_message", "delete_message", "post", "update", "answer to the stream"}
    assert writes <= {*its_writes, *more_writes}


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("script", [mended_then_lost, replaced])
def test_killed_at_any_write(script: Script, after: bool) -> None:
    ending, writes = undisturbed(script)
    found = ((f"{n} {write}", lived(script, Guard(n, after=after))) for n, write in enumerate(writes, 1))
    assert [f"{where}: {difference}" for where, now in found if (difference := differs(now, ending))] == []
