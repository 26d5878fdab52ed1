"""From the demands on a value to what it can be: each alternative is tried, and kept where nothing contradicts it.

The rules are those of the specification (cuelang.org/docs/reference/spec), closedness as cuelang.org/go v0.12 has it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from registry_verifier.policy.cue import demands, tree
from registry_verifier.policy.cue.checks import Limit
from registry_verifier.policy.cue.closedness import NONE, NOT_CLOSED, Closing, Closings, Moved
from registry_verifier.policy.cue.completion import complete
from registry_verifier.policy.cue.labels import Hidden
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate, Incomplete
from registry_verifier.policy.cue.nodes import Conjunct, Data, Demand, Node, Option
from registry_verifier.policy.cue.records import Given, Items
from registry_verifier.policy.cue.shapes import MISSING, Shape
from registry_verifier.policy.cue.values import Kind, kind_of, scalar

if TYPE_CHECKING:
    from registry_verifier.policy.cue.evaluation import Evaluation

_STEPS_OF_A_CHOICE = 8
_CHAIN_LIMIT = 64


class Fork(Exception):
    """A disjunction is reached, and which of its alternatives is meant is not said."""

    def __init__(self, options: list[int]) -> None:
        super().__init__()
        self.options = options


def decide(run: Evaluation, node: Node) -> list[Option]:
    """What a value can be; Bottom where it can be nothing."""
    open_choices, found, failed = [()], list[Option](), list[Bottom]()
    while open_choices:
        choices: tuple[int, ...] = open_choices.pop()
        try:
            found.append(Unification(run, node, choices).result())
        except Fork as fork:
            open_choices += [(*choices, option) for option in reversed(fork.options)]  # type: ignore[misc]
        except Bottom as bottom:
            failed.append(bottom)
    if len(found) > 1:
        found = [each for each in found if _survives(run, each, failed)]
    if not found:
        raise failed[0] if len(failed) == 1 else Bottom(f"{failed[0]}; no other alternative holds either")
    return found


def _survives(run: Evaluation, option: Option, failed: list[Bottom]) -> bool:
    try:
        run.check_parts(option.shape)
    except Bottom as bottom:
        failed.append(bottom)
        return False
    return True


class Unification:
    """One possibility of one value, with the alternatives that were chosen for it."""

    def __init__(self, run: Evaluation, node: Node, choices: tuple[int, ...]) -> None:
        self.run = run
        self.node = node
        self.shape = Shape(node, run)
        self.choices = choices
        self.taken = 0
        self.marked: list[tuple[tree.Tree, bool]] = []
        self.work: deque[Demand] = deque(node.demands)
        self.later: deque[Callable[[], None]] = deque()
        """what may need the fields that the rest of the work gives"""
        self.seen = {node}
        self.definitions: dict[Hidden, Closing] = {}
        """what closes those of its fields that are definitions"""
        self.is_solid = False
        self.is_cyclic = False
        node.partial = None if choices else self.shape
        if choices:
            run.budget.spend(_STEPS_OF_A_CHOICE)

    def result(self) -> Option:
        """Do all of it."""
        while self.work or self.later:
            self.run.budget.spend()
            if self.work:
                self.unify(self.work.popleft())
            else:
                self.shape.is_late = True
                self.later.popleft()()
        if self.is_cyclic and not self.is_solid:
            raise Bottom(f"{self.node.path()} holds itself")
        try:
            complete(self.shape)
        except Incomplete as unknown:
            raise CannotEvaluate(str(unknown)) from None
        return Option(self.shape, tuple(self.marked))

    def unify(self, demand: Demand) -> None:
        """Add one demand."""
        if isinstance(demand, Data):
            self._data(demand)
            return
        handler = demands.HANDLERS.get(type(demand.expression))
        if handler is None:
            raise CannotEvaluate(f"a {type(demand.expression).__name__.lower()} as a value")
        if type(demand.expression) in demands.LEAVES:
            self.is_solid = self.is_solid or not demand.is_cyclic
            self.is_cyclic = self.is_cyclic or demand.is_cyclic
        try:
            handler(self, demand, demand.expression)
        except Incomplete as unknown:
            self.shape.doubts += (str(unknown),)
        except Bottom as bottom:
            bottom.at = demand.expression.at if bottom.at is None else bottom.at
            raise

    def _data(self, data: Data) -> None:
        self.is_solid = True
        if isinstance(data.value, Mapping):
            self.shape.give(data)
        elif isinstance(data.value, list | tuple):
            self.shape.narrow(Kind.LIST, "a list")
            self.shape.must_be_new()
            self.shape.lists += (Items(Given(data)),)
        else:
            self.shape.take(scalar(data.value))

    def copy(self, source: Node, demand: Conjunct) -> None:
        """All demands on another value are demands on this one."""
        if source in self.seen:
            if source is self.node and demand.closings - self._closings():
                raise CannotEvaluate(f"{self.node.path()} refers to itself through a definition")
            return
        if self.node.is_within(source):
            raise Bottom(f"{self.node.path()} holds itself")
        if len(demand.through) > _CHAIN_LIMIT:
            raise CannotEvaluate(f"more than {_CHAIN_LIMIT} references lead to each other")
        self.seen.add(source)
        theirs = [each for each in source.demands if isinstance(each, Conjunct)]
        fresh = {closing: Closing(is_deep=closing.is_deep) for each in theirs for closing in each.closings}
        if demand.inside is not None:
            demand.inside.embeds(fresh.values())
        for each in source.demands:
            self.work.append(_lent(each, demand) if isinstance(each, Data) else _moved(each, demand, fresh, source))

    def _closings(self) -> Closings:
        return NONE.union(*(each.closings for each in self.node.demands if isinstance(each, Conjunct)))

    def fork(self, demand: Conjunct, join: tree.Join) -> None:
        """Take the alternative that was chosen, or ask for the choice."""
        if self.taken == len(self.choices):
            self._ask(join)
        choice = join.choices[self.choices[self.taken]]
        self.taken += 1
        if any(each.default for each in join.choices):
            self.marked.append((join, choice.default))
        self.work.appendleft(demand.part(choice.value))

    def _ask(self, join: tree.Join) -> None:
        if self.shape.was_read:
            raise CannotEvaluate(f"{self.node.path() or 'the condition'} has alternatives that depend on themselves")
        self.node.partial = None
        fitting = [n for n, choice in enumerate(join.choices) if self._may_fit(choice.value)]
        self.run.budget.spend(len(join.choices))
        if not fitting:
            raise self.shape.conflict(_one_of(join))
        raise Fork(fitting)

    def _may_fit(self, value: tree.Tree) -> bool:
        """Whether an alternative may hold, as far as can be said at a glance."""
        if isinstance(value, tree.Literal):
            known = self.shape.value
            same = known is MISSING or (type(known) is type(value.value) and known == value.value)
            return same and bool(self.shape.kinds & kind_of(value.value))
        return not isinstance(value, tree.ListOf) or bool(self.shape.kinds & Kind.LIST)


def _one_of(join: tree.Join) -> str:
    literals = [choice.value for choice in join.choices[:6]]
    if all(isinstance(each, tree.Literal) for each in literals):
        names = [
            str(Limit("!=", each.value)).removeprefix("any value but ")
            if not isinstance(each.value, bool)
            else str(each.value).lower()
            for each in literals
            if isinstance(each, tree.Literal)
        ]
        return " or ".join(names) + (" or another" if len(join.choices) > len(literals) else "")
    return f"one of {len(join.choices)} alternatives"


def _lent(data: Data, demand: Conjunct) -> Data:
    """What the document has elsewhere, as a demand on this value."""
    is_free = data.extent is NOT_CLOSED and demand.extent is NOT_CLOSED
    extent = NOT_CLOSED if is_free else Moved(data.extent, {}, demand.extent)
    return Data(data.value, False, extent, data.closings | demand.closings)


def _moved(each: Conjunct, demand: Conjunct, fresh: Mapping[Closing, Closing], source: Node) -> Conjunct:
    """A demand on another value, as one on this."""
    return Conjunct(
        each.expression,
        each.scope,
        Moved(each.extent, fresh, demand.extent),
        frozenset(fresh[closing] for closing in each.closings) | demand.closings,
        demand.inside,
        False,
        each.through | demand.through | {source},
        each.is_cyclic or demand.is_cyclic or source in demand.through,
    )
