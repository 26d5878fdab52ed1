"""Where who signed differs from who was expected to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple


class Difference(NamedTuple):
    """A text in three parts, of which the middle one differs from another text."""

    before: str
    differing: str
    after: str


def differing(expected: str, found: str) -> Difference:
    """`found`, cut where it begins and ends to differ from `expected`, which may be a regular expression.

    A hint for the eye, not a judgement: signs of regular expressions are left out of the comparison.
    """
    plain = expected.removeprefix("^").removesuffix("$").replace("\\", "")
    start = _common(plain, found)
    rest_found, rest_plain = found[start:], plain[start:]
    end = _common(rest_plain[::-1], rest_found[::-1])
    cut = len(rest_found) - end
    return Difference(found[:start], rest_found[:cut], rest_found[cut:])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters two texts begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
