"""Incidents: what people are told about a digest, one for each policy that it breaks, from its opening to its end.

The key is the repository, the digest, the class of the reason, and the policy (of failures only). One record of the
stream may open some incidents, change others and end others; `steps` says which. What was told is remembered with the
version of the state that it was about, so that a record that comes again says nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry_verifier.models import Digest, ImageName, Json, State
from registry_verifier.reasons import CANNOT_JUDGE, Status


class Kind(StrEnum):
    """The class of the reason."""

    FAILED = "failed"
    UNKNOWN = "unknown"
    NO_POLICY = "no-policy"


class Ending(StrEnum):
    """Why people need not wait any longer."""

    VERIFIED = "verified"
    SUPERSEDED = "superseded"
    HOLDS = "holds"
    """the policy holds, others do not"""
    NOT_DEMANDED = "not demanded"
    """the policy is gone, or does not match any more"""
    JUDGED = "judged"
    """it could be looked at again, or a policy matches now"""
    COVERED = "covered"
    """it is a child of an index, which speaks for it"""


@dataclass(frozen=True)
class Channels:
    """Who hears what."""

    verdicts: str
    """failures of policies that name no channel, and NO_POLICY where that is worth a warning"""
    operations: str = ""
    """UNKNOWN; empty: nobody hears it"""
    warn_without_policy: bool = False
    """whether a publish that no policy matches is worth a message"""


@dataclass(frozen=True)
class Key:
    """Which incident of a digest."""

    kind: Kind
    policy: str = ""
    """the policy that does not hold; empty for the other classes, and where the verdict names none"""


@dataclass(frozen=True)
class Incident:
    """One incident, as people were told of it last."""

    image: ImageName
    digest: Digest
    key: Key
    first_seen: datetime
    """`State.first_seen`: a digest that is heard of anew, after its record expired, is a new story"""
    channel: str
    """as it was configured until a message was posted, then as Slack names it"""
    version: int = 0
    """the version of the state that people were told of; 0: of none yet"""
    ts: str | None = None
    """Slack's id of the message; None where Slack names none (incoming webhooks), and in a storm"""
    ending: Ending | None = None
    told: str = ""
    """a hash of the message as it stands"""
    reasons: tuple[str, ...] = ()
    replied: int = 0
    """the version of the state that the newest reply in the thread is about"""
    storm: str = ""
    """when the storm began in whose summary it is counted, in place of a message of its own"""

    @property
    def is_open(self) -> bool:
        """Whether people still wait to hear that it is over."""
        return self.ending is None


@dataclass(frozen=True)
class Step:
    """What one record of the stream means for one incident: it opens or goes on (no `ending`), or ends."""

    incident: Incident
    ending: Ending | None = None


def steps(state: State, known: Iterable[Incident], channels: Channels) -> Iterator[Step]:
    """What this state means for what people know of its digest; nothing for what they were told already.

    `known` are the incidents of this record's life: a record that expired and came again is a new story.
    A waiting digest says nothing, and while a failure is open, not being able to look adds nothing to it.
    """
    if state.status is Status.PENDING:
        return
    mine = {one.key: one for one in known}
    if state.status is Status.UNKNOWN and any(one.is_open and one.key.kind is Kind.FAILED for one in mine.values()):
        return
    wanted = dict(_wanted(state, channels))
    for key in dict.fromkeys((*wanted, *mine)):
        old = mine.get(key)
        if old is None or old.version < state.version:
            yield from _step(state, key, old, wanted.get(key))


def is_superseded(document: Json) -> bool:
    """Whether the tags that named this digest name another one now."""
    return bool(document.get("superseded_by"))


def causes(document: Json, key: Key) -> list[Json]:
    """The causes of the verdict, less those that only other policies have."""
    all_ = list(document.get("causes") or ())
    if not key.policy:
        return all_
    mine, others = set[tuple[str, str]](), set[tuple[str, str]]()
    for policy in _policies(document):
        (mine if policy.get("name") == key.policy else others).update(map(_identity, _own_causes(policy)))
    return [cause for cause in all_ if _identity(cause) in mine or _identity(cause) not in others]


