"""What became of publishes: a story is the verdicts about one digest, oldest first, as looks would have made them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from local.sample.publish import (
    INDEX,
    PROVENANCE,
    SBOM,
    SIGNATURE,
    Publish,
    bundle,
    complete,
    legacy,
    missing,
    verdict,
)
from registry_verifier.models import Digest, Verdict, digest_of
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause, ChildResult, ChildState, NearestMiss

Story = Callable[[Publish], tuple[Verdict, ...]]

FIRST = timedelta(seconds=2)
SIGNED = timedelta(minutes=2)
GRACE = timedelta(minutes=15)
_DAY = timedelta(days=1)
_LATE = Cause(Reason.UNSIGNED_AFTER_GRACE, "evidence was still missing when the grace period ended")


def waiting(publish: Publish) -> tuple[Verdict, ...]:
    """Nobody has signed it yet, and the grace period is not over."""
    wrong = {name: missing(name) for name in ("signature", "slsa-provenance", "cyclonedx-sbom")}
    return (verdict(publish, Status.PENDING, FIRST, (), wrong),)


def verified(publish: Publish) -> tuple[Verdict, ...]:
    """Signed within two minutes."""
    return (*waiting(publish), verdict(publish, Status.VERIFIED, SIGNED, complete(publish)))


def by_layers(publish: Publish) -> tuple[Verdict, ...]:
    """Signed by an older cosign, which keeps evidence in layers behind tags."""
    found = (legacy(publish, 0), legacy(publish, 0, PROVENANCE), legacy(publish, 1, SBOM))
    return (*waiting(publish), verdict(publish, Status.VERIFIED, SIGNED, found))


def unsigned(publish: Publish) -> tuple[Verdict, ...]:
    """Nobody signed it at all."""
    wrong = {name: missing(name) for name in ("signature", "slsa-provenance", "cyclonedx-sbom")}
    late = verdict(publish, Status.FAILED, GRACE, (), wrong)
    return (*waiting(publish), replace(late, causes=(_LATE, *late.causes)))


def signed_late(publish: Publish) -> tuple[Verdict, ...]:
    """It failed, and was signed the day after."""
    return (*unsigned(publish), verdict(publish, Status.VERIFIED, _DAY, complete(publish)))


def by_another(publish: Publish) -> tuple[Verdict, ...]:
    """The right repository signed, from a branch that may not."""
    found = publish.subject.replace("refs/heads/main", "refs/heads/dependency-updates")
    statement = bundle(publish, SIGNATURE, subject=found)
    text = f"{statement.place}: subject is {found!r} (expected {publish.subject!r})"
    wrong = {"signature": Cause(Reason.IDENTITY_MISMATCH, text)}
    from_issuer = statement.identity.issuer if statement.identity else ""
    miss = NearestMiss(publish.subject, from_issuer, found, from_issuer, statement.place)
    found_all = (statement, *complete(publish)[1:])
    return (verdict(publish, Status.FAILED, SIGNED, found_all, wrong, nearest_miss=miss),)


def without_sbom(publish: Publish) -> tuple[Verdict, ...]:
    """Signed, but the SBOM never came."""
    wrong = {"cyclonedx-sbom": missing("cyclonedx-sbom")}
    late = verdict(publish, Status.FAILED, GRACE, complete(publish)[:2], wrong)
    return (*waiting(publish), replace(late, causes=(_LATE, *late.causes)))


def wrong_predicate(publish: Publish) -> tuple[Verdict, ...]:
    """The SBOM is there and is not what the policy's condition wants."""
    found = complete(publish)
    text = f"{found[2].place}: predicate.bomFormat is 'SPDX' (expected 'CycloneDX')"
    wrong = {"cyclonedx-sbom": Cause(Reason.PREDICATE_POLICY_FAILED, text)}
    return (verdict(publish, Status.FAILED, SIGNED, found, wrong),)


def forged(publish: Publish) -> tuple[Verdict, ...]:
    """A signature that does not verify."""
    text = "signature does not verify with the certificate's key"
    broken = bundle(publish, SIGNATURE, reason=Reason.SIGNATURE_INVALID, detail=text, document={})
    wrong = {"signature": Cause(Reason.SIGNATURE_INVALID, f"{broken.place}: {text}")}
    return (verdict(publish, Status.FAILED, SIGNED, (broken, *complete(publish)[1:]), wrong),)


