"""One evaluation: nodes become values, each once and only when it is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import combinations
from operator import or_
from typing import cast

from registry_verifier.policy.cue import operands, unification
from registry_verifier.policy.cue.labels import Scalar
from registry_verifier.policy.cue.limits import STEPS, STEPS_ALONE, Bottom, Budget, CannotEvaluate, Incomplete
from registry_verifier.policy.cue.nodes import Conjunct, Data, Node, Option, Scope
from registry_verifier.policy.cue.shapes import MISSING, Shape
from registry_verifier.policy.cue.tree import Name, Pattern, Tree
from registry_verifier.policy.cue.values import is_same


class Evaluation:
    """The budget, and what is known so far."""

    def __init__(self, imports: Mapping[str, str], *, is_alone: bool = False) -> None:
        self.imports = imports
        """local name -> path"""
        self.is_alone = is_alone
        """whether there is no document yet"""
        self.budget = Budget(STEPS_ALONE if is_alone else STEPS)

    def options(self, node: Node) -> list[Option]:
        """What a value can be; Bottom where it can be nothing."""
        if node.bottom is not None:
            raise node.bottom
        if node.options is None:
            if node.busy:
                raise CannotEvaluate(f"{node.path() or 'the condition'} is needed for itself")
            node.options = self._decide(node)
        return node.options

    def _decide(self, node: Node) -> list[Option]:
        node.busy = True
        self.budget.look()
        try:
            return unification.decide(self, node)
        except Bottom as bottom:
            node.bottom = bottom
            raise
        finally:
            self.budget.done()
            node.busy, node.partial = False, None

    def settled(self, node: Node, *, or_absent: bool = False) -> Shape:
        """The one thing that a value is, by its default where it has one; Incomplete where that is not known."""
        if node.is_absent and not or_absent:
            raise CannotEvaluate(f"{node.path()} is needed by the condition itself; write it without the !")
        if node.busy and node.partial is not None and node.partial.is_late:
            node.partial.was_read = True
            return node.partial
        return _settle(self.options(node), node)

    def operand(self, expression: Tree, scope: Scope) -> Scalar | Node:
        """A value that something else is computed from."""
        return operands.operand(self, expression, scope)

    def known(self, node: Node) -> Scalar | Node:
        """The value of a node, or the node itself where it is a list or a struct."""
        return operands.known(self, node)

    def check(self, node: Node) -> None:
        """Bottom where the value, or anything in it, can be nothing."""
        if node.bottom is not None:
            raise node.bottom
        if node.is_checked:
            return
        node.is_checked = True
        options = self.options(node)
        try:
            if len(options) == 1:
                self.check_parts(options[0].shape)
        except Bottom as bottom:
            node.bottom = bottom
            raise

    def check_parts(self, shape: Shape) -> None:
        """The same for the fields or elements of one possibility."""
        for label in list(shape.touched()):
            node = shape.arc(label)
            if node is not None and (len(node.demands) > 1 or isinstance(node.demands[0], Conjunct)):
                self.check(node)

    def fits(self, label: str, pattern: Conjunct) -> bool:
        """Whether a field's name fits a pattern."""
        self.budget.spend()
        wanted = cast(Pattern, pattern.expression).label
        if isinstance(wanted, Name) and wanted.name == "string" and pattern.scope.find("string") is None:
            return True
        return self.can_be(Node(None, None, [Data(label, is_own=False), pattern.part(wanted)]))

    def can_be(self, node: Node) -> bool:
        """Whether a value, and everything in it, can be something."""
        try:
            self.check(node)
        except Bottom:
            return False
        return True


def _settle(options: Sequence[Option], node: Node) -> Shape:
    if len(options) == 1:
        return options[0].shape
    marked = {tuple(join for join, _ in option.marked) for option in options}
    if len(marked) > 1:
        raise CannotEvaluate(f"{node.path() or 'the condition'} has defaults within alternatives")
    candidates = [option.shape for option in options if option.is_default] or [option.shape for option in options]
    if len(candidates) == 1:
        return candidates[0]
    if any(_may_be_one(one, other) for one, other in combinations(candidates, 2)):
        raise CannotEvaluate(f"{node.path() or 'the condition'} can be several objects or lists")
    values = {(type(shape.value), shape.value) for shape in candidates if shape.value is not MISSING}
    if len(values) == 1 and all(shape.value is not MISSING for shape in candidates):
        return candidates[0]
    kinds = reduce(or_, (shape.kinds for shape in candidates))
    raise Incomplete(f"{node.path() or 'the condition'} can be several values", kinds)


def _may_be_one(one: Shape, other: Shape) -> bool:
    """Whether CUE may take two objects or lists for the same."""
    if one.is_list and other.is_list:
        return True
    is_alike = one.is_struct and other.is_struct and set(one.labels()) == set(other.labels())
    return is_alike and not any(_differ(one.arc(label), other.arc(label)) for label in one.fields)


def _differ(one: Node | None, other: Node | None) -> bool:
    """Whether two fields are known to have different values."""
    if one is None or other is None:
        return one is not other
    left, right = (node.options[0].shape.value if node.options else MISSING for node in (one, other))
    return left is not MISSING and right is not MISSING and not is_same(left, right)
