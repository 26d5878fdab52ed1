"""What policy-controller would say of the same image by the same policies, where it would decide otherwise than we do.

It looks in one place only (`signatureFormat`), takes listed attestations in place of the signature, and fills in what
a CUE condition names and the statement lacks. Source: policy-controller 0.13, pkg/webhook/validator.go, with cosign
2.5 under it; compared with its own `policy-tester` by `make policy-tester`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from registry_verifier.candidate import AT_GITHUB, PUBLIC_GOOD, Trust
from registry_verifier.errors import Unavailable
from registry_verifier.judgement import authority_matches, kubernetes, protobuf_statement, requirement, trusts
from registry_verifier.judgement.authority_matches import Match, Surroundings
from registry_verifier.judgement.go_json import as_go
from registry_verifier.judgement.go_types import NotOfType, read_as
from registry_verifier.judgement.trusts import KmsKeys
from registry_verifier.models import Digest, ImageName, Statement
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.model import AttestationRule, Authority, Policy, PolicyCondition, Source
from registry_verifier.reasons import Reason
from registry_verifier.results import Answer, ClusterAnswer

_BESIDE_IMAGE = Source()

Statements = Callable[[Source, Trust], Sequence[Statement]]


class _Denied(Exception):
    """An authority that does not hold in the cluster; the text is a fact for people."""


class _CannotTell(Exception):
    """An authority of which only the cluster knows whether it holds."""


@dataclass(frozen=True)
class Cluster:
    """The cluster's reading of one image."""

    image: ImageName
    digest: Digest
    statements: Statements
    kms_keys: KmsKeys
    around: Surroundings = Surroundings()

    def whole(self, policies: Iterable[Policy]) -> ClusterAnswer:
        """The answer for the image: every policy that matches there must hold."""
        matching = [policy for policy in policies if not self._unmatched(policy)]
        if not matching:
            return ClusterAnswer(Answer.DENY, "no policy matches there, which policy-controller denies by default")
        answers = [(policy.name, self.answer(policy)) for policy in matching]
        for wanted in (Answer.DENY, Answer.CANNOT_TELL, Answer.WARN):
            if found := next((pair for pair in answers if pair[1].answer == wanted), None):
                return ClusterAnswer(wanted, f"policy {found[0]}: {found[1].text}")
        return ClusterAnswer(Answer.ADMIT, "every policy that matches holds")

    def answer(self, policy: Policy) -> ClusterAnswer:
        """The answer of one policy, whether it matches in the cluster or not."""
        if unmatched := self._unmatched(policy):
            return ClusterAnswer(Answer.DOES_NOT_APPLY, unmatched)
        holding, denied, unknown = self._authorities(policy)
        failure = Answer.WARN if policy.mode == "warn" else Answer.DENY
        if not holding:
            if unknown:
                return ClusterAnswer(Answer.CANNOT_TELL, unknown[0])
            return ClusterAnswer(failure, "; ".join(denied) or "policy has no authority")
        if policy.condition and (wrong := self._condition(policy.condition, holding, failure)):
            return wrong
        return ClusterAnswer(Answer.ADMIT, f"authority {holding[0].authority} holds")

    def _unmatched(self, policy: Policy) -> str:
        if not policies_for([policy], self.image, self.digest, ()):
            return "no glob matches the image by its digest, as the cluster sees it"
        if not kubernetes.matches(policy.match, self.around.resource):
            return "spec.match asks for a Kubernetes object that is not given here"
        return ""

    def _authorities(self, policy: Policy) -> tuple[list[Match], list[str], list[str]]:
        holding, denied, unknown = list[Match](), list[str](), list[str]()
        for authority in (_converted(a) if policy.version == "v1beta1" else a for a in policy.authorities):
            try:
                holding.append(self._match(authority))
            except _Denied as error:
                denied.append(f"authority {authority.name}: {error}")
            except (_CannotTell, Unavailable) as error:
                unknown.append(f"authority {authority.name}: {error}")
        return holding, denied, unknown

    def _match(self, authority: Authority) -> Match:
        if authority.static:
            if authority.static.action != "pass":
                raise _Denied("static: fail")
            return Match(authority.name, static=True)
        if authority.ca_cert:
            raise _Denied("keyless.ca-cert verifies nothing")
        if authority.cannot:
            raise _CannotTell(authority.cannot)
        if authority.denied_there:
            raise _Denied(authority.denied_there)
        statements = self._proven(authority)
        return self._attested(authority, statements) if authority.attestations else self._signed(authority, statements)

    def _proven(self, authority: Authority) -> Sequence[Statement]:
        try:
            trust = trusts.as_cluster(authority, self.kms_keys)
        except ValueError as error:
            raise _Denied(str(error)) from error
        except Unavailable as error:
            raise _CannotTell(str(error)) from error
        if authority.signature_format == "bundle":
            found = self.statements(_BESIDE_IMAGE, replace(trust, as_cosign=True))
            in_registry = (s for s in found if s.format == "bundle" and not s.place.startswith(AT_GITHUB))
            return [_as_message(s) for s in in_registry]
        found = self.statements(authority.source, trust)
        found = self._again(found, Reason.STATEMENT_INVALID, authority.source, replace(trust, as_cosign=True))
        if trust.timestamp:  # a layer without a timestamp is taken for one that needs none
            bare = replace(trust, timestamp=False, timestamp_root=PUBLIC_GOOD, now=not trust.keys)
            found = self._again(found, Reason.TIMESTAMP_MISSING, authority.source, bare)
        return [s for s in found if s.format != "bundle"]

    def _again(self, found: Sequence[Statement], reason: Reason, source: Source, trust: Trust) -> Sequence[Statement]:
        """The same candidates; those that were refused for `reason` as they are under another trust."""
        if all(s.reason != reason for s in found):
            return found
        others = self.statements(source, trust)
        return [other if one.reason == reason else one for one, other in zip(found, others, strict=True)]

    def _signed(self, authority: Authority, statements: Sequence[Statement]) -> Match:
        if authority.signature_format == "bundle":
            raise _Denied("signatures in bundles are not verified there, only attestations are")
        layers = [s for s in statements if s.format == "simplesigning"]
        good = tuple(s for s in layers if requirement.signer_cause(authority, s) is None)
        if not good:
            raise _Denied(self._absent("signature", layers, authority))
        return Match(authority.name, signatures=good)

    def _attested(self, authority: Authority, statements: Sequence[Statement]) -> Match:
        envelopes = [s for s in statements if s.format != "simplesigning" and s.predicate_type is not None]
        good = [s for s in envelopes if requirement.signer_cause(authority, s) is None]
        if not good:
            raise _Denied(self._absent("attestation", envelopes, authority))
        found = {rule.name: _those_of(rule, good) for rule in authority.attestations}
        types, anonymous = authority_matches.written_types(authority), authority.signature_format == "bundle"
        return Match(authority.name, attestations=found, types=types, anonymous=anonymous)

    def _absent(self, what: str, statements: Sequence[Statement], authority: Authority) -> str:
        causes = [cause for s in statements if (cause := requirement.signer_cause(authority, s))]
        where = "bundles" if authority.signature_format == "bundle" else "the tags .sig and .att"
        return causes[0].text if causes else f"no {what} is in {where}, where signatureFormat looks"

    def _condition(self, condition: PolicyCondition, holding: Sequence[Match], failure: Answer) -> ClusterAnswer | None:
        if condition.fetch_config_file and self.around.configs is None:
            return ClusterAnswer(
                Answer.CANNOT_TELL, "spec.policy looks at the image's configuration, which was not read"
            )
        wrong = self.around.trouble if condition.fetch_config_file else ""
        try:
            said = authority_matches.document(holding, condition, self.around)
            wrong = wrong or condition.condition.check_as_cluster(said) or ""
        except Unavailable as error:
            return ClusterAnswer(Answer.CANNOT_TELL, str(error))
        return ClusterAnswer(failure, f"spec.policy: {wrong}") if wrong else None


