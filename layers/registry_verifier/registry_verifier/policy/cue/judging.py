"""The functions of the packages list and struct that judge a whole value.

Where the length of a list is open they judge the elements that are known, as CUE does.
"""

from __future__ import annotations

from decimal import Decimal

from registry_verifier.policy.cue.labels import Scalar
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate
from registry_verifier.policy.cue.records import Judge
from registry_verifier.policy.cue.shapes import MISSING, Shape


def see_to(shape: Shape) -> None:
    """Bottom where a function says no."""
    for judge in shape.judges:
        _judge(shape, judge)


def _judge(shape: Shape, judge: Judge) -> None:
    if shape.is_struct:
        _judge_fields(shape, judge, sum(1 for _ in shape.labels()))
    elif shape.is_list:
        _judge_items(shape, judge)


def _judge_fields(shape: Shape, judge: Judge, count: int) -> None:
    limit = _number(judge)
    if shape.doubts and (limit or judge.path == "struct.MaxFields"):
        raise CannotEvaluate(f"{judge} of a struct that is not known yet")
    if judge.path == "struct.MaxFields" and count > limit:
        raise _unmet(shape, judge, f"{count} fields")
    if judge.path == "struct.MaxFields" and count + sum(not shape.has(label) for label in shape.may_have) > limit:
        raise CannotEvaluate(f"{judge} of a struct with comprehensions")
    if judge.path == "struct.MinFields" and count < limit:
        if shape.closings:
            raise _unmet(shape, judge, f"{count} fields")
        shape.doubts += (f"has {count} fields (expected {judge})",)


def _judge_items(shape: Shape, judge: Judge) -> None:
    size = shape.size()
    if judge.path == "list.MinItems" and size < _number(judge):
        if not all(each.is_open for each in shape.lists):
            raise _unmet(shape, judge, f"{size} elements")
        shape.doubts += (f"has {size} elements (expected {judge})",)
    if judge.path == "list.MaxItems" and size > _number(judge):
        raise _unmet(shape, judge, f"{size} elements")
    if judge.path in ("list.UniqueItems", "list.Contains"):
        _judge_elements(shape, judge)


def _judge_elements(shape: Shape, judge: Judge) -> None:
    known = [_element(shape, index) for index in range(shape.size())]
    keys = [(type(each), each) for each in known if each is not MISSING]
    if judge.path == "list.Contains" and (type(judge.argument), judge.argument) not in keys:
        raise _unmet(shape, judge, "other elements")
    if judge.path == "list.UniqueItems":
        if len(set(keys)) != len(keys):
            raise _unmet(shape, judge, "an element twice")
        if len(known) - len(keys) > 1:
            shape.doubts += ("has lists or objects, which are not compared (list.UniqueItems)",)


def _element(shape: Shape, index: int) -> Scalar:
    """An element's value, MISSING where it has parts."""
    node = shape.part(index)
    found = shape.run.settled(node)
    if found.value is MISSING and not (found.is_struct or found.is_list):
        raise CannotEvaluate(f"{node.path()} has no value yet")
    return found.value


def _number(judge: Judge) -> int:
    if not isinstance(judge.argument, int) or isinstance(judge.argument, bool | Decimal):
        raise Bottom(f"{judge.path} takes a whole number")
    return judge.argument


def _unmet(shape: Shape, judge: Judge, found: str) -> Bottom:
    return Bottom(f"{shape.node.path() or 'statement'} has {found} (expected {judge})")
