"""From statements and policies to a verdict: which demand is met by which statement, and if not, why not.

Authorities of a policy are alternatives; policies add up. Every demand of an authority needs one good statement,
and the others do no harm: an image may carry a second provenance by another signer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from registry_verifier.judgement import authority_matches, requirement
from registry_verifier.judgement.authority_matches import Match, Surroundings
from registry_verifier.judgement.nearest_miss import nearest_miss
from registry_verifier.judgement.outcomes import Outcomes, fingerprint
from registry_verifier.judgement.requirement import Met
from registry_verifier.models import Statement
from registry_verifier.policy.model import Authority, Policy, PolicyCondition
from registry_verifier.reasons import CANNOT_JUDGE, Reason, Status
from registry_verifier.results import EITHER, AuthorityResult, Cause, NearestMiss, PolicyResult, RequirementResult

Proven = Callable[[Authority], Sequence[Statement] | Cause]
"""what is proven as an authority demands it, or why it cannot be judged"""


@dataclass(frozen=True)
class Decision:
    """What the policies say about the statements. `status` never is PENDING for evidence that is present and wrong."""

    status: Status
    causes: tuple[Cause, ...]
    policies: tuple[PolicyResult, ...]
    nearest_miss: NearestMiss | None
    warnings: tuple[Cause, ...] = ()


class Children(Protocol):
    """The children of an index, as policies ask about them."""

    def leaves(self, policy: Policy) -> RequirementResult | None:
        """Whether every child that can be run has the evidence by itself; None where the policy does not ask."""
        ...

    def presence(self) -> RequirementResult | None:
        """Whether the registry has every child; None where nobody asked."""
        ...

    def nearest_miss(self, policies: Sequence[Policy]) -> NearestMiss | None:
        """Who came nearest to signing a child that fails one of these."""
        ...


@dataclass(frozen=True)
class Judge:
    """Everything that policies are applied to."""

    proven: Proven
    around: Surroundings = Surroundings()
    outcomes: Outcomes = field(default_factory=Outcomes)
    children: Children | None = None
    """of an index; None for what is none"""

    def decide(self, policies: Sequence[Policy], *, waiting: bool) -> Decision:
        """Judge by all matching `policies`.

        `waiting` says that the grace period is not over: what is merely missing is then PENDING. An empty list of
        policies is NO_POLICY, never a pass; a policy that could not be applied is UNKNOWN.
        """
        if not policies:
            cause = Cause(Reason.NO_MATCHING_POLICY, "no policy matches this image")
            return Decision(Status.NO_POLICY, (cause,), (), None)
        accepted = self._accepted(policies)
        results = tuple(self._policy(policy, accepted) for policy in policies)
        warnings = tuple(self._contradictions(results, policies))
        if all(result.holds for result in results):
            return Decision(Status.VERIFIED, (), results, None, warnings)
        miss = nearest_miss(policies, results, self.proven)
        if self.children:
            failing = [policy for policy, result in zip(policies, results, strict=True) if not result.holds]
            miss = self.children.nearest_miss(failing) or miss
        return Decision(_status(results, waiting=waiting), tuple(_causes(results)), results, miss, warnings)

    def _accepted(self, policies: Sequence[Policy]) -> frozenset[str]:
        """The places of signatures that one of the authorities takes."""
        judged = ((a, self.proven(a)) for policy in policies for a in policy.authorities if not a.static)
        return frozenset(
            statement.place
            for authority, statements in judged
            if not isinstance(statements, Cause)
            for statement in statements
            if statement.is_signature and requirement.signer_cause(authority, statement) is None
        )

    def _policy(self, policy: Policy, accepted: frozenset[str]) -> PolicyResult:
        met = [(authority, self._authority(policy, authority, accepted)) for authority in policy.authorities]
        results = tuple(AuthorityResult(a.name, tuple(one.result for one in all_)) for a, all_ in met)
        holding = [_match(*pair) for pair, result in zip(met, results, strict=True) if result.holds]
        leaves = self.children.leaves(policy) if self.children else None
        asks = policy.condition if leaves is None or policy.children == EITHER else None
        return PolicyResult(
            policy.name,
            policy.mode,
            policy.sha256,
            results,
            self._condition(asks, holding) if asks and holding else None,
            children=policy.children,
            leaves=leaves,
            presence=self.children.presence() if self.children else None,
            slack_channel=policy.slack_channel,
        )

    def _authority(self, policy: Policy, authority: Authority, accepted: frozenset[str]) -> list[Met]:
        if authority.static:
            return [_static(authority)]
        statements = self.proven(authority)
        if isinstance(statements, Cause):
            return [Met(RequirementResult("authority", None, None, statements))]
        matching = policy.require_provenance_match
        found = [
            requirement.attestation(authority, rule, statements, self.outcomes, matching=matching)
            for rule in authority.attestations
        ]
        if policy.require_signature or not found:
            found.insert(0, requirement.signature(authority, statements, accepted))
        return found

    def _condition(self, condition: PolicyCondition, holding: Sequence[Match]) -> RequirementResult:
        mark = fingerprint(condition.condition)
        if lacking := authority_matches.lacks(condition, self.around):
            cause = Cause(Reason.POLICY_UNSUPPORTED, lacking)
            return RequirementResult("policy", None, None, cause, condition=mark)
        wrong = self.around.trouble if condition.fetch_config_file else ""
        wrong = wrong or condition.condition.check(authority_matches.document(holding, condition, self.around)) or ""
        if wrong:
            cause = Cause(Reason.POLICY_CONDITION_FAILED, f"spec.policy: {wrong}")
            return RequirementResult("policy", None, None, cause, condition=mark)  # another match may still come
        return RequirementResult("policy", None, "spec.policy", None, condition=mark)

    def _contradictions(self, results: Iterable[PolicyResult], policies: Sequence[Policy]) -> Iterable[Cause]:
        """Where a provenance that was used contradicts its certificate, and no policy demanded otherwise."""
        used = {r.used for result in results for a in result.authorities for r in a.requirements if r.used}
        known: dict[str, Statement] = {}
        for authority in (a for policy in policies for a in policy.authorities if not a.static):
            statements = self.proven(authority)
            if not isinstance(statements, Cause):
                known |= {s.place: s for s in statements if s.place in used and s.contradictions}
        for place, statement in sorted(known.items()):
            yield from (Cause(Reason.PROVENANCE_MISMATCH, f"{place}: {text}") for text in statement.contradictions)


def _static(authority: Authority) -> Met:
    static = authority.static
    if static and static.action == "pass":
        return Met(RequirementResult("static", None, "static: pass", None))
    said = f": {static.message}" if static and static.message else ""
    cause = Cause(Reason.STATIC_FAIL, f"authority {authority.name} fails everything that matches{said}")
    return Met(RequirementResult("static", None, None, cause, final=True))


def _match(authority: Authority, met: Sequence[Met]) -> Match:
    return Match(
        authority.name,
        static=authority.static is not None,
        signatures=next((one.good for one in met if one.result.name == requirement.SIGNATURE), ()),
        attestations={one.result.name: one.good for one in met if one.result.predicate_type},
        types=authority_matches.written_types(authority),
    )


def _status(results: Sequence[PolicyResult], *, waiting: bool) -> Status:
    failing = [result for result in results if not result.holds]
    certain = [result for result in failing if not is_uncertain(result)]
    if waiting and not any(map(is_final, failing)) and (certain or any(map(_may_still_hold, failing))):
        return Status.PENDING
    return Status.FAILED if certain else Status.UNKNOWN


def is_uncertain(policy: PolicyResult) -> bool:
    """An alternative could not be judged, so that nobody knows whether the policy holds."""
    return any(cause.code in CANNOT_JUDGE for cause in _causes([policy]))


def _may_still_hold(policy: PolicyResult) -> bool:
    """Evidence that is still missing could make an alternative hold that can be judged."""
    return any(all(r.cause is None or r.cause.code not in CANNOT_JUDGE for r in way) for way in policy.ways)


def is_final(policy: PolicyResult) -> bool:
    """Waiting does not help: every alternative has evidence that is present and wrong."""
    return not policy.holds and all(any(r.final for r in way) for way in policy.ways)


def _causes(policies: Iterable[PolicyResult]) -> Iterable[Cause]:
    for policy in policies:
        if policy.presence and policy.presence.cause:
            yield policy.presence.cause
        if not policy.is_proven:
            yield from _unproven(policy)


def _unproven(policy: PolicyResult) -> Iterable[Cause]:
    causes = [r.cause for way in policy.ways for r in way if r.cause]
    if policy.condition and policy.condition.cause:
        yield policy.condition.cause
        other = policy.leaves and policy.leaves.cause
        # it might have held with those
        causes = [cause for cause in causes if cause.code in CANNOT_JUDGE or cause is other]
    yield from causes
