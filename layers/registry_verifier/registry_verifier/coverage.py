"""Children of an index: an index commits to the digests of its children, so its verdict covers them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from registry_verifier.models import Digest, State, Verdict
from registry_verifier.reasons import Status
from registry_verifier.results import INDEX
from registry_verifier.verdict import Question

CHILDREN_LIMIT = 128
INDEXES_LIMIT = 8
_ORDER = (Status.VERIFIED, Status.PENDING, Status.UNKNOWN, Status.FAILED)
_DECIDED = (Status.VERIFIED, Status.FAILED)


def index_of(question: Question, recent: Iterable[State], *, since: datetime) -> State | None:
    """The index of the same repository that covers the digest in question, or None where it stands by itself.

    A verified one before one that waits, and both before one that failed. An index that was verified by other
    policies or another trusted root covers nothing, and one that waits only while it was first seen after `since`.
    """
    listing = [state for state in recent if question.digest in state.document.get("children", ())]
    covering = [state for state in listing if _covers(state, question, since)]
    return min(covering, key=lambda state: _ORDER.index(state.status), default=None)


def _covers(index: State, question: Question, since: datetime) -> bool:
    if index.status in (Status.PENDING, Status.UNKNOWN):
        return index.first_seen > since
    if index.status == Status.VERIFIED:
        judged_by = {policy["sha256"] for policy in index.document["policies"]}
        same_root = index.document["trust_root"]["sha256"] == question.trust_root_sha256
        return same_root and {policy.sha256 for policy in question.policies} <= judged_by
    return index.status == Status.FAILED


def to_be_asked(child: Digest, recent: Iterable[State]) -> tuple[Digest, ...]:
    """The indexes that list `child`, count its own evidence and do not hold: to be looked at when it got some."""
    listing = (state for state in recent if child in state.document.get("children", ()))
    asking = [state.digest for state in listing if state.status != Status.VERIFIED and _counts_leaves(state)]
    return tuple(asking[:INDEXES_LIMIT])


def _counts_leaves(index: State) -> bool:
    return any(policy.get("children", INDEX) != INDEX for policy in index.document.get("policies", ()))


def to_be_told(old: State | None, result: Verdict) -> tuple[Digest, ...]:
    """The children to look at again because their index is decided now, or otherwise than before."""
    turned = result.status in _DECIDED and (old is None or old.status != result.status)
    return result.children[:CHILDREN_LIMIT] if turned else ()
