"""Deliveries doubled and out of order, functions killed in the middle: right verdicts, one alert each, nothing lost."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local import world as worlds
from local.github import deliveries
from local.github.payload import Push, published
from local.project import NAME, Project
from local.registry.faults import Fault
from local.sigstore.protojson import Json
from local.world import World
from tests.stack import living
from tests.stack.living import settled, status, waited

pytestmark = living.marks

WRONG_BRANCH = "refs/heads/hotfix"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with worlds.up(grace_period="20s") as up:
        living.warm_up(up)
        yield up


@pytest.fixture
def project(world: World) -> Iterator[Project]:
    yield Project(world)
    world.webhooks.release()
    world.registry.fail()
    settled(world)


def delivery(image: Json, tag: str) -> deliveries.Request:
    return deliveries.request("package", published(Push(NAME, image["digest"], tag, image["mediaType"])))


def test_ten_copies_of_one_delivery_are_one_verdict_and_one_alert(world: World, project: Project) -> None:
    world.webhooks.hold()
    image = project.push("ten")
    project.sign(image, ref=WRONG_BRANCH)
    copies = [delivery(image, "ten")] * 10
    with ThreadPoolExecutor(2) as pool:  # the emulator makes a process for each that runs at a time
        answers = list(pool.map(lambda copy: deliveries.post(world.webhook_url, copy)[0].status_code, copies))
    assert answers == [202] * 10
    waited(lambda: status(world, image) == "FAILED")
    settled(world)
    waited(lambda: living.messages_about(world, image))
    found = world.verdict("ghcr.io/" + NAME, image["digest"])
    assert found is not None
    assert (found["version"], living.runs(world, image), living.messages_about(world, image)) == (1, 1, 1)
    assert living.given_up(world) == 0


def test_deliveries_in_the_wrong_order_come_to_the_same_verdict(world: World, project: Project) -> None:
    pushes = world.webhooks.hold()
    image = project.push("backwards")
    project.attest_build(image)
    project.sign(image)
    world.webhooks.release(reversed(pushes))
    waited(lambda: status(world, image) == "VERIFIED")
    settled(world)
    assert (living.runs(world, image), living.messages_about(world, image), living.given_up(world)) == (1, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the function's processes in /proc")
def test_verify_killed_in_the_middle_of_a_look(world: World, project: Project) -> None:
    world.webhooks.hold()
    image = project.push("killed")
    project.sign(image)
    world.registry.fail(Fault(hang=30, path="/manifests/"))
    before = len(world.registry.requests)
    deliveries.post(world.webhook_url, delivery(image, "killed"))
    waited(lambda: len(world.registry.requests) > before)
    assert living.kill(world, "verify") > 0
    world.registry.fail()
    waited(lambda: status(world, image) == "VERIFIED")
    settled(world)
    assert (living.runs(world, image), living.messages_about(world, image), living.given_up(world)) == (1, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the function's processes in /proc")
def test_notify_killed_loses_no_alert(world: World, project: Project) -> None:
    living.kill(world, "notify")
    image = project.push("notify-killed")
    project.sign(image, ref=WRONG_BRANCH)
    waited(lambda: living.messages_about(world, image))
    settled(world)
    assert living.messages_about(world, image) == 1
