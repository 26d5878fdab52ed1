"""Verifications: lists of verdicts by image, tag, digest, status, policy, reason and time; and one by its id."""

from __future__ import annotations

from registry_verifier import drift, verdict_view, verification_id
from registry_verifier.answer import PROBLEM, Answer, ok, problem
from registry_verifier.errors import BadRequest
from registry_verifier.listing import Listing, Placed, Run
from registry_verifier.models import Digest, State
from registry_verifier.query import lists
from registry_verifier.query.digests import runs, standing
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.parameters import (
    CURSOR,
    ID,
    IMAGE,
    LIMIT,
    ONE_DIGEST,
    POLICY,
    REASON,
    SINCE,
    STATUS,
    TAG,
    UNTIL,
)
from registry_verifier.question.request import Asked, Reply
from registry_verifier.reasons import Status
from registry_verifier.shapes.gates import Problem
from registry_verifier.shapes.lists import VerificationList
from registry_verifier.shapes.verdicts import Summary, Verdict
from registry_verifier.verdict_view import summary
from registry_verifier.watched import TagPointer

_NAME = "verifications"
_FOR_EVER = "private, max-age=31536000, immutable"
_INDEXED = (Status.FAILED.value, Status.UNKNOWN.value)


def _list(asked: Asked, world: World) -> Answer:
    if "digest" in asked.values:
        return _of_digest(_with_image(asked, "digest"), world)
    if "tag" in asked.values:
        return _of_tag(_with_image(asked, "tag"), world)
    found = lists.chosen(_records(asked, world), lambda state: lists.fits(asked, state), asked.values["limit"])
    return lists.listed(asked, world, _NAME, [summary(entry.value) for entry in found.entries], found.next_position)


def _records(asked: Asked, world: World) -> Listing[State]:
    """From the list that has the fewest to examine."""
    window, status = lists.window(asked, world, _NAME), asked.get("status")
    if "image" not in asked.values and status in _INDEXED:
        limit = lists.count(asked, "policy", "reason")
        return world.verdicts.records_of_status(Status(status), limit=limit, window=window)
    limit = lists.count(asked, *lists.RECORD_FILTERS)
    if "image" in asked.values:
        return world.verdicts.records_of_image(asked.image, limit=limit, window=window)
    return world.verdicts.records(limit=limit, window=window)


def _with_image(asked: Asked, name: str) -> Asked:
    if "image" not in asked.values:
        raise BadRequest(f"parameter {name!r} needs the parameter 'image' beside it")
    if {"tag", "digest"} <= asked.values.keys():
        raise BadRequest("parameters 'tag' and 'digest' are given both (expected one of them)")
    return asked


def _of_digest(asked: Asked, world: World) -> Answer:
    """The verdict that stands, and those that it replaced."""
    after = lists.position(asked, world, _NAME)
    state = world.verdicts.state(asked.image, asked.digest)
    if state is None:
        return lists.listed(asked, world, _NAME, (), None)
    found = world.verdicts.history(asked.image, asked.digest, limit=asked.values["limit"], after=after)
    kept = [run for run in runs(state, found, after) if lists.is_in_period(asked, run.verified_at)]
    items = [_of_run(run, state) for run in kept if lists.fits(asked, run)]
    return lists.listed(asked, world, _NAME, items, found.next_position)


def _of_run(run: Run, state: State) -> Summary:
    """A verdict that was replaced, with what is known of its digest today."""
    known = summary(state)
    return {
        **known,
        "id": verdict_view.run_id(run),
        "status": run.status.value,
        "reasons": list(run.document.get("reasons") or ()),
        "kind": run.document.get("kind"),
        "verified_at": run.document["verified_at"],
    }


def _of_tag(asked: Asked, world: World) -> Answer:
    """What the tag points to, and what it pointed to before: at most 21 records."""
    pointer = world.verdicts.pointer(asked.image, asked.values["tag"])
    digests = _after(_digests(pointer), lists.position(asked, world, _NAME))
    states = [world.verdicts.state(asked.image, digest) for digest in digests]
    seen = (state for state in states if state and lists.is_in_period(asked, state.first_seen))
    entries = tuple(Placed(state.digest, state) for state in seen)
    found = lists.chosen(Listing(entries, None), lambda state: lists.fits(asked, state), asked.values["limit"])
    return lists.listed(asked, world, _NAME, [summary(entry.value) for entry in found.entries], found.next_position)


def _digests(pointer: TagPointer | None) -> list[Digest]:
    """Each once, newest first."""
    return list(dict.fromkeys([pointer.digest, *(one.digest for one in pointer.former)])) if pointer else []


def _after(digests: list[Digest], place: str | None) -> list[Digest]:
    """Those that follow; none do where the place is forgotten, for what was before it is forgotten first."""
    if place is None:
        return digests
    return digests[digests.index(Digest(place)) + 1 :] if place in digests else []


def _one(asked: Asked, world: World) -> Answer:
    id_ = asked.values["id"]
    try:
        image, digest, position = verification_id.read(id_)
    except BadRequest:
        return _unknown(asked)
    state = world.verdicts.state(image, digest)
    if state and verdict_view.id_of(state) == id_:
        return _kept(id_, standing(state))
    run = world.verdicts.run(image, digest, position)
    return _kept(id_, run) if run else _unknown(asked)


def _kept(id_: str, run: Run) -> Answer:
    return ok(dict(verdict_view.verdict(id_, drift.without_marks(run.document))), Cache_Control=_FOR_EVER)


def _unknown(asked: Asked) -> Answer:
    return problem(404, "not_found", "there is no verification of this id", asked.path)


OPERATIONS = (
    Operation(
        name="list_verifications",
        method="GET",
        path="/v1/verifications",
        summary="verdicts by image, tag, digest, status, policy, reason and time",
        description=(
            "Newest first: by when a digest was first seen; where `status` is FAILED or UNKNOWN and no `image` is"
            " given, by when the verdict was made. With `image` and `digest`, the verdicts about that digest, the one"
            " that stands first, beyond the limit; with `image` and `tag`, what the tag points to and pointed to."
            f" Children of indexes are listed with `image` only. {lists.EXAMINES}"
        ),
        answer=_list,
        replies={200: lists.page("the verdicts", VerificationList)},
        parameters=(IMAGE, TAG, ONE_DIGEST, STATUS, POLICY, REASON, SINCE, UNTIL, LIMIT, CURSOR),
    ),
    Operation(
        name="get_verification",
        method="GET",
        path="/v1/verifications/{id}",
        summary="one verdict, as it was made",
        description="It never changes. What its tags point to now is not in it.",
        answer=_one,
        replies={
            200: Reply("the verdict", Verdict),
            404: Reply("there is none of this id (`not_found`)", Problem, PROBLEM),
        },
        parameters=(ID,),
    ),
)
