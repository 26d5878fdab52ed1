"""Functions and packages in expressions: what yields a value, what is a demand, what closes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.checks import Judged
from registry_verifier.policy.cue.closedness import Closing, Fixed, Moved
from registry_verifier.policy.cue.functions import FUNCTIONS, JUDGES, PACKAGES, UNKNOWN, VALIDATORS, Function, is_time
from registry_verifier.policy.cue.labels import Scalar
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate, Incomplete
from registry_verifier.policy.cue.nodes import Conjunct, Node, Scope
from registry_verifier.policy.cue.records import Judge
from registry_verifier.policy.cue.shapes import Shape
from registry_verifier.policy.cue.values import Kind, shown
from registry_verifier.policy.cue.written import called

if TYPE_CHECKING:
    from registry_verifier.policy.cue.evaluation import Evaluation

_DIVISIONS = frozenset({"div", "mod", "quo", "rem"})


def path(run: Evaluation, expression: tree.Tree, scope: Scope) -> str:
    """`strings.Contains`, where the construct is a word of the language or of an imported package."""
    name = called(expression)
    local, _, inner = name.partition(".")
    if not name or scope.find(local) is not None:
        return ""
    return f"{run.imports[local]}.{inner}" if inner and local in run.imports else ("" if inner else name)


def constant(run: Evaluation, expression: tree.Tree, scope: Scope) -> str | None:
    """The value of a package's constant."""
    package, _, name = path(run, expression, scope).partition(".")
    return PACKAGES.get(package, {}).get(name)


def is_value(run: Evaluation, call: tree.Call, scope: Scope) -> bool:
    """Whether a call gives a value, rather than a demand."""
    name = path(run, call.function, scope)
    if name == "len" or name in _DIVISIONS:
        return True
    return name in FUNCTIONS and len(call.arguments) == len(FUNCTIONS[name].takes)


def special(run: Evaluation, demand: Conjunct, call: tree.Call) -> Conjunct | None:
    """What `close`, `and` and `or` stand for."""
    name = path(run, call.function, demand.scope)
    if name in ("and", "or"):
        items = call.arguments[0].items if isinstance(call.arguments[0], tree.ListOf) else ()
        whole = tree.Meet(call.at, items) if name == "and" else tree.Join(call.at, tuple(map(_choice, items)))
        return demand.part(whole)
    if name != "close":
        return None
    closing = Closing(is_deep=False)
    if demand.inside is not None:
        demand.inside.embeds({closing})
    extent, closings = Moved(Fixed(frozenset({closing})), {}, demand.extent), demand.closings | {closing}
    return replace(demand, expression=call.arguments[0], extent=extent, closings=closings)


def _choice(value: tree.Tree) -> tree.Choice:
    return tree.Choice(value.at, value)


def judge(run: Evaluation, shape: Shape, demand: Conjunct) -> bool:
    """Take a function that is called without the value that it judges as a demand; False where it is none."""
    call = demand.expression
    name = path(run, call.function if isinstance(call, tree.Call) else call, demand.scope)
    if name not in VALIDATORS or (isinstance(call, tree.Call) and is_value(run, call, demand.scope)):
        return False
    arguments = [_plain(run, each, demand.scope) for each in (call.arguments if isinstance(call, tree.Call) else ())]
    if name in JUDGES:
        _must_take(name, FUNCTIONS[name].takes[1:], arguments)
        call_it = FUNCTIONS[name].call
        shape.demand(Judged(f"{name}({_said(arguments)})", lambda text: bool(call_it(text, *arguments))))
    elif name == "time.Time":
        shape.demand(Judged("a time such as 2025-01-31T12:00:00Z", is_time))
    else:
        _judge_parts(shape, Judge(name, *arguments))
    return True


def _judge_parts(shape: Shape, found: Judge) -> None:
    shape.narrow(Kind.STRUCT if found.path.startswith("struct.") else Kind.LIST, found)
    shape.judges += (found,)
    shape.said += (found,)


def _said(arguments: list[Scalar]) -> str:
    return ", ".join(map(shown, arguments))


