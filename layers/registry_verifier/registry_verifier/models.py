"""The nouns: what is published, what was found about it, what was decided. Frozen values, no behaviour to speak of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause, ChildResult, ClusterAnswer, NearestMiss, PolicyResult

Digest = NewType("Digest", str)
"""`sha256:` and 64 lower-case hex digits: the only digest algorithm that GHCR and Sigstore use for images."""

Json = Mapping[str, Any]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_HOST = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{1,5})?\Z")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\Z")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\Z")
_NAME_LIMIT = 255  # OCI distribution-spec: many clients limit host and repository together to 255 characters


def parse_digest(text: str) -> Digest:
    """Return `text` as a digest; ValueError unless it is `sha256:` and 64 lower-case hex digits."""
    if not _DIGEST.match(text):
        raise ValueError(f"not a sha256 digest: {text[:80]!r}")
    return Digest(text)


def digest_of(content: bytes) -> Digest:
    """The digest of these bytes."""
    return Digest("sha256:" + hashlib.sha256(content).hexdigest())


def parse_tag(text: str) -> str:
    """Return `text` as a tag; ValueError unless it has the form of OCI distribution-spec, "Pulling manifests"."""
    if not _TAG.match(text):
        raise ValueError(f"not a tag: {text[:80]!r}")
    return text


@dataclass(frozen=True, order=True)
class ImageName:
    """A registry's host and a repository in it, both lower case, such as `ghcr.io` and `acme/app`."""

    registry: str
    repository: str

    @classmethod
    def parse(cls, text: str) -> ImageName:
        """Read `HOST/OWNER/NAME`; ValueError where a part has not the form that registries accept."""
        host, _, repository = text.partition("/")
        if len(text) > _NAME_LIMIT or not _HOST.match(host) or not _REPOSITORY.match(repository):
            raise ValueError(f"not an image name (expected HOST/OWNER/NAME in lower case): {text[:80]!r}")
        return cls(host, repository)

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}"


@dataclass(frozen=True)
class PublishEvent:
    """What one webhook delivery says was published. A hint: the registry has the facts."""

    delivery: str
    """GitHub's id of the event (`X-GitHub-Delivery`); the same in a redelivery"""
    image: ImageName
    digest: Digest
    tag: str | None
    actor: str
    """the GitHub login that published, or empty"""
    received_at: datetime


@dataclass(frozen=True)
class Look:
    """One message on the queue: look at this digest.

    `cause` is `publish` (a webhook), `missed` (a publish that no webhook told of), `evidence`, `recheck`, `index`,
    `sweep` (it is decided, and looked at again), or `asked` (somebody wants to know now).
    """

    image: ImageName
    digest: Digest
    cause: str
    tag: str | None = None
    delivery: str = ""
    actor: str = ""
    attempt: int = 0
    """how many re-checks came before this one"""
    first_seen: datetime | None = None
    """when the publish was first heard of; None where only the table knows"""


@dataclass(frozen=True)
class FailedDelivery:
    """A webhook delivery that GitHub could not bring, by one of its hooks."""

    id: int
    """GitHub's number of this attempt"""
    event_id: str
    """`guid`, which is the `X-GitHub-Delivery` of every attempt"""
    delivered_at: datetime


@dataclass(frozen=True)
class PackageVersion:
    """One manifest of a container package, as GitHub's REST API lists it: a hint, as every webhook."""

    digest: Digest
    created_at: datetime
    updated_at: datetime
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """Who signed, as the certificate says: one subject alternative name, one OIDC issuer, Fulcio's further claims."""

    subject: str
    issuer: str
    claims: Mapping[str, str] = field(default_factory=dict)
    """further Fulcio extensions by the name in Fulcio's OID table, such as `source_repository_uri`"""


