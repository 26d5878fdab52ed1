"""What an evaluation may cost, and the three ways in which it ends without a value."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = 200_000
"""values unified, fields looked at, elements compared, for one document: a list of some eight thousand objects"""
STEPS_ALONE = 60_000
"""the same for a condition without a document, when it is loaded"""
DEPTH = 64
"""how deep values, fields and expressions are nested"""
_NESTED_LOOKS = 40
"""values that are needed for a value that is needed …"""


class Bottom(Exception):
    """Demands that contradict each other or the document: the sentence that says so."""

    at: int | None = None
    """the offset of the construct that could not be met"""


class Incomplete(Exception):
    """A value that is not known, and that unification may leave unknown; `kinds` is what it could be."""

    def __init__(self, text: str, kinds: int = -1) -> None:
        super().__init__(text)
        self.kinds = kinds


class CannotEvaluate(Exception):
    """Something that is not decided here; it is an answer for nobody, so it never counts as a pass."""


class Exhausted(CannotEvaluate):
    """The budget ran out."""


@dataclass
class Budget:
    """What one evaluation has cost."""

    limit: int = STEPS
    steps: int = 0
    looks: int = 0

    def spend(self, steps: int = 1) -> None:
        """Take so many steps; Exhausted where that is too many."""
        self.steps += steps
        if self.steps > self.limit:
            raise Exhausted(f"more than {self.limit} steps")

    def look(self) -> None:
        """Begin to look at a value while others wait for it; `done` ends it."""
        self.looks += 1
        if self.looks > _NESTED_LOOKS:
            raise Exhausted(f"more than {_NESTED_LOOKS} values wait for each other")

    def done(self) -> None:
        """End what `look` began."""
        self.looks -= 1
