"""What the API answers about verdicts: the record of a digest, its parts, and lists of them."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

StatusWord = Literal["VERIFIED", "FAILED", "PENDING", "UNKNOWN", "NO_POLICY"]
KindWord = Literal["image", "index", "child"]


class Summary(TypedDict):
    """A digest in a list."""

    id: str
    """of the verdict that stands, for `/v1/verifications/{id}`"""
    image: str
    digest: str
    status: StatusWord
    reasons: list[str]
    """reason codes, the most telling first"""
    kind: KindWord | None
    tags: list[str]
    """the tags that were pushed for it, as far as is known"""
    actor: str | None
    """the GitHub login that published it"""
    first_seen: str
    deadline: str
    """when the grace period ends"""
    verified_at: str
    """when the verdict was made"""
    version: int
    """1 for the first record, one more with each change"""


class Cause(TypedDict):
    """A reason with its sentence for people."""

    code: str
    text: str


class Identity(TypedDict):
    """Who signed, as the certificate says."""

    subject: str
    """its one subject alternative name"""
    issuer: str
    """the OIDC issuer"""
    claims: dict[str, str]
    """further extensions of Fulcio, by their names"""


class Signer(TypedDict):
    """A signer by name alone."""

    subject: str
    issuer: str


class NearestMiss(TypedDict):
    """Who was expected to sign and who did."""

    expected: Signer
    found: Signer
    place: str
    """the statement that came nearest"""


class Statement(TypedDict):
    """One candidate for evidence, wherever it was found, whether it holds or not."""

    place: str
    sources: list[str]
    """the repositories that have it; none stands for the image's own"""
    format: str
    """`bundle`, `simplesigning` or `dsse`"""
    is_signature: bool
    predicate_type: str | None
    identity: Identity | None
    key: str | None
    """the SHA-256 of the public key, where a key signed"""
    signature_id: str | None
    digest: str | None
    log_index: int | None
    signed_at: str | None
    holds: bool
    """whether the cryptography holds and it is about this digest; who signed is for policies to judge"""
    reason: str | None
    """why it does not"""
    detail: str
    contradictions: list[str]
    """where a provenance contradicts its certificate"""
    compared: bool
    """whether it is a provenance that was held against its certificate"""
    trusts: dict[str, str | None]
    """by the kind of trust: null where it holds"""
    conditions: dict[str, str | None]
    """by the hash of a condition: null where it holds"""
    document: dict[str, Any] | None
    """the signed statement, where it is small"""
    document_omitted: bool


class Requirement(TypedDict):
    """One thing that is demanded, and what meets it."""

    name: str
    predicate_type: str | None
    used: str | None
    """the place of the statement that meets it"""
    cause: Cause | None
    """why nothing does"""
    condition: str | None
    """the SHA-256 of the condition that a statement had to meet"""


class Authority(TypedDict):
    """One way in which a policy holds."""

    name: str
    holds: bool
    requirements: list[Requirement]


class ClusterAnswer(TypedDict):
    """What policy-controller would do with the image."""

    answer: str
    text: str


class PolicyResult(TypedDict):
    """What one policy says."""

    name: str
    mode: str
    sha256: str
    holds: bool
    authorities: list[Authority]
    condition: Requirement | None
    children: str
    """who needs the evidence of an index"""
    leaves: Requirement | None
    presence: Requirement | None
    slack_channel: str | None
    policy_controller: ClusterAnswer | None


class Child(TypedDict):
    """One image that an index lists."""

    digest: str
    platform: str | None
    """`os/architecture`, as the index says"""
    state: str
    """`verified`, `covered`, `unsigned`, `wrong`, `missing`, `attestation` or `not looked at`"""
    text: str


class TrustRoot(TypedDict):
    """The trusted root that evidence was proven against."""

    sha256: str
    checked_at: str | None
    """when it was proven to be the newest one; null: it came with the deployment"""
    others: dict[str, str]
    """by the kind of trust: the hashes of other roots that something held against"""


class VerifierName(TypedDict):
    """Who verified."""

    name: str
    version: str


class Verdict(TypedDict):
    """One verdict, as it was made."""

    id: str
    status: StatusWord
    reasons: list[str]
    causes: list[Cause]
    image: str
    digest: str
    kind: KindWord | None
    media_type: str | None
    children: list[str]
    """the digests that an index lists"""
    children_table: list[Child]
    covered_by: str | None
    """the index whose verdict this is, of a child"""
    policies: list[PolicyResult]
    statements: list[Statement]
    nearest_miss: NearestMiss | None
    warnings: list[Cause]
    drift: list[Cause]
    """what changed since the digest was verified, and does not make it fail"""
    superseded_by: str | None
    """what its tags point to instead, where none points to it any more"""
    policy_controller: ClusterAnswer | None
    sources: list[str]
    """where evidence was looked for; none stands for the image's own repository"""
    reproduce: list[str]
    """the commands that check the same by hand"""
    trust_root: TrustRoot | None
    verified_at: str
    verifier: VerifierName | None
    dropped: dict[str, int] | None
    """how many entries of which lists were too much to be stored"""


class DigestVerdict(Verdict):
    """The verdict about a digest, and what is remembered around it."""

    tags: list[str]
    actor: str | None
    first_seen: str | None
    """null with `as_of`, as are the members that follow: they are known for today only"""
    deadline: str | None
    version: int | None
    checked_at: str | None
    """when a later look, which changed nothing, last took place"""
    unseen_since: str | None
    """since when nobody can look at it"""
    as_of: str | None
    """the time that was asked for"""


class HistoricVerdict(TypedDict):
    """A verdict with the time in which it stood; the whole of it is at `/v1/verifications/{id}`."""

    id: str
    image: str
    digest: str
    status: StatusWord
    reasons: list[str]
    kind: KindWord | None
    verified_at: str
    """since when it stood"""
    replaced_at: str | None
    """when another one took its place; null: it stands, or nobody wrote that down"""
