"""The commands that people paste into a shell: exactly what the policy says, and nothing that a shell would run."""

from __future__ import annotations

import shlex

from registry_verifier import reproduce
from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Policy
from tests.material import CYCLONEDX, DIGEST, IMAGE, ISSUER, SUBJECT

EXPRESSION = r"^https://github\.com/acme/app/.*@refs/(heads/main|tags/v.*)$"


def policy(rule: IdentityRule, *rules: AttestationRule, require_signature: bool = True) -> Policy:
    return Policy("p", ("**",), (Authority("a", (rule,), rules),), require_signature=require_signature)


def test_one_command_for_each_demand() -> None:
    rule = IdentityRule(issuer=ISSUER, subject_regexp=EXPRESSION)
    first, second = reproduce.commands(IMAGE, DIGEST, [policy(rule, AttestationRule("sbom", CYCLONEDX))])
    who = ["--certificate-identity-regexp", EXPRESSION, "--certificate-oidc-issuer", ISSUER]
    assert shlex.split(first) == ["cosign", "verify", f"{IMAGE}@{DIGEST}", *who]
    assert shlex.split(second) == ["cosign", "verify-attestation", f"{IMAGE}@{DIGEST}", "--type", CYCLONEDX, *who]


def test_exact_values_and_no_signature_where_none_is_demanded() -> None:
    rule = IdentityRule(issuer_regexp="^https://.*$", subject=SUBJECT)
    (only,) = reproduce.commands(
        IMAGE, DIGEST, [policy(rule, AttestationRule("sbom", CYCLONEDX), require_signature=False)]
    )
    assert shlex.split(only)[5:] == [
        "--certificate-identity",
        SUBJECT,
        "--certificate-oidc-issuer-regexp",
        "^https://.*$",
    ]


def test_a_policy_cannot_smuggle_a_command() -> None:
    rule = IdentityRule(issuer="$(reboot)", subject="'; reboot #")
    (command,) = reproduce.commands(IMAGE, DIGEST, [policy(rule)])
    assert shlex.split(command)[-3:] == ["'; reboot #", "--certificate-oidc-issuer", "$(reboot)"]
