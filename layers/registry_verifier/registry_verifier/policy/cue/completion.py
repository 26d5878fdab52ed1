"""What is seen to once all demands on a value are known: limits that leave nothing, closed structs, sizes of lists."""

from __future__ import annotations

from registry_verifier.policy.cue.checks import contradict
from registry_verifier.policy.cue.closedness import Brace, Closing
from registry_verifier.policy.cue.judging import see_to
from registry_verifier.policy.cue.limits import Bottom
from registry_verifier.policy.cue.records import Fields, Items
from registry_verifier.policy.cue.shapes import MISSING, Shape


def complete(shape: Shape) -> None:
    """See to it; Bottom where the demands contradict each other."""
    if shape.value is MISSING and contradict(shape.checks, shape.kinds):
        raise shape.conflict("a value between them")
    if shape.is_struct:
        _close(shape)
    if shape.is_list:
        _measure(shape)
    see_to(shape)
    shape.is_done = True


def _close(shape: Shape) -> None:
    if not shape.closings:
        return
    _doubt_siblings(shape)
    for label in shape.labels():
        for closing in shape.closings:
            if not any(_allows(shape, each, closing, label) for each in shape.structs):
                path = shape.node.path()
                raise Bottom(f"{path + '.' if path else ''}{label[:80]!a} is a field that is not allowed")


def _doubt_siblings(shape: Shape) -> None:
    """Beside what is closed and embedded, newer versions of CUE close what is nested, older ones do not."""
    around = [each for each in shape.structs if isinstance(each.extent, Brace) and any(each.extent.branches)]
    nested = (value for data in shape.data for value in data.value.values() if isinstance(value, dict | list))
    if any(each.is_open or each.patterns or each.labels for each in around) and next(nested, None) is not None:
        shape.doubts += ("has objects or lists beside something closed, which versions of CUE read differently",)


def _allows(shape: Shape, fields: Fields, closing: Closing, label: str) -> bool:
    shape.run.budget.spend()
    if closing not in fields.extent.members():
        return False
    return fields.is_open or label in fields.labels or any(shape.run.fits(label, each) for each in fields.patterns)


def _measure(shape: Shape) -> None:
    """Closed lists are of one length, and open ones are no longer than that."""
    size = shape.size()
    for each in shape.lists:
        if not each.is_open and len(each.items) != size:
            raise _length(shape, each, size)


def _length(shape: Shape, closed: Items, size: int) -> Bottom:
    own = shape.node.own()
    wanted = next((len(each.items) for each in shape.lists if own is None or len(each.items) != len(own.value)), size)
    path = shape.node.path() or "the condition"
    return Bottom(f"{path} has {len(closed.items) if own is None else len(own.value)} elements (expected {wanted})")
