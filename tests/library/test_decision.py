"""Decisions: what meets a demand, what does not and why, what may still come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from registry_verifier.decision import Decision, decide
from registry_verifier.models import Identity, Json, Statement
from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Policy
from registry_verifier.reasons import Reason, Status
from tests.material import CYCLONEDX, ISSUER, SLSA, SUBJECT

OTHER_SUBJECT = SUBJECT.replace("main", "dev")
SIGN = "https://sigstore.dev/cosign/sign/v1"


@dataclass(frozen=True)
class Says:
    """A condition that holds for one predicate."""

    wanted: str

    def check(self, statement: Json) -> str | None:
        """As policy.model.Condition."""
        found = statement.get("predicate")
        return None if found == self.wanted else f"predicate is {found!r} (expected {self.wanted!r})"


def signature(subject: str = SUBJECT, issuer: str = ISSUER, **more: Any) -> Statement:
    return Statement("sig", "bundle", True, SIGN, Identity(subject, issuer), **more)


def attestation(
    predicate_type: str = CYCLONEDX, subject: str = SUBJECT, issuer: str = ISSUER, **more: Any
) -> Statement:
    return Statement("att", "bundle", False, predicate_type, Identity(subject, issuer), **more)


def authority(*rules: AttestationRule, name: str = "publisher", subject: str = SUBJECT) -> Authority:
    return Authority(name, (IdentityRule(issuer=ISSUER, subject=subject),), rules)


def policy(*authorities: Authority, **more: Any) -> Policy:
    return Policy("p", ("**",), authorities or (authority(),), **more)


SBOM = AttestationRule("sbom", CYCLONEDX)
PROVENANCE = AttestationRule("provenance", SLSA, Says("right"))


def judged(policies: Policy | list[Policy], *statements: Statement, waiting: bool = False) -> Decision:
    return decide(policies if isinstance(policies, list) else [policies], statements, waiting=waiting)


def codes(decision: Decision) -> list[Reason]:
    return [cause.code for cause in decision.causes]


def test_signature_by_the_demanded_identity() -> None:
    decision = judged(policy(), signature())
    assert (decision.status, decision.causes) == (Status.VERIFIED, ())
    assert decision.policies[0].authorities[0].requirements[0].used == "sig"


def test_no_policy_is_never_a_pass() -> None:
    decision = judged([], signature())
    assert (decision.status, codes(decision)) == (Status.NO_POLICY, [Reason.NO_MATCHING_POLICY])


@pytest.mark.parametrize(("waiting", "status"), [(True, Status.PENDING), (False, Status.FAILED)])
def test_missing_evidence_waits_for_the_grace_period(waiting: bool, status: Status) -> None:
    decision = judged(policy(authority(SBOM)), waiting=waiting)
    assert (decision.status, codes(decision)) == (status, [Reason.NO_SIGNATURE, Reason.NO_ATTESTATION])


def test_signature_is_demanded_beside_attestations() -> None:
    assert codes(judged(policy(authority(SBOM)), attestation())) == [Reason.NO_SIGNATURE]


def test_signature_is_not_demanded_where_the_policy_says_so() -> None:
    assert judged(policy(authority(SBOM), require_signature=False), attestation()).status == Status.VERIFIED


def test_signature_is_demanded_of_an_authority_that_lists_nothing_else() -> None:
    assert judged(policy(require_signature=False)).status == Status.FAILED


def test_cosign_attestation_is_not_a_signature() -> None:
    assert codes(judged(policy(), attestation())) == [Reason.NO_SIGNATURE]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (signature(subject=OTHER_SUBJECT), Reason.IDENTITY_MISMATCH),
        (signature(issuer=ISSUER + "/hammer-time"), Reason.ISSUER_MISMATCH),
        (signature(reason=Reason.SIGNATURE_INVALID, detail="no"), Reason.SIGNATURE_INVALID),
        (Statement("sig", "bundle", True), Reason.IDENTITY_AMBIGUOUS),
    ],
)
@pytest.mark.parametrize("waiting", [True, False])
def test_signature_that_is_present_and_wrong_fails_at_once(statement: Statement, reason: Reason, waiting: bool) -> None:
    decision = judged(policy(), statement, waiting=waiting)
    assert (decision.status, codes(decision)) == (Status.FAILED, [reason])


def test_signature_that_is_listed_and_not_there_yet_is_waited_for() -> None:
    assert judged(policy(), signature(reason=Reason.EVIDENCE_NOT_FOUND), waiting=True).status == Status.PENDING


def test_one_good_among_bad() -> None:
    assert judged(
        policy(), signature(subject=OTHER_SUBJECT), signature(reason=Reason.CERT_INVALID), signature()
    ).status == (Status.VERIFIED)


def test_second_provenance_by_another_signer_does_no_harm() -> None:
    rules = policy(authority(PROVENANCE))
    wrong = attestation(SLSA, OTHER_SUBJECT, document={"predicate": "other"})
    right = attestation(SLSA, document={"predicate": "right"})
    assert judged(rules, signature(), wrong, right).status == Status.VERIFIED


def test_other_signers_provenance_alone_is_waited_on_while_the_right_one_is_on_its_way() -> None:
    wrong = attestation(SLSA, OTHER_SUBJECT)
    decision = judged(policy(authority(PROVENANCE)), signature(), wrong, waiting=True)
    assert (decision.status, codes(decision)) == (Status.PENDING, [Reason.IDENTITY_MISMATCH])
    assert judged(policy(authority(PROVENANCE)), signature(), wrong).status == Status.FAILED


def test_condition_that_the_right_signers_statement_breaks_fails_at_once() -> None:
    wrong = attestation(SLSA, document={"predicate": "wrong"})
    decision = judged(policy(authority(PROVENANCE)), signature(), wrong, waiting=True)
    assert (decision.status, codes(decision)) == (Status.FAILED, [Reason.PREDICATE_POLICY_FAILED])
    assert "predicate is 'wrong' (expected 'right')" in decision.causes[0].text


@pytest.mark.parametrize(
    "predicate_type",
    [
        "https://cyclonedx.org/bom/",
        "https://cyclonedx.org/bomx",
        "http://cyclonedx.org/bom",
        "https://cyclonedx.org/bom\n",
    ],
)
def test_cve_2022_35929_only_other_predicate_types(predicate_type: str) -> None:
    decision = judged(policy(authority(SBOM)), signature(), attestation(predicate_type))
    assert codes(decision) == [Reason.NO_ATTESTATION]


def test_slsa_0_2_is_not_1() -> None:
    decision = judged(policy(authority(PROVENANCE)), signature(), attestation("https://slsa.dev/provenance/v0.2"))
    assert codes(decision) == [Reason.NO_ATTESTATION]


def test_cve_2022_35930_every_listed_attestation_needs_its_own_statement() -> None:
    assert codes(judged(policy(authority(SBOM, PROVENANCE)), signature(), attestation())) == [Reason.NO_ATTESTATION]


def test_authorities_are_alternatives() -> None:
    both = policy(authority(subject=OTHER_SUBJECT), authority())
    assert judged(both, signature()).status == Status.VERIFIED


def test_demands_of_two_authorities_do_not_mix() -> None:
    first, second = authority(SBOM, name="a"), authority(PROVENANCE, name="b", subject=OTHER_SUBJECT)
    decision = judged(
        policy(first, second), signature(), attestation(SLSA, OTHER_SUBJECT, document={"predicate": "right"})
    )
    assert decision.status == Status.FAILED


def test_policies_add_up() -> None:
    decision = judged([policy(), policy(authority(subject=OTHER_SUBJECT))], signature())
    assert decision.status == Status.FAILED
    assert [result.holds for result in decision.policies] == [True, False]


def test_alternative_that_may_still_hold_is_waited_for() -> None:
    wrong_signer, late = authority(subject=OTHER_SUBJECT), authority(SBOM)
    assert judged(policy(wrong_signer, late), signature(), waiting=True).status == Status.PENDING


def test_nearest_miss_is_the_signature_that_comes_nearest() -> None:
    far = signature(subject="https://github.com/evil/x/.github/workflows/y.yml@refs/heads/main")
    decision = judged(policy(), far, signature(subject=OTHER_SUBJECT), attestation(subject="https://x.example"))
    assert decision.nearest_miss is not None
    assert (decision.nearest_miss.found_subject, decision.nearest_miss.expected_subject) == (OTHER_SUBJECT, SUBJECT)


def test_nobody_signed_is_no_near_miss() -> None:
    assert judged(policy(), signature(reason=Reason.CERT_INVALID)).nearest_miss is None


def test_good_signature_is_no_near_miss_of_its_own_policy() -> None:
    assert judged(policy(authority(SBOM)), signature()).nearest_miss is None


@pytest.mark.parametrize(
    "rule",
    [
        {"issuer": ISSUER},
        {"subject": SUBJECT},
        {"issuer": "", "subject": SUBJECT},
        {"issuer": ISSUER, "subject_regexp": ""},
        {"issuer": ISSUER, "subject": SUBJECT, "subject_regexp": "x"},
        {"issuer": ISSUER, "subject_regexp": "("},
        {"issuer": ISSUER, "subject_regexp": "(?=x)"},
        {"issuer": ISSUER, "subject_regexp": r"(a)\1"},
    ],
)
def test_empty_or_refused_identity_is_an_error_and_never_matches_all(rule: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="identity needs|regular expression"):
        IdentityRule(**rule)


@pytest.mark.parametrize(
    ("pattern", "subject", "matched"),
    [
        (r"^https://github\.com/acme/app/.*@refs/(heads/main|tags/v.*)$", SUBJECT, True),
        (r"^https://github\.com/acme/app/.*@refs/heads/main$", SUBJECT + "\n", False),
        (r"^https://github\.com/acme/app/.*@refs/heads/main$", "x" + SUBJECT, False),
        (r"^https://github\.com/acme/app/.*@refs/heads/main$", SUBJECT + "-2", False),
        (r"github\.com/acme/app", "https://evil.example/github.com/acme/app", True),  # unanchored, as Go's MatchString
        (r"(a+)+$", "a" * 5000 + "b", False),
    ],
)
def test_expressions_are_re2(pattern: str, subject: str, matched: bool) -> None:
    rule = IdentityRule(issuer=ISSUER, subject_regexp=pattern)
    assert (rule.match(Identity(subject, ISSUER)) is None) == matched
