"""Where our own answer is stricter than CUE's: what a condition names must be there, and nothing may stay open."""

from __future__ import annotations

from collections.abc import Iterator

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.evaluation import Evaluation
from registry_verifier.policy.cue.file import File
from registry_verifier.policy.cue.labels import Hidden, Label
from registry_verifier.policy.cue.nodes import Node
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.shapes import MISSING, Shape
from registry_verifier.policy.cue.values import called, shown

WELL_KNOWN = frozenset({"_type", "predicateType", "subject", "predicate"})
"""the fields of a statement"""
WELL_KNOWN |= {"authorityMatches", "config", "spec", "metadata", "typemeta"}
"""and of what `spec.policy` is about"""


def helpers(file: File, used: frozenset[str]) -> frozenset[str]:
    """The fields at the top that the condition refers to and that no document has by that name."""
    labels = {each.label for each in file.fields.declarations if isinstance(each, tree.FieldOf) and not each.kind}
    return frozenset(label for label in labels if isinstance(label, str) and label in used and label not in WELL_KNOWN)


def must_demand(file: File, spare: frozenset[str]) -> None:
    """CueProblem where the condition demands nothing."""
    if not any(_demands(each, spare) for each in file.fields.declarations):
        raise CueProblem(0, "condition demands nothing")


def _demands(part: tree.Tree, spare: frozenset[str]) -> bool:
    if isinstance(part, tree.FieldOf):
        return isinstance(part.label, str) and part.label not in spare
    if isinstance(part, tree.Embed) and isinstance(part.value, tree.Struct):
        return any(_demands(each, frozenset()) for each in part.value.declarations)
    return not isinstance(part, tree.Let | tree.Ellipsis)


def unmet(run: Evaluation, node: Node, spare: frozenset[str] = frozenset()) -> str | None:
    """The first demand that is not met, None where all are."""
    run.budget.spend()
    first = None
    for option in run.options(node):
        found = _unmet(run, option.shape, spare)
        if found is None:
            return None
        first = first or found
    return first


def _unmet(run: Evaluation, shape: Shape, spare: frozenset[str]) -> str | None:
    if shape.doubts:
        path = shape.node.path()
        return f"{path + ' ' if path else ''}could not be decided: {shape.doubts[0]}"
    for label in _demanded(shape, spare):
        arc = shape.arc(label)
        if arc is None:
            continue
        if arc.own() is None:
            return f"{arc.path()} is missing (expected {_described(run, arc)})"
        found = unmet(run, arc)
        if found is not None:
            return found
    return None


def _demanded(shape: Shape, spare: frozenset[str]) -> Iterator[Label | int]:
    required = [label for label, each in shape.fields.items() if each.is_required and not shape.has(label)]
    for label in [*required, *shape.touched()]:
        if not isinstance(label, Hidden) and label not in spare:
            yield label


def _described(run: Evaluation, node: Node) -> str:
    shapes = [option.shape for option in run.options(node)][:4]
    return " or ".join(dict.fromkeys(map(_said, shapes)))


def _said(shape: Shape) -> str:
    if shape.value is not MISSING:
        return shown(shape.value)
    if shape.is_struct or shape.is_list:
        return "an object" if shape.is_struct else "a list"
    return " and ".join(str(each) for each in shape.said[:4]) or called(shape.kinds)