def out_of_sight(publish: Publish) -> tuple[Verdict, ...]:
    """The registry does not let us look."""
    text = "registry answered 403 to the token: the package is private to us"
    seen = verdict(publish, Status.UNKNOWN, timedelta(minutes=5))
    return (replace(seen, causes=(Cause(Reason.REGISTRY_FORBIDDEN, text),), policies=(), cluster=None),)


def unjudged(publish: Publish) -> tuple[Verdict, ...]:
    """No policy matches."""
    found = (bundle(publish),)
    seen = verdict(publish, Status.NO_POLICY, FIRST, found)
    cause = Cause(Reason.NO_MATCHING_POLICY, "no policy matches this image")
    return (replace(seen, causes=(cause,), policies=(), reproduce=()),)


def lost_and_found(publish: Publish) -> tuple[Verdict, ...]:
    """Verified, then its evidence was deleted, then somebody signed again."""
    first = verified(publish)
    gone = f"evidence that was used is not there any more: {first[-1].statements[0].place}"
    wrong = {"signature": missing("signature")}
    lost = verdict(publish, Status.FAILED, 2 * _DAY, complete(publish)[1:], wrong)
    lost = replace(lost, causes=(Cause(Reason.EVIDENCE_LOST, gone), *lost.causes))
    again = verdict(publish, Status.VERIFIED, 3 * _DAY, complete(publish))
    return (*first, lost, again)


def contradicted(publish: Publish) -> tuple[Verdict, ...]:
    """Verified, with a provenance that says another commit than its certificate, and by a newer trusted root."""
    said = "resolvedDependencies[0].digest.gitCommit is another commit than the certificate's"
    found = complete(publish)
    doubtful = replace(found[1], contradictions=(said,), compared=True)
    warning = Cause(Reason.PROVENANCE_MISMATCH, f"{doubtful.place}: {said}")
    changed = Cause(Reason.TRUST_ROOT_CHANGED, "the trusted root is another one than when it was verified")
    good = verdict(publish, Status.VERIFIED, SIGNED, (found[0], doubtful, found[2]), warnings=(warning,))
    return (*waiting(publish), replace(good, drift=(changed,)))


def index(publish: Publish) -> tuple[Verdict, ...]:
    """An index of two platforms with BuildKit's attestation beside them, verified as a whole."""
    rows = tuple(ChildResult(child(publish, platform), platform, *said) for platform, said in _CHILDREN.items())
    return tuple(_with_children(one, rows) for one in verified(publish))


def broken_index(publish: Publish) -> tuple[Verdict, ...]:
    """An index that lists a child which the registry does not have."""
    gone = child(publish, "linux/arm64")
    text = f"linux/arm64 {gone} is listed by the index and not in the registry"
    rows = (
        ChildResult(child(publish, "linux/amd64"), "linux/amd64", ChildState.COVERED, "the index has the evidence"),
        ChildResult(gone, "linux/arm64", ChildState.MISSING, text),
    )
    failed = verdict(publish, Status.FAILED, GRACE, complete(publish))
    failed = replace(failed, causes=(Cause(Reason.CHILD_MISSING, text),))
    return (_with_children(failed, rows),)


def child(publish: Publish, platform: str) -> Digest:
    """The digest of one platform of an index."""
    return digest_of(f"{publish.digest} {platform}".encode())


def of_child(parent: Verdict, row: ChildResult) -> Verdict:
    """The verdict of a child: that of its index."""
    cause = Cause(Reason.COVERED_BY_INDEX, f"a child of index {parent.digest}, which is {parent.status.value}")
    return Verdict(
        status=parent.status,
        image=parent.image,
        digest=Digest(row.digest),
        verified_at=parent.verified_at + timedelta(seconds=30),
        causes=(cause,),
        kind="child",
        covered_by=parent.digest,
        trust_root_sha256=parent.trust_root_sha256,
    )


_CHILDREN = {
    "linux/amd64": (ChildState.VERIFIED, "it has the evidence by itself"),
    "linux/arm64": (ChildState.COVERED, "the index has the evidence"),
    "unknown/unknown": (ChildState.ATTESTATION, "nothing that can be run"),
}


def _with_children(one: Verdict, rows: tuple[ChildResult, ...]) -> Verdict:
    digests = tuple(Digest(row.digest) for row in rows)
    return replace(one, kind="index", media_type=INDEX, children=digests, children_table=rows)
