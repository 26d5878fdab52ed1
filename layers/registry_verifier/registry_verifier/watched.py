"""What is remembered beside the verdicts: when records were checked, what tags pointed to, where the sweep stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry_verifier.models import Digest, ImageName, State

FORMER_LIMIT = 20


@dataclass(frozen=True)
class Former:
    """What a tag pointed to before."""

    digest: Digest
    since: datetime


@dataclass(frozen=True)
class TagPointer:
    """What a tag of a repository points to, as far as publishes told."""

    image: ImageName
    tag: str
    digest: Digest
    since: datetime
    """when it was first seen to point there"""
    former: tuple[Former, ...] = ()
    """what it pointed to before, newest first, at most `FORMER_LIMIT`"""

    def moved(self, digest: Digest, since: datetime) -> TagPointer:
        """The pointer after the tag moved."""
        former = (Former(self.digest, self.since), *self.former)[:FORMER_LIMIT]
        return TagPointer(self.image, self.tag, digest, since, former)


@dataclass(frozen=True)
class Watched:
    """A record as the sweep sees it."""

    state: State
    checked_at: datetime | None
    """when the sweep last had it looked at; None: not yet"""


@dataclass(frozen=True)
class Timeline:
    """Some records of a repository, newest first."""

    items: tuple[Watched, ...]
    next_cursor: str | None
    """None: nothing comes after these"""
