"""The story of verify: one message on the queue, one look at a digest, at most one new verdict.

1. an evidence push is a reason to look at the digest that it is about
2. a digest that is decided, and of which this message says nothing new, is left alone
3. tell what was pushed: an image or index, evidence, or BuildKit's unsigned attestation
4. collect the evidence, judge it by the policies that match
5. store the verdict, unless a newer one was stored meanwhile: then look again
6. PENDING: look again later
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from registry_verifier import grace, history, verdict
from registry_verifier import manifest as manifests
from registry_verifier.errors import EvidenceRejected, Superseded, Unavailable
from registry_verifier.evidence import Evidence, Gatherer
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, Look, State, Verdict
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.model import Policy
from registry_verifier.ports import Looks, Verdicts
from registry_verifier.reasons import Reason, Status

PATIENCE = timedelta(days=3)
"""how long a digest that cannot be looked at is tried again; GitHub keeps deliveries as long"""
_TRIES = 4
_RECENT = 25


@dataclass(frozen=True)
class Outcome:
    """What one look came to: `done` is `verdict`, `unchanged`, `decided-already`, `evidence` or `ignored`."""

    done: str
    status: Status | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """Everything that a look needs, wired once per process."""

    gatherer: Gatherer
    policies: Sequence[Policy]
    trust_root_sha256: str
    verdicts: Verdicts
    looks: Looks
    now: Callable[[], datetime]

    async def look(self, look: Look, *, redelivered: bool = False) -> Outcome:
        """Take one message off the queue.

        `redelivered` says that an earlier try with it did not end well, so that what it left undone is done now.
        Raises Unavailable when the registry, the table or the queue could not be asked: the message must come again.
        """
        subject = manifests.subject_of_tag(look.tag)
        if subject and (told := await self._evidence(look, subject)):
            return told
        for _ in range(_TRIES):
            try:
                return await self._once(look, redelivered=redelivered)
            except Superseded:
                continue
        raise Unavailable(Reason.STORE_UNAVAILABLE, f"the record of {look.digest} changed under {_TRIES} looks")

    async def could_not_look(self, look: Look, error: Unavailable) -> Outcome:
        """Store that a digest could not be looked at, and look again later; changes no decision."""
        old = await asyncio.to_thread(self.verdicts.state, look.image, look.digest)
        seen = self._seen(old, look, [])
        result = verdict.unknown(self._question(look, []), error.reason, str(error))
        try:
            outcome = await self._store(old, result, look, seen)
        except Superseded:
            return Outcome("unchanged")
        undecided = old is None or old.status in (Status.PENDING, Status.UNKNOWN)
        carries_on = outcome.done == "verdict" or look.cause == "recheck"
        if undecided and carries_on and self.now() < seen.first + PATIENCE:
            await self._later(look, seen, grace.QUEUE_LIMIT)
        return outcome

    async def _once(self, look: Look, *, redelivered: bool) -> Outcome:
        old = await asyncio.to_thread(self.verdicts.state, look.image, look.digest)
        if old and _settled(old, look):
            await asyncio.to_thread(self.verdicts.keep_run, old)
            return Outcome("decided-already", old.status)
        if not look.tag and old is None and (told := await self._not_an_image(look)):
            return told
        tags = [*(old.tags if old else ()), *([look.tag] if look.tag else ())]
        matching = policies_for(self.policies, look.image, look.digest, tags)
        evidence = await self._gather(look)
        if told := await self._redirected(look, evidence):
            return told
        seen = self._seen(old, look, matching)
        result = await self._judged(look, matching, evidence, seen, tagged=bool(tags))
        outcome = await self._store(old, result, look, seen)
        if result.status == Status.PENDING and _keeps_watch(old, look, redelivered=redelivered):
            await self._later(look, seen, grace.next_look(look.attempt, self.now(), seen.deadline))
        return outcome

    async def _evidence(self, look: Look, subject: Digest) -> Outcome | None:
        """Look at the subject of an evidence tag; None where the tag hides a runnable image, which is judged as one."""
        told = await self._about(look, subject)
        own = await self._manifest(look)
        return None if own and manifests.kind(own) == manifests.Kind.IMAGE else told

    async def _about(self, look: Look, subject: Digest) -> Outcome:
        """An evidence push is never evidence by itself; it is a reason to look at what it names."""
        again = Look(look.image, subject, "evidence", delivery=look.delivery, actor=look.actor)
        await asyncio.to_thread(self.looks.send, again)
        return Outcome("evidence")

    async def _not_an_image(self, look: Look) -> Outcome | None:
        """What an untagged manifest is, asked before anything else: most are evidence or children."""
        own = await self._manifest(look)
        if own is None and look.cause == "evidence":
            return Outcome("ignored")  # anyone who may push can name any digest in a tag
        return await self._redirected(look, Evidence(own, ()))

    async def _redirected(self, look: Look, evidence: Evidence) -> Outcome | None:
        own = evidence.manifest
        if own is None:
            raise Unavailable(Reason.MANIFEST_NOT_FOUND, f"{look.image}@{look.digest} is not in the registry")
        if look.tag or manifests.kind(own) not in (manifests.Kind.EVIDENCE, manifests.Kind.BUILDKIT_ATTESTATION):
            return None  # whatever has a tag of its own is a publish
        return await self._about(look, own.subject) if own.subject else Outcome("ignored")

    async def _manifest(self, look: Look) -> Manifest | None:
        try:
            return await self.gatherer.registry.manifest(look.image, look.digest)
        except EvidenceRejected as error:
            raise Unavailable(error.reason, str(error)) from error

    async def _gather(self, look: Look) -> Evidence:
        try:
            return await self.gatherer.gather(look.image, look.digest)
        except EvidenceRejected as error:  # of the image's own manifest: the registry's fault, not the image's
            raise Unavailable(error.reason, str(error)) from error

    async def _judged(
        self, look: Look, matching: Sequence[Policy], evidence: Evidence, seen: history.Seen, *, tagged: bool
    ) -> Verdict:
        waiting = self.now() < seen.deadline
        result = verdict.judge(self._question(look, matching), evidence, waiting=waiting)
        if result.status in (Status.PENDING, Status.FAILED) and not tagged and (index := await self._index_of(look)):
            return verdict.covered_by(result, index)
        return result if waiting else verdict.after_grace(result)

    async def _index_of(self, look: Look) -> State | None:
        """The newest known index of the same repository that lists this digest, unless it will never be decided."""
        recent = await asyncio.to_thread(self.verdicts.recent, look.image, limit=_RECENT)
        listing = (state for state in recent if look.digest in state.document.get("children", ()))
        return next((state for state in listing if self._is_or_will_be_decided(state)), None)

    def _is_or_will_be_decided(self, index: State) -> bool:
        waits = index.status in (Status.PENDING, Status.UNKNOWN) and self.now() < index.first_seen + PATIENCE
        return waits or index.status in (Status.VERIFIED, Status.FAILED)

    async def _store(self, old: State | None, result: Verdict, look: Look, seen: history.Seen) -> Outcome:
        reasons = tuple(cause.code.value for cause in result.causes)
        new = history.follow(old, result, look, seen)
        if new is None:
            return Outcome("unchanged", result.status, reasons)
        await asyncio.to_thread(self.verdicts.record, old, new)
        if new.status != Status.PENDING:
            await asyncio.to_thread(self.verdicts.keep_run, new)
        return Outcome("verdict", result.status, reasons)

    async def _later(self, look: Look, seen: history.Seen, delay_seconds: int) -> None:
        again = replace(look, cause="recheck", tag=None, delivery="", attempt=look.attempt + 1, first_seen=seen.first)
        await asyncio.to_thread(self.looks.send, again, delay_seconds=delay_seconds)

    def _question(self, look: Look, matching: Sequence[Policy]) -> verdict.Question:
        return verdict.Question(look.image, look.digest, matching, self.trust_root_sha256, self.now())

    def _seen(self, old: State | None, look: Look, matching: Sequence[Policy]) -> history.Seen:
        first = old.first_seen if old else look.first_seen or self.now()
        if old and not matching:
            return history.Seen(first, old.deadline)
        return history.Seen(first, grace.deadline(first, (policy.grace for policy in matching)))


def _settled(old: State, look: Look) -> bool:
    """Nothing to look at: the digest is decided, and this message is one that led there or only asks whether it is."""
    if old.status in (Status.PENDING, Status.UNKNOWN):
        return False
    if look.cause == "publish":
        return look.delivery in old.deliveries
    return look.cause == "recheck" or old.status == Status.VERIFIED


def _keeps_watch(old: State | None, look: Look, *, redelivered: bool) -> bool:
    """Whether this message carries the watch over a waiting digest on: one chain of re-checks, not one per message."""
    return old is None or look.cause == "recheck" or redelivered
