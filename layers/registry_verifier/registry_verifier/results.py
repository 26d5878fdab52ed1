"""What policies say of the evidence: each demand, authority and policy, and the cluster's own answer beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from registry_verifier.reasons import Reason

INDEX, LEAVES, EITHER = CHILDREN = ("index", "leaves", "index-or-every-leaf")
"""who needs the evidence where an index is published: itself, every child that can be run, or either"""


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
    children: str = INDEX
    """who needs the evidence of an index: one of `CHILDREN`"""
    leaves: RequirementResult | None = None
    """what all the children of an index come to, where the policy asks about them"""
    presence: RequirementResult | None = None
    """whether the registry has every child of an index, where somebody looked"""
    slack_channel: str = ""
    """who hears about it; empty: the deployment's own channel"""

    @property
    def by_itself(self) -> bool:
        """Whether one authority holds, and the condition with it."""
        return any(a.holds for a in self.authorities) and (self.condition is None or bool(self.condition.used))

    @property
    def is_proven(self) -> bool:
        """Whether the evidence is there, of whichever the policy asks it."""
        if self.leaves is None:
            return self.by_itself
        return bool(self.leaves.used) or (self.children == EITHER and self.by_itself)

    @property
    def holds(self) -> bool:
        """Whether the evidence is there, and no child is missing."""
        return self.is_proven and (self.presence is None or bool(self.presence.used))

    @property
    def ways(self) -> tuple[tuple[RequirementResult, ...], ...]:
        """The alternatives of which one is enough, each with all that it demands."""
        own = tuple(authority.requirements for authority in self.authorities)
        if self.leaves is None:
            return own
        return ((self.leaves,),) if self.children == LEAVES else (*own, (self.leaves,))


class ChildState(StrEnum):
    """What is known of one child of an index."""

    VERIFIED = "verified"
    """it has the evidence by itself"""
    COVERED = "covered"
    """its index has the evidence"""
    UNSIGNED = "unsigned"
    """evidence of its own is demanded and missing"""
    WRONG = "wrong"
    """evidence of its own is demanded, present and wrong; or its manifest cannot be read"""
    MISSING = "missing"
    """the index lists it, and the registry does not have it"""
    ATTESTATION = "attestation"
    """what BuildKit puts beside an image: nothing that can be run"""
    NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True)
class ChildResult:
    """One row in the table of an index's children."""

    digest: str
    platform: str | None
    """`os/architecture`, as the index says"""
    state: ChildState
    text: str = ""
