"""Slack is down for a minute: every alert comes in the end, and once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local import world as worlds
from local.project import Project
from local.slack.receiver import Fault
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


@pytest.mark.parametrize("kind", ["error", "rate"])
def test_a_minute_without_slack(world: World, kind: str) -> None:
    project = Project(world)
    world.slack.spoil(Fault(kind, count=None, seconds=SECONDS if kind == "error" else 5, retry_after="7"))
    images = [project.push(f"{kind}-{number}") for number in range(2)]
    for image in images:
        project.sign(image, ref="refs/heads/hotfix")
    waited(lambda: all(status(world, image) == "FAILED" for image in images))
    settled(world)
    waited(lambda: all(living.messages_about(world, image) for image in images), seconds=SECONDS + 60)
    assert [living.messages_about(world, image) for image in images] == [1, 1]
    assert living.given_up(world) == 0
