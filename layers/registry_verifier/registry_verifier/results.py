"""What policies say of the evidence: each demand, authority and policy, and the cluster's own answer beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from registry_verifier.reasons import Reason


@dataclass(frozen=True)
class NearestMiss:
    """Who was expected to sign and who did, where somebody did."""

    expected_subject: str
    expected_issuer: str
    found_subject: str
    found_issuer: str
    place: str


@dataclass(frozen=True)
class Cause:
    """One reason of a verdict with the sentence for people."""

    code: Reason
    text: str


@dataclass(frozen=True)
class RequirementResult:
    """One thing that is demanded: a signature, a listed attestation, a static pass, or `spec.policy`."""

    name: str
    """`signature`, `static`, `authority` (where it cannot be evaluated), `policy`, or the attestation's own name"""
    predicate_type: str | None
    used: str | None
    """the place of the statement that meets it, or what does in place of a statement"""
    cause: Cause | None
    final: bool = False
    """the evidence is present and wrong, so that waiting does not help"""
    condition: str = ""
    """the SHA-256 of the condition that a statement had to meet, in hex; empty where there is none"""


@dataclass(frozen=True)
class AuthorityResult:
    """One authority of a policy: it holds when every requirement is met."""

    name: str
    requirements: tuple[RequirementResult, ...]

    @property
    def holds(self) -> bool:
        """Whether all is met; an authority that demands nothing holds nothing."""
        return bool(self.requirements) and all(r.used for r in self.requirements)


class Answer(StrEnum):
    """What policy-controller would do with the image."""

    ADMIT = "admit"
    WARN = "warn"
    DENY = "deny"
    CANNOT_TELL = "cannot tell"
    DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True)
class ClusterAnswer:
    """Policy-controller's answer, and why."""

    answer: Answer
    text: str


@dataclass(frozen=True)
class PolicyResult:
    """One policy: it holds when one of its authorities does, and its own condition on them."""

    name: str
    mode: str
    sha256: str
    authorities: tuple[AuthorityResult, ...]
    condition: RequirementResult | None = None
    """`spec.policy`, where the policy has one and an authority holds"""
    cluster: ClusterAnswer | None = None

    @property
    def holds(self) -> bool:
        """Whether one authority holds, and the condition with it."""
        return any(a.holds for a in self.authorities) and (self.condition is None or bool(self.condition.used))
