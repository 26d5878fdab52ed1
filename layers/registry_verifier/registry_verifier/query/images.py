"""Repositories, and what was published to one."""

from __future__ import annotations

from registry_verifier.answer import Answer
from registry_verifier.listing import Window
from registry_verifier.models import ImageName
from registry_verifier.query import lists
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.parameters import CURSOR, LIMIT, OF_IMAGE
from registry_verifier.question.request import Asked
from registry_verifier.shapes.lists import ImageList, ImageState, VerificationList
from registry_verifier.verdict_view import summary

_IMAGES = 25
"""each image costs a read of its own"""
_NEWEST = 3
"""how many of the newest records are read to find one that is no child: an index is pushed after its children"""


def _list(asked: Asked, world: World) -> Answer:
    found = world.verdicts.images_with_records(
        limit=asked.values["limit"], after=lists.position(asked, world, "images")
    )
    items = [newest(entry.value, world) for entry in found.entries]
    return lists.listed(asked, world, "images", items, found.next_position)


def newest(image: ImageName, world: World) -> ImageState:
    """A repository with its newest publish."""
    found = world.verdicts.records_of_image(image, limit=_NEWEST, window=Window()).entries
    records = [entry.value for entry in found]
    own = [record for record in records if not record.is_child]
    return {"image": str(image), "newest": next((summary(record) for record in [*own, *records]), None)}


def _records(asked: Asked, world: World) -> Answer:
    window = lists.window(asked, world, "image")
    found = world.verdicts.records_of_image(asked.image, limit=asked.values["limit"], window=window)
    return lists.listed(asked, world, "image", [summary(entry.value) for entry in found.entries], found.next_position)


OPERATIONS = (
    Operation(
        name="list_images",
        method="GET",
        path="/v1/images",
        summary="the repositories that have records",
        description="By name, each with its newest publish.",
        answer=_list,
        replies={200: lists.page("the repositories", ImageList)},
        parameters=(lists.at_most(_IMAGES), CURSOR),
        tag="images",
    ),
    Operation(
        name="get_image",
        method="GET",
        path="/v1/images/{owner}/{name}",
        summary="what was published to a repository",
        description="Its digests, newest first, children of indexes among them. An empty list: nothing is known.",
        answer=_records,
        replies={200: lists.page("its records", VerificationList)},
        parameters=(*OF_IMAGE, *lists.PERIOD, LIMIT, CURSOR),
        tag="images",
    ),
)
