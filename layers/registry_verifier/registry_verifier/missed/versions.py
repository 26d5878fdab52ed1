"""Which versions of a package a run looks at, and what it makes of one.

What is published in the last minutes is left to its webhook. A version without a tag may be evidence, which leaves no
record: the watermark is what keeps it from being looked at for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from registry_verifier import history, manifest
from registry_verifier.models import Digest, PackageVersion, State
from registry_verifier.reasons import Status

YOUNG = timedelta(minutes=10)
"""how long a publish is left to its webhook"""
PAGE = 100
"""versions that are looked at however old they are: they come with the first request, and may have a new tag"""
OLD_IN_A_ROW = 10
"""after so many old ones no new one follows: those of one push come in any order"""
VERSIONS_LIMIT = 5000
"""of one package in one run"""


def since(
    versions: Iterable[PackageVersion], moment: datetime, is_over: Callable[[], bool]
) -> list[PackageVersion] | None:
    """What was pushed or tagged since then, oldest first; `versions` come newest first.

    At most one more than `VERSIONS_LIMIT`. None where time is over before the end.
    """
    found: list[PackageVersion] = []
    old = 0
    for number, version in enumerate(versions, start=1):
        if touched(version) >= moment and (version.tags or version.created_at >= moment):  # not what only lost a tag
            found.append(version)
        old = old + 1 if touched(version) < moment else 0
        if (old >= OLD_IN_A_ROW and number >= PAGE) or len(found) > VERSIONS_LIMIT:
            break
        if number % PAGE == 0 and is_over():
            return None
    return sorted(found, key=touched)


def touched(version: PackageVersion) -> datetime:
    """When it was published last: a tag that is moved to an old version makes it a publish again."""
    return max(version.created_at, version.updated_at)


def is_left_to_its_webhook(version: PackageVersion, state: State | None, now: datetime) -> bool:
    """Whether it is so young that its webhook may be on its way."""
    return (version.created_at if state is None else touched(version)) > now - YOUNG


def untold(version: PackageVersion, state: State | None, about: Callable[[Digest], State | None]) -> list[str | None]:
    """The tags that a look is sent for, None for a digest without any; `about` finds what evidence is about."""
    tags = version.tags[: history.TAGS_LIMIT]
    if state is None:
        return [tag for tag in tags if _is_news(tag, about)] if tags else [None]
    if len(state.tags) >= history.TAGS_LIMIT:  # it may have forgotten the tag
        return []
    return [tag for tag in tags if is_ordinary(tag) and tag not in state.tags]


def is_ordinary(tag: str) -> bool:
    """Whether a tag is anything but one that evidence has."""
    return manifest.subject_of_tag(tag) is None


def _is_news(tag: str, about: Callable[[Digest], State | None]) -> bool:
    """Evidence about what is verified changes nothing."""
    subject = manifest.subject_of_tag(tag)
    state = about(subject) if subject else None
    return state is None or state.status != Status.VERIFIED
