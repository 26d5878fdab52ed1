"""What the record of a digest becomes when a look at it ends: the next state, or none where nothing changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry_verifier import drift, grace, verdict_document
from registry_verifier.models import Json, Look, State, Verdict
from registry_verifier.policy.model import Policy
from registry_verifier.reasons import Reason, Status

DELIVERIES_LIMIT = 20
TAGS_LIMIT = 50
PUBLISHES = ("publish", "missed")
"""the causes of looks that say that something was pushed"""
AGAIN = ("sweep", "asked")
"""the causes of looks that no push led to: they take place whatever is decided, and are not sent again"""
UNDECIDED = (Status.PENDING, Status.UNKNOWN)


@dataclass(frozen=True)
class Seen:
    """When a digest was first heard of, and when its grace period ends."""

    first: datetime
    deadline: datetime


def seen(old: State | None, look: Look, matching: Sequence[Policy], now: datetime) -> Seen:
    """The times of a digest.

    A policy that did not match before gives a grace period of its own, from `now` on; so does the end of an outage,
    in which nobody could have signed. What has no tag has no record of an outage: it is known by its first look alone.
    """
    periods = [policy.grace for policy in matching]
    anew = grace.deadline(now, periods)
    if old is None:
        first = look.first_seen or now
        end = grace.deadline(first, periods)
        return Seen(first, anew if look.tag is None and end <= now else end)
    if not grew(old, matching) and not (_was_outage(old) and matching):
        return Seen(old.first_seen, old.deadline)
    return Seen(old.first_seen, max(old.deadline, anew))


def _was_outage(old: State) -> bool:
    """Nobody could look; as against a policy that nobody can apply, which no waiting mends."""
    return old.status == Status.UNKNOWN and Reason.POLICY_UNSUPPORTED.value not in old.document["reasons"]


def names(document: Json) -> set[str]:
    """The names of the policies in a verdict document."""
    return {policy["name"] for policy in document.get("policies", ())}


def grew(old: State, matching: Iterable[Policy]) -> bool:
    """Whether a policy matches that had no say in the stored verdict: none had in one that an index covered."""
    covered = old.status == Status.VERIFIED and old.is_child
    judged_by = set() if covered else names(old.document)
    return not {policy.name for policy in matching} <= judged_by


def follow(old: State | None, verdict: Verdict, look: Look, times: Seen) -> State | None:
    """The state after `verdict`, or None where the stored one says the same already."""
    new = _next(old, verdict, look, times)
    if old is None or _told(old) != _told(new) or drift.is_news(old.document, new.document):
        return new
    # another tag of a digest that is judged already, or one that moved away: the verdict stands as it was made
    document = drift.with_marks(old.document, new.document)
    return replace(new, document=document) if (old.tags, old.document) != (new.tags, document) else None


def stands(old: State, new: State) -> bool:
    """Whether the new state has the verdict of the old one, which no run has to keep then."""
    return drift.without_marks(old.document) == drift.without_marks(new.document)


def could_not_look(old: State | None, verdict: Verdict, look: Look, times: Seen) -> State | None:
    """The state after a look that did not take place, or None: it changes no decision, and forgets nothing."""
    if old is None:
        return _next(None, verdict, replace(look, tag=None, delivery=""), times)
    return lost_sight(old, verdict) if old.status in UNDECIDED else None


def lost_sight(old: State, verdict: Verdict) -> State | None:
    """The state of a digest that nobody can look at; None where the stored one says the same already."""
    told = verdict_document.write(verdict)
    document = {**old.document, **{name: told[name] for name in ("status", "reasons", "causes", "verified_at")}}
    new = replace(old, version=old.version + 1, status=verdict.status, document=document)
    return None if _told(old) == _told(new) else new


def settled(old: State, look: Look) -> bool:
    """Nothing to look at: the digest is decided, and this message is one that led there or only asks whether it is."""
    if old.status in UNDECIDED or look.cause in ("index", *AGAIN):
        return False
    if look.cause == "publish":
        return look.delivery in old.deliveries
    if look.cause == "missed":
        return look.tag is None or look.tag in old.tags
    return look.cause == "recheck" or old.status == Status.VERIFIED


def wants_children(old: State | None, look: Look) -> bool:
    """Whether the registry is asked for each child of an index: without a push, and until a missing one is back."""
    return look.cause in AGAIN or (old is not None and Reason.CHILD_MISSING.value in old.document["reasons"])


def is_demotion(old: State, result: Verdict, matching: Sequence[Policy]) -> bool:
    """Evidence that was there is not seen any more, by the same policies: worth a second look before people hear."""
    worse = result.status in (Status.FAILED, Status.UNKNOWN)
    return old.status == Status.VERIFIED and worse and not grew(old, matching)


def keeps_watch(old: State | None, look: Look, *, stored: bool, redelivered: bool) -> bool:
    """Whether this message carries the watch over a waiting digest on: one chain of re-checks, not one per message."""
    begins = stored and (old is None or old.status != Status.PENDING)
    was_cut_off = redelivered and (not look.delivery or (old is not None and look.delivery in old.deliveries))
    return begins or was_cut_off or look.cause == "recheck"


def _told(state: State) -> object:
    """What a reader would notice; the statements of a verdict that stands may differ in order, its time always does."""
    document = state.document
    policies = frozenset((policy["name"], policy["sha256"]) for policy in document.get("policies", ()))
    root = document.get("trust_root", {}).get("sha256")  # a document that was cut to the bone has none
    return state.status, tuple(document["reasons"]), document["kind"], policies, root


def _next(old: State | None, verdict: Verdict, look: Look, times: Seen) -> State:
    tags = dict.fromkeys((*(old.tags if old else ()), *([look.tag] if look.tag else ())))
    deliveries = dict.fromkeys((*(old.deliveries if old else ()), *([look.delivery] if look.delivery else ())))
    return State(
        image=verdict.image,
        digest=verdict.digest,
        version=old.version + 1 if old else 1,
        status=verdict.status,
        document=verdict_document.write(verdict),
        first_seen=times.first,
        deadline=times.deadline,
        tags=tuple(tags)[-TAGS_LIMIT:],
        actor=(old.actor if old else "") or (look.actor if look.cause in PUBLISHES else ""),
        deliveries=tuple(deliveries)[-DELIVERIES_LIMIT:],
    )
