"""A policy as values: which images it is about, who must have signed them, and what else must be attested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from registry_verifier.models import Identity, Json
from registry_verifier.policy import patterns
from registry_verifier.policy.patterns import Pattern
from registry_verifier.reasons import Reason

DEFAULT_GRACE = timedelta(minutes=30)


class Condition(Protocol):
    """What a signed statement must say."""

    def check(self, statement: Json) -> str | None:
        """None where it holds, else one sentence with the path, what was expected and what was found."""
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


@dataclass(frozen=True)
class Authority:
    """One way to hold: any of the identities, and every attestation."""

    name: str
    identities: tuple[IdentityRule, ...]
    attestations: tuple[AttestationRule, ...] = ()
    url: str = "https://fulcio.sigstore.dev"


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
