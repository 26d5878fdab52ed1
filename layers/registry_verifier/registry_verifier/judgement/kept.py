"""What a stored verdict keeps for other policies beside its statements: outcomes of conditions, and of children."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry_verifier.judgement.outcomes import Outcomes, fingerprint
from registry_verifier.judgement.stored_verdict import StoredVerdict
from registry_verifier.models import Statement
from registry_verifier.policy.model import Condition, Policy
from registry_verifier.results import INDEX, NearestMiss, RequirementResult


class CannotTell(Exception):
    """The stored verdict does not hold what the policies ask for; the text is a fact for people."""


def is_unchanged(policy: Policy, stored: StoredVerdict) -> bool:
    """Whether the verdict was made by the same policy."""
    return stored.policies.get(policy.name) == policy.sha256


@dataclass(frozen=True)
class KeptChildren:
    """What was found out about the children of an index, as far as it is kept: by policy; fits `decision.Children`."""

    stored: StoredVerdict

    def leaves(self, policy: Policy) -> RequirementResult | None:
        """What they came to, by the same policy: the evidence of children is not kept."""
        if policy.children == INDEX or self.stored.is_image:
            return None
        known = self.stored.leaves.get(policy.name)
        if known is None or not is_unchanged(policy, self.stored):
            raise CannotTell(f"policy {policy.name} counts the evidence of children, which is not kept")
        return known

    def presence(self) -> RequirementResult | None:
        """Whether the registry had every child, which no policy has a say in."""
        return self.stored.presence

    def nearest_miss(self, policies: Sequence[Policy]) -> NearestMiss | None:
        """Who signed a child is not kept."""
        return None


class KeptOutcomes(Outcomes):
    """Conditions that were asked when the verdict was made, and those that a kept statement still answers."""

    def __init__(self, stored: StoredVerdict) -> None:
        said = [(one.statement.place, one.conditions) for one in stored.statements]
        super().__init__({(place, mark): wrong for place, all_ in said for mark, wrong in all_.items()})

    def check(self, condition: Condition, statement: Statement) -> str | None:
        """As Outcomes; raises CannotTell where nothing is kept that would answer."""
        if (statement.place, fingerprint(condition)) not in self.known and not statement.document:
            raise CannotTell(f"{statement.place} is not kept in the verdict, and the condition on it is another one")
        return super().check(condition, statement)
