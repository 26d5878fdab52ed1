"""Who came nearest to signing as a policy demands: what people look for first in a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from registry_verifier.models import Identity, Statement
from registry_verifier.policy.model import Authority, IdentityRule, Policy
from registry_verifier.reasons import Reason
from registry_verifier.results import Cause, NearestMiss, PolicyResult


def nearest_miss(
    policies: Sequence[Policy],
    results: Sequence[PolicyResult],
    proven: Callable[[Authority], Sequence[Statement] | Cause],
) -> NearestMiss | None:
    """The signer who came nearest to a demanded identity, signatures first; None where nobody signed."""
    misses = [
        (_distance(rule, statement.identity, statement), _miss(rule, statement.identity, statement))
        for policy, result in zip(policies, results, strict=True)
        if not result.holds
        for authority in policy.authorities
        for statement in _statements(authority, proven)
        for rule in authority.identities
        if statement.holds and statement.identity and rule.match(statement.identity)
    ]
    return min(misses, key=lambda pair: pair[0])[1] if misses else None


def _statements(
    authority: Authority, proven: Callable[[Authority], Sequence[Statement] | Cause]
) -> Sequence[Statement]:
    found = proven(authority) if authority.identities else ()
    return () if isinstance(found, Cause) else found


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
