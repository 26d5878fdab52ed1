"""Images with evidence, made by cosign or by our signer, and whether they are to be believed: the rows of interop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from local.interop.cosign_session import (
    BUNDLE,
    BUNDLE_REKOR_2,
    BUNDLE_TSA,
    FORK,
    LEGACY,
    LEGACY_INTOTO,
    PREDICATES,
    RUN,
    CosignSession,
    Layout,
)
from local.signing.distribution import Repository
from local.signing.publisher import attach_bundle, attach_layer, push_image
from local.signing.signer import EntryKind, bundle_attestation, bundle_signature, dsse_layer, simple_signing_layer
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.leaf import Leaf
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json

PREDICATE_TYPES: Mapping[str, str] = {
    "cyclonedx": "https://cyclonedx.org/bom",
    "slsaprovenance1": "https://slsa.dev/provenance/v1",
}
Issue = Callable[[PrivateSigstore], Leaf]


def issue(sigstore: PrivateSigstore, run: WorkflowRun = RUN) -> Leaf:
    """The certificate of a run, as it should be."""
    return sigstore.fulcio.issue(run.subject, claims=run.claims())


@dataclass(frozen=True)
class ByCosign:
    """Evidence that cosign of this major version makes."""

    name: str
    major: int
    layout: Layout
    run: WorkflowRun = RUN
    good: bool = True
    known_difference: str = ""
    """why registry-verifier says no where cosign says yes"""

    def make(self, session: CosignSession, repository: Repository, host: str) -> Json:
        """Push an image, sign and attest it; returns the image's descriptor."""
        image = push_image(repository, content=f"by cosign: {self.name} {self.major}".encode())
        reference = f"{host}/{repository.name}@{image['digest']}"
        session.sign(reference, self.layout, run=self.run)
        for kind in PREDICATES:
            session.attest(reference, kind, self.layout, run=self.run)
        return image


@dataclass(frozen=True)
class ByUs:
    """Evidence that `local.signing.signer` makes, to be verified by cosign of this major version."""

    name: str
    major: int
    layout: Layout
    issue: Issue = issue
    late: timedelta | None = None
    """how long after the certificate's begin it is signed and logged"""
    about_other: bool = False
    """the evidence is about another digest"""
    good: bool = True
    known_difference: str = ""

    def make(self, sigstore: PrivateSigstore, repository: Repository) -> Json:
        """Push an image with signature and attestations; returns the image's descriptor."""
        image = push_image(repository, content=f"{self.name} {self.major}".encode())
        about = "sha256:" + "0" * 64 if self.about_other else str(image["digest"])
        attach = self._attach_layers if self.layout.legacy else self._attach_bundles
        attach(sigstore, repository, image, about)
        return image

    def _attach_bundles(self, sigstore: PrivateSigstore, repository: Repository, image: Json, about: str) -> None:
        leaf, rekor, tsa = self.issue(sigstore), self.layout.rekor, self.layout.tsa
        at = leaf.certificate.not_valid_before_utc + self.late if self.late else None
        signature = bundle_signature(sigstore, leaf, about, rekor=rekor, tsa=tsa, at=at)
        attach_bundle(repository, image, signature)
        for kind, predicate_type in PREDICATE_TYPES.items():
            attestation = bundle_attestation(
                sigstore, leaf, about, predicate_type, PREDICATES[kind], rekor=rekor, tsa=tsa, at=at
            )
            attach_bundle(repository, image, attestation, predicate_type=predicate_type)

    def _attach_layers(self, sigstore: PrivateSigstore, repository: Repository, image: Json, about: str) -> None:
        leaf = self.issue(sigstore)
        at = leaf.certificate.not_valid_before_utc + self.late if self.late else None
        entry: EntryKind = "intoto-0.0.2" if self.layout.entry == "intoto" else "dsse"
        signature = simple_signing_layer(sigstore, leaf, "ghcr.io/acme/app", about, at=at)
        attach_layer(repository, image["digest"], "sig", signature)
        for kind, predicate_type in PREDICATE_TYPES.items():
            layer = dsse_layer(sigstore, leaf, about, predicate_type, PREDICATES[kind], kind=entry, at=at)
            attach_layer(repository, image["digest"], "att", layer)


def _without_sct(sigstore: PrivateSigstore) -> Leaf:
    return sigstore.fulcio.issue(RUN.subject, claims=RUN.claims(), sct=False)


def _with_foreign_sct(sigstore: PrivateSigstore) -> Leaf:
    return sigstore.fulcio.issue(RUN.subject, claims=RUN.claims(), ct_log=PrivateSigstore(sigstore.now).ct_log)


def _of_another_sigstore(sigstore: PrivateSigstore) -> Leaf:
    return issue(PrivateSigstore(sigstore.now))


def _of_another_issuer(sigstore: PrivateSigstore) -> Leaf:
    return sigstore.fulcio.issue(RUN.subject, claims=RUN.claims(), issuer="https://issuer.test")


def _of_a_fork(sigstore: PrivateSigstore) -> Leaf:
    return issue(sigstore, FORK)


BY_COSIGN = (
    ByCosign("bundle, Rekor v1", 3, BUNDLE),
    ByCosign("bundle, Rekor v1, TSA", 3, BUNDLE_TSA),
    ByCosign("bundle, Rekor v2, TSA", 3, BUNDLE_REKOR_2),
    ByCosign("legacy", 3, LEGACY),
    ByCosign("bundle by a fork", 3, BUNDLE, run=FORK, good=False),
    ByCosign("legacy", 2, LEGACY),
    ByCosign("legacy, intoto entry", 2, LEGACY_INTOTO),
    ByCosign("bundle, Rekor v1, TSA", 2, BUNDLE_TSA),
    ByCosign(
        "bundle, Rekor v2, TSA",
        2,
        BUNDLE_REKOR_2,
        known_difference="cosign 2.6 logs dsse 0.0.2 in Rekor v2; sigstore 4.5 does not read it, Rekor 2.3 dropped it",
    ),
    ByCosign("legacy by a fork", 2, LEGACY, run=FORK, good=False),
)

_WRONG: Mapping[str, Issue] = {
    "no SCT": _without_sct,
    "foreign SCT": _with_foreign_sct,
    "foreign Fulcio": _of_another_sigstore,
    "other issuer": _of_another_issuer,
    "by a fork": _of_a_fork,
}
_EVERYWHERE = ((3, "bundle", BUNDLE), (2, "legacy", LEGACY))

BY_US = (
    ByUs("bundle, Rekor v1", 3, BUNDLE),
    ByUs("bundle, Rekor v1, TSA", 3, BUNDLE_TSA),
    ByUs("bundle, Rekor v2, TSA", 3, BUNDLE_REKOR_2),
    ByUs("legacy", 3, LEGACY),
    ByUs("legacy", 2, LEGACY),
    ByUs("legacy, intoto entry", 2, LEGACY_INTOTO),
    *(
        ByUs(f"{form}: {wrong}", major, layout, issue=maker, good=False)
        for major, form, layout in _EVERYWHERE
        for wrong, maker in _WRONG.items()
    ),
    *(
        ByUs(f"{form}: logged too late", major, layout, late=timedelta(minutes=11), good=False)
        for major, form, layout in _EVERYWHERE
    ),
    *(
        ByUs(f"{form}: about another digest", major, layout, about_other=True, good=False)
        for major, form, layout in _EVERYWHERE
    ),
)
