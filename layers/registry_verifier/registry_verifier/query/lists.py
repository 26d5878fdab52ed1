"""Lists: one page of them, the cursor and the link to the next one, and filters over what was examined.

A cursor is sealed for one list with all its filters, so that it names no place in another one. Links are relative to
the question (RFC 8288 section 3.2 resolves them against it): nobody here knows under which address the API is reached.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from registry_verifier.answer import Answer, ok
from registry_verifier.errors import BadRequest
from registry_verifier.listing import Listing, Run, Window
from registry_verifier.models import State
from registry_verifier.query.world import World
from registry_verifier.question.parameters import LIMIT, SINCE, UNTIL
from registry_verifier.question.request import Asked, Parameter, Reply

EXAMINED = 100
"""how many records one question examines at most where it has a filter that no index has"""
_EACH_PAGE = ("cursor", "limit")
RECORD_FILTERS = ("status", "policy", "reason")

LINK = {"Link": 'the next page, `rel="next"`, where there is one'}
EXAMINES = (
    f"A filter that no index has is applied to the {EXAMINED} records that one question examines: a page may hold fewer"
    " items than the limit, or none, and still have a `next_cursor`."
)


def window(asked: Asked, world: World, name: str) -> Window:
    """The part of the list `name` that is asked for; BadRequest where the cursor is of another one."""
    return Window(asked.get("since"), asked.get("until"), position(asked, world, name))


def position(asked: Asked, world: World, name: str) -> str | None:
    """The place after which the list goes on."""
    cursor = asked.get("cursor")
    if cursor is None:
        return None
    place = world.seal().read(_purpose(asked, name), cursor, name="cursor")
    return place if isinstance(place, str) else None


def listed(asked: Asked, world: World, name: str, items: Sequence[Any], next_position: str | None) -> Answer:
    """The answer with one page."""
    if next_position is None:
        return ok({"items": list(items), "next_cursor": None})
    cursor = sealed(asked, world, name, next_position)
    link = f'<{following(asked, "cursor", cursor)}>; rel="next"'
    return ok({"items": list(items), "next_cursor": cursor}, Link=link)


def following(asked: Asked, parameter: str, cursor: str) -> str:
    """The same question with this cursor, relative to its path."""
    kept = [pair for pair in parse_qsl(asked.request.query_string) if pair[0] != parameter]
    return f"?{urlencode([*kept, (parameter, cursor)])}"


def sealed(asked: Asked, world: World, name: str, place: str) -> str:
    """The cursor for what comes after a place in the list."""
    return world.seal().write(_purpose(asked, name), place)


def _purpose(asked: Asked, name: str) -> str:
    filters = {key: str(value) for key, value in sorted(asked.values.items()) if key not in _EACH_PAGE}
    return f"list {name} {json.dumps(filters)}"


def count(asked: Asked, *filters: str) -> int:
    """How many records are read for one page; `filters` are those that no index answers, so that each is examined."""
    return EXAMINED if any(name in asked.values for name in filters) else int(asked.values["limit"])


def is_in_period(asked: Asked, moment: datetime) -> bool:
    """Whether it is not before `since`, and before `until`."""
    since, until = asked.get("since"), asked.get("until")
    return (since is None or since <= moment) and (until is None or moment < until)


def fits(asked: Asked, verdict: State | Run) -> bool:
    """Whether a verdict is as the filters want it."""
    status, policy, reason = (asked.get(name) for name in RECORD_FILTERS)
    document = verdict.document
    return (
        status in (None, verdict.status.value)
        and (policy is None or any(one["name"] == policy for one in document.get("policies") or ()))
        and (reason is None or reason in (document.get("reasons") or ()))
    )


def chosen(found: Listing[Any], wanted: Callable[[Any], bool], limit: int) -> Listing[Any]:
    """The first `limit` entries that are wanted; the list goes on after the last one that was looked at."""
    entries = tuple(entry for entry in found.entries if wanted(entry.value))
    if len(entries) > limit:
        return Listing(entries[:limit], entries[limit - 1].position)
    return Listing(entries, found.next_position)


def at_most(limit: int) -> Parameter:
    """`limit` for a list that is costly."""

    def read(text: str) -> int:
        value: int = LIMIT.read(text)
        if value > limit:
            raise BadRequest(f"limit is {value} (expected a whole number from 1 to {limit})")
        return value

    return replace(LIMIT, read=read, schema={**LIMIT.schema, "maximum": limit})


def page(description: str, shape: Any) -> Reply:
    """The reply of a list."""
    return Reply(description, shape, headers=LINK)


PERIOD = (SINCE, UNTIL)
