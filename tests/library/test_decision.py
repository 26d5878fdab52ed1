"""Decisions: what meets a demand, what does not and why, what may still come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from registry_verifier.judgement.authority_matches import Surroundings
from registry_verifier.judgement.decision import Decision, Judge
from registry_verifier.judgement.kubernetes import Resource
from registry_verifier.judgement.outcomes import Outcomes
from registry_verifier.models import Identity, Json, Statement
from registry_verifier.policy.model import (
    AttestationRule,
    Authority,
    IdentityRule,
    Key,
    Policy,
    PolicyCondition,
    Static,
)
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause
from tests.material import CYCLONEDX, ISSUER, SLSA, SUBJECT

OTHER_SUBJECT = SUBJECT.replace("main", "dev")
SIGN = "https://sigstore.dev/cosign/sign/v1"


@dataclass(frozen=True)
class Says:
    """A condition that holds for one predicate."""

    wanted: str

    @property
    def text(self) -> str:
        """As policy.model.Condition."""
        return self.wanted

    def check(self, document: Json) -> str | None:
        """As policy.model.Condition."""
        found = document.get("predicate")
        return None if found == self.wanted else f"predicate is {found!r} (expected {self.wanted!r})"

    def check_as_cluster(self, document: Json) -> str | None:
        """As policy.model.Condition."""
        return self.check(document) if "predicate" in document else None


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
    listed = policies if isinstance(policies, list) else [policies]
    return Judge(lambda _: statements).decide(listed, waiting=waiting)


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


def key_authority(*rules: AttestationRule, **more: Any) -> Authority:
    return Authority("keyed", (), rules, key=Key(("pem",)), **more)


def static(action: str, message: str = "") -> Authority:
    return Authority("rule", (), static=Static(action, message))


def unsupported(text: str = "key is in the secretRef 'x'") -> Authority:
    return Authority("foreign", (), key=Key(), cannot=text)


def judged_apart(policies: list[Policy], waiting: bool = False, **by_name: list[Statement] | Cause) -> Decision:
    """Each authority has its own statements, or cannot be judged."""
    return Judge(lambda authority: by_name.get(authority.name, [])).decide(policies, waiting=waiting)


def test_signature_by_the_demanded_key_names_nobody() -> None:
    signed = Statement("sig", "simplesigning", True, key="sha256:1")
    assert judged(policy(key_authority()), signed).status == Status.VERIFIED


def test_signature_by_another_key_fails() -> None:
    signed = Statement("sig", "simplesigning", True, reason=Reason.KEY_MISMATCH, detail="another key")
    assert codes(judged(policy(key_authority()), signed)) == [Reason.KEY_MISMATCH]


def test_static_pass_needs_no_evidence() -> None:
    decision = judged(policy(static("pass")))
    assert decision.status == Status.VERIFIED
    assert decision.policies[0].authorities[0].requirements[0].used == "static: pass"


def test_static_fail_fails_at_once_and_says_why() -> None:
    decision = judged(policy(static("fail", "do not use")), signature(), waiting=True)
    assert (decision.status, codes(decision)) == (Status.FAILED, [Reason.STATIC_FAIL])
    assert "do not use" in decision.causes[0].text


def test_static_fail_beside_another_authority_is_an_alternative_only() -> None:
    assert judged(policy(static("fail"), authority()), signature()).status == Status.VERIFIED


def cannot(text: str) -> Cause:
    return Cause(Reason.POLICY_UNSUPPORTED, text)


def test_authority_that_cannot_be_judged_is_unknown_and_never_a_failure() -> None:
    decision = judged_apart([policy(unsupported())], foreign=cannot("no key"))
    assert (decision.status, codes(decision)) == (Status.UNKNOWN, [Reason.POLICY_UNSUPPORTED])


def test_authority_that_cannot_be_judged_does_no_harm_to_one_that_holds() -> None:
    both = policy(unsupported(), authority())
    assert judged_apart([both], foreign=cannot("no key"), publisher=[signature()]).status == Status.VERIFIED


def test_authority_that_cannot_be_judged_might_hold_where_the_other_does_not() -> None:
    both = policy(unsupported(), authority())
    wrong = [signature(OTHER_SUBJECT)]
    assert judged_apart([both], foreign=cannot("no key"), publisher=wrong).status == Status.UNKNOWN


def test_missing_evidence_is_waited_for_beside_an_authority_that_cannot_be_judged() -> None:
    both = policy(unsupported(), authority())
    assert judged_apart([both], waiting=True, foreign=cannot("no key")).status == Status.PENDING
    assert judged_apart([policy(unsupported())], waiting=True, foreign=cannot("no key")).status == Status.UNKNOWN


def test_policy_that_fails_for_certain_outweighs_one_that_cannot_be_judged() -> None:
    policies = [policy(unsupported()), policy(authority())]
    decision = judged_apart(policies, foreign=cannot("no key"), publisher=[signature(OTHER_SUBJECT)])
    assert decision.status == Status.FAILED


def test_signature_for_another_policy_is_no_wrong_evidence() -> None:
    policies = [policy(authority()), policy(authority(subject=OTHER_SUBJECT))]
    assert judged(policies, signature(), waiting=True).status == Status.PENDING
    assert judged(policies, signature()).status == Status.FAILED
    stranger = replace(signature(SUBJECT + "x"), place="another place")
    assert judged(policies, signature(), stranger, waiting=True).status == Status.FAILED


def test_contradicting_provenance_counts_for_nothing_where_the_policy_says_so() -> None:
    wrong = attestation(SLSA, document={"predicate": "right"}, contradictions=("provenance says commit a",))
    strict = policy(authority(PROVENANCE), require_provenance_match=True)
    decision = judged(strict, signature(), wrong, waiting=True)
    assert (decision.status, codes(decision)) == (Status.FAILED, [Reason.PROVENANCE_MISMATCH])
    assert "provenance says commit a" in decision.causes[0].text


@pytest.mark.parametrize("predicate_type", [SLSA, "https://slsa.dev/provenance/v0.1"])
def test_provenance_that_cannot_be_compared_counts_for_nothing_where_the_policy_says_so(predicate_type: str) -> None:
    rule = AttestationRule("provenance", predicate_type)
    strict = policy(authority(rule), require_provenance_match=True)
    decision = judged(strict, signature(), attestation(predicate_type))
    assert (decision.status, codes(decision)) == (Status.FAILED, [Reason.PROVENANCE_MISMATCH])
    assert judged(strict, signature(), attestation(predicate_type, compared=True)).status == Status.VERIFIED
    assert judged(policy(authority(rule)), signature(), attestation(predicate_type)).status == Status.VERIFIED


def test_what_is_no_provenance_needs_no_certificate_to_agree_with() -> None:
    strict = policy(authority(SBOM), require_provenance_match=True)
    assert judged(strict, signature(), attestation()).status == Status.VERIFIED


def test_contradicting_provenance_is_a_warning_otherwise() -> None:
    wrong = attestation(SLSA, document={"predicate": "right"}, contradictions=("provenance says commit a",))
    decision = judged(policy(authority(PROVENANCE)), signature(), wrong)
    assert decision.status == Status.VERIFIED
    assert [warning.code for warning in decision.warnings] == [Reason.PROVENANCE_MISMATCH]


def test_contradiction_in_a_statement_that_nobody_uses_is_no_warning() -> None:
    other = attestation(SLSA, OTHER_SUBJECT, contradictions=("x",))
    assert judged(policy(), signature(), other).warnings == ()


@dataclass(frozen=True)
class Sees:
    """A condition that keeps what it was shown."""

    seen: list[Json] = field(default_factory=list)
    answer: str | None = None
    text: str = "sees"

    def check(self, document: Json) -> str | None:
        """As policy.model.Condition."""
        self.seen.append(document)
        return self.answer

    check_as_cluster = check


def test_condition_of_the_policy_sees_the_authorities_that_match() -> None:
    sees = Sees()
    claims = {"github_workflow_ref": "refs/heads/main"}
    signed = Statement("sig", "bundle", True, SIGN, Identity(SUBJECT, ISSUER, claims), signature_id="1")
    rules = policy(authority(SBOM), static("pass"), unsupported(), condition=PolicyCondition(sees))
    decision = judged_apart([rules], publisher=[signed, attestation()], foreign=cannot("x"))
    assert decision.status == Status.VERIFIED
    who = {"subject": SUBJECT, "issuer": ISSUER}
    (seen,) = sees.seen
    assert seen == {
        "authorityMatches": {
            "publisher": {
                "signatures": [{"id": "1", **who, "githubWorkflowRef": "refs/heads/main"}],
                "attestations": {"sbom": [{**who, "predicateType": CYCLONEDX}]},
            },
            "rule": {"static": True},
        }
    }


@pytest.mark.parametrize(("waiting", "status"), [(True, Status.PENDING), (False, Status.FAILED)])
def test_condition_of_the_policy_may_still_hold_when_another_authority_matches(waiting: bool, status: Status) -> None:
    rules = policy(condition=PolicyCondition(Sees(answer="too few")))
    decision = judged(rules, signature(), waiting=waiting)
    assert (decision.status, codes(decision)) == (status, [Reason.POLICY_CONDITION_FAILED])
    assert not decision.policies[0].holds


def test_condition_of_the_policy_might_hold_with_an_authority_that_cannot_be_judged() -> None:
    rules = policy(authority(), unsupported(), condition=PolicyCondition(Sees(answer="too few")))
    decision = judged_apart([rules], publisher=[signature()], foreign=cannot("x"))
    assert decision.status == Status.UNKNOWN
    assert codes(decision) == [Reason.POLICY_CONDITION_FAILED, Reason.POLICY_UNSUPPORTED]


def test_a_thousand_identities_are_matched_once_per_signer() -> None:
    asked: list[str] = []

    @dataclass(frozen=True)
    class Counting(IdentityRule):
        def match(self, identity: Identity) -> Reason | None:
            asked.append(identity.subject)
            return super().match(identity)

    many = Authority("many", tuple(Counting(issuer=ISSUER, subject=f"{SUBJECT}{n}") for n in range(1000)))
    decision = judged(policy(many), *(signature(n % 2 * "x" + SUBJECT) for n in range(100)))
    assert codes(decision) == [Reason.IDENTITY_MISMATCH]
    assert decision.nearest_miss
    assert len(asked) == 4 * 1000  # two signers: whether they are demanded, and how near they come


def test_condition_of_the_policy_is_not_asked_where_no_authority_matches() -> None:
    sees = Sees()
    assert judged(policy(condition=PolicyCondition(sees))).status == Status.FAILED
    assert sees.seen == []


@pytest.mark.parametrize("asked", ["fetch_config_file", "include_spec", "include_object_meta", "include_type_meta"])
def test_condition_of_the_policy_about_what_is_not_known_is_unknown(asked: str) -> None:
    sees = Sees()
    rules = policy(condition=PolicyCondition(sees, **{asked: True}))
    decision = judged(rules, signature())
    assert (decision.status, codes(decision)) == (Status.UNKNOWN, [Reason.POLICY_UNSUPPORTED])
    assert sees.seen == []


def test_condition_of_the_policy_sees_what_is_around_the_image() -> None:
    sees = Sees()
    around = Surroundings({"linux/amd64": {"config": {}}}, resource=Resource("v1", "Pod", {"name": "x"}, {"a": 1}))
    asked = PolicyCondition(
        sees, fetch_config_file=True, include_spec=True, include_object_meta=True, include_type_meta=True
    )
    judge = Judge(lambda _: [signature()], around)
    assert judge.decide([policy(condition=asked)], waiting=False).status == Status.VERIFIED
    assert {name: sees.seen[0][name] for name in ("config", "spec", "metadata", "typemeta")} == {
        "config": {"linux/amd64": {"config": {}}},
        "spec": {"a": 1},
        "metadata": {"name": "x"},
        "typemeta": {"kind": "Pod", "apiVersion": "v1"},
    }


def test_configuration_that_is_there_and_wrong_fails() -> None:
    asked = PolicyCondition(Sees(), fetch_config_file=True)
    judge = Judge(lambda _: [signature()], Surroundings({}, "configuration cannot be read"))
    decision = judge.decide([policy(condition=asked)], waiting=False)
    assert (decision.status, codes(decision)) == (Status.FAILED, [Reason.POLICY_CONDITION_FAILED])


def test_each_condition_is_asked_once_of_each_statement() -> None:
    sees = Sees()
    rule = AttestationRule("sbom", CYCLONEDX, sees)
    outcomes = Outcomes()
    judge = Judge(lambda _: [signature(), attestation()], outcomes=outcomes)
    judge.decide([policy(authority(rule, name="a"), authority(rule, name="b"))], waiting=False)
    assert len(sees.seen) == 1
    assert list(outcomes.known.values()) == [None]
