"""What each construct demands of a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from registry_verifier.policy.cue import calls, references, structs, tree
from registry_verifier.policy.cue.checks import Limit, Matches
from registry_verifier.policy.cue.functions import TYPES
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate, Incomplete
from registry_verifier.policy.cue.nodes import Conjunct, Node, Scope
from registry_verifier.policy.cue.operands import operand
from registry_verifier.policy.cue.values import Kind, called

if TYPE_CHECKING:
    from registry_verifier.policy.cue.unification import Unification

_HAS_BOUNDS = Kind.NUMBER | Kind.STRING | Kind.BYTES


def _literal(to: Unification, demand: Conjunct, part: tree.Literal) -> None:
    to.shape.take(part.value)


def _never(to: Unification, demand: Conjunct, part: tree.Tree) -> None:
    raise to.shape.conflict("nothing")


def _name(to: Unification, demand: Conjunct, part: tree.Name) -> None:
    if demand.scope.find(part.name) is not None:
        to.copy(references.resolve(to.run, part, demand.scope), demand)
        return
    kinds, limits = TYPES[part.name]
    to.shape.narrow(kinds, called(kinds))
    if kinds is not Kind.ANY:
        to.shape.said += (called(kinds),)
    for limit in limits:
        to.shape.demand(limit)


def _reference(to: Unification, demand: Conjunct, part: tree.Tree) -> None:
    if (constant := calls.constant(to.run, part, demand.scope)) is not None:
        to.shape.take(constant)
    elif not calls.judge(to.run, to.shape, demand):
        found = references.resolve(to.run, part, demand.scope)
        if found is to.node:
            raise CannotEvaluate(f"{to.node.path()} refers to itself")
        to.copy(found, demand)


def _bound(to: Unification, demand: Conjunct, part: tree.Bound) -> None:
    sign = part.operator
    try:
        value = operand(to.run, part.operand, demand.scope)
    except Incomplete as unknown:
        if not unknown.kinds & _HAS_BOUNDS:
            raise Bottom(f"{sign} is given a value of another kind") from None
        raise
    if isinstance(value, Node):
        raise Bottom(f"{sign} takes no list and no object")
    if sign in ("=~", "!~"):
        if not isinstance(value, str):
            raise Bottom(f"{sign} takes a string")
        to.shape.demand(Matches(value, sign == "=~"))
    else:
        to.shape.demand(Limit(sign, value))


def _computed(to: Unification, demand: Conjunct, part: tree.Tree) -> None:
    value = operand(to.run, part, demand.scope)
    if isinstance(value, Node):
        to.copy(value, demand)
    else:
        to.shape.take(value)


def _meet(to: Unification, demand: Conjunct, part: tree.Meet) -> None:
    to.work.extendleft(demand.part(each) for each in reversed(part.operands))


def _join(to: Unification, demand: Conjunct, part: tree.Join) -> None:
    to.fork(demand, part)


def _alias(to: Unification, demand: Conjunct, part: tree.Alias) -> None:
    scope = Scope(demand.scope, bound={part.name: to.node})
    to.work.appendleft(demand.part(part.value, scope))


def _call(to: Unification, demand: Conjunct, part: tree.Call) -> None:
    special = calls.special(to.run, demand, part)
    if special is not None:
        to.work.appendleft(special)
    elif not calls.judge(to.run, to.shape, demand):
        _computed(to, demand, part)


HANDLERS: Mapping[type, Callable[[Unification, Conjunct, Any], None]] = {
    tree.Literal: _literal,
    tree.Never: _never,
    tree.Name: _name,
    tree.Selector: _reference,
    tree.Index: _reference,
    tree.Bound: _bound,
    tree.Unary: _computed,
    tree.Binary: _computed,
    tree.Interpolation: _computed,
    tree.Meet: _meet,
    tree.Join: _join,
    tree.Alias: _alias,
    tree.Call: _call,
    tree.Struct: structs.unify_struct,
    tree.ListOf: structs.unify_list,
}
"""how each construct is unified with what is known of a value"""
LEAVES = frozenset({tree.Literal, tree.Bound, tree.Unary, tree.Binary, tree.Interpolation, tree.Struct, tree.ListOf})
"""what stands for a value itself, rather than for others"""
