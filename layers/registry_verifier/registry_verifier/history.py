"""What the record of a digest becomes when a look at it ends: the next state, or none where nothing changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry_verifier import verdict_document
from registry_verifier.models import Look, State, Verdict
from registry_verifier.reasons import Status

DELIVERIES_LIMIT = 20
TAGS_LIMIT = 50


@dataclass(frozen=True)
class Seen:
    """When a digest was first heard of, and when its grace period ends."""

    first: datetime
    deadline: datetime


def follow(old: State | None, verdict: Verdict, look: Look, seen: Seen) -> State | None:
    """The state after `verdict`, or None where the stored one says the same already.

    A verified digest is not put back to waiting, and what could not be looked at changes no decision.
    """
    new = _next(old, verdict, look, seen)
    if old is None:
        return new
    if _told(old) != _told(new) and _may_follow(old.status, new.status):
        return new
    # another tag of a digest that is judged already: the verdict stands as it was made
    return (
        replace(new, status=old.status, document=old.document, deadline=old.deadline) if old.tags != new.tags else None
    )


def _may_follow(old: Status, new: Status) -> bool:
    if new == Status.UNKNOWN:
        return old in (Status.PENDING, Status.UNKNOWN)
    return not (old == Status.VERIFIED and new == Status.PENDING)


def _told(state: State) -> object:
    """What a reader would notice; the statements of a verdict that stands may differ in order, its time always does."""
    return state.status, tuple(state.document["reasons"]), state.document["kind"]


def _next(old: State | None, verdict: Verdict, look: Look, seen: Seen) -> State:
    tags = dict.fromkeys((*(old.tags if old else ()), *([look.tag] if look.tag else ())))
    deliveries = dict.fromkeys((*(old.deliveries if old else ()), *([look.delivery] if look.delivery else ())))
    return State(
        image=verdict.image,
        digest=verdict.digest,
        version=old.version + 1 if old else 1,
        status=verdict.status,
        document=verdict_document.write(verdict),
        first_seen=seen.first,
        deadline=seen.deadline,
        tags=tuple(tags)[-TAGS_LIMIT:],
        actor=(old.actor if old else "") or (look.actor if look.cause == "publish" else ""),
        deliveries=tuple(deliveries)[-DELIVERIES_LIMIT:],
    )
