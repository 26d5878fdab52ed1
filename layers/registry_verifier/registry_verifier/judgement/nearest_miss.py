"""Who came nearest to signing as a policy demands: what people look for first in a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from registry_verifier.models import Identity, Statement
from registry_verifier.policy.model import Authority, IdentityRule, Policy
from registry_verifier.reasons import Reason
from registry_verifier.results import Cause, NearestMiss, PolicyResult

Proven = Callable[[Authority], Sequence[Statement] | Cause]


def nearest_miss(policies: Sequence[Policy], results: Sequence[PolicyResult], proven: Proven) -> NearestMiss | None:
    """The signer who came nearest to a demanded identity, signatures first; None where nobody signed."""
    failing = [policy for policy, result in zip(policies, results, strict=True) if not result.holds]
    misses = [
        (_distance(rule, statement.identity, statement), rule, statement.identity, statement)
        for policy in failing
        for authority in policy.authorities
        for statement in _signers(authority, proven)
        for rule in authority.identities
        if statement.identity
    ]
    return _miss(*min(misses, key=lambda miss: miss[0])[1:]) if misses else None


def _signers(authority: Authority, proven: Proven) -> Iterable[Statement]:
    """The first statement of each who is not demanded, signatures and attestations apart."""
    found = proven(authority) if authority.identities else ()
    first: dict[tuple[bool, str, str], Statement] = {}
    for one in () if isinstance(found, Cause) else found:
        if one.holds and one.identity and authority.match(one.identity):
            first.setdefault((one.is_signature, one.identity.subject, one.identity.issuer), one)
    return first.values()


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
