"""What is closed, and which fields are allowed beside it.

A definition, or `close`, allows the fields that it names. Where it is embedded, it allows as well those of the struct
that embeds it and those of whatever else is embedded there; where it is unified with `&`, it allows no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from registry_verifier.policy.cue.limits import CannotEvaluate


class Closing:
    """One use of something closed: only the fields of its extent are allowed beside it."""

    __slots__ = ("is_deep",)

    def __init__(self, *, is_deep: bool) -> None:
        self.is_deep = is_deep
        """whether what is nested is closed as well, as in definitions; `close` closes one level"""


Closings = frozenset[Closing]
NONE: Closings = frozenset()


class Extent(Protocol):
    """Whatever is closed and yet allows the fields that stand at one place."""

    def members(self) -> Closings:
        """All of it, as far as is known; it may not grow after that."""
        ...


class Fixed:
    """An extent that is known."""

    __slots__ = ("known",)

    def __init__(self, known: Closings) -> None:
        self.known = known

    def members(self) -> Closings:
        """All of it."""
        return self.known


NOT_CLOSED: Extent = Fixed(NONE)


class Brace:
    """One struct as it is unified, and what it embeds; the extent of its own fields."""

    __slots__ = ("born", "branches", "is_counted", "outer")

    def __init__(self, born: Extent, outer: Inside | None) -> None:
        self.born = born
        self.outer = outer
        self.branches: list[set[Closing]] = []
        """what is closed in each of the values that it embeds"""
        self.is_counted = False

    def members(self) -> Closings:
        """What is closed around it, and what it embeds."""
        self.is_counted = True
        return self.born.members().union(*self.branches)

    def branch(self) -> Inside:
        """Embed another value."""
        self.branches.append(set())
        return Inside(self, len(self.branches) - 1)


@dataclass(frozen=True)
class Inside:
    """A value that a struct embeds: what is closed in it allows the struct's fields, but not the other way round."""

    brace: Brace
    number: int

    def members(self) -> Closings:
        """What is closed around the struct, and what else it embeds."""
        self.brace.is_counted = True
        others = (branch for number, branch in enumerate(self.brace.branches) if number != self.number)
        return self.brace.born.members().union(*others)

    def embeds(self, closings: Iterable[Closing]) -> None:
        """There is something closed in it."""
        found, inside = set(closings), self
        while found:
            if inside.brace.is_counted:
                raise CannotEvaluate("something closed is embedded after its fields were looked at")
            inside.brace.branches[inside.number] |= found
            if inside.brace.outer is None:
                return
            inside = inside.brace.outer


class Moved:
    """The extent of a demand that a reference brings to another place, under the new names of what is closed in it."""

    __slots__ = ("around", "found", "fresh", "own")

    def __init__(self, own: Extent, fresh: Mapping[Closing, Closing], around: Extent) -> None:
        self.own = own
        self.fresh = fresh
        """old name -> new name"""
        self.around = around
        self.found: Closings | None = None

    def members(self) -> Closings:
        """What allows it at either place."""
        if self.found is None:
            renamed = frozenset(self.fresh.get(each, each) for each in self.own.members())
            self.found = renamed | self.around.members()
        return self.found
