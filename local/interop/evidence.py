"""Steps that put evidence beside an image, right and wrong, in both layouts: what the rows of `pairs` are made of.

Unlike `local.signing.signer`, which signs as cosign does, everything can be left out here: log entry, stamp of a
certificate log, timestamp; and keys can sign instead of certificates.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from cryptography.hazmat.primitives.serialization import Encoding

from local.interop.cosign_session import FORK, RUN
from local.signing.distribution import Repository
from local.signing.publisher import attach_bundle, attach_layer
from local.signing.signer import SIGNATURE_PREDICATE, RekorVersion, bundle, record_envelope
from local.sigstore import rekor_entries
from local.sigstore.dsse import IN_TOTO_TYPE, Envelope, pre_authentication_encoding, statement
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.layers import (
    ENVELOPE_TYPE,
    SIMPLE_SIGNING_CLAIM,
    SIMPLE_SIGNING_TYPE,
    descriptor,
    simple_signing_payload,
)
from local.sigstore.leaf import Leaf
from local.sigstore.log_entry import LogEntry
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json, base64_text, compact

OTHER_DIGEST = "sha256:" + "0" * 64
_ANNOTATION = "dev.sigstore.cosign"


@dataclass(frozen=True)
class Scene:
    """An image in a registry, and the Sigstore with which things are signed about it."""

    sigstore: PrivateSigstore
    registry_url: str
    repository: Repository
    image: Json
    """its descriptor"""

    def place(self, repository: str) -> contextlib.AbstractContextManager[Repository]:
        """Where evidence goes: another repository of the registry, or, without a name, the image's own."""
        if repository:
            return Repository(self.registry_url, repository)
        return contextlib.nullcontext(self.repository)


Step = Callable[[Scene], None]


class SigningKey(Protocol):
    """A key that signs by itself, without a certificate."""

    @property
    def pem(self) -> str:
        """The public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """A signature over these bytes."""
        ...


@dataclass(frozen=True)
class Signer:
    """Who signs, and what proofs go with it; as it should be unless told otherwise."""

    run: WorkflowRun = RUN
    issuer: str = GITHUB_ISSUER
    person: str = ""
    """an e-mail address that signs instead of the workflow"""
    age: timedelta = timedelta(0)
    """how long ago it was signed and logged; certificates live ten minutes"""
    sct: bool = True
    log: bool = True
    rekor: RekorVersion = 1
    stamp: bool = False
    """whether a timestamp authority stamped it"""
    stranger: bool = False
    """whether a Sigstore that nobody trusts did all this"""
    about_other: bool = False
    """whether it is about another digest"""
    key: SigningKey | None = None

    def sigstore(self, scene: Scene) -> PrivateSigstore:
        """Whose services are used."""
        return PrivateSigstore(scene.sigstore.now, seed="stranger") if self.stranger else scene.sigstore

    def leaf(self, scene: Scene) -> Leaf:
        """A certificate of its own."""
        at = scene.sigstore.now - self.age
        issue = self.sigstore(scene).fulcio.issue
        if self.person:
            return issue(self.person, at=at, issuer=self.issuer, email=True, sct=self.sct)
        return issue(self.run.subject, at=at, issuer=self.issuer, claims=self.run.claims(), sct=self.sct)

    def digest(self, scene: Scene) -> str:
        """What it is about."""
        return OTHER_DIGEST if self.about_other else str(scene.image["digest"])


BY_US = Signer()
BY_FORK = Signer(run=FORK)
LONG_AGO = replace(BY_US, age=timedelta(hours=2))


def signed(
    signer: Signer = BY_US, *, claim: str = SIMPLE_SIGNING_CLAIM, repository: str = "", prefix: str = ""
) -> Step:
    """A layer at the tag `.sig`, as cosign 2 writes it."""

    def step(scene: Scene) -> None:
        payload = simple_signing_payload("ghcr.io/acme/app", signer.digest(scene), claim=claim)
        hand = signer.key or signer.leaf(scene)
        signature = hand.sign(payload)
        record = rekor_entries.hashedrekord_v001(hand.pem, signature, hashlib.sha256(payload).hexdigest())
        entry = _logged(scene, signer, hand, record)
        annotations = {
            "dev.cosignproject.cosign/signature": base64_text(signature),
            **_proofs(scene, signer, hand, entry, signature),
        }
        layer = (payload, descriptor(SIMPLE_SIGNING_TYPE, payload, annotations))
        with scene.place(repository) as place:
            attach_layer(place, prefix + scene.image["digest"], "sig", layer)

    return step


def attested(
    predicate_type: str, predicate: Any, signer: Signer = BY_US, *, repository: str = "", version: str = "v0.1"
) -> Step:
    """A layer at the tag `.att`, as cosign 2 writes it; `version` is the statement's."""

    def step(scene: Scene) -> None:
        hand = signer.key or signer.leaf(scene)
        envelope = _sealed(hand, signer.digest(scene), predicate_type, predicate, version)
        blob = envelope.as_layer()
        record = rekor_entries.dsse_v001(hand.pem, envelope.signature, blob, envelope.payload)
        annotations = {
            "dev.cosignproject.cosign/signature": "",
            **_proofs(scene, signer, hand, _logged(scene, signer, hand, record), blob),
            "predicateType": predicate_type,
        }
        with scene.place(repository) as place:
            attach_layer(place, scene.image["digest"], "att", (blob, descriptor(ENVELOPE_TYPE, blob, annotations)))

    return step


