"""Some of a long list, and where to go on: what the table answers with, and what questions ask it for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from registry_verifier.models import Digest, ImageName, Json
from registry_verifier.reasons import Status

T = TypeVar("T", covariant=True)


@dataclass(frozen=True)
class Placed(Generic[T]):
    """One entry of a list, and its place in it."""

    position: str
    """the sort key: what comes after it is asked for with `Window.after`"""
    value: T


@dataclass(frozen=True)
class Listing(Generic[T]):
    """Some entries of a list, in its order."""

    entries: tuple[Placed[T], ...]
    """fewer than were asked for where records expired"""
    next_position: str | None
    """the place after which the list goes on; None: nothing follows"""


@dataclass(frozen=True)
class Window:
    """Which part of a list, newest first."""

    since: datetime | None = None
    """not older than this, itself included"""
    until: datetime | None = None
    """older than this, itself left out"""
    after: str | None = None
    """only what comes after this position in the list"""


@dataclass(frozen=True)
class Run:
    """One verdict about a digest, as it was made: the newest one, or one that was replaced."""

    image: ImageName
    digest: Digest
    status: Status
    document: Json
    """the verdict as `verdict_document.write` makes it, without what tags point to now"""
    verified_at: datetime
    replaced_at: datetime | None = None
    """when another verdict took its place; None: it stands, or nobody wrote that down"""


@dataclass(frozen=True)
class Sight:
    """When a decided digest was looked at again."""

    checked_at: datetime | None = None
    """when somebody last had it looked at; None: not since its verdict"""
    unseen_since: datetime | None = None
    """since when nobody can look at it; None: the last look took place"""