@dataclass(frozen=True)
class Statement:
    """One candidate, wherever it was found, whether it holds or not.

    `reason` is None when the cryptography holds and it is about the digest in question;
    who signed is for policies to judge.
    """

    place: str
    """`referrer <manifest digest>`, `sha256-<hex>.sig#<layer>`, `.att#<layer>` or `github attestation #<number>`"""
    format: str
    """`bundle`, `simplesigning` or `dsse`"""
    is_signature: bool
    """a signature of the image itself, as against an attestation about it"""
    predicate_type: str | None = None
    identity: Identity | None = None
    log_index: int | None = None
    signed_at: datetime | None = None
    """the time that the transparency log or the timestamp authority vouches for"""
    reason: Reason | None = None
    detail: str = ""
    contradictions: tuple[str, ...] = ()
    """where a provenance contradicts the certificate that signed it, or the digest"""
    compared: bool = False
    """whether it is a provenance that was held against its certificate"""
    document: Json = field(default_factory=dict, repr=False)
    """the in-toto statement, for a policy's conditions; empty for simple signing; stored where it is small"""
    key: str | None = None
    """the SHA-256 fingerprint `sha256:…` of the public key that signed, where a key did"""
    signature_id: str = ""
    """a hash of the signature and its certificate, as policy-controller's `id`"""
    digest: str = ""
    """of an attestation: what policy-controller calls its `digest`"""
    root_sha256: str = ""
    """of the trusted root that it was proven against; one of parts has a hash of its own"""

    @property
    def holds(self) -> bool:
        """Whether it may be used at all."""
        return self.reason is None


@dataclass(frozen=True)
class Verdict:
    """What is decided about one digest in one repository at one time."""

    status: Status
    image: ImageName
    digest: Digest
    verified_at: datetime
    causes: tuple[Cause, ...] = ()
    policies: tuple[PolicyResult, ...] = ()
    statements: tuple[Statement, ...] = ()
    nearest_miss: NearestMiss | None = None
    warnings: tuple[Cause, ...] = ()
    """what is wrong and no policy demands otherwise"""
    drift: tuple[Cause, ...] = ()
    """what changed since the digest was verified, and does not make it fail"""
    superseded_by: Digest | None = None
    """what its tags point to instead, where none points to it any more"""
    cluster: ClusterAnswer | None = None
    """what policy-controller would say of the image"""
    outcomes: Mapping[tuple[str, str], str | None] = field(default_factory=dict, repr=False)
    """what conditions said of statements, as `outcomes.Outcomes` keeps it"""
    trusts: Mapping[str, Mapping[str, Reason | None]] = field(default_factory=dict, repr=False)
    """by place: the kinds of trust under which a candidate was tried, None where it holds"""
    roots: Mapping[str, str] = field(default_factory=dict, repr=False)
    """by the kind of trust: the SHA-256 of the trusted root that something held against"""
    sources: tuple[str, ...] = ()
    """where evidence was looked for and judged; empty stands for the image's own repository"""
    found_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """by place: the sources that have the candidate"""
    tags: tuple[str, ...] | None = None
    """the tags by which policies were matched, where they are no part of the record that holds the verdict"""
    reproduce: tuple[str, ...] = ()
    """the cosign commands that check the same, one a line"""
    kind: str = "image"
    """`image`, `index`, or `child`: an untagged image that an index of the same repository lists"""
    media_type: str | None = None
    children: tuple[Digest, ...] = ()
    children_table: tuple[ChildResult, ...] = ()
    """what is known of each child of an index"""
    covered_by: Digest | None = None
    """the index whose verdict this is, of a child"""
    trust_root_sha256: str = ""
    trust_root_checked_at: datetime | None = None
    """when that root was proven to be the newest one; None: nobody looked, it came with the deployment"""
    unread: Unavailable | None = field(default=None, repr=False)
    """why a place beside the registry could not be asked for evidence; nobody stores it"""


@dataclass(frozen=True)
class State:
    """The stored record of one digest: the newest verdict and what the table remembers around it."""

    image: ImageName
    digest: Digest
    version: int
    """1 for the first record, one more with each change; every write names the version that it replaces"""
    status: Status
    document: Json
    """the verdict as `verdict_document.write` makes it"""
    first_seen: datetime
    deadline: datetime
    """when the grace period ends"""
    tags: tuple[str, ...] = ()
    actor: str = ""
    deliveries: tuple[str, ...] = ()
    """the newest delivery ids that led here, at most 20"""

    @property
    def is_child(self) -> bool:
        """Whether an index of the same repository lists it, and speaks for it."""
        return self.document.get("kind") == "child"
