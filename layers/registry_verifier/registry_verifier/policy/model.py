"""A policy as values: which images it is about, who must have signed them, and what else must be attested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.models import Identity, Json
from registry_verifier.policy import patterns
from registry_verifier.policy.patterns import Pattern
from registry_verifier.reasons import Reason
from registry_verifier.results import INDEX

DEFAULT_GRACE = timedelta(minutes=30)
_KNOWN_LIMIT = 1000


class Condition(Protocol):
    """What a document must say: a signed statement, or the matches of a policy's authorities."""

    @property
    def text(self) -> str:
        """The condition as the policy has it."""
        ...

    def check(self, document: Json) -> str | None:
        """None where it holds, else one sentence with the path, what was expected and what was found.

        Raises Unavailable where an engine outside of this process could not be asked.
        """
        ...

    def check_as_cluster(self, document: Json) -> str | None:
        """The same as policy-controller evaluates it, which is never stricter than `check`."""
        ...


@dataclass(frozen=True)
class IdentityRule:
    """Who must have signed: exact values, or RE2 expressions that match anywhere, as policy-controller has it.

    Exactly one of each pair is set; ValueError otherwise, and for expressions that RE2 refuses. An empty value
    is refused, so that nothing matches everybody by accident.
    """

    issuer: str | None = None
    issuer_regexp: str | None = None
    subject: str | None = None
    subject_regexp: str | None = None
    _issuer: Pattern | None = field(init=False, repr=False, compare=False, default=None)
    _subject: Pattern | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        _require_one("issuer", self.issuer, self.issuer_regexp)
        _require_one("subject", self.subject, self.subject_regexp)
        object.__setattr__(self, "_issuer", patterns.compile(self.issuer_regexp) if self.issuer_regexp else None)
        object.__setattr__(self, "_subject", patterns.compile(self.subject_regexp) if self.subject_regexp else None)

    @property
    def expected_issuer(self) -> str:
        """The issuer or its expression, for people."""
        return self.issuer or self.issuer_regexp or ""

    @property
    def expected_subject(self) -> str:
        """The subject or its expression, for people."""
        return self.subject or self.subject_regexp or ""

    def match(self, identity: Identity) -> Reason | None:
        """None where `identity` is the demanded one, else ISSUER_MISMATCH or IDENTITY_MISMATCH."""
        if not _matches(self.issuer, self._issuer, identity.issuer):
            return Reason.ISSUER_MISMATCH
        return None if _matches(self.subject, self._subject, identity.subject) else Reason.IDENTITY_MISMATCH


def _require_one(name: str, exact: str | None, expression: str | None) -> None:
    if bool(exact) == bool(expression) or "" in (exact, expression):
        raise ValueError(f"identity needs exactly one of {name} and {name}RegExp, not empty")


def _matches(exact: str | None, expression: Pattern | None, value: str) -> bool:
    if expression is None:
        return value == exact
    return patterns.is_unicode(value) and expression.search(value) is not None


@dataclass(frozen=True)
class AttestationRule:
    """One attestation that must be there: a statement of exactly this predicate type for which the condition holds."""

    name: str
    predicate_type: str
    condition: Condition | None = None
    written_type: str = ""
    """the predicate type as the policy has it, where that is a short name"""


@dataclass(frozen=True)
class Key:
    """Public keys that must have signed: any of them."""

    keys: tuple[str, ...] = ()
    """in PEM, one each"""
    kms: str = ""
    """`awskms://[ENDPOINT]/ARN`, where the key is still to be asked for"""
    hash_algorithm: str = "sha256"


@dataclass(frozen=True)
class Static:
    """No signature at all: whatever matches passes, or fails."""

    action: str
    """`pass` or `fail`"""
    message: str = ""


@dataclass(frozen=True)
class Source:
    """Where signatures and attestations are kept, when not beside the image."""

    repository: str = ""
    """`HOST/OWNER/NAME`; empty: the image's own"""
    tag_prefix: str = ""
    """what cosign's tags begin with"""

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag_prefix}" if self.tag_prefix else self.repository


