"""What is wrong with a condition, and where; and what Rego says, for people."""

from __future__ import annotations

_LENGTH_LIMIT = 300


class RegoProblem(ValueError):
    """A condition that is not loaded; `line` of its text counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def shown(text: str) -> str:
    """One printable line of what a policy or its engine says, cut to length."""
    line = " ".join(text[: 4 * _LENGTH_LIMIT].split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)[:_LENGTH_LIMIT]
