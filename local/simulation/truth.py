"""What is known about a digest beforehand, because the simulation made it so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from registry_verifier.reasons import Status


class Told(StrEnum):
    """What people are to hear about a digest."""

    NOTHING = "nothing"
    OPEN = "one incident, open"
    RESOLVED = "one incident, resolved"


@dataclass(frozen=True)
class Truth:
    """How the story of a digest ends, and what must not happen on the way."""

    status: Status
    told: Told = Told.NOTHING
    never: tuple[Status, ...] = ()
    """statuses that it has at no time"""


GOOD = Truth(Status.VERIFIED, never=(Status.FAILED,))
BAD = Truth(Status.FAILED, Told.OPEN, never=(Status.VERIFIED,))
MENDED = Truth(Status.VERIFIED, Told.RESOLVED)
LOST = Truth(Status.FAILED, Told.OPEN)
"""it was verified, and is not any more"""
REPLACED = Truth(Status.FAILED, Told.RESOLVED, never=(Status.VERIFIED,))
"""it never held, and its tags name another digest now"""
UNCLAIMED = Truth(Status.NO_POLICY, Told.OPEN, never=(Status.FAILED, Status.VERIFIED))
"""no policy matches, which is worth a warning"""
