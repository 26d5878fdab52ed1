"""A storm: more incidents in one channel than people can read. The first are told one by one, the others counted.

Of a channel's newest openings as many are remembered as may have a message of their own within `WINDOW`. The next one
within that time is counted into a summary; the storm lasts as long as incidents keep opening at that rate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from registry_verifier.incident import Incident

WINDOW = timedelta(minutes=10)
_UNSURE = (-1, -1)
LISTED = 20
"""how many incidents a summary names, the newest"""


@dataclass(frozen=True)
class Opening:
    """One incident that was opened, by name."""

    name: str
    at: datetime
    storm: str
    """the storm that it was counted into; empty where it has a message of its own"""


@dataclass(frozen=True)
class Gauge:
    """The newest openings of one channel, oldest first."""

    channel: str
    openings: tuple[Opening, ...] = ()
    version: int = 0

    def after(self, name: str, now: datetime, limit: int) -> Gauge:
        """The gauge once this incident is opened; itself where that was noted already."""
        if any(opening.name == name for opening in self.openings):
            return self
        lately = [opening for opening in self.openings if now - opening.at < WINDOW]
        storm = ""
        if len(lately) >= limit:
            storm = (lately[-1].storm if lately else "") or began(now)
        openings = (*lately, Opening(name, now, storm))[-limit:]
        return replace(self, openings=openings, version=self.version + 1)

    def storm_of(self, name: str) -> str:
        """The storm that this incident is counted into, or empty."""
        return next((opening.storm for opening in self.openings if opening.name == name), "")


@dataclass(frozen=True)
class Listed:
    """One incident in a summary."""

    name: str
    image: str
    """host, repository and digest"""
    what: str
    """the class, and the policy where there is one"""
    is_open: bool = True


@dataclass(frozen=True)
class Summary:
    """What was counted in one storm, and what of it people were told."""

    channel: str
    """as it is configured"""
    began: str
    first: str = ""
    """the name of the incident that began it: whoever tells of that one posts the summary, nobody else"""
    opened: int = 0
    ended: int = 0
    newest: tuple[Listed, ...] = ()
    """oldest first"""
    version: int = 0
    posted_to: str = ""
    """the channel as Slack names it; empty: not posted yet"""
    ts: str | None = None
    shown: tuple[int, int] = (0, 0)
    """`opened` and `ended` as people were told"""
    shown_at: datetime | None = None

    def with_opened(self, incident: Incident) -> Summary:
        """One more, which may be over already."""
        mine = Listed(name_of(incident), f"{incident.image}@{incident.digest}", what(incident), incident.is_open)
        newest = (*(one for one in self.newest if one.name != mine.name), mine)[-LISTED:]
        return replace(
            self,
            first=self.first or mine.name,
            opened=self.opened + 1,
            ended=self.ended + (not incident.is_open),
            newest=newest,
            version=self.version + 1,
        )

    def with_ended(self, incident: Incident) -> Summary:
        """One of them is over."""
        name = name_of(incident)
        newest = tuple(replace(one, is_open=False) if one.name == name else one for one in self.newest)
        return replace(self, ended=self.ended + 1, newest=newest, version=self.version + 1)

    def with_shown(self, shown: Summary, channel: str, ts: str | None, now: datetime) -> Summary:
        """People were told what `shown` counts, in that message.

        Where somebody else told them of other counts meanwhile, nobody knows which stands there now.
        """
        counts = (shown.opened, shown.ended) if self.shown == shown.shown or ts is None else _UNSURE
        return replace(self, posted_to=channel, ts=ts, shown=counts, shown_at=now, version=self.version + 1)

    @property
    def is_shown(self) -> bool:
        """Whether people were told all that is counted."""
        return bool(self.posted_to) and self.shown == (self.opened, self.ended)

    def deserves_another(self, now: datetime) -> bool:
        """Whether a summary that cannot be updated is worth one more message: the first, then ever fewer."""
        if not self.posted_to:
            return True
        is_over = self.ended >= self.opened
        is_old = self.shown_at is None or now - self.shown_at >= WINDOW
        return self.opened >= 2 * self.shown[0] or is_over or (is_old and self.opened > self.shown[0])


def name_of(incident: Incident) -> str:
    """A short name for an incident, the same each time."""
    whole = f"{incident.image}@{incident.digest}#{incident.key.kind}#{incident.key.policy}"
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:24]


def what(incident: Incident) -> str:
    """The class of an incident, and the policy where there is one."""
    return f"{incident.key.kind} {incident.key.policy}".strip()


def began(now: datetime) -> str:
    """The name of a storm: when it began."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
