"""Verification on demand: a digest is looked at now, and whoever asked comes again for the verdict.

Nothing is stored of a request: its id is sealed, and says what was asked for and when. It is done when a look took
place since then. A look that nobody could take leaves it waiting, and changes no decision before the sweep's would.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from registry_verifier.answer import PROBLEM, Answer, ok, problem
from registry_verifier.errors import BadRequest
from registry_verifier.listing import Sight, Window
from registry_verifier.models import Digest, ImageName, Look, State, parse_digest
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.parameters import DIGEST, ID, THE_IMAGE
from registry_verifier.question.request import Asked, Parameter, Reply
from registry_verifier.reasons import Status
from registry_verifier.shapes.asks import LookRequest, RequestedLook
from registry_verifier.shapes.gates import Problem
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_view import summary

PATIENCE = timedelta(hours=1)
"""how long a look that was asked for may take: the queue's own tries end before"""
_PURPOSE = "request"
_WAIT_SECONDS = "5"


def _request(asked: Asked, world: World) -> Answer:
    image, digest = _member(asked.body, THE_IMAGE), _member(asked.body, DIGEST)
    if not _is_heard_of(world, image):
        return problem(404, "not_found", f"nothing is known about {image}", asked.path)
    asked_at = world.now().replace(microsecond=0)
    id_ = world.seal().write(_PURPOSE, [str(image), digest, timestamp(asked_at)])
    world.looks.send(Look(image, digest, "asked", first_seen=asked_at))
    return _waiting(_requested(id_, image, digest, asked_at), Location=f"requests/{id_}")


def _answer(asked: Asked, world: World) -> Answer:
    id_, seal = asked.values["id"], world.seal()
    try:
        image, digest, asked_at = _read(seal.read(_PURPOSE, id_, name="id"))
    except BadRequest:
        return problem(404, "not_found", "there is no request of this id", asked.path)
    sight = world.verdicts.sight(image, digest)  # before the record: a look that ends in between is not told of it
    state = world.verdicts.state(image, digest)
    requested = _requested(id_, image, digest, asked_at)
    if state and _was_looked_at(state, sight, asked_at):
        requested |= {"done": True, "verdict": summary(state)}
        return ok(requested)
    if world.now() < asked_at + PATIENCE:
        return _waiting(requested)
    detail = f"no look at {image}@{digest} took place within {PATIENCE / timedelta(hours=1):g} hour"
    return problem(503, "not_looked_at", detail, asked.path)


def _member(body: Mapping[str, Any], parameter: Parameter) -> Any:
    """A member of the body, in the form that the parameter of that name has."""
    value = body.get(parameter.name)
    if not isinstance(value, str):
        raise BadRequest(f"{parameter.name} is no text")
    return parameter.read(value)


def _is_heard_of(world: World, image: ImageName) -> bool:
    found = world.verdicts.records_of_image(image, limit=1, window=Window())
    return bool(found.entries or found.next_position)  # what is expired was heard of


def _was_looked_at(state: State, sight: Sight, since: datetime) -> bool:
    """Whether somebody could look since then; an UNKNOWN that was stored because nobody could is no look."""
    if sight.checked_at and sight.checked_at >= since:
        return True
    return state.status is not Status.UNKNOWN and datetime.fromisoformat(state.document["verified_at"]) > since


def _read(value: Any) -> tuple[ImageName, Digest, datetime]:
    """What `_request` sealed: nobody else can have."""
    image, digest, asked_at = value
    return ImageName.parse(image), parse_digest(digest), datetime.fromisoformat(asked_at)


def _requested(id_: str, image: ImageName, digest: Digest, asked_at: datetime) -> RequestedLook:
    return {
        "id": id_,
        "image": str(image),
        "digest": digest,
        "asked_at": timestamp(asked_at),
        "done": False,
        "verdict": None,
    }


def _waiting(requested: RequestedLook, **headers: str) -> Answer:
    return ok(requested, status_code=202, Retry_After=_WAIT_SECONDS, **headers)


_RETRY_AFTER = {"Retry-After": "seconds until asking again is worth it"}
OPERATIONS = (
    Operation(
        name="request_verification",
        method="POST",
        path="/v1/verifications",
        summary="have a digest looked at now",
        description="The verdict that stands goes on standing until the look has taken place.",
        answer=_request,
        body=LookRequest,
        replies={
            202: Reply(
                "The look is on its way; `Location` tells where to ask for what comes of it",
                RequestedLook,
                headers={"Location": "the request, relative to this path", **_RETRY_AFTER},
            ),
            404: Reply("The repository has no records", Problem, PROBLEM),
        },
    ),
    Operation(
        name="get_request",
        method="GET",
        path="/v1/requests/{id}",
        summary="what came of a look that was asked for",
        answer=_answer,
        parameters=(ID,),
        replies={
            200: Reply("A look took place; the verdict after it", RequestedLook),
            202: Reply("The look has not taken place yet", RequestedLook, headers=_RETRY_AFTER),
            404: Reply("There is no request of this id (`not_found`)", Problem, PROBLEM),
            503: Reply("No look took place within an hour, or the verdicts cannot be read now", Problem, PROBLEM),
        },
    ),
)
