"""The story of verify: one message on the queue, one look at a digest, at most one new verdict.

1. an evidence push is a reason to look at the digest that it is about
2. a digest that is decided, and of which this message says nothing new, is left alone
3. tell what was pushed: an image or index, evidence, or what BuildKit puts beside them
4. collect the evidence, judge it by the policies that match, and by those that ever did
5. tell what changed since the digest was verified, and which of its tags point elsewhere
6. store the verdict, unless a newer one was stored meanwhile: then look again
7. follow the tag that was pushed
8. PENDING: look again later
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from registry_verifier import drift, grace, history, verdict
from registry_verifier import manifest as manifests
from registry_verifier.errors import EvidenceRejected, Superseded, Unavailable
from registry_verifier.evidence.findings import Finder, Findings
from registry_verifier.family import Family
from registry_verifier.models import Look, State, Verdict
from registry_verifier.no_image import NoImage
from registry_verifier.out_of_sight import OutOfSight
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.model import Policy
from registry_verifier.ports import Looks, Verdicts
from registry_verifier.reasons import Reason, Status
from registry_verifier.tags import Tags

PATIENCE = grace.PATIENCE
CONFIRM_SECONDS = 60
_CONFIRMATIONS = 1
_TRIES = 4
_LOOKED = ("verdict", "unchanged")
"""what is done where the evidence was judged, and the judgement needs no confirmation"""
_UNDECIDED_ALONE = (Status.PENDING, Status.FAILED, Status.UNKNOWN)
"""what a child of an index is by itself, as long as the index says nothing else"""


@dataclass(frozen=True)
class Outcome:
    """What one look came to.

    `done` is `verdict`, `unchanged`, `decided-already`, `to-be-confirmed`, `evidence`, `ignored`, or `gone`: a digest
    that is decided and that the registry has no more.
    """

    done: str
    status: Status | None = None
    reasons: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    """what changed since the digest was verified, where that is news"""
    stored: State | None = field(default=None, compare=False, repr=False)
    """the record that this look wrote, where it wrote one, in the place of `replaced`"""
    replaced: State | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Verification:
    """Everything that a look needs, wired once per process."""

    finder: Finder
    policies: Sequence[Policy]
    trust_root_sha256: str
    verdicts: Verdicts
    looks: Looks
    now: Callable[[], datetime]
    trust_root_checked_at: datetime | None = None
    """when the trusted root was proven to be the newest one"""

    async def look(self, look: Look, *, redelivered: bool = False) -> Outcome:
        """Take one message off the queue.

        `redelivered` says that an earlier try with it did not end well, so that what it left undone is done now.
        Raises Unavailable when the registry, the table or the queue could not be asked: the message must come again.
        """
        subject = manifests.subject_of_tag(look.tag)
        if subject and await self._no_image.is_evidence(look, subject):
            return Outcome("evidence")
        for _ in range(_TRIES):
            began = self.now()
            with contextlib.suppress(Superseded):
                outcome = await self._once(look, redelivered=redelivered)
                if look.cause in history.AGAIN and outcome.done in _LOOKED:
                    await self._out_of_sight.ended(look, began)
                return outcome
        raise Unavailable(Reason.STORE_UNAVAILABLE, f"the record of {look.digest} changed under {_TRIES} looks")

    async def could_not_look(self, look: Look, error: Unavailable) -> Outcome:
        """Store that a digest could not be looked at, which changes no decision, and send the same look again."""
        old = await asyncio.to_thread(self.verdicts.state, look.image, look.digest)
        if look.cause in history.AGAIN:
            return await self._unseen(look, old, error)
        times = history.seen(old, look, (), self.now())
        outcome = Outcome("unchanged", Status.UNKNOWN, (error.reason.value,))
        heard = look.first_seen or self.now()
        lasting = self.now() < max(heard, times.deadline) + PATIENCE
        # what has no tag may be evidence or a child: it gets no record of its own before it was looked at
        is_publish = bool(look.tag) or (look.cause in history.PUBLISHES and not lasting)
        if (old or is_publish) and not manifests.subject_of_tag(look.tag):
            result = verdict.unknown(self._question(look, ()), error.reason, str(error))
            with contextlib.suppress(Superseded):  # somebody who could look was faster
                outcome = await self._stored(old, history.could_not_look(old, result, look, times)) or outcome
        if lasting:
            await self._again(replace(look, first_seen=heard), grace.QUEUE_LIMIT)
        return outcome

    async def _unseen(self, look: Look, old: State | None, error: Unavailable) -> Outcome:
        """A look without a push did not take place: the sweep's comes again, and a decision lasts `PATIENCE`."""
        outcome = Outcome("unchanged", old.status if old else Status.UNKNOWN, (error.reason.value,))
        if old is None or (old.status not in history.UNDECIDED and not await self._out_of_sight.lasts(look)):
            return outcome
        if look.cause == "asked" and old.status == Status.PENDING:
            return outcome  # UNKNOWN would give it a grace period of its own, whenever somebody asks
        result = verdict.unknown(self._question(look, ()), error.reason, str(error))
        with contextlib.suppress(Superseded):
            return await self._stored(old, history.lost_sight(old, result)) or outcome
        return outcome

    async def _once(self, look: Look, *, redelivered: bool) -> Outcome:
        old = await asyncio.to_thread(self.verdicts.state, look.image, look.digest)
        if old and history.settled(old, look):
            await self._tags.pushed(look)
            return Outcome("decided-already", old.status)
        if old is None and look.cause == "sweep":
            return Outcome("ignored")  # a record that expired is not begun anew
        tags = [*(old.tags if old else ()), *([look.tag] if look.tag else ())]
        matching = self._matching(look, tags, old)
        try:
            if old is None and not tags and (done := await self._no_image.first_met(look)):
                return Outcome(done)
            found = await self.finder.find(
                look.image, look.digest, matching, children=history.wants_children(old, look)
            )
        except EvidenceRejected as error:  # of the digest's own manifest
            return await self._judged_by_its_bytes(old, look, matching, error)
        if found.manifest is None and look.cause in history.AGAIN and old and old.status not in history.UNDECIDED:
            return Outcome("gone", old.status)
        if done := await self._no_image.redirected(look, found.manifest, tagged=bool(tags)):
            return Outcome(done)
        times = history.seen(old, look, matching, self.now())
        result = await self._judged(old, look, matching, found, times, tagged=bool(tags))
        if old:
            away = await self._tags.away(look, old, tags)
            result = drift.told(old, replace(result, superseded_by=away.superseded_by), away.moved)
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
        if old and history.is_demotion(old, result, matching) and look.attempt < _CONFIRMATIONS:
            await self._again(replace(look, attempt=look.attempt + 1), CONFIRM_SECONDS)
            return Outcome("to-be-confirmed", result.status, _codes(result))
        await self._family.tell(look, old, result, matching)  # before the record: a kill costs a look too many
        stored = await self._stored(old, history.follow(old, result, look, times))
        await self._tags.pushed(look)
        keeps_watch = history.keeps_watch(old, look, stored=stored is not None, redelivered=redelivered)
        if result.status == Status.PENDING and keeps_watch:
            again = replace(look, cause="recheck", tag=None, delivery="", attempt=look.attempt + 1)
            delay = grace.next_look(look.attempt, self.now(), times.deadline)
            await self._again(replace(again, first_seen=times.first), delay)
        return stored or Outcome("unchanged", result.status, _codes(result))

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
        waiting = self.now() < grace.ends(times.first, times.deadline, tagged=tagged) and not lost
        question = self._question(look, matching)
        # it may take seconds of a processor, or of another process; the other messages of the batch go on
        result = await asyncio.to_thread(verdict.judge, question, found, waiting=waiting)
        alone = tagged or result.status not in _UNDECIDED_ALONE
        if index := None if alone else await self._family.covering(question, old):
            return verdict.covered_by(result, index)
        verdict.refuse_outage(result)
        is_late = not (waiting or lost or (old is not None and drift.fails_for_loss(old)))
        return verdict.after_grace(result) if is_late else result

    async def _judged_by_its_bytes(
        self, old: State | None, look: Look, matching: Sequence[Policy], error: EvidenceRejected
    ) -> Outcome:
        """Bytes that have the right digest and are no manifest are wrong; other bytes are the registry's fault."""
        if error.reason != Reason.MANIFEST_INVALID:
            raise Unavailable(error.reason, str(error)) from error
        result = verdict.unreadable(self._question(look, matching), error.reason, str(error))
        times = history.seen(old, look, matching, self.now())
        stored = await self._stored(old, history.follow(old, result, look, times))
        await self._tags.pushed(look)
        return stored or Outcome("unchanged", result.status, _codes(result))

    async def _stored(self, old: State | None, new: State | None) -> Outcome | None:
        if new is None:
            return None
        if old and old.status != Status.PENDING and not history.stands(old, new):
            replaced_at = datetime.fromisoformat(new.document["verified_at"])
            await asyncio.to_thread(self.verdicts.keep_run, old, replaced_at)  # before: a kill cannot lose it
        await asyncio.to_thread(self.verdicts.record, old, new)
        return Outcome("verdict", new.status, tuple(new.document["reasons"]), drift.news(old, new), new, old)

    @property
    def _out_of_sight(self) -> OutOfSight:
        return OutOfSight(self.verdicts, self.now)

    @property
    def _family(self) -> Family:
        return Family(self.verdicts, self.looks)

    @property
    def _no_image(self) -> NoImage:
        return NoImage(self.finder.gatherer.registry, self.looks)

    @property
    def _tags(self) -> Tags:
        return Tags(self.finder.gatherer.registry, self.verdicts, self.looks, self.now)

    async def _again(self, look: Look, delay_seconds: int) -> None:
        await asyncio.to_thread(self.looks.send, look, delay_seconds=delay_seconds)

    def _matching(self, look: Look, tags: Sequence[str], old: State | None) -> tuple[Policy, ...]:
        """The policies that match, and those that did before: a tag that is pushed later takes no demand away."""
        matching = policies_for(self.policies, look.image, look.digest, tags)
        before = history.names(old.document) if old else set()
        return tuple(policy for policy in self.policies if policy in matching or policy.name in before)

    def _question(self, look: Look, matching: Sequence[Policy]) -> verdict.Question:
        root, proven_at = self.trust_root_sha256, self.trust_root_checked_at
        return verdict.Question(look.image, look.digest, matching, root, self.now(), trust_root_checked_at=proven_at)


def _codes(result: Verdict) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cause.code.value for cause in result.causes))
