"""Publishes on a page: the filters of its form, the rows, the chart, and the links to what follows.

One page examines at most a hundred records: the chart draws those of them that fit, and the rows are the first of
those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from registry_verifier.errors import BadRequest
from registry_verifier.listing import Listing
from registry_verifier.models import State
from registry_verifier.query import lists
from registry_verifier.query.world import World
from registry_verifier.question.parameters import CURSOR, IMAGE, POLICY, REASON, SINCE, STATUS, UNTIL, choice
from registry_verifier.question.request import Asked
from registry_verifier.reasons import Reason, Status
from registry_verifier.verdict_view import summary

ROWS, EXAMINED = 25, 100
CHILDREN = choice("children", "whether images that an index lists are shown, too; needs `image`", ("yes", "no"))
MORE = replace(CURSOR, name="more")
"""where the page's other list goes on"""
OF_ONE_IMAGE = (STATUS, REASON, POLICY, SINCE, UNTIL, CHILDREN)
FILTERS = (IMAGE, *OF_ONE_IMAGE)

_LIST = "publishes"
_WORDS = {"status": [one.value for one in Status], "reason": sorted(one.value for one in Reason)}


def examined(asked: Asked, world: World) -> Listing[State]:
    """The records that are looked at for this page."""
    window, status = lists.window(asked, world, _LIST), asked.get("status")
    if "image" in asked.values:
        return world.verdicts.records_of_image(asked.image, limit=EXAMINED, window=window)
    if asked.get("children") == "yes":
        raise BadRequest("children is 'yes' without image (expected both)")
    if is_by_verdict(asked):
        return world.verdicts.records_of_status(Status(status), limit=EXAMINED, window=window)
    return world.verdicts.records(limit=EXAMINED, window=window)


def is_by_verdict(asked: Asked) -> bool:
    """Whether the order is that of the verdicts, and not that of the publishes."""
    by_status = asked.get("status") in (Status.FAILED.value, Status.UNKNOWN.value)
    return by_status and "image" not in asked.values


def values(asked: Asked, world: World, found: Listing[State]) -> Mapping[str, Any]:
    """What the templates need of it."""
    from registry_verifier.status_page import chart  # with the page's room, which few questions need

    fitting = lists.chosen(found, lambda state: _fits(asked, state), EXAMINED)
    shown = lists.chosen(fitting, lambda _: True, ROWS)
    records = [summary(entry.value) for entry in fitting.entries]
    return {
        "records": records[: len(shown.entries)],
        "chart": chart.chart(records),
        "next_page": link(asked, asked, world, _LIST, "cursor", shown.next_position),
        "is_first": "cursor" not in asked.values,
        "is_by_verdict": is_by_verdict(asked),
        "has_more": found.next_position is not None,
        **_form(asked),
    }


def _form(asked: Asked) -> Mapping[str, Any]:
    """The filters as they were written, and the words that there are to choose from."""
    texts = dict(parse_qsl(asked.request.query_string))
    return {"form": {one.name: texts.get(one.name, "") for one in FILTERS}, "words": _WORDS}


def _fits(asked: Asked, state: State) -> bool:
    is_shown = asked.get("children") == "yes" or not state.is_child
    return is_shown and lists.fits(asked, state)


def only(asked: Asked, *names: str) -> Asked:
    """The question of the page's other list: `MORE` is its cursor, and of the filters it has these alone."""
    kept = {name: asked.values[name] for name in names if name in asked.values}
    place = {"cursor": asked.values[MORE.name]} if MORE.name in asked.values else {}
    return replace(asked, values={**kept, **place})


def link(asked: Asked, of_list: Asked, world: World, name: str, parameter: str, position: str | None) -> str | None:
    """The link to what follows in a list, with everything else on the page as it is; None: nothing follows."""
    if not position:  # what is put together of several lists has no place to go on from
        return None
    return lists.following(asked, parameter, lists.sealed(of_list, world, name, position))
