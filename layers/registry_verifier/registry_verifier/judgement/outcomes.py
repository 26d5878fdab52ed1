"""What each condition said of each statement: worked out once, and kept for those who ask without the statement."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from registry_verifier.models import Statement
from registry_verifier.policy.model import Condition


def fingerprint(condition: Condition) -> str:
    """The SHA-256 of a condition's text, in hex: a condition that reads the same says the same."""
    return hashlib.sha256(condition.text.encode()).hexdigest()


@dataclass(frozen=True)
class Outcomes:
    """The conditions that were asked so far."""

    known: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """place of the statement, fingerprint of the condition -> why it does not hold, None where it does"""

    def check(self, condition: Condition, statement: Statement) -> str | None:
        """None where the statement meets the condition, else a sentence."""
        key = statement.place, fingerprint(condition)
        if key not in self.known:
            self.known[key] = condition.check(statement.document)
        return self.known[key]

    def of(self, place: str) -> dict[str, str | None]:
        """All outcomes about one statement, by the condition's fingerprint."""
        return {condition: said for (where, condition), said in self.known.items() if where == place}
