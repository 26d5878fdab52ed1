"""Structs and lists as demands, with what they embed and what their comprehensions yield."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.closedness import NONE, Brace, Closing, Closings, Fixed, Inside, Moved
from registry_verifier.policy.cue.functions import TYPES
from registry_verifier.policy.cue.labels import Hidden
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate, Incomplete
from registry_verifier.policy.cue.nodes import Conjunct, Data, Node, Scope
from registry_verifier.policy.cue.operands import operand
from registry_verifier.policy.cue.records import Fields, Items
from registry_verifier.policy.cue.references import elements
from registry_verifier.policy.cue.shapes import MISSING
from registry_verifier.policy.cue.values import Kind

if TYPE_CHECKING:
    from registry_verifier.policy.cue.evaluation import Evaluation
    from registry_verifier.policy.cue.unification import Unification


def unify_struct(to: Unification, demand: Conjunct, struct: tree.Struct) -> None:
    """Take what a struct demands."""
    is_other = struct.declarations and all(isinstance(each, tree.Embed | tree.Let) for each in struct.declarations)
    if not is_other:
        to.shape.narrow(Kind.STRUCT, "an object")
        to.shape.is_struct = True
        to.shape.closings |= demand.closings
    _Braces(to, demand, struct).take()


class _Braces:
    """One struct that is being taken."""

    def __init__(self, to: Unification, demand: Conjunct, struct: tree.Struct) -> None:
        self.to = to
        self.demand = demand
        self.struct = struct
        self.brace = demand.inside.brace if demand.inside and demand.is_joined else Brace(demand.extent, demand.inside)
        self.scope = Scope(demand.scope, struct=struct, shape=to.shape)
        self.deep: Closings = frozenset(each for each in demand.closings if each.is_deep)

    def take(self) -> None:
        """Its fields now, what it embeds later."""
        patterns = [self._inner(each) for each in self.struct.declarations if isinstance(each, tree.Pattern)]
        labels = frozenset(each.label for each in self.struct.declarations if isinstance(each, tree.FieldOf))
        is_open = any(isinstance(each, tree.Ellipsis) for each in self.struct.declarations)
        self.to.shape.structs += (Fields(labels, tuple(patterns), is_open, self.brace),)
        for pattern in patterns:
            self.to.shape.add_pattern(pattern)
        for each in self.struct.declarations:
            self.to.run.budget.spend()
            if isinstance(each, tree.FieldOf):
                self._field(each)
            elif isinstance(each, tree.Embed):
                self._embed(each.value)
            elif isinstance(each, tree.Comprehension | tree.Dynamic):
                self.to.later.append(partial(self._later, each))

    def _inner(self, expression: tree.Tree, closings: Closings = NONE) -> Conjunct:
        """A demand on one of its fields."""
        demand = self.demand
        extent = Moved(Fixed(closings), {}, self.brace) if closings else self.brace
        return Conjunct(
            expression, self.scope, extent, self.deep | closings, through=demand.through, is_cyclic=demand.is_cyclic
        )

    def _field(self, part: tree.FieldOf) -> None:
        closings = NONE
        if isinstance(part.label, Hidden) and part.label.is_definition:
            closings = frozenset({_definition(self.to, part.label)})
        self.to.shape.add(part.label, self._inner(part.value, closings), part.kind)

    def _later(self, part: tree.Tree) -> None:
        try:
            if isinstance(part, tree.Dynamic):
                self._dynamic(part)
            elif isinstance(part, tree.Comprehension):
                scopes = list(yielded(self.to.run, part.clauses, self.scope))
                self._must_not_turn(part.body)
                self.to.shape.may_have |= set(part.body.names.values())
                self.to.work += [self._part(part.body, each) for each in scopes]
        except Bottom as bottom:
            bottom.at = part.at if bottom.at is None else bottom.at
            raise
        except Incomplete as unknown:
            self.to.shape.doubts += (str(unknown),)
            if isinstance(part, tree.Comprehension):
                self._must_not_turn(part.body)
                self._must_not_choose(part.body)
                self.to.shape.may_have |= set(part.body.names.values())
                self.to.shape.undecided += all(isinstance(each, tree.FieldOf) for each in part.body.declarations)

    def _must_not_turn(self, body: tree.Struct) -> None:
        """What decides whether there is a field may not be a part of that field."""
        for label in body.names.values():
            arc = self.to.shape.arcs.get(label)
            if arc is not None and not _is_scalar(self.to.run, arc):
                raise CannotEvaluate(f"{self.to.node.path() or 'the condition'} has a field that decides about itself")

    def _must_not_choose(self, body: tree.Struct) -> None:
        """Where a field has alternatives, CUE may fail for want of what decides whether there is more to it."""
        known = (self.to.shape.fields.get(label) for label in body.names.values())
        demands = [each.expression for field in known if field for each in field.demands]
        if not self.to.run.is_alone and any(_has_alternatives(each) for each in demands):
            raise CannotEvaluate(
                f"{self.to.node.path() or 'the condition'} has alternatives that depend on what it lacks"
            )

    def _dynamic(self, part: tree.Dynamic) -> None:
        label = operand(self.to.run, part.label, self.scope)
        if not isinstance(label, str):
            raise Bottom(f"{self.to.node.path() or 'the condition'} has a field whose name is no string")
        self.to.shape.structs += (Fields(frozenset({label}), (), is_open=False, extent=self.brace),)
        self.to.shape.add(label, self._inner(part.value))

    def _embed(self, value: tree.Tree) -> None:
        if isinstance(value, tree.Struct):
            self.to.work.append(self._part(value, self.scope))
            return
        self.to.work.append(replace(self.demand, expression=value, scope=self.scope, **_branch(self.brace)))

    def _part(self, body: tree.Struct, scope: Scope) -> Conjunct:
        """Braces within, whose fields are as if they stood here."""
        inside = Inside(self.brace, -1)
        return replace(self.demand, expression=body, scope=scope, extent=self.brace, inside=inside, is_joined=True)


def _has_alternatives(part: tree.Tree) -> bool:
    """Whether it has, or may have under another name."""
    if isinstance(part, tree.Meet):
        return any(_has_alternatives(each) for each in part.operands)
    return isinstance(part, tree.Join | tree.Selector | tree.Index) or (
        isinstance(part, tree.Name) and part.name not in TYPES
    )


def _is_scalar(run: Evaluation, node: Node) -> bool:
    try:
        return run.settled(node).value is not MISSING and len(run.options(node)) == 1
    except Incomplete:
        return False


def _definition(to: Unification, label: Hidden) -> Closing:
    """What closes a definition, of which there may be several parts."""
    known = to.definitions.get(label) or Closing(is_deep=True)
    to.definitions[label] = known
    return known


def _branch(brace: Brace) -> dict[str, Any]:
    inside = brace.branch()
    return {"extent": inside, "inside": inside, "is_joined": False}


def unify_list(to: Unification, demand: Conjunct, part: tree.ListOf) -> None:
    """Take what a list demands."""
    to.shape.narrow(Kind.LIST, "a list")
    deep: Closings = frozenset(each for each in demand.closings if each.is_deep)
    inner = replace(demand, closings=deep, inside=None, is_joined=False)
    items = list[Conjunct]()
    for each in part.items:
        to.run.budget.spend()
        if isinstance(each, tree.Comprehension):
            items += [inner.part(each.body, scope) for scope in yielded(to.run, each.clauses, demand.scope)]
        else:
            items.append(inner.part(each))
    rest = inner.part(part.rest.value) if part.rest and part.rest.value else None
    to.shape.must_be_new()
    to.shape.lists += (Items(tuple(items), rest, part.rest is not None),)


def yielded(run: Evaluation, clauses: tuple[tree.Tree, ...], scope: Scope) -> Iterator[Scope]:
    """The scopes for which a comprehension yields its body."""
    run.budget.spend()
    if not clauses:
        yield scope
        return
    first, rest = clauses[0], clauses[1:]
    if isinstance(first, tree.If):
        if _holds(run, first, scope):
            yield from yielded(run, rest, scope)
        return
    for inner in _bound(run, first, scope):
        yield from yielded(run, rest, inner)


def _holds(run: Evaluation, clause: tree.If, scope: Scope) -> bool:
    try:
        value = operand(run, clause.condition, scope)
    except Incomplete as unknown:
        if unknown.kinds & Kind.BOOL:
            raise
        value = None
    if not isinstance(value, bool):
        raise Bottom("the condition of an if is no boolean")
    return value


def _bound(run: Evaluation, clause: tree.Tree, scope: Scope) -> Iterator[Scope]:
    if not isinstance(clause, tree.For):
        clause = cast(tree.Let, clause)
        yield Scope(scope, bound={clause.name: Node(None, None, [Conjunct(clause.value, scope)])})
        return
    for key, value in elements(run, clause.source, scope):
        named = {clause.key: Node(None, None, [Data(key, is_own=False)]), clause.value: value}
        yield Scope(scope, bound={name: node for name, node in named.items() if name not in ("", "_")})
