"""What CUE does not keep until there is a document, but takes for an error, or for nothing, before."""

from __future__ import annotations

from collections.abc import Iterator

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.file import File
from registry_verifier.policy.cue.functions import TYPES
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.tree import Tree
from registry_verifier.policy.cue.written import called


def must_wait(file: File) -> None:
    """CueProblem for an `if` or a `for` at the top, and for one or another field's value as an alternative."""
    known = {each.name for each in _all(file.fields) if isinstance(each, tree.Let)} | {
        each.name for each in file.imports
    }
    for each in file.fields.declarations:
        _see_top(each)
        if isinstance(each, tree.FieldOf):
            _see_elements(each)
    for each in _all(file.fields):
        if isinstance(each, tree.Choice):
            _see_alternative(each.value, known | TYPES.keys())


def _all(part: Tree) -> Iterator[Tree]:
    yield part
    for each in part.parts():
        yield from _all(each)


def _see_top(part: Tree) -> None:
    if isinstance(part, tree.Comprehension):
        raise CueProblem(part.at, "an if or a for at the top is decided without a document (write it inside a field)")
    if isinstance(part, tree.Embed | tree.Struct | tree.Meet):
        for each in part.parts():
            _see_top(each)


def _see_elements(field: tree.FieldOf) -> None:
    """An element that goes over what it is in may be a cycle for CUE, depending on who looks first."""
    items = [item for each in _all(field.value) if isinstance(each, tree.ListOf) for item in each.items]
    bodies = [item.body if isinstance(item, tree.Comprehension) else item for item in items]
    for each in (part for body in bodies for part in _all(body)):
        if isinstance(each, tree.For) and _root(each.source) == field.label:
            raise CueProblem(each.at, "a for in an element of a list, over the field that it is in, is not supported")


def _root(part: Tree) -> str:
    while isinstance(part, tree.Selector | tree.Index):
        part = part.operand
    return part.name if isinstance(part, tree.Name) else ""


def _see_alternative(value: Tree, known: set[str]) -> None:
    found = next((each for each in _all(value) if isinstance(each, tree.Comprehension)), None)
    if found is not None:
        raise CueProblem(found.at, "an if or a for within an alternative (a | b) is not supported")
    for each in value.operands if isinstance(value, tree.Meet) else (value,):
        word = called(each).partition(".")[0]
        is_reference = isinstance(each, tree.Name | tree.Selector | tree.Index)
        if is_reference and word not in known and not word.startswith(("#", "_")):
            raise CueProblem(each.at, "another field as an alternative (a | b) is not supported")
