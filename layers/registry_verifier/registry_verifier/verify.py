"""The story of verify: one message on the queue, one look at a digest, at most one new verdict.

1. an evidence push is a reason to look at the digest that it is about
2. a digest that is decided, and of which this message says nothing new, is left alone
3. tell what was pushed: an image or index, evidence, or what BuildKit puts beside them
4. collect the evidence, judge it by the policies that match, and by those that ever did
5. store the verdict, unless a newer one was stored meanwhile: then look again
6. PENDING: look again later
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from registry_verifier import coverage, grace, history, manifest_kind, verdict
from registry_verifier import manifest as manifests
from registry_verifier.errors import EvidenceRejected, Superseded, Unavailable
from registry_verifier.evidence.findings import Finder, Findings
from registry_verifier.manifest import Manifest
from registry_verifier.manifest_kind import Kind
from registry_verifier.models import Digest, Look, State, Verdict
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.model import Policy
from registry_verifier.ports import Looks, Verdicts
from registry_verifier.reasons import Reason, Status

PATIENCE = timedelta(days=3)
"""how long a digest that cannot be looked at is tried again; GitHub keeps deliveries as long"""
CONFIRM_SECONDS = 60
CHILD_SECONDS = 30
"""how long after an index its children are looked at: by then its record can be read everywhere"""
_CONFIRMATIONS = 1
_TRIES = 4
_RECENT = 100
_UNDECIDED_ALONE = (Status.PENDING, Status.FAILED, Status.UNKNOWN)
"""what a child of an index is by itself, as long as the index says nothing else"""
_NO_PUBLISH = (Kind.EVIDENCE, Kind.BUILDKIT_ATTESTATION)


@dataclass(frozen=True)
class Outcome:
    """What one look came to.

    `done` is `verdict`, `unchanged`, `decided-already`, `to-be-confirmed`, `evidence` or `ignored`.
    """

    done: str
    status: Status | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """Everything that a look needs, wired once per process."""

    finder: Finder
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
        """Store that a digest could not be looked at, which changes no decision, and send the same look again."""
        old = await asyncio.to_thread(self.verdicts.state, look.image, look.digest)
        times = history.seen(old, look, (), self.now())
        outcome = Outcome("unchanged", Status.UNKNOWN, (error.reason.value,))
        heard = look.first_seen or self.now()
        lasting = self.now() < max(heard, times.deadline) + PATIENCE
        # what has no tag may be evidence or a child: it gets no record of its own before it was looked at
        is_publish = bool(look.tag) or (look.cause == "publish" and not lasting)
        if (old or is_publish) and not manifests.subject_of_tag(look.tag):
            result = verdict.unknown(self._question(look, ()), error.reason, str(error))
            with contextlib.suppress(Superseded):  # somebody who could look was faster
                outcome = await self._stored(old, history.could_not_look(old, result, look, times)) or outcome
        if lasting:
            await self._again(replace(look, first_seen=heard), grace.QUEUE_LIMIT)
        return outcome

    async def _once(self, look: Look, *, redelivered: bool) -> Outcome:
        old = await asyncio.to_thread(self.verdicts.state, look.image, look.digest)
        if old and _settled(old, look):
            await asyncio.to_thread(self.verdicts.keep_run, old)
            return Outcome("decided-already", old.status)
        tags = [*(old.tags if old else ()), *([look.tag] if look.tag else ())]
        matching = self._matching(look, tags, old)
        try:
            if old is None and not tags and (told := await self._not_an_image(look)):
                return told
            found = await self.finder.find(look.image, look.digest, matching)
        except EvidenceRejected as error:  # of the digest's own manifest
            return await self._judged_by_its_bytes(old, look, matching, error)
        if told := await self._redirected(look, found.manifest, tagged=bool(tags)):
            return told
        times = history.seen(old, look, matching, self.now())
        result = await self._judged(old, look, matching, found, times, tagged=bool(tags))
        return await self._concluded(old, look, matching, result, times, redelivered=redelivered)

    async def _concluded(
        self,
        old: State | None,
        look: Look,
        matching: Sequence[Policy],
        result: Verdict,
        times: history.Seen,
        *,
        redelivered: bool,
    ) -> Outcome:
        if old and _is_demotion(old, result, matching) and look.attempt < _CONFIRMATIONS:
            await self._again(replace(look, attempt=look.attempt + 1), CONFIRM_SECONDS)
            return Outcome("to-be-confirmed", result.status, _codes(result))
        for child in coverage.to_be_told(old, result):  # before the record: a kill in between costs a look too many
            await self._again(Look(look.image, child, "index"), CHILD_SECONDS)
        stored = await self._stored(old, history.follow(old, result, look, times))
        if result.status == Status.PENDING and _keeps_watch(old, look, stored, redelivered=redelivered):
            again = replace(look, cause="recheck", tag=None, delivery="", attempt=look.attempt + 1)
            delay = grace.next_look(look.attempt, self.now(), times.deadline)
            await self._again(replace(again, first_seen=times.first), delay)
        return stored or Outcome("unchanged", result.status, _codes(result))

    async def _evidence(self, look: Look, subject: Digest) -> Outcome | None:
        """Look at the subject of an evidence tag; None where the tag hides a runnable image, which is judged as one."""
        own = None
        with contextlib.suppress(EvidenceRejected):
            own = await self.finder.gatherer.registry.manifest(look.image, look.digest)
        told = await self._about(look, subject)
        return None if own and manifest_kind.kind(own) == Kind.IMAGE and manifest_kind.has_file_system(own) else told

    async def _about(self, look: Look, subject: Digest) -> Outcome:
        """An evidence push is never evidence by itself; it is a reason to look at what it names."""
        await self._again(Look(look.image, subject, "evidence", delivery=look.delivery, actor=look.actor), 0)
        return Outcome("evidence")

    async def _not_an_image(self, look: Look) -> Outcome | None:
        """What an untagged manifest is, asked before anything else: most are evidence or children."""
        own = await self.finder.gatherer.registry.manifest(look.image, look.digest)
        if (own is None and look.cause == "evidence") or look.cause == "index":
            return Outcome("ignored")  # anyone who may push can name any digest in a tag, or in an index
        return await self._redirected(look, own, tagged=False)

    async def _redirected(self, look: Look, own: Manifest | None, *, tagged: bool) -> Outcome | None:
        if own is None:
            raise Unavailable(Reason.MANIFEST_NOT_FOUND, f"{look.image}@{look.digest} is not in the registry")
        kind = manifest_kind.kind(own)
        if kind == Kind.BUILD_CACHE:
            return Outcome("ignored")
        if tagged or kind not in _NO_PUBLISH:
            return None  # whatever has a tag of its own is a publish
        about = own.subject if look.cause == "publish" else None
        return await self._about(look, about) if about else Outcome("ignored")

    async def _judged(
        self,
        old: State | None,
        look: Look,
        matching: Sequence[Policy],
        found: Findings,
        times: history.Seen,
        *,
        tagged: bool,
    ) -> Verdict:
        lost = old is not None and old.status == Status.VERIFIED and not history.grew(old, matching)
        waiting = self.now() < times.deadline and not lost
        question = self._question(look, matching)
        # it may take seconds of a processor, or of another process; the other messages of the batch go on
        result = await asyncio.to_thread(verdict.judge, question, found, waiting=waiting)
        if result.status in _UNDECIDED_ALONE and not tagged:
            recent = await asyncio.to_thread(self.verdicts.recent, look.image, limit=_RECENT)
            if index := coverage.index_of(question, recent, since=self.now() - PATIENCE):
                return verdict.covered_by(result, index)
        verdict.refuse_outage(result)
        return result if waiting or lost else verdict.after_grace(result)

    async def _judged_by_its_bytes(
        self, old: State | None, look: Look, matching: Sequence[Policy], error: EvidenceRejected
    ) -> Outcome:
        """Bytes that have the right digest and are no manifest are wrong; other bytes are the registry's fault."""
        if error.reason != Reason.MANIFEST_INVALID:
            raise Unavailable(error.reason, str(error)) from error
        result = verdict.unreadable(self._question(look, matching), error.reason, str(error))
        times = history.seen(old, look, matching, self.now())
        stored = await self._stored(old, history.follow(old, result, look, times))
        return stored or Outcome("unchanged", result.status, _codes(result))

    async def _stored(self, old: State | None, new: State | None) -> Outcome | None:
        if new is None:
            return None
        await asyncio.to_thread(self.verdicts.record, old, new)
        if new.status != Status.PENDING:
            await asyncio.to_thread(self.verdicts.keep_run, new)
        return Outcome("verdict", new.status, tuple(new.document["reasons"]))

    async def _again(self, look: Look, delay_seconds: int) -> None:
        await asyncio.to_thread(self.looks.send, look, delay_seconds=delay_seconds)

    def _matching(self, look: Look, tags: Sequence[str], old: State | None) -> tuple[Policy, ...]:
        """The policies that match, and those that did before: a tag that is pushed later takes no demand away."""
        matching = policies_for(self.policies, look.image, look.digest, tags)
        before = history.names(old.document) if old else set()
        return tuple(policy for policy in self.policies if policy in matching or policy.name in before)

    def _question(self, look: Look, matching: Sequence[Policy]) -> verdict.Question:
        return verdict.Question(look.image, look.digest, matching, self.trust_root_sha256, self.now())


def _codes(result: Verdict) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cause.code.value for cause in result.causes))


def _settled(old: State, look: Look) -> bool:
    """Nothing to look at: the digest is decided, and this message is one that led there or only asks whether it is."""
    if old.status in (Status.PENDING, Status.UNKNOWN) or look.cause == "index":
        return False
    if look.cause == "publish":
        return look.delivery in old.deliveries
    return look.cause == "recheck" or old.status == Status.VERIFIED


def _is_demotion(old: State, result: Verdict, matching: Sequence[Policy]) -> bool:
    """Evidence that was there is not seen any more, by the same policies: worth a second look before people hear."""
    worse = result.status in (Status.FAILED, Status.UNKNOWN)
    return old.status == Status.VERIFIED and worse and not history.grew(old, matching)


def _keeps_watch(old: State | None, look: Look, stored: Outcome | None, *, redelivered: bool) -> bool:
    """Whether this message carries the watch over a waiting digest on: one chain of re-checks, not one per message."""
    begins = stored is not None and (old is None or old.status != Status.PENDING)
    was_cut_off = redelivered and (not look.delivery or (old is not None and look.delivery in old.deliveries))
    return begins or was_cut_off or look.cause == "recheck"
