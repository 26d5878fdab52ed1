"""Names that refer to each other in a circle, of the kinds that CUE reads by an order of its own."""

from __future__ import annotations

from collections.abc import Mapping

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.labels import Hidden
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.tree import Tree

Refers = Mapping[str, set[str]]
"""top-level name -> those to which it refers"""
_NAMES_LIMIT = 1000


def must_not_turn(refers: Refers, struct: tree.Struct) -> None:
    """A let or a definition, and a field, may not refer to each other: CUE's order decides whether that is a cycle."""
    if len(refers) > _NAMES_LIMIT:
        raise CueProblem(struct.at, f"{len(refers)} names refer to others (expected at most {_NAMES_LIMIT})")
    seen, back = set[str](), _turned(refers)
    for name in refers:
        if name in seen:
            continue
        turning = _reached(refers, name) & _reached(back, name)
        seen |= turning
        kinds = {each in struct.lets or each.startswith(("#", "_")) for each in turning}
        if len(turning) > 1 and (kinds == {True, False} or turning & struct.lets.keys()):
            place = next((each.at for each in struct.declarations if name in declared(each)), 0)
            raise CueProblem(place, f"{', '.join(sorted(turning))[:200]} refer to each other")


def _turned(refers: Refers) -> Refers:
    back = dict[str, set[str]]()
    for name, others in refers.items():
        for each in others:
            back.setdefault(each, set()).add(name)
    return back


def _reached(refers: Refers, name: str) -> set[str]:
    reached, work = set[str](), [name]
    while work:
        more = refers.get(work.pop(), set()) - reached
        reached |= more
        work += more
    return reached


def declared(part: Tree) -> tuple[str, ...]:
    """The names by which a declaration can be referred to."""
    if isinstance(part, tree.Let):
        return (part.name,)
    if isinstance(part, tree.FieldOf):
        return (part.label.name if isinstance(part.label, Hidden) else part.label, part.alias)
    return ()
