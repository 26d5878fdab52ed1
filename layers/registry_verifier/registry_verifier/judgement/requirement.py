"""One demand of an authority against the statements: which meet it, and if none does, why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from registry_verifier import provenance
from registry_verifier.judgement.outcomes import Outcomes, fingerprint
from registry_verifier.models import Statement
from registry_verifier.policy.model import AttestationRule, Authority
from registry_verifier.reasons import MISSING, Reason
from registry_verifier.results import Cause, RequirementResult

SIGNATURE = "signature"

Pairs = list[tuple[Statement, Cause]]


@dataclass(frozen=True)
class Met:
    """A demand's result, and every statement that meets it."""

    result: RequirementResult
    good: tuple[Statement, ...] = ()


def signature(authority: Authority, statements: Sequence[Statement], accepted: frozenset[str]) -> Met:
    """Whether one of the demanded signed the image.

    `accepted` are the places of signatures that some authority takes: to another one they are no wrong evidence, since
    its own signature may still come.
    """
    good, wrong = _sorted((s for s in statements if s.is_signature), lambda s: signer_cause(authority, s))
    if good:
        return Met(RequirementResult(SIGNATURE, None, good[0].place, None), good)
    missing = Cause(Reason.NO_SIGNATURE, "no signature of the image was found")
    final = any(cause.code not in MISSING and statement.place not in accepted for statement, cause in wrong)
    return Met(RequirementResult(SIGNATURE, None, None, _worst(wrong) or _limited(statements) or missing, final=final))


def attestation(
    authority: Authority, rule: AttestationRule, statements: Sequence[Statement], outcomes: Outcomes, *, matching: bool
) -> Met:
    """Whether one of the demanded attested it; `matching` says that provenance must not contradict its certificate."""
    candidates = (s for s in statements if s.predicate_type == rule.predicate_type)
    good, wrong = _sorted(candidates, lambda s: _attestation_cause(authority, rule, s, outcomes, matching=matching))
    condition = fingerprint(rule.condition) if rule.condition else ""
    if good:
        used = RequirementResult(rule.name, rule.predicate_type, good[0].place, None, condition=condition)
        return Met(used, good)
    missing = Cause(Reason.NO_ATTESTATION, f"no attestation of type {rule.predicate_type} was found")
    # another signer's statement of the same type is normal while the right one is on its way
    final = any(cause.code in _FINAL for _, cause in wrong)
    cause = _worst(wrong) or _limited(statements) or missing
    return Met(RequirementResult(rule.name, rule.predicate_type, None, cause, final=final, condition=condition))


def signer_cause(authority: Authority, statement: Statement) -> Cause | None:
    """None when the statement holds and one of the demanded identities or keys made it."""
    if statement.reason is not None:
        return Cause(statement.reason, f"{statement.place}: {statement.detail}")
    if authority.key:
        return None  # it was proven under these keys
    if statement.identity is None:
        return Cause(Reason.IDENTITY_AMBIGUOUS, f"{statement.place}: names no identity")
    reason = authority.match(statement.identity)
    if reason is None:
        return None
    found = f"signed by {statement.identity.subject} (issuer {statement.identity.issuer})"
    return Cause(reason, f"{statement.place}: {found}, not by a demanded identity")


def _attestation_cause(
    authority: Authority, rule: AttestationRule, statement: Statement, outcomes: Outcomes, *, matching: bool
) -> Cause | None:
    if cause := signer_cause(authority, statement):
        return cause
    if matching and (wrong := _provenance(statement)):
        return Cause(Reason.PROVENANCE_MISMATCH, f"{statement.place}: {wrong}")
    wrong = outcomes.check(rule.condition, statement) if rule.condition else None
    return Cause(Reason.PREDICATE_POLICY_FAILED, f"{statement.place}: {wrong}") if wrong else None


def _provenance(statement: Statement) -> str | None:
    """What a provenance states wrongly; one that cannot be compared is no better, or leaving things out would do."""
    if statement.contradictions:
        return statement.contradictions[0]
    if provenance.may_be_checked(statement) and not statement.compared:
        return "states no source repository that can be compared with its certificate"
    return None


def _sorted(
    candidates: Iterable[Statement], check: Callable[[Statement], Cause | None]
) -> tuple[tuple[Statement, ...], Pairs]:
    """The statements for which `check` finds nothing, and the others with what it finds."""
    checked = [(statement, check(statement)) for statement in candidates]
    good = tuple(statement for statement, cause in checked if cause is None)
    return good, [(statement, cause) for statement, cause in checked if cause]


_FINAL = (Reason.PREDICATE_POLICY_FAILED, Reason.PROVENANCE_MISMATCH)
_LIMITS = (Reason.TOO_MANY_CANDIDATES, Reason.EVIDENCE_TOO_LARGE)
_TELLING = (*_FINAL, Reason.IDENTITY_MISMATCH, Reason.ISSUER_MISMATCH)


def _worst(wrong: Pairs) -> Cause | None:
    """The cause that says most about what went wrong: the one that came furthest through the checks."""
    order = {reason: rank for rank, reason in enumerate(_TELLING)}
    return min((cause for _, cause in wrong), key=lambda cause: order.get(cause.code, len(order)), default=None)


def _limited(statements: Sequence[Statement]) -> Cause | None:
    """What was too much or too large to be looked at, where nobody can tell what it was."""
    hidden = (s for s in statements if s.reason in _LIMITS and s.predicate_type is None)
    return next((Cause(s.reason, f"{s.place}: {s.detail}") for s in hidden if s.reason), None)
