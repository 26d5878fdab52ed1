"""The places of a document as conditions see them: what is demanded of each, by whom, and within which scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from registry_verifier.policy.cue.closedness import NONE, NOT_CLOSED, Closings, Extent, Inside
from registry_verifier.policy.cue.labels import Label
from registry_verifier.policy.cue.limits import DEPTH, Bottom, Exhausted
from registry_verifier.policy.cue.paths import join
from registry_verifier.policy.cue.tree import Struct, Tree

if TYPE_CHECKING:
    from registry_verifier.policy.cue.shapes import Shape


@dataclass(frozen=True, eq=False)
class Data:
    """A value of the document."""

    value: Any
    is_own: bool
    """whether the document has it at this place, rather than at another that is referred to"""
    extent: Extent = NOT_CLOSED
    closings: Closings = NONE

    def part(self, key: Any) -> Data:
        """One of its fields or elements."""
        deep = frozenset(each for each in self.closings if each.is_deep) if self.closings else NONE
        return Data(self.value[key], self.is_own, self.extent, deep)


@dataclass(frozen=True, eq=False)
class Conjunct:
    """One demand on a value: a construct, in its scope."""

    expression: Tree
    scope: Scope
    extent: Extent = NOT_CLOSED
    closings: Closings = NONE
    """whatever is closed and comes from here"""
    inside: Inside | None = None
    """the struct that this is embedded in"""
    is_joined: bool = False
    """whether its fields are as if they stood in that struct"""
    through: frozenset[Node] = frozenset()
    """the nodes by whose references it came here"""
    is_cyclic: bool = False
    """whether it came through one of them twice"""

    def part(self, expression: Tree, scope: Scope | None = None) -> Conjunct:
        """A part of the same demand."""
        return replace(self, expression=expression, scope=scope or self.scope)


Demand = Conjunct | Data


class Node:
    """A value that is unified from demands when it is first looked at."""

    __slots__ = (
        "bottom",
        "busy",
        "demands",
        "depth",
        "is_absent",
        "is_checked",
        "label",
        "options",
        "parent",
        "partial",
    )

    def __init__(self, parent: Node | None, label: Label | int | None, demands: list[Demand]) -> None:
        self.parent = parent
        self.label = label
        self.demands = demands
        self.depth: int = parent.depth + 1 if parent else 0
        if self.depth > DEPTH:
            raise Exhausted(f"values are nested more than {DEPTH} deep")
        self.options: list[Option] | None = None
        """what it can be, once that is known"""
        self.partial: Shape | None = None
        """what it is becoming, while only one thing is possible"""
        self.bottom: Bottom | None = None
        self.busy = False
        self.is_checked = False
        self.is_absent = False
        """whether it is a required field that nobody has given"""

    def path(self) -> str:
        """Where it is."""
        steps, node = list[Label | int](), self
        while node.parent is not None:
            if node.label is not None:
                steps.append(node.label)
            node = node.parent
        return join(reversed(steps))

    def is_within(self, other: Node) -> bool:
        """Whether the other one is this or holds it."""
        node: Node | None = self
        while node is not None:
            if node is other:
                return True
            node = node.parent
        return False

    def own(self) -> Data | None:
        """What the document has here."""
        return next((each for each in self.demands if isinstance(each, Data) and each.is_own), None)


@dataclass(frozen=True)
class Option:
    """One thing that a value can be."""

    shape: Shape
    marked: tuple[tuple[Tree, bool], ...]
    """the disjunctions that mark a default, and whether it is the default that was taken"""

    @property
    def is_default(self) -> bool:
        """Whether all the marked ones were taken."""
        return all(is_default for _, is_default in self.marked)


class Scope:
    """What names mean at one place."""

    __slots__ = ("bound", "lets", "shape", "struct", "up")

    def __init__(
        self,
        up: Scope | None,
        *,
        struct: Struct | None = None,
        shape: Shape | None = None,
        bound: Mapping[str, Node] = {},
    ) -> None:
        self.up = up
        self.struct = struct
        self.shape = shape
        self.bound = bound
        self.lets: dict[str, Node] = {}

    def find(self, name: str) -> Scope | None:
        """The innermost scope that has the name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bound or (scope.struct and (name in scope.struct.names or name in scope.struct.lets)):
                return scope
            scope = scope.up
        return None


@dataclass
class Field:
    """What is demanded of one field."""

    demands: list[Conjunct] = field(default_factory=list)
    is_present: bool = False
    """whether a regular field says so, rather than optional ones"""
    is_required: bool = False
    """whether it is written with `!`"""
