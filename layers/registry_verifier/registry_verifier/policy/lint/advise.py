"""Everything that one policy says and may not mean, in the order of the document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry_verifier.policy.lint import authorities, globs, predicates
from registry_verifier.policy.lint.advice import Advice, shown
from registry_verifier.policy.lint.attention import Attention
from registry_verifier.policy.model import AttestationRule, Authority, Policy


def advise(policy: Policy, beside: Sequence[Policy] = ()) -> tuple[Advice, ...]:
    """The warnings about `policy`; `beside` are the policies that apply together with it, such as those of its file."""
    return tuple(_advise(policy, [other for other in beside if other.name != policy.name]))


def _advise(policy: Policy, beside: Sequence[Policy]) -> Iterator[Advice]:
    if policy.mode == "warn":
        yield Advice(
            "mode-warn", "spec.mode", "mode is 'warn': the cluster admits what fails (write 'enforce' to refuse it)"
        )
    yield from globs.advise(policy.globs, "spec.images")
    if policy.match:
        fault = "match is about objects in the cluster: here the policy applies to every published image of its globs"
        yield Advice("match-not-applicable", "spec.match", fault)
    attention = Attention()
    for index, authority in enumerate(policy.authorities):
        path = f"spec.authorities[{index}]"
        yield from authorities.advise(authority, policy, path, attention)
        yield from _two_signers(authority, path, beside)


def _two_signers(authority: Authority, path: str, beside: Sequence[Policy]) -> Iterator[Advice]:
    """Provenance by a signing workflow, where the publishing one leaves GitHub's own of the same type."""
    for index, rule in enumerate(authority.attestations):
        if predicates.names_publisher(rule) and not any(_demands(other, rule) for other in beside):
            fault = f"the publishing workflow's own {shown(rule.predicate_type)} is signed by another workflow"
            fix = "it counts for nothing here; add a second policy where it is demanded"
            yield Advice("provenance-two-signers", f"{path}.attestations[{index}]", f"{fault} ({fix})")


def _demands(policy: Policy, rule: AttestationRule) -> bool:
    listed = (one for authority in policy.authorities for one in authority.attestations)
    return any(one.predicate_type == rule.predicate_type for one in listed)
