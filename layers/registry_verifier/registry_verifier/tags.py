"""Tags: what they point to, by the registry's word, and what becomes of a digest that they no longer point to.

Webhooks say that a tag was pushed, in whatever order they come; only the registry knows where it points now. A digest
none of whose tags points to it any more is superseded by what they point to instead.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from registry_verifier import drift, history
from registry_verifier import manifest as manifests
from registry_verifier.errors import EvidenceRejected, Superseded, Unavailable
from registry_verifier.evidence.together import together
from registry_verifier.models import Digest, ImageName, Look, State
from registry_verifier.ports import Looks, Registry, Verdicts
from registry_verifier.reasons import Status
from registry_verifier.watched import TagPointer

TAGS_LIMIT = 20
"""how many of a digest's tags the registry is asked about, the newest"""
FORMER_SECONDS = 30
"""how long after a tag moved its former digest is looked at: by then the new one's record can be read everywhere"""
TROUBLE_SECONDS = 900
_TRIES = 4


@dataclass(frozen=True)
class Away:
    """The tags of a digest that point to other digests now."""

    moved: Mapping[str, Digest] = field(default_factory=dict)
    """what they point to, the newest tag first"""
    superseded_by: Digest | None = None
    """the best of what they point to, where no tag is left"""


@dataclass(frozen=True)
class Tags:
    """Follows tags."""

    registry: Registry
    verdicts: Verdicts
    looks: Looks
    now: Callable[[], datetime]

    async def pushed(self, look: Look) -> None:
        """Remember that the tag of a look points to its digest, and have what it pointed to before looked at."""
        if look.tag is None:
            return
        for _ in range(_TRIES):
            with contextlib.suppress(Superseded):
                await self._pushed(look, look.tag)
                return

    async def _pushed(self, look: Look, tag: str) -> None:
        old = await asyncio.to_thread(self.verdicts.pointer, look.image, tag)
        if old is None:
            await self._point(None, TagPointer(look.image, tag, look.digest, self.now()))
        elif old.digest != look.digest:
            await self._turned(look, old)

    async def _turned(self, look: Look, old: TagPointer) -> None:
        """A tag that pointed to another digest: the registry knows which of the two came later."""
        try:
            digest = await self._resolved(old.image, old.tag)
        except (EvidenceRejected, Unavailable):  # the verdict stands; a later look at the former digest asks again
            await self._look_at(old.image, old.digest, TROUBLE_SECONDS)
            return
        for former in {old.digest, look.digest} - {digest}:
            await self._look_at(old.image, former, FORMER_SECONDS)
        if digest and digest != old.digest:
            await self._point(old, old.moved(digest, self.now()))

    async def away(self, look: Look, old: State, tags: Sequence[str]) -> Away:
        """Which tags of a record point elsewhere; what no webhook told of is looked at. Raises Unavailable.

        Only who looks without a push asks, and whoever looks at a digest of which tags moved before.
        """
        moved_before = old.document.get("superseded_by") or drift.moved_tags(old.document)
        if look.cause not in history.AGAIN and not moved_before:
            return Away()
        asked = [tag for tag in reversed(tags) if not manifests.subject_of_tag(tag)][:TAGS_LIMIT]
        found = await together(*(self._now_at(old, tag) for tag in asked))
        pairs = list(zip(asked, found, strict=True))
        moved = {tag: digest for tag, digest in pairs if digest and digest != old.digest}
        known = [await self._known(old, tag, digest) for tag, digest in moved.items()]
        left = any(digest == old.digest for _, digest in pairs)
        return Away(moved, None if left else _best(known))

    async def _known(self, old: State, tag: str, digest: Digest) -> State | None:
        """The record of what a tag points to now, where there is one."""
        state = await asyncio.to_thread(self.verdicts.state, old.image, digest)
        if state is None:
            missed = Look(old.image, digest, "missed", tag=tag, first_seen=self.now())
            await asyncio.to_thread(self.looks.send, missed)
            return None
        pointer = await asyncio.to_thread(self.verdicts.pointer, old.image, tag)
        if pointer and pointer.digest == old.digest:
            await self._point(pointer, pointer.moved(digest, self.now()))
        return state

    async def _now_at(self, old: State, tag: str) -> Digest | None:
        """As `_resolved`; a tag with something unreadable behind it is left alone."""
        try:
            return await self._resolved(old.image, tag)
        except EvidenceRejected:
            return old.digest

    async def _resolved(self, image: ImageName, tag: str) -> Digest | None:
        """What the registry says; None where it has no such tag."""
        found = await self.registry.manifest(image, tag)
        return found.digest if found else None

    async def _look_at(self, image: ImageName, digest: Digest, delay_seconds: int) -> None:
        await asyncio.to_thread(self.looks.send, Look(image, digest, "sweep"), delay_seconds=delay_seconds)

    async def _point(self, old: TagPointer | None, new: TagPointer) -> None:
        await asyncio.to_thread(self.verdicts.point, old, new)


def _best(known: Sequence[State | None]) -> Digest | None:
    """What supersedes a digest, of the records behind its tags. A tag may be put back, too."""
    records = [state for state in known if state]
    best = max(records, key=lambda state: (state.status == Status.VERIFIED, state.first_seen), default=None)
    return best.digest if best else None
