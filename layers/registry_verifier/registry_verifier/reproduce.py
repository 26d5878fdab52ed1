"""The cosign commands that check the same by hand."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from registry_verifier.models import Digest, ImageName
from registry_verifier.policy.model import Authority, IdentityRule, Key, Policy


def commands(image: ImageName, digest: Digest, policies: Iterable[Policy]) -> tuple[str, ...]:
    """One command for each demand of the first authority of each policy, for its first identity; ready for a shell."""
    return tuple(
        command for policy in policies for command in _authority(f"{image}@{digest}", policy, policy.authorities[0])
    )


def _authority(reference: str, policy: Policy, authority: Authority) -> Iterable[str]:
    if authority.static or authority.cannot:
        return
    who = _key(authority.key) if authority.key else _identity(authority.identities[0])
    who = [*who, *_witnesses(authority)]
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


def _key(key: Key) -> list[str]:
    """A key in KMS by its name; one that is written in the policy is to be put into a file."""
    algorithm = [] if key.hash_algorithm == "sha256" else ["--signature-digest-algorithm", key.hash_algorithm]
    return ["--key", key.kms or "cosign.pub", *algorithm]


def _witnesses(authority: Authority) -> list[str]:
    options = ["--insecure-ignore-sct"] if authority.ignore_sct else []
    if authority.timestamp_root is not None:
        return [*options, "--use-signed-timestamps", "--insecure-ignore-tlog"]
    return [*options, "--insecure-ignore-tlog"] if authority.key and authority.log is None else options
