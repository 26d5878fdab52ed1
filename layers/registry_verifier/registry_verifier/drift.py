"""Drift: what changed about a digest since it was verified.

Where the digest fails now, the changes are causes of that; where it still holds, they are told beside the verdict. A
tag that moved is never a cause: it makes nothing wrong with the digest that it pointed to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from registry_verifier.models import Digest, Json, State, Verdict
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause

_SAW_IT_HOLD = (Status.VERIFIED, Status.UNKNOWN)
"""UNKNOWN keeps what was seen before nobody could look"""
_NOT_HOLDING = (Status.PENDING, Status.FAILED)
_BY_ANOTHER = frozenset({Reason.IDENTITY_MISMATCH, Reason.ISSUER_MISMATCH, Reason.KEY_MISMATCH})
_CHANGES = frozenset({Reason.EVIDENCE_LOST, Reason.IDENTITY_CHANGED, Reason.TRUST_ROOT_CHANGED, Reason.POLICY_CHANGED})


def told(old: State, new: Verdict, moved: Mapping[str, Digest]) -> Verdict:
    """The new verdict with what changed since `old`; `moved` is what tags of the digest point to instead."""
    tags = tuple(Cause(Reason.TAG_MOVED, f"tag {tag} points to {digest} now") for tag, digest in moved.items())
    changes = tuple(dict.fromkeys((*_remembered(old, new), *since(old, new))))
    if new.status == Status.FAILED:
        return replace(new, causes=(*new.causes, *changes), drift=tags)
    return replace(new, drift=(*changes, *tags))


def since(old: State, new: Verdict) -> tuple[Cause, ...]:
    """What changed since the digest was last seen to be verified."""
    if old.status not in _SAW_IT_HOLD:
        return ()
    before, after = _of_document(old.document), _of_verdict(new)
    found = (_lost(before, after, new), _by_another(before, after), _root(old, new), _policies(old, new))
    return tuple(cause for causes in found for cause in causes)


def is_news(old: Json, new: Json) -> bool:
    """Whether the new document tells of a change that the old one does not; tags apart."""
    return not set(_texts(new, moved=False)) <= set(_texts(old, moved=False))


def fails_for_loss(state: State) -> bool:
    """Whether a digest fails since something changed, as against evidence that never came in time."""
    reasons = set(state.document["reasons"])
    changed = reasons & {Reason.CHILD_MISSING, *_CHANGES} and Reason.UNSIGNED_AFTER_GRACE not in reasons
    return state.status == Status.FAILED and bool(changed)


def news(old: State | None, new: State) -> tuple[str, ...]:
    """The codes of what a new state tells of changes that the old one did not."""
    before = _codes(old.document) if old else set()
    return tuple(sorted(_codes(new.document) - before))


def moved_tags(document: Json) -> tuple[str, ...]:
    """What a document says about tags that moved."""
    return tuple(sorted(_texts(document, moved=True)))


def with_marks(old: Json, new: Json) -> Json:
    """The old document, which stands, with what the new one says about tags."""
    if moved_tags(old) == moved_tags(new) and old.get("superseded_by") == new.get("superseded_by"):
        return old
    moved = [entry for entry in new.get("drift", ()) if _is_moved(entry)]
    kept = [entry for entry in old.get("drift", ()) if not _is_moved(entry)]
    return {**old, "drift": [*kept, *moved], "superseded_by": new.get("superseded_by")}


def without_marks(document: Json) -> Json:
    """The verdict alone, without what its tags point to now."""
    kept = {name: value for name, value in document.items() if name != "superseded_by"}
    return {**kept, "drift": [e for e in kept["drift"] if not _is_moved(e)]} if "drift" in kept else kept


def _codes(document: Json) -> set[str]:
    entries = (*document.get("causes", ()), *document.get("drift", ()))
    return {entry["code"] for entry in entries if entry["code"] in _CHANGES | {Reason.TAG_MOVED}}


def _texts(document: Json, *, moved: bool) -> Iterator[str]:
    return (entry["text"] for entry in document.get("drift", ()) if _is_moved(entry) == moved)


def _is_moved(entry: Json) -> bool:
    return bool(entry["code"] == Reason.TAG_MOVED.value)


def _remembered(old: State, new: Verdict) -> Iterator[Cause]:
    """What the stored verdict says of changes, as long as the digest does not hold again."""
    if old.status in _NOT_HOLDING and new.status in _NOT_HOLDING:
        entries = (*old.document.get("causes", ()), *old.document.get("drift", ()))
        yield from (Cause(Reason(e["code"]), e["text"]) for e in entries if e["code"] in _CHANGES)


class _Demand(NamedTuple):
    """One requirement of an authority."""

    policy: str
    authority: str
    name: str
    predicate_type: str | None

    def __str__(self) -> str:
        return f"policy {self.policy}: {self.name}"


@dataclass(frozen=True)
class _Seen:
    """What one look saw."""

    signers: Mapping[str, str]
    """by place: who signed what holds"""
    used: Mapping[_Demand, str]
    """the place of what met a demand, of authorities that hold"""
    wrong: Mapping[_Demand, Cause]
    """why a demand was not met, where it was for who signed"""


def _of_document(document: Json) -> _Seen:
    signers = {
        s["place"]: _signer(s.get("identity"), s.get("key")) for s in document.get("statements", ()) if s["holds"]
    }
    demands = (
        (_Demand(p["name"], a["name"], r["name"], r["predicate_type"]), r["used"])
        for p in document.get("policies", ())
        for a in p["authorities"]
        for r in a["requirements"]
        if a["holds"]
    )
    return _Seen(signers, {demand: used for demand, used in demands if used in signers}, {})


def _of_verdict(verdict: Verdict) -> _Seen:
    signers = {s.place: _signer(vars(s.identity) if s.identity else None, s.key) for s in verdict.statements if s.holds}
    found = [
        (_Demand(p.name, a.name, r.name, r.predicate_type), r, a.holds)
        for p in verdict.policies
        for a in p.authorities
        for r in a.requirements
    ]
    used = {demand: r.used for demand, r, holds in found if holds and r.used in signers}
    wrong = {demand: r.cause for demand, r, _ in found if r.cause and r.cause.code in _BY_ANOTHER}
    return _Seen(signers, used, wrong)


def _signer(identity: Mapping[str, Any] | None, key: str | None) -> str:
    return f"{identity['subject']!r} of {identity['issuer']!r}" if identity else f"key {key}"


def _lost(before: _Seen, after: _Seen, new: Verdict) -> Iterable[Cause]:
    if new.unread:  # nobody could look at one of the places where it may be
        return
    there = {statement.place for statement in new.statements}
    lost = sorted(set(before.used.values()) - there)
    if lost:
        yield Cause(Reason.EVIDENCE_LOST, f"evidence that was used is not there any more: {', '.join(lost)}")


def _by_another(before: _Seen, after: _Seen) -> Iterable[Cause]:
    """Demands whose old evidence is gone, and that somebody else meets now, or does not."""
    for demand, place in before.used.items():
        if place in after.signers:
            continue
        was = before.signers[place]
        now = after.signers[after.used[demand]] if demand in after.used else was
        if now != was:
            yield Cause(Reason.IDENTITY_CHANGED, f"{demand} was by {was}, and is by {now} now")
        elif demand in after.wrong:
            yield Cause(Reason.IDENTITY_CHANGED, f"{demand} was by {was}; now {after.wrong[demand].text}")


def _root(old: State, new: Verdict) -> Iterable[Cause]:
    was, now = old.document.get("trust_root", {}).get("sha256"), new.trust_root_sha256
    if was and was != now:
        yield Cause(Reason.TRUST_ROOT_CHANGED, f"trusted root was {was[:12]}, and is {now[:12]} now")


def _policies(old: State, new: Verdict) -> Iterable[Cause]:
    was = {policy["name"]: policy["sha256"] for policy in old.document.get("policies", ())}
    now = {policy.name: policy.sha256 for policy in new.policies}
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    if changed:
        yield Cause(Reason.POLICY_CHANGED, f"not judged by the same policies as before: {', '.join(changed)}")