def reasons(document: Json, key: Key) -> tuple[str, ...]:
    """The codes of `causes`, each once, in order; all of the verdict's where it had no room for its causes."""
    found = causes(document, key)
    codes = [cause.get("code", "") for cause in found] if found else document.get("reasons") or ()
    return tuple(dict.fromkeys(map(str, codes)))


def _step(state: State, key: Key, old: Incident | None, channel: str | None) -> Iterator[Step]:
    is_open = old is not None and old.is_open
    new = Incident(state.image, state.digest, key, state.first_seen, channel or "")
    if channel is None:
        ending = _ending(state, key)
        if old and is_open and ending:
            yield Step(old, ending)
    elif is_superseded(state.document):
        if is_open or (old is None and key.kind is Kind.FAILED):  # before anybody heard of it: told once, with its end
            yield Step(old or new, Ending.SUPERSEDED)
    else:
        yield Step(old if old and is_open else new)


def _wanted(state: State, channels: Channels) -> Iterator[tuple[Key, str]]:
    """What is wrong, and who is to hear it, had nothing been said before. A child's index speaks for it."""
    if state.is_child:
        return
    if state.status is Status.FAILED:
        failing = [policy for policy in _policies(state.document) if _is_broken(policy)]
        for policy in failing:
            yield Key(Kind.FAILED, str(policy.get("name", ""))), policy.get("slack_channel") or channels.verdicts
        if not failing:
            yield Key(Kind.FAILED), channels.verdicts
    elif state.status is Status.UNKNOWN and channels.operations:
        yield Key(Kind.UNKNOWN), channels.operations
    elif state.status is Status.NO_POLICY and state.tags and channels.warn_without_policy:  # not each child of an index
        yield Key(Kind.NO_POLICY), channels.verdicts


def _ending(state: State, key: Key) -> Ending | None:
    """Why this incident is over; None where nobody knows that it is."""
    if state.status is Status.VERIFIED:
        return Ending.VERIFIED
    if is_superseded(state.document):
        return Ending.SUPERSEDED
    match state.status, key.kind:
        case Status.FAILED, Kind.FAILED:
            return _policy_ending(state, key)
        case Status.NO_POLICY, Kind.FAILED:
            return Ending.NOT_DEMANDED
        case (Status.FAILED, Kind.NO_POLICY) | (Status.FAILED | Status.NO_POLICY, Kind.UNKNOWN):
            return Ending.JUDGED
    return None


def _policy_ending(state: State, key: Key) -> Ending | None:
    """Why a policy's incident is over, while the digest fails."""
    if state.is_child:
        return Ending.COVERED
    found = [policy for policy in _policies(state.document) if policy.get("name") == key.policy]
    if found:
        return Ending.HOLDS if found[0].get("holds") else None
    return None if (state.document.get("dropped") or {}).get("policies") else Ending.NOT_DEMANDED


def _is_broken(policy: Json) -> bool:
    """It does not hold, and that is certain: a policy that could not be applied says nothing about the image."""
    return not policy.get("holds") and not any(cause.get("code") in CANNOT_JUDGE for cause in _own_causes(policy))


def _own_causes(policy: Json) -> list[Json]:
    demands = [r for authority in policy.get("authorities") or () for r in authority.get("requirements") or ()]
    beside = [policy.get(name) or {} for name in ("condition", "leaves", "presence")]
    return [demand["cause"] for demand in (*demands, *beside) if demand.get("cause")]


def _identity(cause: Json) -> tuple[str, str]:
    return str(cause.get("code")), str(cause.get("text"))


def _policies(document: Json) -> Sequence[Json]:
    return document.get("policies") or ()
