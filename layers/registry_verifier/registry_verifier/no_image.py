"""A push that is no image: evidence about another digest, which is looked at, or what BuildKit puts beside images."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from registry_verifier import history, manifest_kind
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence.together import together
from registry_verifier.manifest import Manifest
from registry_verifier.manifest_kind import Kind
from registry_verifier.models import Digest, Look
from registry_verifier.ports import Looks, Registry
from registry_verifier.reasons import Reason

LISTED_LIMIT = 128
EVIDENCE = "evidence"
IGNORED = "ignored"
_NO_PUBLISH = (Kind.EVIDENCE, Kind.BUILDKIT_ATTESTATION)


@dataclass(frozen=True)
class NoImage:
    """Tells what a look is at. What it answers is what is done with the look; None: it is at an image."""

    registry: Registry
    looks: Looks

    async def is_evidence(self, look: Look, subject: Digest) -> bool:
        """Have the subject of an evidence tag looked at; False where the tag hides a runnable image, judged as one."""
        own = None
        with contextlib.suppress(EvidenceRejected):
            own = await self.registry.manifest(look.image, look.digest)
        await self._about(look, subject)
        return not (own and manifest_kind.kind(own) == Kind.IMAGE and manifest_kind.has_file_system(own))

    async def first_met(self, look: Look) -> str | None:
        """What an untagged manifest is, asked before anything else: most are evidence or children."""
        own = await self.registry.manifest(look.image, look.digest)
        if (own is None and look.cause in ("evidence", "asked")) or look.cause == "index":
            return IGNORED  # anyone who may push or ask can name any digest
        if own and look.cause in ("missed", "asked") and await self._lists_evidence(look, own):
            return IGNORED
        return await self.redirected(look, own, tagged=False)

    async def redirected(self, look: Look, own: Manifest | None, *, tagged: bool) -> str | None:
        """What a manifest is that was looked at; raises Unavailable where the registry has none."""
        if own is None:
            raise Unavailable(Reason.MANIFEST_NOT_FOUND, f"{look.image}@{look.digest} is not in the registry")
        kind = manifest_kind.kind(own)
        if kind == Kind.BUILD_CACHE:
            return IGNORED
        if tagged or kind not in _NO_PUBLISH:
            return None  # whatever has a tag of its own is a publish
        about = own.subject if look.cause in history.PUBLISHES else None
        return await self._about(look, about) if about else IGNORED

    async def _lists_evidence(self, look: Look, own: Manifest) -> bool:
        """Whether an index was behind a fallback tag once: each new piece of evidence leaves one behind, untagged.

        Every manifest in it is opened: what an index says of its entries is a hint.
        """
        if not own.children or len(own.children) > LISTED_LIMIT:
            return False
        try:
            listed = await together(*(self.registry.manifest(look.image, child.digest) for child in own.children))
        except EvidenceRejected:
            return False
        return all(one and manifest_kind.kind(one) == Kind.EVIDENCE for one in listed)

    async def _about(self, look: Look, subject: Digest) -> str:
        """An evidence push is never evidence by itself; it is a reason to look at what it names."""
        again = Look(look.image, subject, "evidence", delivery=look.delivery, actor=look.actor)
        await asyncio.to_thread(self.looks.send, again)
        return EVIDENCE
