"""What references, selectors and indices mean: the node that they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.labels import Hidden, Label
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate, Incomplete
from registry_verifier.policy.cue.nodes import Conjunct, Node, Scope
from registry_verifier.policy.cue.shapes import MISSING, Shape
from registry_verifier.policy.cue.values import Kind

if TYPE_CHECKING:
    from registry_verifier.policy.cue.evaluation import Evaluation


def resolve(run: Evaluation, expression: tree.Tree, scope: Scope) -> Node:
    """The node; Incomplete where there is none yet, Bottom where there cannot be one."""
    run.budget.spend()
    if isinstance(expression, tree.Name):
        found = scope.find(expression.name)
        if found is not None:
            return _named(run, expression.name, found)
    if isinstance(expression, tree.Selector):
        return member(run, resolve(run, expression.operand, scope), expression.label)
    if isinstance(expression, tree.Index):
        return _indexed(run, expression, scope)
    return Node(_within(scope), None, [Conjunct(expression, scope)])


def _within(scope: Scope) -> Node | None:
    """The node whose struct a scope belongs to."""
    found: Scope | None = scope
    while found is not None and found.shape is None:
        found = found.up
    return found.shape.node if found and found.shape else None


def _named(run: Evaluation, name: str, scope: Scope) -> Node:
    if name in scope.bound:
        return scope.bound[name]
    struct, shape = cast(tree.Struct, scope.struct), cast(Shape, scope.shape)
    if name in struct.lets:
        if name not in scope.lets:
            scope.lets[name] = Node(shape.node, None, [Conjunct(struct.lets[name], scope)])
        return scope.lets[name]
    return _field(shape, struct.names[name])


def member(run: Evaluation, node: Node, label: Label) -> Node:
    """A field of a value."""
    try:
        shape = run.settled(node)
    except Incomplete as unknown:
        if not unknown.kinds & Kind.STRUCT:
            raise Bottom(f"{node.path() or 'a value'} has no fields") from None
        raise
    _must_be(shape, Kind.STRUCT)
    if not shape.is_struct:
        raise Incomplete(f"{node.path() or 'a value'} is not known")
    if len(shape.doubts) > shape.undecided or (shape.doubts and label in shape.may_have):
        raise CannotEvaluate(f"{node.path() or 'the condition'} is needed before it is known: {shape.doubts[0]}")
    return _field(shape, label)


def _field(shape: Shape, label: Label) -> Node:
    found = shape.arc(label)
    if found is not None:
        return found
    path = shape.node.path()
    word = label.name if isinstance(label, Hidden) else label
    if shape.closings and label not in shape.fields:
        raise Bottom(f"{path or 'the condition'} has no field {word[:80]!a}")
    raise Incomplete(f"{path + '.' if path else ''}{word[:80]} is not known")


def _must_be(shape: Shape, kind: int) -> None:
    if shape.value is not MISSING or not shape.kinds & kind:
        raise Bottom(f"{shape.node.path() or 'a value'} has no fields or elements of that kind")


def _indexed(run: Evaluation, expression: tree.Index, scope: Scope) -> Node:
    node = resolve(run, expression.operand, scope)
    index = run.operand(expression.index, scope)
    if isinstance(index, str):
        return member(run, node, index)
    shape = run.settled(node, or_absent=True)
    _must_be(shape, Kind.LIST if shape.is_list or shape.is_struct else Kind.STRUCT)
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise Bottom(f"{node.path() or 'a list'} has an index that is no whole number from 0")
    if not shape.is_list:
        raise Incomplete(f"{node.path() or 'a list'} is not known")
    if not shape.is_done and index >= shape.size():
        raise CannotEvaluate(f"{node.path() or 'a list'} is needed for itself")
    found = shape.arc(index) if index < shape.size() else None
    if found is None and index == shape.size() and all(each.is_open for each in shape.lists):
        raise Incomplete(f"{node.path() or 'a list'} has {shape.size()} elements (expected more than {index})")
    if found is None:
        raise Bottom(f"{node.path() or 'a list'} has {shape.size()} elements (expected more than {index})")
    if node.is_absent:
        run.settled(node)
    return found


def elements(run: Evaluation, source: tree.Tree, scope: Scope) -> Iterator[tuple[str | int, Node]]:
    """What a comprehension goes over: the fields of a struct by name, the elements of a list by number."""
    node = resolve(run, source, scope)
    shape = run.settled(node)
    if not shape.is_struct and not shape.is_list:
        _must_be(shape, Kind.STRUCT)
        raise Incomplete(f"{node.path() or 'a value'} is not known")
    is_given = all(shape.has(label) for label, each in shape.fields.items() if each.is_required)
    if not shape.is_done or shape.doubts or not is_given:
        raise CannotEvaluate(f"{node.path() or 'a value'} is gone over before it is known")
    labels: list[str | int] = list(range(shape.size())) if shape.is_list else list(shape.labels())
    for label in labels:
        yield label, shape.part(label)
