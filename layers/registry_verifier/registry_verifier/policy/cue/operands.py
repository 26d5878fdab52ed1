"""Values that are computed: arithmetic, comparison, logic, interpolation, functions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import TYPE_CHECKING, Any

from registry_verifier.policy.cue import calls, tree
from registry_verifier.policy.cue.checks import expression as regular
from registry_verifier.policy.cue.labels import Scalar
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate, Incomplete
from registry_verifier.policy.cue.nodes import Node, Scope
from registry_verifier.policy.cue.references import resolve
from registry_verifier.policy.cue.shapes import MISSING
from registry_verifier.policy.cue.values import Kind

if TYPE_CHECKING:
    from registry_verifier.policy.cue.evaluation import Evaluation

_PLAIN = Kind.BOOL | Kind.NUMBER | Kind.STRING | Kind.BYTES
_BITS_LIMIT = 4096
_LENGTH_LIMIT = 1 << 20
_EXACT = Context(prec=34, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])


def operand(run: Evaluation, expression: tree.Tree, scope: Scope) -> Scalar | Node:
    """A value without parts, or the node of a list or struct; Incomplete where it is not known."""
    run.budget.spend()
    try:
        value = _computed(run, expression, scope)
    except Incomplete as unknown:
        raise Incomplete(str(unknown)) from None  # what a part of it can be says nothing of the whole
    return known(run, value) if isinstance(value, Node) else value


def _computed(run: Evaluation, expression: tree.Tree, scope: Scope) -> Scalar | Node:
    if isinstance(expression, tree.Literal):
        return expression.value
    if isinstance(expression, tree.Binary):
        return _binary(run, expression, scope)
    if isinstance(expression, tree.Unary):
        return _unary(expression.operator, _signed(run, expression, scope))
    if isinstance(expression, tree.Interpolation):
        return _interpolated(run, expression, scope)
    if isinstance(expression, tree.Call) and calls.is_value(run, expression, scope):
        return calls.result(run, expression, scope)
    constant = calls.constant(run, expression, scope)
    return resolve(run, expression, scope) if constant is None else constant


def known(run: Evaluation, node: Node) -> Scalar | Node:
    """The value of a node, or the node itself where it is a list or a struct."""
    if node.busy:
        raise CannotEvaluate(f"{node.path() or 'the condition'} is needed for itself")
    shape = run.settled(node)
    if shape.value is not MISSING:
        return shape.value
    if shape.is_struct or shape.is_list:
        return node
    raise Incomplete(f"{node.path() or 'a value'} is not known", shape.kinds)


def _interpolated(run: Evaluation, expression: tree.Interpolation, scope: Scope) -> str:
    text = "".join(_written(_part(run, piece, scope, _PLAIN, "interpolation")) for piece in expression.pieces)
    if len(text) > _LENGTH_LIMIT:
        raise CannotEvaluate(f"a string of more than {_LENGTH_LIMIT} characters")
    return text


def _written(value: Scalar | Node) -> str:
    if isinstance(value, Node) or value is None:
        raise Bottom("an interpolation takes strings, numbers and booleans")
    if isinstance(value, Decimal):
        raise CannotEvaluate("a fraction in an interpolation")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _signed(run: Evaluation, expression: tree.Unary, scope: Scope) -> Scalar | Node:
    kinds = Kind.BOOL if expression.operator == "!" else Kind.NUMBER
    return _part(run, expression.operand, scope, kinds, expression.operator)


def _part(run: Evaluation, expression: tree.Tree, scope: Scope, kinds: int, sign: str) -> Scalar | Node:
    """What something is computed from; Bottom where it is not known yet, and can never be of these kinds."""
    try:
        return operand(run, expression, scope)
    except Incomplete as unknown:
        if not unknown.kinds & kinds:
            raise Bottom(f"{sign} is given a value of another kind") from None
        raise


def _unary(sign: str, value: Scalar | Node) -> Scalar:
    if sign == "!" and isinstance(value, bool):
        return not value
    if sign != "!" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return -value if sign == "-" else value
    raise Bottom(f"{sign} is given a value of another kind")


def _binary(run: Evaluation, expression: tree.Binary, scope: Scope) -> Scalar:
    sign = expression.operator
    if isinstance(expression.right, tree.Never) or isinstance(expression.left, tree.Never):
        return _exists(run, expression, scope)
    kinds = Kind.ANY if sign in ("==", "!=") else _PLAIN
    left = _part(run, expression.left, scope, kinds, sign)
    right = _part(run, expression.right, scope, kinds, sign)
    if sign in ("==", "!="):
        return _equal(left, right) == (sign == "==")
    if isinstance(left, Node) or isinstance(right, Node):
        raise CannotEvaluate(f"{sign} on lists or objects")
    if sign in ("&&", "||"):
        return _logic(sign, left, right)
    if sign in ("=~", "!~"):
        return _matches(sign, left, right)
    return _order(sign, left, right) if sign in _ORDER else _arithmetic(sign, left, right)


def _exists(run: Evaluation, expression: tree.Binary, scope: Scope) -> bool:
    """`x != _|_`: whether there is such a field."""
    other = expression.left if isinstance(expression.right, tree.Never) else expression.right
    if expression.operator not in ("==", "!=") or not isinstance(other, tree.Name | tree.Selector | tree.Index):
        raise CannotEvaluate("_|_ with other operators than == and !=")
    try:
        node = resolve(run, other, scope)
    except Incomplete:
        return expression.operator == "=="
    shape = run.settled(node)
    if shape.value is MISSING:
        raise CannotEvaluate(f"{node.path()} compared with _|_ before it is known")
    return expression.operator == "!="


def _equal(left: Scalar | Node, right: Scalar | Node) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, Node) or isinstance(right, Node):
        raise CannotEvaluate("== on lists or objects")
    numbers = _is_number(left) and _is_number(right)
    if not numbers and type(left) is not type(right):
        raise CannotEvaluate("== on values of different kinds")
    return left == right


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _logic(sign: str, left: Scalar, right: Scalar) -> bool:
    if not isinstance(left, bool) or not isinstance(right, bool):
        raise Bottom(f"{sign} takes booleans")
    return (left and right) if sign == "&&" else (left or right)


def _matches(sign: str, left: Scalar, right: Scalar) -> bool:
    if not isinstance(left, str) or not isinstance(right, str):
        raise Bottom(f"{sign} takes strings")
    return (regular(right).search(left) is not None) == (sign == "=~")


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _order(sign: str, left: Scalar, right: Scalar) -> bool:
    both_strings = isinstance(left, str) and isinstance(right, str)
    if not both_strings and not (_is_number(left) and _is_number(right)):
        raise Bottom(f"{sign} takes two numbers or two strings")
    return _ORDER[sign](left, right)


def _arithmetic(sign: str, left: Scalar, right: Scalar) -> Scalar:
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > _LENGTH_LIMIT:
            raise CannotEvaluate(f"a string of more than {_LENGTH_LIMIT} characters")
        return left + right
    if sign == "*" and (isinstance(left, str) or isinstance(right, str)):
        raise CannotEvaluate("a string multiplied")
    if not (_is_number(left) and _is_number(right)):
        raise Bottom(f"{sign} is given values of another kind")
    if sign != "/" and isinstance(left, int) and isinstance(right, int):
        return _whole(sign, left, right)
    return _fraction(sign, left, right)


def _whole(sign: str, left: int, right: int) -> int:
    if left.bit_length() + right.bit_length() > _BITS_LIMIT:
        raise CannotEvaluate(f"a number of more than {_BITS_LIMIT} bits")
    return {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](left, right)  # type: ignore[no-any-return]


def _fraction(sign: str, left: Scalar, right: Scalar) -> Decimal:
    names = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply, "/": _EXACT.divide}
    if sign == "/" and not right:
        raise Bottom("division by zero")
    try:
        return names[sign](Decimal(left), Decimal(right))  # type: ignore[arg-type]
    except (Inexact, InvalidOperation, DivisionByZero, Overflow):
        raise CannotEvaluate("a fraction that is not exact") from None
