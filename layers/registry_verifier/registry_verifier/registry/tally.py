"""How often registries and their token services were asked, for whoever watches that we are polite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Counts(NamedTuple):
    """What happened since the last time that somebody asked."""

    requests: int
    throttled: int
    """answers that say that we ask too often"""
    errors: int
    """requests without an answer, and answers with 5xx"""


@dataclass
class Tally:
    """The counts of one client."""

    requests: int = 0
    throttled: int = 0
    errors: int = 0

    def take(self) -> Counts:
        """The counts, which begin anew."""
        counts = Counts(self.requests, self.throttled, self.errors)
        self.requests = self.throttled = self.errors = 0
        return counts
