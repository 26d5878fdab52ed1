"""What the story needs from the world, as Protocols. The rooms that touch the world fit them by shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from registry_verifier.errors import EvidenceRejected
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, FailedDelivery, ImageName, Look, PackageVersion, State
from registry_verifier.watched import TagPointer, Timeline


class Registry(Protocol):
    """An OCI registry. Every answer was checked against its digest and bounded in size.

    All three raise `Unavailable` when the registry could not be asked, and `EvidenceRejected`
    when it answered with something that is not what was asked for.
    """

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        """The manifest behind a digest or a tag, or None where there is none."""
        ...

    async def referrers(self, image: ImageName, digest: Digest) -> tuple[Digest, ...]:
        """The manifests that the referrers API lists for `digest`; empty where the registry has no such API."""
        ...

    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        """The blob of exactly `size` bytes, or None where there is none; more than `limit` bytes are refused unread."""
        ...


class Looks(Protocol):
    """The queue of digests to look at."""

    def send(self, look: Look, *, delay_seconds: int = 0) -> None:
        """Put one message on the queue, to be seen in 0 to 900 seconds; raises `Unavailable`."""
        ...


class Verdicts(Protocol):
    """The stored verdicts, as verify needs them. All raise `Unavailable` when the store could not be asked."""

    def state(self, image: ImageName, digest: Digest) -> State | None:
        """The newest record of this digest, read consistently."""
        ...

    def record(self, old: State | None, new: State) -> None:
        """Replace `old` (None: there is none yet) by `new`; raises `Superseded` where `old` is not the newest."""
        ...

    def keep_run(self, state: State, replaced_at: datetime) -> None:
        """Keep the verdict of a state that is about to be replaced, for ever; doing it again changes nothing."""
        ...

    def recent(self, image: ImageName, *, limit: int) -> Iterable[State]:
        """The newest records of this repository, newest first."""
        ...

    def pointer(self, image: ImageName, tag: str) -> TagPointer | None:
        """What a tag is known to point to, read consistently."""
        ...

    def point(self, old: TagPointer | None, new: TagPointer) -> None:
        """Replace `old` (None: there is none yet) by `new`; raises `Superseded` where `old` is not what is stored."""
        ...

    def unseen_since(self, image: ImageName, digest: Digest) -> datetime | None:
        """Since when a decided digest could not be looked at; None where the last look at it took place."""
        ...

    def keep_unseen(self, image: ImageName, digest: Digest, since: datetime | None) -> None:
        """Remember since when a decided digest cannot be looked at, or that it can (None)."""
        ...

    def keep_looked(self, image: ImageName, digest: Digest, at: datetime) -> None:
        """Remember when a digest was looked at again, whatever came of it."""
        ...


class SweepTable(Protocol):
    """The table, as the sweep walks it. All raise `Unavailable` when the store could not be asked."""

    def images(self, *, after: ImageName | None = None) -> Iterator[ImageName]:
        """Every repository that has records, by name; those after `after` only, where it is given."""
        ...

    def timeline(self, image: ImageName, *, limit: int, cursor: str | None, since: datetime) -> Timeline:
        """`limit` (1 to 50) records of a repository that were first seen at `since` or later, newest first."""
        ...

    def state(self, image: ImageName, digest: Digest) -> State | None:
        """The newest record of this digest."""
        ...

    def keep_checked(self, image: ImageName, digest: Digest, at: datetime) -> None:
        """Remember when a record was last checked; no news to anybody else."""
        ...

    def kept(self, name: str) -> str | None:
        """A note that the sweep made."""
        ...

    def keep(self, name: str, text: str) -> None:
        """Make a note of at most 4 KB under a name; replaces the one before."""
        ...


class Attestations(Protocol):
    """Sigstore bundles that are kept beside the registry, by GitHub's attestations API."""

    def bundles(self, image: ImageName, digest: Digest) -> tuple[bytes | EvidenceRejected, ...]:
        """The bundles about `digest`, and why others cannot be read; empty where there are none.

        Raises `Unavailable` where GitHub could not be asked, or one bundle could not be fetched.
        """
        ...


class Hook(Protocol):
    """One webhook of a repository, an organization or a GitHub App. Both methods raise `Unavailable`."""

    @property
    def name(self) -> str:
        """Which one, such as `repos/acme/app/hooks/1`."""
        ...

    def failed(self, *, since: datetime) -> tuple[FailedDelivery, ...]:
        """The events since then none of whose deliveries succeeded, oldest first, once for each event."""
        ...

    def redeliver(self, delivery: FailedDelivery) -> None:
        """Have GitHub bring it again."""
        ...


class Packages(Protocol):
    """GitHub's list of what was published. Both methods raise `Unavailable`, the iterators while they are read."""

    def images(self, owner: str) -> Iterator[ImageName]:
        """The container packages of `orgs/NAME` or `users/NAME`."""
        ...

    def versions(self, image: ImageName) -> Iterator[PackageVersion]:
        """Every version of a container package, newest first; asks for a page when it is needed."""
        ...
