"""What a value turns out to be, demand by demand: one possibility, where there are several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol, cast

from registry_verifier.policy.cue.checks import Check
from registry_verifier.policy.cue.closedness import NONE, NOT_CLOSED, Closings
from registry_verifier.policy.cue.labels import Hidden, Label, Scalar
from registry_verifier.policy.cue.limits import Bottom, Budget, CannotEvaluate
from registry_verifier.policy.cue.nodes import Conjunct, Data, Demand, Field, Node, Scope
from registry_verifier.policy.cue.records import Fields, Given, Items, Judge
from registry_verifier.policy.cue.tree import Pattern
from registry_verifier.policy.cue.values import Exactly, Kind, called, is_same, kind_of, shown

MISSING: Any = object()
"""no value without parts"""


class Run(Protocol):
    """What a shape needs of the evaluation."""

    budget: Budget

    def fits(self, label: str, pattern: Conjunct) -> bool:
        """Whether a field's name fits a pattern."""
        ...

    def settled(self, node: Node) -> Shape:
        """The one thing that a value is."""
        ...


_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def _with(known: Mapping[Any, Any], key: Any, value: Any) -> Mapping[Any, Any]:
    """A mapping with one more, the same one where it is our own already."""
    own: dict[Any, Any] = known if isinstance(known, dict) else {}
    own[key] = value
    return own


