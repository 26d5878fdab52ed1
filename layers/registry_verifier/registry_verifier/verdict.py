"""One look's verdict: the evidence, judged by the policies that match, with everything that people will ask about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry_verifier import manifest_kind, reproduce
from registry_verifier.candidate import Trust
from registry_verifier.errors import Unavailable
from registry_verifier.evidence import for_judgement
from registry_verifier.evidence.findings import Findings
from registry_verifier.evidence.gatherer import BESIDE_IMAGE
from registry_verifier.evidence.proofs import Proofs
from registry_verifier.judgement import sbom_platforms
from registry_verifier.judgement.children import Children, Unknown, platforms
from registry_verifier.judgement.cluster import Cluster
from registry_verifier.judgement.decision import Decision, Judge
from registry_verifier.judgement.outcomes import Outcomes
from registry_verifier.models import Digest, ImageName, State, Statement, Verdict
from registry_verifier.policy.model import Authority, Policy
from registry_verifier.reasons import MISSING, WITHOUT_EVIDENCE, Reason, Status
from registry_verifier.results import Cause, ChildResult, PolicyResult


@dataclass(frozen=True)
class Question:
    """What a verdict is asked about: a digest in a repository, at a time, by the policies that match it."""

    image: ImageName
    digest: Digest
    policies: Sequence[Policy]
    trust_root_sha256: str
    now: datetime
    tags: tuple[str, ...] | None = None
    """the tags that policies were matched by, where no record will hold them"""
    trust_root_checked_at: datetime | None = None
    """when the trusted root was proven to be the newest one"""


def judge(question: Question, findings: Findings, *, waiting: bool) -> Verdict:
    """The verdict about what was found; `waiting` says that the grace period is not over."""

    def proven(authority: Authority) -> Sequence[Statement] | Cause:
        return for_judgement.proven(findings, authority)

    outcomes, children = Outcomes(), for_judgement.children(findings)
    decision = Judge(proven, findings.around, outcomes, children).decide(question.policies, waiting=waiting)
    proofs = findings.proofs
    if not question.policies:
        proofs.statements(BESIDE_IMAGE, Trust())  # what nobody demands is shown all the same
    cluster = Cluster(question.image, question.digest, proofs.beside, findings.kms_keys, findings.around)
    own = findings.manifest
    return Verdict(
        status=decision.status,
        image=question.image,
        digest=question.digest,
        verified_at=question.now,
        causes=decision.causes,
        policies=_with_answers(decision, question.policies, cluster),
        statements=proofs.everything(),
        nearest_miss=decision.nearest_miss,
        warnings=(*decision.warnings, *_sbom_warnings(decision, proofs, children)),
        cluster=cluster.whole(question.policies),
        outcomes=outcomes.known,
        trusts=proofs.trusts(),
        roots=proofs.roots(),
        sources=tuple(map(str, proofs.judged_sources())),
        found_in=proofs.found_in(),
        tags=question.tags,
        reproduce=reproduce.commands(question.image, question.digest, question.policies),
        kind="index" if own and manifest_kind.kind(own) == manifest_kind.Kind.INDEX else "image",
        media_type=own.media_type if own else None,
        children=tuple(child.digest for child in own.children) if own else (),
        children_table=_table(decision, question.policies, children),
        trust_root_sha256=question.trust_root_sha256,
        trust_root_checked_at=question.trust_root_checked_at,
        unread=for_judgement.unread(findings),
    )


def _table(
    decision: Decision, policies: Sequence[Policy], children: Children | Unknown | None
) -> tuple[ChildResult, ...]:
    return children.table(policies, decision.policies) if isinstance(children, Children) else ()


def _sbom_warnings(decision: Decision, proofs: Proofs, children: Children | Unknown | None) -> tuple[Cause, ...]:
    if not isinstance(children, Children):
        return ()
    return sbom_platforms.warning(proofs.everything(), decision.policies, platforms(children.listed))


def _with_answers(decision: Decision, policies: Sequence[Policy], cluster: Cluster) -> tuple[PolicyResult, ...]:
    pairs = zip(decision.policies, policies, strict=False)
    return tuple(replace(result, cluster=cluster.answer(policy)) for result, policy in pairs)


def refuse_outage(verdict: Verdict) -> None:
    """Raise Unavailable where somebody who can be asked later may know better: that is to be tried again.

    A key could not be asked for; or evidence that would do may be where nobody could look, whatever else is wrong.
    """
    outage = next((cause for cause in verdict.causes if cause.code == Reason.KEY_UNAVAILABLE), None)
    if outage and verdict.status == Status.UNKNOWN:
        raise Unavailable(outage.code, outage.text)
    mendable = any(cause.code not in WITHOUT_EVIDENCE for cause in verdict.causes)
    if verdict.unread and verdict.status == Status.FAILED and mendable:
        raise verdict.unread


def after_grace(verdict: Verdict) -> Verdict:
    """The same verdict, saying that the grace period passed, where it failed for missing evidence."""
    if verdict.status != Status.FAILED or not _lacks(verdict):
        return verdict
    late = Cause(Reason.UNSIGNED_AFTER_GRACE, "evidence was still missing when the grace period ended")
    return replace(verdict, causes=(*verdict.causes, late))


def _lacks(verdict: Verdict) -> bool:
    """Whether something is missing, as against wrong: evidence, a child, or evidence of a child."""
    leaves = (p.leaves for p in verdict.policies if not p.is_proven and p.leaves and p.leaves.cause)
    unsigned = any(leaf.cause and leaf.cause.code == Reason.CHILD_UNVERIFIED and not leaf.final for leaf in leaves)
    return unsigned or any(cause.code in MISSING for cause in verdict.causes)


def unknown(question: Question, reason: Reason, text: str) -> Verdict:
    """The verdict when we could not look: it says nothing about the image."""
    return Verdict(
        status=Status.UNKNOWN,
        image=question.image,
        digest=question.digest,
        verified_at=question.now,
        causes=(Cause(reason, text),),
        trust_root_sha256=question.trust_root_sha256,
        trust_root_checked_at=question.trust_root_checked_at,
    )


def unreadable(question: Question, reason: Reason, text: str) -> Verdict:
    """The verdict about bytes that have the right digest and are no manifest that one could judge."""
    failed = unknown(question, reason, text)
    policies = tuple(
        PolicyResult(p.name, p.mode, p.sha256, (), children=p.children, slack_channel=p.slack_channel)
        for p in question.policies
    )
    return replace(failed, status=Status.FAILED if policies else Status.NO_POLICY, policies=policies)


def covered_by(verdict: Verdict, index: State) -> Verdict:
    """The verdict of an unsigned child of `index`: an index commits to its children, so it is the index's own.

    While the index itself is undecided, so is its child.
    """
    decided = index.status in (Status.VERIFIED, Status.FAILED)
    cause = Cause(Reason.COVERED_BY_INDEX, f"a child of index {index.digest}, which is {index.status.value}")
    status = index.status if decided else Status.PENDING
    return replace(verdict, status=status, causes=(cause,), nearest_miss=None, kind="child", covered_by=index.digest)
