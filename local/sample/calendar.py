"""When what was published: some seventy publishes to six repositories in four weeks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from local.sample import hostile, stories
from local.sample.publish import Publish
from local.sample.stories import Story
from registry_verifier.models import ImageName

APP = ImageName("ghcr.io", "acme/app")
WEB = ImageName("ghcr.io", "acme/web")
WORKER = ImageName("ghcr.io", "acme/platform/worker")
SCRATCH = ImageName("ghcr.io", "acme/scratch")
OPENMED = ImageName("ghcr.io", "maziyarpanahi/openmed")
HOSTILE = ImageName("ghcr.io", "acme/untrusted-upload")
IMAGES = (APP, WEB, WORKER, SCRATCH, OPENMED, HOSTILE)
PUBLIC = frozenset({APP, OPENMED})
"""whose pages anybody may see"""

_STORIES: dict[str, Story] = {
    "v": stories.verified,
    "i": stories.index,
    "l": stories.by_layers,
    "u": stories.unsigned,
    "d": stories.signed_late,
    "a": stories.by_another,
    "s": stories.without_sbom,
    "c": stories.wrong_predicate,
    "f": stories.forged,
    "o": stories.out_of_sight,
    "n": stories.unjudged,
    "e": stories.lost_and_found,
    "w": stories.contradicted,
    "b": stories.broken_index,
    "p": stories.waiting,
    "H": hostile.failed,
    "h": hostile.verified,
}
_CALENDAR = {
    APP: (14, 20, "ivvviv vvae iv ivvd vwivi"),
    WEB: (9, 5, "vvv svvc vvvfv vuvsvp"),
    WORKER: (11, 40, "l.l..vl..ov..vu...vo"),
    SCRATCH: (16, 10, "n....n...n..n.n....n"),
    OPENMED: (7, 25, "i...i..b...i..ia...i.i"),
    HOSTILE: (18, 50, "h....H...h....H...H"),
}
"""image -> hour and minute of its publishes, and one letter for each day, yesterday's last; dot or space: none.

What waits still was published just now."""
_ACTORS = ("octo-release[bot]", "maziyarpanahi", "dana-lindqvist", "github-actions[bot]")
_JUST_NOW = timedelta(minutes=4)


def publishes(now: datetime) -> list[tuple[Publish, Story]]:
    """All of them with what became of each, oldest first."""
    found = [one for image in IMAGES for one in _of(image, now)]
    return sorted(found, key=lambda pair: pair[0].at)


def _of(image: ImageName, now: datetime) -> Iterator[tuple[Publish, Story]]:
    hour, minute, days = _CALENDAR[image]
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for day, letter in enumerate(days):
        if letter not in _STORIES:
            continue
        at = today - timedelta(days=len(days) - day) + timedelta(hours=hour, minutes=minute, seconds=day)
        at = now - _JUST_NOW if letter == "p" else at
        yield _publish(image, day, at, letter), _STORIES[letter]


def _publish(image: ImageName, number: int, at: datetime, letter: str) -> Publish:
    if letter in "hH":
        return Publish(image, number, at, hostile.TAGS, hostile.ACTOR)
    return Publish(image, number, at, _tags(number, letter), _ACTORS[number % len(_ACTORS)])


def _tags(number: int, letter: str) -> tuple[str, ...]:
    """A release has a tag of its own; what comes of every commit shares one; what nobody judges has none."""
    if letter in "usc":
        return ("edge",)
    return () if letter == "n" else (f"1.{number // 5}.{number % 5}", "latest")
