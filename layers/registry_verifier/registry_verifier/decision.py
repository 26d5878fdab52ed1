"""From statements and policies to a verdict: which demand is met by which statement, and if not, why not.

Authorities of a policy are alternatives; policies add up. Every demand of an authority needs one good statement,
and the others do no harm: an image may carry a second provenance by another signer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from registry_verifier.models import (
    AuthorityResult,
    Cause,
    Identity,
    NearestMiss,
    PolicyResult,
    RequirementResult,
    Statement,
)
from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Policy
from registry_verifier.reasons import MISSING, Reason, Status

SIGNATURE = "signature"


@dataclass(frozen=True)
class Decision:
    """What the policies say about the statements. `status` never is PENDING for evidence that is present and wrong."""

    status: Status
    causes: tuple[Cause, ...]
    policies: tuple[PolicyResult, ...]
    nearest_miss: NearestMiss | None


def decide(policies: Sequence[Policy], statements: Sequence[Statement], *, waiting: bool) -> Decision:
    """Judge `statements` by all matching `policies`.

    `waiting` says that the grace period is not over: what is merely missing is then PENDING. An empty list of
    policies is NO_POLICY, never a pass.
    """
    if not policies:
        cause = Cause(Reason.NO_MATCHING_POLICY, "no policy matches this image")
        return Decision(Status.NO_POLICY, (cause,), (), None)
    results = tuple(_policy(policy, statements) for policy in policies)
    if all(result.holds for result in results):
        return Decision(Status.VERIFIED, (), results, None)
    status = Status.PENDING if waiting and not any(map(_is_final, results)) else Status.FAILED
    return Decision(status, tuple(_causes(results)), results, _nearest_miss(policies, results, statements))


def _policy(policy: Policy, statements: Sequence[Statement]) -> PolicyResult:
    authorities = tuple(_authority(policy, authority, statements) for authority in policy.authorities)
    return PolicyResult(policy.name, policy.mode, policy.sha256, authorities)


def _authority(policy: Policy, authority: Authority, statements: Sequence[Statement]) -> AuthorityResult:
    results = [_attestation(authority, rule, statements) for rule in authority.attestations]
    if policy.require_signature or not results:
        results.insert(0, _signature(authority, statements))
    return AuthorityResult(authority.name, tuple(results))


def _signature(authority: Authority, statements: Sequence[Statement]) -> RequirementResult:
    candidates = [s for s in statements if s.is_signature]
    used, causes = _first_good(candidates, lambda s: _signer_cause(authority.identities, s))
    if used:
        return RequirementResult(SIGNATURE, None, used.place, None)
    cause = _worst(causes) or _limited(statements) or Cause(Reason.NO_SIGNATURE, "no signature of the image was found")
    return RequirementResult(SIGNATURE, None, None, cause, final=any(c.code not in MISSING for c in causes))


def _attestation(authority: Authority, rule: AttestationRule, statements: Sequence[Statement]) -> RequirementResult:
    candidates = [s for s in statements if s.predicate_type == rule.predicate_type]
    used, causes = _first_good(candidates, lambda s: _attestation_cause(authority.identities, rule, s))
    if used:
        return RequirementResult(rule.name, rule.predicate_type, used.place, None)
    missing = Cause(Reason.NO_ATTESTATION, f"no attestation of type {rule.predicate_type} was found")
    cause = _worst(causes) or _limited(statements) or missing
    # another signer's statement of the same type is normal while the right one is on its way
    final = any(c.code == Reason.PREDICATE_POLICY_FAILED for c in causes)
    return RequirementResult(rule.name, rule.predicate_type, None, cause, final=final)


def _first_good(
    candidates: Iterable[Statement], check: Callable[[Statement], Cause | None]
) -> tuple[Statement | None, list[Cause]]:
    causes = []
    for statement in candidates:
        if (cause := check(statement)) is None:
            return statement, []
        causes.append(cause)
    return None, causes


def _signer_cause(identities: Sequence[IdentityRule], statement: Statement) -> Cause | None:
    """None when the statement holds and one of `identities` made it."""
    if statement.reason is not None:
        return Cause(statement.reason, f"{statement.place}: {statement.detail}")
    if statement.identity is None:
        return Cause(Reason.IDENTITY_AMBIGUOUS, f"{statement.place}: names no identity")
    reasons = [rule.match(statement.identity) for rule in identities]
    if None in reasons:
        return None
    # a wrong subject of the right issuer comes nearer than a wrong issuer
    reason = Reason.IDENTITY_MISMATCH if Reason.IDENTITY_MISMATCH in reasons else Reason.ISSUER_MISMATCH
    found = f"signed by {statement.identity.subject} (issuer {statement.identity.issuer})"
    return Cause(reason, f"{statement.place}: {found}, not by a demanded identity")


def _attestation_cause(identities: Sequence[IdentityRule], rule: AttestationRule, statement: Statement) -> Cause | None:
    if cause := _signer_cause(identities, statement):
        return cause
    wrong = rule.condition.check(statement.document) if rule.condition else None
    return Cause(Reason.PREDICATE_POLICY_FAILED, f"{statement.place}: {wrong}") if wrong else None


_LIMITS = (Reason.TOO_MANY_CANDIDATES, Reason.EVIDENCE_TOO_LARGE)
_TELLING = (Reason.PREDICATE_POLICY_FAILED, Reason.IDENTITY_MISMATCH, Reason.ISSUER_MISMATCH)


def _worst(causes: Sequence[Cause]) -> Cause | None:
    """The cause that says most about what went wrong: the one that came furthest through the checks."""
    order = {reason: rank for rank, reason in enumerate(_TELLING)}
    return min(causes, key=lambda cause: order.get(cause.code, len(order)), default=None)


def _limited(statements: Sequence[Statement]) -> Cause | None:
    """What was too much or too large to be looked at, where nobody can tell what it was."""
    hidden = (s for s in statements if s.reason in _LIMITS and s.predicate_type is None)
    return next((Cause(s.reason, f"{s.place}: {s.detail}") for s in hidden if s.reason), None)


def _is_final(policy: PolicyResult) -> bool:
    """Waiting does not help: every alternative has evidence that is present and wrong."""
    return not policy.holds and all(any(r.final for r in a.requirements) for a in policy.authorities)


def _causes(policies: Iterable[PolicyResult]) -> Iterable[Cause]:
    for policy in policies:
        if not policy.holds:
            for authority in policy.authorities:
                yield from (r.cause for r in authority.requirements if r.cause)


def _nearest_miss(
    policies: Sequence[Policy], results: Sequence[PolicyResult], statements: Sequence[Statement]
) -> NearestMiss | None:
    """The signer who came nearest to a demanded identity, signatures first; None where nobody signed."""
    misses = [
        (_distance(rule, statement.identity, statement), _miss(rule, statement.identity, statement))
        for policy, result in zip(policies, results, strict=True)
        if not result.holds
        for authority in policy.authorities
        for rule in authority.identities
        for statement in statements
        if statement.holds and statement.identity and rule.match(statement.identity)
    ]
    return min(misses, key=lambda pair: pair[0])[1] if misses else None


def _distance(rule: IdentityRule, found: Identity, statement: Statement) -> tuple[bool, bool, int]:
    """Signatures first, then the demanded issuer, then the longest common beginning with the demanded subject."""
    other_issuer = rule.match(found) == Reason.ISSUER_MISMATCH
    return not statement.is_signature, other_issuer, -_common_prefix(rule.expected_subject.lstrip("^"), found.subject)


def _common_prefix(pattern: str, text: str) -> int:
    pairs = zip(pattern.replace("\\", ""), text, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(pattern), len(text)))


def _miss(rule: IdentityRule, found: Identity, statement: Statement) -> NearestMiss:
    return NearestMiss(
        expected_subject=rule.expected_subject,
        expected_issuer=rule.expected_issuer,
        found_subject=found.subject,
        found_issuer=found.issuer,
        place=statement.place,
    )
