"""What goes wrong, and when: spans of trouble for everybody, and the odds of what happens to one thing alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

DAY = 86_400.0
MINUTE = 60.0


@dataclass(frozen=True)
class Span:
    """Some time, in seconds since the simulation began."""

    begins: float
    ends: float

    def __contains__(self, moment: float) -> bool:
        return self.begins <= moment < self.ends


@dataclass(frozen=True)
class Odds:
    """How likely each mishap is, for one delivery, request or call."""

    lost: float = 0.0
    """a delivery fails, and GitHub's list of deliveries says so"""
    unsent: float = 0.0
    """a delivery is never made, and no list says so"""
    doubled: float = 0.0
    delayed: float = 0.0
    """a delivery takes minutes to hours, where others take seconds"""
    throttled: float = 0.0
    """a request of the registry"""
    table: float = 0.0
    """a call of the table"""
    queue: float = 0.0
    """a call of the queue"""
    redelivered: float = 0.0
    """a message of the queue or a batch of the stream comes twice"""
    slack: float = 0.0
    """a call of Slack"""
    api: float = 0.0
    """a call of GitHub's REST API"""


USUAL = Odds(
    lost=0.06,
    unsent=0.02,
    doubled=0.05,
    delayed=0.06,
    throttled=0.01,
    table=0.002,
    queue=0.002,
    redelivered=0.01,
    slack=0.03,
    api=0.01,
)


@dataclass(frozen=True)
class Weather:
    """The whole of it for one simulation."""

    odds: Odds = USUAL
    registry_down: tuple[Span, ...] = ()
    registry_throttled: tuple[Span, ...] = ()
    github_silent: tuple[Span, ...] = ()
    """no delivery is made"""
    github_down: tuple[Span, ...] = ()
    """the REST API does not answer"""
    queue_down: tuple[Span, ...] = ()
    """receive answers 503"""
    slack_down: tuple[Span, ...] = ()

    @classmethod
    def drawn(cls, rng: Random, days: float) -> Weather:
        """Bad weather: minutes to an hour of trouble, everywhere, some times in so many days."""
        return cls(
            registry_down=tuple(_spans(rng, days, (5, 20, 60))),
            registry_throttled=tuple(_spans(rng, days, (10, 10, 30))),
            github_silent=tuple(_spans(rng, days, (10, 40))),
            github_down=tuple(_spans(rng, days, (15, 60))),
            queue_down=tuple(_spans(rng, days, (3, 15))),
            slack_down=tuple(_spans(rng, days, (10, 45))),
        )


CALM = Weather(Odds())


def during(spans: tuple[Span, ...], moment: float) -> bool:
    """Whether it is one of these times."""
    return any(moment in span for span in spans)


def _spans(rng: Random, days: float, minutes: tuple[int, ...]) -> Iterator[Span]:
    for length in minutes:
        begins = rng.uniform(0.02, 0.95) * days * DAY
        yield Span(begins, begins + length * MINUTE)
