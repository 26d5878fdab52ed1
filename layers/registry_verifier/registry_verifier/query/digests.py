"""One digest: its verdict, now or at a time, and the parts of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from registry_verifier import drift, verdict_view
from registry_verifier.answer import PROBLEM, Answer, ok, problem
from registry_verifier.listing import Listing, Run
from registry_verifier.models import State
from registry_verifier.query import incidents, lists
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.parameters import AS_OF, CURSOR, DIGEST, LIMIT, OF_IMAGE
from registry_verifier.question.request import Asked, Parameter, Reply
from registry_verifier.shapes.gates import Problem
from registry_verifier.shapes.lists import ChildList, HistoryList, IncidentList, StatementList
from registry_verifier.shapes.verdicts import DigestVerdict
from registry_verifier.verdict_document import timestamp

_PATH = "/v1/images/{owner}/{name}/digests/{digest}"


def standing(state: State) -> Run:
    """The verdict that stands, as one among those before it."""
    document = drift.without_marks(state.document)
    return Run(state.image, state.digest, state.status, document, verdict_view.made_at(state))


def runs(state: State, found: Listing[Run], after: str | None) -> list[Run]:
    """A page of the verdicts about a digest: the one that stands comes first, and once.

    It may be in the history already, where whoever was about to replace it was stopped.
    """
    first = [standing(state)] if after is None else []
    stands = verdict_view.id_of(state)
    return [*first, *(one.value for one in found.entries if verdict_view.run_id(one.value) != stands)]


def _digest(asked: Asked, world: World) -> Answer:
    sight = world.verdicts.sight(asked.image, asked.digest)  # first: it is told of no later look
    state = world.verdicts.state(asked.image, asked.digest)
    if (moment := asked.get("as_of")) is not None:
        return _as_of(asked, world, state, moment)
    if state is None:
        return _no_verdict(asked)
    return ok(dict(verdict_view.record(state, sight)))


def _as_of(asked: Asked, world: World, state: State | None, moment: datetime) -> Answer:
    """The verdict that stood then, and none where that is not certain."""
    if moment > world.now():
        return _no_verdict(asked, f"{timestamp(moment)} has not come yet")
    if state and verdict_view.made_at(state) <= moment:
        return ok(dict(verdict_view.as_of(standing(state), moment)))
    run = world.verdicts.run_at(asked.image, asked.digest, moment)
    if run and run.replaced_at and moment < run.replaced_at:
        return ok(dict(verdict_view.as_of(run, moment)))
    return _no_verdict(asked, _why_none(run, state, moment))


def _why_none(run: Run | None, state: State | None, moment: datetime) -> str:
    at = timestamp(moment)
    if run and run.replaced_at is None:
        return f"nobody wrote down whether the verdict of {timestamp(run.verified_at)} still stood at {at}"
    if run and run.replaced_at:
        return f"no verdict stood at {at}: the one before was given up at {timestamp(run.replaced_at)}"
    if state and state.first_seen <= moment:
        return f"no verdict stood at {at}: evidence was waited for"
    return f"nothing is known about it at {at}" + (
        f": it was first seen at {timestamp(state.first_seen)}" if state else ""
    )


def _no_verdict(asked: Asked, detail: str = "") -> Answer:
    text = detail or f"nothing is known about {asked.image}@{asked.digest}"
    return problem(404, "no_verdict", text, asked.path)


def _part(take: Callable[[State], list[Any]]) -> Callable[[Asked, World], Answer]:
    """The answer with a part of the verdict that stands."""

    def answer(asked: Asked, world: World) -> Answer:
        state = world.verdicts.state(asked.image, asked.digest)
        return ok({"items": take(state), "next_cursor": None}) if state else _no_verdict(asked)

    return answer


def _history(asked: Asked, world: World) -> Answer:
    after = lists.position(asked, world, "history")
    state = world.verdicts.state(asked.image, asked.digest)
    if state is None:
        return _no_verdict(asked)
    found = world.verdicts.history(asked.image, asked.digest, limit=asked.values["limit"], after=after)
    items = [verdict_view.historic(run) for run in runs(state, found, after)]
    return lists.listed(asked, world, "history", items, found.next_position)


def _incidents(asked: Asked, world: World) -> Answer:
    found = world.verdicts.of_digest(asked.image, asked.digest)
    return ok({"items": [incidents.report(one) for one in found], "next_cursor": None})


def _operation(
    name: str,
    path: str,
    summary: str,
    answer: Callable[[Asked, World], Answer],
    replies: Mapping[int, Reply],
    *parameters: Parameter,
    description: str = "",
) -> Operation:
    path, parameters = _PATH + path, (*OF_IMAGE, DIGEST, *parameters)
    return Operation(name, "GET", path, summary, answer, replies, description, parameters, tag="digests")


_UNHEARD = Reply("nothing is known about this digest in this image (`no_verdict`)", Problem, PROBLEM)

OPERATIONS = (
    _operation(
        "get_digest",
        "",
        "the verdict about a digest",
        _digest,
        {200: Reply("the verdict", DigestVerdict), 404: _UNHEARD},
        AS_OF,
        description=(
            "With every statement that was found, used or not. With `as_of`, the verdict that stood at that time, and a"
            " 404 for times at which none stood, such as before the first and while evidence was waited for again."
        ),
    ),
    _operation(
        "list_statements",
        "/statements",
        "what was found about a digest, and what it is used for",
        _part(lambda state: list(verdict_view.statements(state.document))),
        {200: Reply("what was found", StatementList), 404: _UNHEARD},
    ),
    _operation(
        "list_children",
        "/children",
        "the images that an index lists",
        _part(lambda state: list(verdict_view.children(state.document))),
        {200: Reply("its children", ChildList), 404: _UNHEARD},
    ),
    _operation(
        "list_history",
        "/history",
        "the verdicts about a digest, newest first",
        _history,
        {200: lists.page("its verdicts", HistoryList), 404: _UNHEARD},
        LIMIT,
        CURSOR,
        description="The one that stands comes first, beyond the limit. One that only waited for evidence is not kept.",
    ),
    _operation(
        "list_digest_incidents",
        "/incidents",
        "what people were told about a digest",
        _incidents,
        {200: Reply("its incidents", IncidentList)},
    ),
)