class Shape:
    """One possibility. It grows while it is unified; what was looked at before may not grow any more."""

    kinds = Kind.ANY
    value: Scalar = MISSING
    checks: tuple[Check, ...] = ()
    said: tuple[object, ...] = ()
    doubts: tuple[str, ...] = ()
    """what was not known: CUE lets it pass"""
    data: tuple[Data, ...] = ()
    structs: tuple[Fields, ...] = ()
    fields: Mapping[Label, Field] = _NOTHING
    patterns: tuple[Conjunct, ...] = ()
    closings: Closings = NONE
    lists: tuple[Items, ...] = ()
    may_have: frozenset[Label] = frozenset()
    """fields that comprehensions give, or would give"""
    undecided = 0
    """how many of its doubts are comprehensions, of which is known what they would give"""
    judges: tuple[Judge, ...] = ()
    arcs: Mapping[Label | int, Node | None] = _NOTHING
    is_struct = False
    """whether it is a struct, not only allowed to be one"""
    is_done = False
    is_late = False
    """whether only what depends on its own fields is left"""
    was_read = False
    """whether something else needed it before it was done"""
    was_counted = False
    """the same, of all its fields"""

    # most values are without parts, and there are many: what is as above is not stored again for each
    def __init__(self, node: Node, run: Run) -> None:
        self.node = node
        self.run = run

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return bool(self.lists)

    def conflict(self, wanted: object) -> Bottom:
        """What is wrong where nothing can be `wanted` as well."""
        own, path = self.node.own(), self.node.path()
        if own is not None:
            return Bottom(f"{path or 'statement'} is {shown(own.value)} (expected {wanted})")
        have = " and ".join(str(each)[:100] for each in self.said[:3]) or called(self.kinds)
        return Bottom(f"{path or 'condition'} has conflicting demands: {have} and {wanted}")

    def narrow(self, kinds: int, wanted: object) -> None:
        """It is of these kinds."""
        left = self.kinds & kinds
        if not left:
            raise self.conflict(wanted)
        self.kinds = left

    def take(self, value: Scalar) -> None:
        """It is this value."""
        wanted = Exactly(value)
        if self.value is not MISSING and not is_same(self.value, value):
            raise self.conflict(wanted)
        self.narrow(kind_of(value), wanted)
        failed = next((check for check in self.checks if not check.holds(value)), None)
        if failed is not None:
            raise self.conflict(wanted if self.node.own() is None else failed)
        self.value = value
        self.said += (wanted,)

    def demand(self, check: Check) -> None:
        """It meets this check."""
        self.narrow(check.kinds, check)
        if self.value is not MISSING and not check.holds(self.value):
            raise self.conflict(check)
        self.checks += (check,)
        self.said += (check,)

    def must_be_new(self) -> None:
        """CannotEvaluate where its fields or elements were looked at, and there are to be more."""
        if self.arcs or self.was_counted:
            raise CannotEvaluate(f"{self.node.path() or 'the condition'} takes its parts from what it is needed for")

    def give(self, data: Data) -> None:
        """It is this part of the document."""
        self.narrow(Kind.STRUCT, "an object")
        self.must_be_new()
        self.is_struct = True
        self.data += (data,)
        self.closings |= data.closings
        if data.extent is not NOT_CLOSED:
            self.structs += (Fields(data.value, (), is_open=False, extent=data.extent),)

    def add(self, label: Label, demand: Conjunct, kind: str = "") -> None:
        """It has this field, or may have it."""
        if label in self.arcs or (self.was_counted and not kind):
            raise CannotEvaluate(f"{self.node.path() or 'the condition'} gets a field that was looked at before")
        known = self.fields.get(label) or Field()
        self.fields = _with(self.fields, label, known)
        known.demands.append(demand)
        known.is_present = known.is_present or not kind
        known.is_required = known.is_required or kind == "!"

    def add_pattern(self, demand: Conjunct) -> None:
        """All its fields that fit meet this."""
        if any(isinstance(label, str) for label in self.arcs):
            raise CannotEvaluate(
                f"{self.node.path() or 'the condition'} gets a pattern after its fields were looked at"
            )
        self.patterns += (demand,)

    def has(self, label: Label) -> bool:
        """Whether it has this field for certain."""
        known = self.fields.get(label)
        return bool(known and known.is_present) or any(label in each.value for each in self.data)

    def labels(self) -> Iterator[str]:
        """The names of the fields that it has, without hidden ones and definitions."""
        self.was_counted = True
        seen = set[Label]()
        for source in [self.fields, *(each.value for each in self.data)]:
            for label in source:
                self.run.budget.spend()
                if not isinstance(label, Hidden) and label not in seen and self.has(label):
                    seen.add(label)
                    yield label

    def touched(self) -> Iterator[Label | int]:
        """The fields or elements of which more is demanded than that they are what the document says."""
        if self.is_list:
            yield from self._touched_items()
            return
        yield from (label for label, each in list(self.fields.items()) if each.is_required or self.has(label))
        if self.patterns or len(self.data) > 1:
            yield from (label for label in list(self.labels()) if label not in self.fields)

    def _touched_items(self) -> Iterator[int]:
        given = [each for each in self.lists if not isinstance(each.items, Given)]
        is_whole = any(each.rest for each in given) or len(self.lists) - len(given) > 1
        yield from range(self.size() if is_whole else max((len(each.items) for each in given), default=0))

    def size(self) -> int:
        """How many elements it has, as far as is known."""
        return max((len(each.items) for each in self.lists), default=0)

    def arc(self, label: Label | int) -> Node | None:
        """One of its fields or elements, None where there is none; what it demands is settled with that."""
        if label not in self.arcs:
            self.run.budget.spend()
            demands = self._of_item(label) if isinstance(label, int) else self._of_field(label)
            found = Node(self.node, label, demands) if demands else None
            if found is not None and not isinstance(label, int):
                found.is_absent = not self.has(label)
            self.arcs = _with(self.arcs, label, found)
        return self.arcs[label]

    def part(self, label: Label | int) -> Node:
        """One of the fields or elements that it has."""
        found = self.arc(label)
        if found is None:
            raise CannotEvaluate(f"{self.node.path() or 'the condition'} is needed for itself")
        return found

    def _of_item(self, index: int) -> list[Demand]:
        demands = list[Demand]()
        for each in self.lists:
            if index < len(each.items):
                demands.append(each.items[index])
            elif each.rest:
                demands.append(each.rest)
        return sorted(demands, key=lambda demand: isinstance(demand, Conjunct))

    def _of_field(self, label: Label) -> list[Demand]:
        known = self.fields.get(label, Field())
        if not self.has(label) and not known.is_required:
            return []
        given = [each.part(label) for each in self.data if label in each.value]
        fitting = [each for each in self.patterns if isinstance(label, str) and self.run.fits(label, each)]
        return [*given, *known.demands, *(_of_pattern(each, str(label)) for each in fitting)]


def _of_pattern(demand: Conjunct, label: str) -> Conjunct:
    """What a pattern demands of a field."""
    pattern = cast(Pattern, demand.expression)
    name = {pattern.alias: Node(None, None, [Data(label, is_own=False)])} if pattern.alias else {}
    return demand.part(pattern.value, Scope(demand.scope, bound=name))
