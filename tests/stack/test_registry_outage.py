"""The registry answers 429 for a minute: nobody is told a thing that is not so, and every verdict comes in the end."""

from __future__ import annotations

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
        yield up


def test_a_minute_of_429(world: World) -> None:
    project = Project(world)
    good, bad = project.push("good"), project.push("bad")
    waited(lambda: status(world, good) == "PENDING" and status(world, bad) == "PENDING")
    world.registry.fail(Fault(status=429, seconds=SECONDS, path=r"^GET /v2/.*"))
    seen: set[str | None] = set()
    late = project.push("late")
    for image, ref in ((good, "refs/heads/master"), (bad, "refs/heads/hotfix"), (late, "refs/heads/master")):
        with_registry_writable(project, world, image, ref)
    images = {good["digest"]: "VERIFIED", bad["digest"]: "FAILED", late["digest"]: "VERIFIED"}

    def done() -> bool:
        seen.update({status(world, good), status(world, late)})
        return [status(world, image) for image in (good, bad, late)] == list(images.values())

    waited(done, seconds=SECONDS + 120)
    settled(world, seconds=60)
    assert seen <= {None, "PENDING", "UNKNOWN", "VERIFIED"}
    assert [living.messages_about(world, image) for image in (good, bad, late)] == [0, 1, 0]
    assert living.given_up(world) == 0
