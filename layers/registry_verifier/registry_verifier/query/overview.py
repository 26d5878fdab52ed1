"""The first page: every image with its newest publish, and what was published lately.

Whoever is not trusted sees the images that the operator made public, and their publishes together. Those come from a
list of each image, so they are shown as far back as every one of the lists reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from registry_verifier.answer import Answer
from registry_verifier.listing import Listing, Placed, Window
from registry_verifier.models import ImageName, State
from registry_verifier.query import framing, images, lists, timeline
from registry_verifier.query.world import World
from registry_verifier.question.request import Access, Asked

_IMAGES = 25
_PUBLIC_IMAGES = 20
"""how many public images are shown at most: each costs reads of its own, and anybody may ask"""
_LEAST = 4
"""records of each public image, however many there are"""


def overview(asked: Asked, world: World) -> Answer:
    """The page for whoever asks."""
    if asked.request.access is not Access.TRUSTED:
        return _public(asked, world)
    of_list = timeline.only(asked)
    shown = world.verdicts.images_with_records(limit=_IMAGES, after=lists.position(of_list, world, "images"))
    more = timeline.link(asked, of_list, world, "images", timeline.MORE.name, shown.next_position)
    found = timeline.examined(asked, world)
    return _page(asked, world, (entry.value for entry in shown.entries), found, {"more_images": more})


def _public(asked: Asked, world: World) -> Answer:
    public = sorted(world.public_images, key=str)[:_PUBLIC_IMAGES]
    if "image" in asked.values:
        framing.visible(asked, world)
        found = timeline.examined(asked, world)
    else:
        found = _together([_newest(asked, world, image, len(public)) for image in public])
    return _page(asked, world, public, found, {"more_images": None})


def _page(
    asked: Asked, world: World, shown: Iterable[ImageName], found: Listing[State], values: Mapping[str, Any]
) -> Answer:
    states = [images.newest(image, world) for image in shown]
    listed = timeline.values(asked, world, found)
    return framing.page(asked, world, "overview.html", {**values, **listed, "images": states})


def _newest(asked: Asked, world: World, image: ImageName, count: int) -> Listing[State]:
    limit = max(_LEAST, timeline.EXAMINED // count)
    window = Window(asked.get("since"), asked.get("until"))
    return world.verdicts.records_of_image(image, limit=limit, window=window)


def _together(found: Sequence[Listing[State]]) -> Listing[State]:
    """Newest first, from when on nothing is left out; what is older is on the images' own pages."""
    cut = [one.entries[-1].value.first_seen for one in found if one.entries and one.next_position]
    states = [entry.value for one in found for entry in one.entries]
    kept = [state for state in states if not cut or state.first_seen >= max(cut)]
    kept.sort(key=lambda state: state.first_seen, reverse=True)
    return Listing(tuple(Placed("", state) for state in kept), None)
