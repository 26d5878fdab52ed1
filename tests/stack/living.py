"""What the tests of the living stack share: a world that is up, and patience."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from local import emulator
from local.project import IMAGE, Project
from local.sigstore.protojson import Json
from local.world import World

T = TypeVar("T")

marks = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.skipif(not emulator.PROGRAM.exists(), reason="no .venv-ministack: `make test` makes it"),
]


def waited(look: Callable[[], T | None], *, seconds: float = 90) -> T:
    """What `look` finds at last; AssertionError when it finds nothing in so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing came of it in {seconds} seconds")


def status(world: World, image: Json) -> str | None:
    """The status of a pushed image, as the API has it."""
    found = world.verdict(IMAGE, image["digest"])
    return str(found["status"]) if found else None


def settled(world: World, *, seconds: float = 90) -> bool:
    """Wait until every webhook is delivered and the queue holds nothing but later looks."""
    world.webhooks.settle()
    return waited(lambda: _idle(world) or None, seconds=seconds)


def _idle(world: World) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = world.stack.client("sqs").get_queue_attributes(QueueUrl=world.stack.queue_url, AttributeNames=names)
    return all(int(found["Attributes"][name]) == 0 for name in names)


def warm_up(world: World) -> None:
    """Start every function once: in the emulator that takes seconds, and GitHub waits for ten."""
    project = Project(world)
    image = project.push("warm-up")
    project.sign(image, ref="refs/heads/warm-up")
    waited(lambda: status(world, image) == "FAILED" and messages_about(world, image))
    settled(world)


def given_up(world: World) -> int:
    """How many messages are in the two dead-letter queues."""
    queues = (world.stack.dead_letter_queue_url, world.stack.notify_dead_letter_queue_url)
    return sum(map(world.waiting_messages, queues))


def runs(world: World, image: Json) -> int:
    """How many verdicts of an image were decided: those that were replaced, and the one that stands."""
    key = {"S": f"IMG#{IMAGE}@{image['digest']}"}
    found = world.stack.client("dynamodb").query(
        TableName=world.stack.table,
        KeyConditionExpression="PK = :pk AND begins_with(SK, :run)",
        ExpressionAttributeValues={":pk": key, ":run": {"S": "RUN#"}},
    )
    return int(found["Count"]) + (status(world, image) not in (None, "PENDING"))


def kill(world: World, function: str) -> int:
    """`kill -9` every process that runs a function; returns how many there were."""
    name = f"AWS_LAMBDA_FUNCTION_NAME={world.stack.function(function)}".encode()
    found = [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if name in _environment(folder)]
    for process in found:
        os.kill(process, signal.SIGKILL)
    return len(found)


def _environment(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def messages_about(world: World, image: Json) -> int:
    """How many Slack messages are about an image, replies in threads apart."""
    return sum(image["digest"] in str(message) for message in world.slack.roots)
