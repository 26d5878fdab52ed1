"""What people were told about a digest, so that they are told once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry_verifier.models import Digest, ImageName


class AlertKind(StrEnum):
    """What the newest message about a digest said."""

    FAILED = "failed"
    NO_POLICY = "no_policy"
    UNKNOWN = "unknown"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Alert:
    """The newest message about one digest in one repository."""

    image: ImageName
    digest: Digest
    kind: AlertKind
    version: int
    """the version of the state that the message is about"""
    first_seen: datetime
    """`State.first_seen`: a digest that is heard of anew, after its record expired, is a new story"""
    channel: str
    ts: str | None
    """Slack's id of the message that opened the incident; None where Slack names none (incoming webhooks)"""
    reasons: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether people are still waiting to hear that it is over."""
        return self.kind is not AlertKind.RESOLVED
