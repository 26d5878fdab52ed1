"""What is wrong with a condition, and where."""

from __future__ import annotations


class CueProblem(ValueError):
    """A condition that is not loaded; `offset` counts the characters of its text before the place, from 0."""

    def __init__(self, offset: int, text: str) -> None:
        super().__init__(text)
        self.offset = offset