def bundled(
    predicate_type: str,
    predicate: Any,
    signer: Signer = BY_US,
    *,
    repository: str = "",
    version: str = "v0.1",
    claimed: str = "",
) -> Step:
    """A bundle beside the image, as cosign 3 writes it; `claimed` is another type in the manifest's annotation."""

    def step(scene: Scene) -> None:
        leaf, sigstore = signer.leaf(scene), signer.sigstore(scene)
        envelope = _sealed(leaf, signer.digest(scene), predicate_type, predicate, version)
        entries = [record_envelope(sigstore, leaf, envelope, rekor=signer.rekor)] if signer.log else []
        stamps = [sigstore.tsa.stamp(envelope.signature, at=leaf.signing_time)] if signer.stamp else []
        content = bundle(leaf, {"dsseEnvelope": envelope.as_bundle_content()}, entries, stamps)
        with scene.place(repository) as place:
            attach_bundle(place, scene.image, content, predicate_type=claimed or predicate_type)

    return step


def signed_in_bundle(signer: Signer = BY_US) -> Step:
    """The bundle that `cosign sign` 3 writes."""
    return bundled(SIGNATURE_PREDICATE, {}, signer)


def stocked(repository: str) -> Step:
    """Something in another repository, so that it is there."""

    def step(scene: Scene) -> None:
        with scene.place(repository) as place:
            place.push_blob(b"nothing to see")

    return step


def _sealed(hand: Leaf | SigningKey, digest: str, predicate_type: str, predicate: Any, version: str) -> Envelope:
    payload = statement(digest, predicate_type, predicate, version=version, name="ghcr.io/acme/app")
    return Envelope(payload, IN_TOTO_TYPE, hand.sign(pre_authentication_encoding(IN_TOTO_TYPE, payload)))


def _logged(scene: Scene, signer: Signer, hand: Leaf | SigningKey, record: Json) -> LogEntry | None:
    if not signer.log:
        return None
    at = hand.signing_time if isinstance(hand, Leaf) else scene.sigstore.now
    return signer.sigstore(scene).rekor.record(record, at=at)


def _proofs(
    scene: Scene, signer: Signer, hand: Leaf | SigningKey, entry: LogEntry | None, stamped: bytes
) -> dict[str, str]:
    """The annotations of a layer besides the signature; `stamped` is what a timestamp is over."""
    sigstore = signer.sigstore(scene)
    found = {f"{_ANNOTATION}/bundle": compact(entry.annotation_form()).decode()} if entry else {}
    if signer.stamp:
        stamp = sigstore.tsa.stamp(stamped, at=scene.sigstore.now - signer.age + timedelta(seconds=5))
        document = {"SignedRFC3161Timestamp": base64.b64encode(stamp).decode()}
        found[f"{_ANNOTATION}/rfc3161timestamp"] = compact(document).decode()
    if isinstance(hand, Leaf):
        chain = (sigstore.fulcio.intermediate, sigstore.fulcio.root)
        found[f"{_ANNOTATION}/certificate"] = hand.pem
        found[f"{_ANNOTATION}/chain"] = "".join(each.certificate.public_bytes(Encoding.PEM).decode() for each in chain)
    return found
