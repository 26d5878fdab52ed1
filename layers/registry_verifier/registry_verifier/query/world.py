"""What answers need from the world, as Protocols, and all of it together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from registry_verifier.incident import Incident
from registry_verifier.listing import Listing, Run, Sight, Window
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.ports import Looks
from registry_verifier.question.request import Access, Asked
from registry_verifier.reasons import Status
from registry_verifier.seal import Seal
from registry_verifier.watched import TagPointer

if TYPE_CHECKING:  # loading the room of policies takes longer than all the rest
    from registry_verifier.policy.model import Policy


class Verdicts(Protocol):
    """The stored verdicts, as questions need them. All raise `Unavailable` where the store could not be asked.

    No call costs more because the table holds more: each reads at most `limit` records, 1 to 100.
    """

    def state(self, image: ImageName, digest: Digest) -> State | None:
        """The newest record of this digest, read consistently."""
        ...

    def sight(self, image: ImageName, digest: Digest) -> Sight:
        """When the digest was looked at again."""
        ...

    def history(self, image: ImageName, digest: Digest, *, limit: int, after: str | None) -> Listing[Run]:
        """The verdicts about this digest that were replaced, newest first; the one that stands is not among them."""
        ...

    def run(self, image: ImageName, digest: Digest, position: str) -> Run | None:
        """The one replaced verdict at a position of the history."""
        ...

    def run_at(self, image: ImageName, digest: Digest, moment: datetime) -> Run | None:
        """The newest of the replaced verdicts that were made at `moment` or before."""
        ...

    def images_with_records(self, *, limit: int, after: str | None) -> Listing[ImageName]:
        """The repositories that have records, by name."""
        ...

    def records(self, *, limit: int, window: Window) -> Listing[State]:
        """Records of all repositories, children of an index left out, by `first_seen`, newest first."""
        ...

    def records_of_image(self, image: ImageName, *, limit: int, window: Window) -> Listing[State]:
        """Records of a repository, by `first_seen`, newest first."""
        ...

    def records_of_status(self, status: Status, *, limit: int, window: Window) -> Listing[State]:
        """Records that are FAILED or UNKNOWN now, children left out, by `verified_at`, newest first."""
        ...

    def tags(self, image: ImageName, *, limit: int, after: str | None) -> Listing[TagPointer]:
        """What the tags of a repository point to, by name."""
        ...

    def pointer(self, image: ImageName, tag: str) -> TagPointer | None:
        """What a tag is known to point to, read consistently."""
        ...

    def incidents(self, *, limit: int, window: Window) -> Listing[Incident]:
        """Incidents of all repositories, open and ended ones, by when their digests were first seen, newest first."""
        ...

    def of_digest(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        """Every incident about this digest, read consistently."""
        ...


class Signer(Protocol):
    """A key that nobody can read, and that signs what it is given."""

    def sign(self, content: bytes) -> bytes:
        """An ECDSA signature over the SHA-256 of `content`, in DER. Raises Unavailable."""
        ...


@dataclass(frozen=True)
class World:
    """Everything that questions need, wired once per process."""

    verdicts: Verdicts
    looks: Looks
    seal: Callable[[], Seal]
    """the seal of cursors and requests; raises Unavailable"""
    policies: Callable[[], Sequence[Policy]]
    """the deployment's policies, loaded when they are first asked for; raises PolicyError"""
    now: Callable[[], datetime]
    signer: Callable[[], Signer] | None = None
    """who signs verification summaries; None: nobody does"""
    public_images: frozenset[ImageName] = field(default_factory=frozenset)
    """whose badge and status page anybody may see"""
    owners: frozenset[str] = field(default_factory=frozenset)
    """whose workflows may ask with their own token, in lower case"""
    fresh: timedelta = timedelta(hours=30)
    """how long after the last look a badge may be green"""
    api_url: str = ""
    """where people reach the API, without a slash at the end; empty: unknown"""

    def shows(self, asked: Asked) -> bool:
        """Whether whoever asks may know of the image, which is asked before anything is read about it."""
        return asked.request.access is Access.TRUSTED or asked.image in self.public_images