def _plain(run: Evaluation, expression: tree.Tree, scope: Scope) -> Scalar:
    value = run.operand(expression, scope)
    if isinstance(value, Node):
        raise CannotEvaluate("a list or an object as argument of a demand")
    return value


def result(run: Evaluation, call: tree.Call, scope: Scope) -> Scalar | Node:
    """What a call gives."""
    name = path(run, call.function, scope)
    takes = [_KINDS[each] for each in FUNCTIONS[name].takes] if name in FUNCTIONS else [_HAS_LENGTH]
    wanted = [Kind.INT, Kind.INT] if name in _DIVISIONS else takes
    arguments = [_argument(run, each, scope, kinds) for each, kinds in zip(call.arguments, wanted, strict=True)]
    if name == "len":
        return _length(run, arguments[0])
    if name in _DIVISIONS:
        return _divide(name, arguments)
    function = FUNCTIONS[name]
    given = [_items(run, each) if isinstance(each, Node) else each for each in arguments]
    _must_take(name, function.takes, given)
    run.budget.spend(sum(1 + len(each) // 100 for each in given if isinstance(each, str | list)))
    return _as_operand(function, given, call, scope)


_KINDS = {str: Kind.STRING, int: Kind.INT, list: Kind.LIST, object: Kind.ANY}
_HAS_LENGTH = Kind.STRING | Kind.BYTES | Kind.LIST | Kind.STRUCT


def _argument(run: Evaluation, expression: tree.Tree, scope: Scope, wanted: int) -> Scalar | Node:
    """An argument; Bottom where it is not known yet and can never be of the kind that is wanted."""
    try:
        return run.operand(expression, scope)
    except Incomplete as unknown:
        if not unknown.kinds & wanted:
            raise Bottom("a function is given an argument of another kind") from None
        raise


def _as_operand(function: Function, given: list[Any], call: tree.Call, scope: Scope) -> Scalar | Node:
    answer = function.call(*given)
    if not isinstance(answer, list):
        return answer  # type: ignore[no-any-return]
    items = tuple(tree.Literal(call.at, each) for each in answer)
    return Node(None, None, [Conjunct(tree.ListOf(call.at, items), scope)])


def _must_take(name: str, takes: tuple[type, ...], given: list[Any]) -> None:
    for wanted, value in zip(takes, given, strict=True):
        is_bool_for_int = wanted is int and isinstance(value, bool)
        if is_bool_for_int or (wanted is not object and not isinstance(value, wanted)):
            raise Bottom(f"{name} is given an argument of another kind")


def _items(run: Evaluation, node: Node) -> Any:
    """The elements of a list, UNKNOWN for those with parts."""
    shape = run.settled(node)
    if not shape.is_list:
        return UNKNOWN
    if not shape.is_done or shape.doubts:
        raise CannotEvaluate("a list that is needed before it is known")
    found = list[Any]()
    for index in range(shape.size()):
        value = run.known(shape.part(index))
        found.append(UNKNOWN if isinstance(value, Node) else value)
    return found


def _length(run: Evaluation, value: Scalar | Node) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if not isinstance(value, Node):
        raise Bottom("len takes strings, lists and objects")
    shape = run.settled(value)
    if shape.doubts or not shape.is_done:
        raise CannotEvaluate("the length of a value that is not known yet")
    return shape.size() if shape.is_list else sum(1 for _ in shape.labels())


def _divide(name: str, arguments: list[Scalar | Node]) -> int:
    left, right = arguments
    if not isinstance(left, int) or not isinstance(right, int) or isinstance(left, bool) or isinstance(right, bool):
        raise Bottom(f"{name} takes whole numbers")
    if right == 0:
        raise Bottom("division by zero")
    quotient, remainder = divmod(abs(left), abs(right))
    signed = quotient if (left < 0) == (right < 0) else -quotient
    if name in ("quo", "rem"):
        return signed if name == "quo" else (-remainder if left < 0 else remainder)
    euclidean = left % abs(right)
    return euclidean if name == "mod" else (left - euclidean) // right
