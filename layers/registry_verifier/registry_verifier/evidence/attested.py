"""What GitHub's attestations API keeps about a digest, beside the registry.

A registry that has all the evidence is enough, so an API that cannot be asked is no failure here: it is kept with
what was found, for whoever would say that evidence is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from registry_verifier.candidate import AT_GITHUB, Candidate
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.models import Digest, ImageName, Statement
from registry_verifier.ports import Attestations
from registry_verifier.reasons import Reason

ATTESTATIONS_LIMIT = 160
_REGISTRY = "ghcr.io"
"""the one registry whose owners are GitHub's own"""


@dataclass(frozen=True)
class Attested:
    """What GitHub answered."""

    bundles: tuple[bytes | EvidenceRejected, ...] = ()
    unread: Unavailable | None = None
    """why GitHub could not be asked"""


async def ask(attestations: Attestations | None, image: ImageName, digest: Digest) -> Attested:
    """The bundles about `digest`; none where nobody is to be asked, or the image is in a registry of others."""
    if attestations is None or image.registry != _REGISTRY:
        return Attested()
    try:
        return Attested(await asyncio.to_thread(attestations.bundles, image, digest))
    except Unavailable as error:
        return Attested(unread=error)


def opened(
    attested: Attested, known: Collection[bytes], *, size_limit: int, total_limit: int
) -> Iterator[Candidate | Statement]:
    """Each bundle as a candidate, but what is `known`: the same bytes in the registry are proven there."""
    count = len(attested.bundles)
    if count > ATTESTATIONS_LIMIT:
        text = f"{count} attestations at GitHub (at most {ATTESTATIONS_LIMIT})"
        yield _refused(f"{AT_GITHUB}s", EvidenceRejected(Reason.TOO_MANY_CANDIDATES, text))
    left = total_limit
    for number, bundle in enumerate(attested.bundles[:ATTESTATIONS_LIMIT]):
        place = f"{AT_GITHUB} #{number}"
        if isinstance(bundle, EvidenceRejected):
            yield _refused(place, bundle)
        elif bundle not in known:
            taken = len(bundle) if len(bundle) <= size_limit else 0  # what is refused costs nothing
            left -= taken
            yield _candidate(place, bundle, min(size_limit, left + taken))


def _candidate(place: str, bundle: bytes, limit: int) -> Candidate | Statement:
    if len(bundle) > limit:
        text = f"bundle has {len(bundle)} bytes (at most {max(limit, 0)} are left)"
        return _refused(place, EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, text))
    return Candidate(place, "bundle", bundle)


def _refused(place: str, error: EvidenceRejected) -> Statement:
    return Statement(place, "bundle", False, reason=error.reason, detail=str(error))
