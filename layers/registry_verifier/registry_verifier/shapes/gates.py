"""What the gate answers, problems, the deployment's policies, and whether the service is there."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from registry_verifier.shapes.verdicts import KindWord, StatusWord


class Problem(TypedDict):
    """What went wrong (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    """the phrase of the status code"""
    status: int
    """the status code"""
    detail: str
    """for people; may change"""
    instance: str
    """the path that was asked for"""
    code: str
    """stable: what programs look at"""


class GateProblem(Problem):
    """Why a digest may not run; of one that is known, with what is known of it."""

    verdict: NotRequired[StatusWord]
    """the status of the digest; VERIFIED where it is the asked policy that does not hold"""
    id: NotRequired[str]
    image: NotRequired[str]
    digest: NotRequired[str]
    reasons: NotRequired[list[str]]
    kind: NotRequired[KindWord | None]
    tags: NotRequired[list[str]]
    actor: NotRequired[str | None]
    first_seen: NotRequired[str]
    deadline: NotRequired[str]
    """when the grace period ends"""
    verified_at: NotRequired[str]
    version: NotRequired[int]


class Health(TypedDict):
    """The service runs; nothing else was asked."""

    status: Literal["ok"]
    version: str
    """of the verifier"""


class OpenApi(TypedDict):
    """An OpenAPI document: its members are that specification's own."""

    openapi: str
    info: dict[str, Any]
    servers: list[Any]
    tags: list[Any]
    paths: dict[str, Any]
    components: dict[str, Any]


class ExpectedIdentity(TypedDict):
    """Who may have signed: an issuer and a subject, each as it is or as a regular expression (RE2, unanchored)."""

    issuer: str | None
    issuer_regexp: str | None
    subject: str | None
    subject_regexp: str | None


class DemandedAttestation(TypedDict):
    """One attestation that must be there."""

    name: str
    predicate_type: str
    has_condition: bool
    """whether the policy says what must stand in it"""


class PolicyAuthority(TypedDict):
    """One way in which a policy holds."""

    name: str
    kind: Literal["keyless", "key", "static"]
    identities: list[ExpectedIdentity]
    """any of them; none for a key and for static"""
    attestations: list[DemandedAttestation]
    """all of them"""
    static_action: Literal["pass", "fail"] | None
    cannot: str | None
    """why this authority cannot be judged here"""


class PolicyInfo(TypedDict):
    """One ClusterImagePolicy, as it is applied."""

    name: str
    mode: Literal["enforce", "warn"]
    sha256: str
    """of what it says; comments and layout do not count"""
    images: list[str]
    """the patterns: it applies to an image that one of them matches"""
    grace_period_seconds: int
    """how long evidence may be missing"""
    require_signature: bool
    """whether the image's signature is demanded beside listed attestations"""
    require_provenance_match: bool
    """whether a provenance that contradicts its certificate counts for nothing"""
    children: Literal["index", "leaves", "index-or-every-leaf"]
    """who needs the evidence where an index is published"""
    has_condition: bool
    """whether it has a condition on its authorities together"""
    authorities: list[PolicyAuthority]
    """one of them must hold"""


class PolicyList(TypedDict):
    """All policies of the deployment, by name."""

    items: list[PolicyInfo]
    next_cursor: None
    """there is one page"""
