"""The cosign commands that check the same by hand."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from registry_verifier.models import Digest, ImageName
from registry_verifier.policy.model import Authority, IdentityRule, Policy


def commands(image: ImageName, digest: Digest, policies: Iterable[Policy]) -> tuple[str, ...]:
    """One command for each demand of the first authority of each policy, for its first identity; ready for a shell."""
    return tuple(
        command for policy in policies for command in _authority(f"{image}@{digest}", policy, policy.authorities[0])
    )


def _authority(reference: str, policy: Policy, authority: Authority) -> Iterable[str]:
    who = _identity(authority.identities[0])
    if policy.require_signature or not authority.attestations:
        yield shlex.join(["cosign", "verify", reference, *who])
    for rule in authority.attestations:
        yield shlex.join(["cosign", "verify-attestation", reference, "--type", rule.predicate_type, *who])


def _identity(rule: IdentityRule) -> list[str]:
    subject, issuer = "--certificate-identity", "--certificate-oidc-issuer"
    return [
        *([subject, rule.subject] if rule.subject else [subject + "-regexp", rule.expected_subject]),
        *([issuer, rule.issuer] if rule.issuer else [issuer + "-regexp", rule.expected_issuer]),
    ]