def _converted(authority: Authority) -> Authority:
    """What is left of an authority of v1beta1 when it is stored as v1alpha1: no log without url, and so on."""
    log = authority.log if authority.log and authority.log.url else None
    return replace(authority, log=log, timestamp_root=authority.timestamp_root or None)


def _those_of(rule: AttestationRule, statements: Sequence[Statement]) -> tuple[Statement, ...]:
    typed = [s for s in statements if s.predicate_type == rule.predicate_type]
    said = [(s, _unmet(rule, s)) for s in typed]
    if good := tuple(s for s, wrong in said if wrong is None):
        return good
    wrong = next((wrong for _, wrong in said), None)
    raise _Denied(f"{rule.name}: {wrong}" if wrong else f"no attestation of type {rule.predicate_type} counts there")


def _unmet(rule: AttestationRule, statement: Statement) -> str | None:
    """Why the statement does not count, with a condition or without one; None where it does."""
    try:
        document = as_go(read_as(rule.written_type, statement.document))
    except NotOfType as error:
        return str(error)
    return rule.condition.check_as_cluster(document) if rule.condition else None


def _as_message(bundle: Statement) -> Statement:
    """The same, refused where its statement is not read there."""
    wrong = protobuf_statement.refusal(bundle.document) if bundle.holds else None
    return replace(bundle, reason=Reason.STATEMENT_INVALID, detail=wrong) if wrong else bundle
