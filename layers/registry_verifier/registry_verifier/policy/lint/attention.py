"""How much of a policy's expressions is looked at: reading them takes a second for what nobody writes by hand."""

from __future__ import annotations

from registry_verifier.policy.lint import expression
from registry_verifier.policy.lint.expression import Shape

CHARACTERS_LIMIT = 100_000


class Attention:
    """What is still read of one policy's expressions."""

    def __init__(self, characters: int = CHARACTERS_LIMIT) -> None:
        self._left = characters
        self._seen = set[str]()

    def shape(self, text: str) -> Shape | None:
        """The shape of an expression, counted once; None where there was too much before it."""
        if text not in self._seen:
            self._seen.add(text)
            self._left -= len(text)
        return expression.read(text) if self._left >= 0 else None
