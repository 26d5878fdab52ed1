"""Deliveries doubled and out of order, verify killed in the middle: right verdicts, one alert each, nothing given up."""

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
        yield up


@pytest.fixture
def project(world: World) -> Iterator[Project]:
    yield Project(world)
    world.webhooks.held = False
    world.registry.fail()
    settled(world)


def delivery(image: Json, tag: str) -> deliveries.Request:
    return deliveries.request("package", published(Push(NAME, image["digest"], tag, image["mediaType"])))


def test_ten_copies_of_one_delivery_are_one_verdict_and_one_alert(world: World, project: Project) -> None:
    world.webhooks.held = True
    image = project.push("ten")
    project.sign(image, ref=WRONG_BRANCH)
    copies = [delivery(image, "ten")] * 10
    with ThreadPoolExecutor(10) as pool:
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
    pushed: list[deliveries.Request] = []
    original = world.registry.state.on_push

    def keep(repository: str, digest: str, tag: str | None, media_type: str, pusher: str) -> None:
        pushed.append(deliveries.request("package", published(Push(repository, digest, tag or "", media_type))))

    world.registry.state.on_push = keep
    image = project.push("backwards")
    project.attest_build(image)
    project.sign(image)
    world.registry.state.on_push = original
    for request in reversed(pushed):
        assert deliveries.post(world.webhook_url, request)[0].status_code == 202
    waited(lambda: status(world, image) == "VERIFIED")
    settled(world)
    assert (living.runs(world, image), living.messages_about(world, image), living.given_up(world)) == (1, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the function's processes in /proc")
def test_verify_killed_in_the_middle_of_a_look(world: World, project: Project) -> None:
    world.webhooks.held = True
    image = project.push("killed")
    project.sign(image)
    world.registry.fail(Fault(kind="hang", seconds=30, path=r"/manifests/"))
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
