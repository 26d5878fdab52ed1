"""Badges: what anybody may know of the images that are shown to everybody. Of all others, nobody learns anything."""

from __future__ import annotations

from dataclasses import replace

from registry_verifier import badge
from registry_verifier.answer import PROBLEM, SVG, Answer, ok, problem
from registry_verifier.badge import Badge
from registry_verifier.listing import Sight, Window
from registry_verifier.models import ImageName, State
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.parameters import OF_IMAGE, TAG
from registry_verifier.question.request import Access, Asked, Reply
from registry_verifier.reasons import Status
from registry_verifier.shapes.asks import ShieldsBadge
from registry_verifier.shapes.gates import Problem

_EXAMINED = (10, 90)
"""how many of a repository's newest records are read in search of one that is no child: few are in its way"""


def _picture(asked: Asked, world: World) -> Answer:
    found = _badge(asked, world)
    if found is None:
        return _not_found(asked)
    return ok(
        badge.svg(found),
        media_type=SVG,
        Cache_Control=_cached(asked, world),
        Content_Security_Policy="default-src 'none'",
    )


def _for_shields(asked: Asked, world: World) -> Answer:
    found = _badge(asked, world)
    return ok(badge.shields(found), Cache_Control=_cached(asked, world)) if found else _not_found(asked)


def _cached(asked: Asked, world: World) -> str:
    """Caches that others share may have what everybody may see."""
    return f"{'public' if asked.image in world.public_images else 'private'}, max-age={badge.CACHE_SECONDS}"


def _badge(asked: Asked, world: World) -> Badge | None:
    """None for an image that this caller may not know of, before anything is read about it."""
    if not world.shows(asked):
        return None
    state = _tagged(world, asked.image, asked.get("tag")) if asked.get("tag") else _newest(world, asked.image)
    sight = Sight()
    if state and state.status is Status.VERIFIED:
        sight = world.verdicts.sight(state.image, state.digest)
        state = world.verdicts.state(state.image, state.digest)  # a look may have ended in between
    return badge.of(state, sight, world.now(), world.fresh)


def _tagged(world: World, image: ImageName, tag: str) -> State | None:
    pointer = world.verdicts.pointer(image, tag)
    return world.verdicts.state(image, pointer.digest) if pointer else None


def _newest(world: World, image: ImageName) -> State | None:
    """The newest record of the repository that is no child of an index."""
    window = Window()
    for limit in _EXAMINED:
        found = world.verdicts.records_of_image(image, limit=limit, window=window)
        for entry in found.entries:
            if not entry.value.is_child:
                return entry.value
        if found.next_position is None:
            break
        window = replace(window, after=found.next_position)
    return None


def _not_found(asked: Asked) -> Answer:
    return problem(404, "not_found", "there is no such badge", asked.path)


_TAG = replace(TAG, description="of what this tag points to; else of the newest publish")
_NONE = Reply("There is no such badge, or it is not for everybody", Problem, PROBLEM)
_CACHE = {"Cache-Control": "how long the badge may be kept"}
_DESCRIPTION = (
    "Green only for what is VERIFIED and was looked at lately. Where the verdicts cannot be read there is no badge."
)
OPERATIONS = (
    Operation(
        name="badge_svg",
        method="GET",
        path="/v1/badges/{owner}/{name}/badge.svg",
        summary="a badge as a picture",
        description=_DESCRIPTION,
        answer=_picture,
        parameters=(*OF_IMAGE, _TAG),
        replies={200: Reply("The badge", None, SVG, _CACHE), 404: _NONE},
        access=(Access.PUBLIC,),
        tag="badges",
    ),
    Operation(
        name="badge_json",
        method="GET",
        path="/v1/badges/{owner}/{name}/shields.json",
        summary="a badge for shields.io's endpoint",
        description=_DESCRIPTION,
        answer=_for_shields,
        parameters=(*OF_IMAGE, _TAG),
        replies={200: Reply("The badge", ShieldsBadge, headers=_CACHE), 404: _NONE},
        access=(Access.PUBLIC,),
        tag="badges",
    ),
)
