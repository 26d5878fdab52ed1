"""What can be said of a construct by looking at it."""

from __future__ import annotations

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.checks import expression
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.tree import Tree


def must_be_expression(part: Tree) -> None:
    """A regular expression as written must be one, although CUE takes it as long as it has nothing to match."""
    if not isinstance(part, tree.Literal):
        return
    if not isinstance(part.value, str):
        raise CueProblem(part.at, "expected a regular expression in quotes")
    try:
        expression(part.value)
    except (Bottom, CannotEvaluate) as error:
        raise CueProblem(part.at, str(error)) from None


def called(part: Tree) -> str:
    """`name` or `package.name`, where the construct is one; else empty."""
    if isinstance(part, tree.Name):
        return part.name
    if isinstance(part, tree.Selector) and isinstance(part.operand, tree.Name) and isinstance(part.label, str):
        return f"{part.operand.name}.{part.label}"
    return ""
