"""The registry answers 429 for a minute: nobody is told a thing that is not so, and every verdict comes in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from local import world as worlds
from local.project import Project
from local.registry.faults import Fault
from local.world import World
from tests.stack import living
from tests.stack.living import settled, status, waited

pytestmark = living.marks

SECONDS = 60


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with worlds.up(grace_period="15s") as up:
        living.warm_up(up)
        yield up


def test_a_minute_of_429(world: World) -> None:
    project = Project(world)
    waiting = project.push("waiting")
    waited(lambda: status(world, waiting) == "PENDING")
    settled(world)
    pushes = world.webhooks.hold()
    good, bad = project.push("good"), project.push("bad")
    project.sign(good)
    project.sign(bad, ref="refs/heads/hotfix")
    world.registry.fail(Fault(status=429, seconds=SECONDS, method="GET"))
    world.webhooks.release(pushes)
    during, ends = [], time.monotonic() + SECONDS
    while time.monotonic() < ends:  # the grace period of the image that waits ends in the meantime
        during += [status(world, image) for image in (waiting, good, bad)]
        time.sleep(1)
    assert set(during) <= {None, "PENDING", "UNKNOWN"}
    expected = {waiting["digest"]: "FAILED", good["digest"]: "VERIFIED", bad["digest"]: "FAILED"}
    waited(lambda: [status(world, image) for image in (waiting, good, bad)] == list(expected.values()), seconds=120)
    settled(world, seconds=60)
    waited(lambda: living.messages_about(world, waiting) and living.messages_about(world, bad))
    assert [living.messages_about(world, image) for image in (waiting, good, bad)] == [1, 0, 1]
    assert living.given_up(world) == 0