@dataclass(frozen=True)
class Log:
    """A transparency log that must hold the signature."""

    url: str = ""
    """compared and shown, never followed"""
    trust_root: str = PUBLIC_GOOD


@dataclass(frozen=True)
class Authority:
    """One way to hold: any of the identities or keys, and every attestation."""

    name: str
    identities: tuple[IdentityRule, ...]
    """who must have signed; empty for a key and for static"""
    attestations: tuple[AttestationRule, ...] = ()
    url: str = "https://fulcio.sigstore.dev"
    key: Key | None = None
    static: Static | None = None
    source: Source = Source()
    trust_root: str = PUBLIC_GOOD
    """`keyless.trustRootRef`"""
    ignore_sct: bool = False
    log: Log | None = None
    """`ctlog`, where it is given"""
    timestamp_root: str | None = None
    """`rfc3161timestamp.trustRootRef`, where a timestamp is demanded; empty: of the public root"""
    signature_format: str = ""
    """`legacy` or `bundle` as written; empty where it is not, which the cluster takes for `legacy`"""
    ca_cert: bool = False
    """`keyless.ca-cert` stands in place of a url: policy-controller loads it and verifies nothing"""
    denied_there: str = ""
    """why policy-controller never lets it hold, as far as that lies in its TrustRoots; empty where it may"""
    cannot: str = ""
    """why this authority cannot be evaluated here, a fact for people; empty where it can"""

    _known: dict[tuple[str, str], Reason | None] = field(init=False, repr=False, compare=False, default_factory=dict)

    def match(self, identity: Identity) -> Reason | None:
        """None where `identity` is one of the demanded, else the nearest IDENTITY_MISMATCH or ISSUER_MISMATCH.

        One signer makes many statements, and an authority may name a thousand identities: each is matched once.
        """
        who = identity.subject, identity.issuer
        if who in self._known:
            return self._known[who]
        nearest = _nearest(rule.match(identity) for rule in self.identities)
        if len(self._known) < _KNOWN_LIMIT:
            self._known[who] = nearest
        return nearest

    @property
    def trust_roots(self) -> tuple[str, ...]:
        """The TrustRoots that it names, each once."""
        named = (self.trust_root, self.log.trust_root if self.log else PUBLIC_GOOD, self.timestamp_root or PUBLIC_GOOD)
        return tuple(dict.fromkeys(name for name in named if name != PUBLIC_GOOD))


def _nearest(reasons: Iterable[Reason | None]) -> Reason | None:
    """A wrong subject of the right issuer comes nearer than a wrong issuer."""
    nearest: Reason | None = Reason.ISSUER_MISMATCH
    for reason in reasons:
        if reason is None:
            return None
        nearest = Reason.IDENTITY_MISMATCH if reason == Reason.IDENTITY_MISMATCH else nearest
    return nearest


@dataclass(frozen=True)
class PolicyCondition:
    """`spec.policy`: what must be true of the authorities that matched, together."""

    condition: Condition
    fetch_config_file: bool = False
    include_spec: bool = False
    include_object_meta: bool = False
    include_type_meta: bool = False


@dataclass(frozen=True)
class Policy:
    """One ClusterImagePolicy document."""

    name: str
    globs: tuple[str, ...]
    authorities: tuple[Authority, ...]
    mode: str = "enforce"
    require_signature: bool = True
    grace: timedelta = DEFAULT_GRACE
    annotations: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    """of what the document says; comments and layout do not count"""
    match: tuple[Json, ...] = ()
    """the Kubernetes objects that the cluster applies it to; not applicable to what is published"""
    condition: PolicyCondition | None = None
    version: str = "v1beta1"
    """of the format; policy-controller stores v1alpha1, and loses some of what v1beta1 says"""
    require_provenance_match: bool = False
    """whether a provenance that contradicts its certificate counts for nothing"""
    children: str = INDEX
    """who needs the evidence of an index: one of `results.CHILDREN`"""
    slack_channel: str = ""
    """who hears about it: `#name` or a channel's id; empty: the deployment's own channel"""
