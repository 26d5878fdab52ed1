"""Whether globs match by tags that nobody names: what a result without its tags leaves open."""

from __future__ import annotations

from collections.abc import Iterable

from registry_verifier.models import parse_tag


def possible_tags(globs: Iterable[str]) -> tuple[str, ...]:
    """Tags of which a glob matches one, if it matches any tag at all of an image.

    A tag that a glob matches is matched still when what its stars stand for is left out, up to a first letter; it
    begins behind a colon of the glob, or behind a star that stands for the colon.
    """
    rests = {glob[n + 1 :].replace("*", "") for glob in globs for n, one in enumerate(glob) if one in ":*"}
    return tuple(tag for rest in sorted(rests) for tag in (rest, f"x{rest}") if _is_tag(tag))


def _is_tag(text: str) -> bool:
    try:
        return bool(parse_tag(text))
    except ValueError:
        return False
