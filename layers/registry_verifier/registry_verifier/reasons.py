"""The stable words of a verdict: five statuses, and the reason codes that queries, metrics and tests use."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What is known about one digest in one repository."""

    VERIFIED = "VERIFIED"
    """every matching policy holds"""
    FAILED = "FAILED"
    """evidence is present and wrong, or still missing after the grace period"""
    PENDING = "PENDING"
    """evidence is missing and the grace period is not over"""
    UNKNOWN = "UNKNOWN"
    """we could not look; says nothing about the image"""
    NO_POLICY = "NO_POLICY"
    """no policy matches this image"""


class Reason(StrEnum):
    """Why a verdict, or one candidate, is as it is."""

    # missing evidence
    NO_SIGNATURE = "NO_SIGNATURE"
    NO_ATTESTATION = "NO_ATTESTATION"
    UNSIGNED_AFTER_GRACE = "UNSIGNED_AFTER_GRACE"
    EVIDENCE_NOT_FOUND = "EVIDENCE_NOT_FOUND"
    # wrong evidence: who
    IDENTITY_MISMATCH = "IDENTITY_MISMATCH"
    ISSUER_MISMATCH = "ISSUER_MISMATCH"
    IDENTITY_AMBIGUOUS = "IDENTITY_AMBIGUOUS"
    KEY_MISMATCH = "KEY_MISMATCH"
    PROVENANCE_MISMATCH = "PROVENANCE_MISMATCH"
    # wrong evidence: about what
    SUBJECT_DIGEST_MISMATCH = "SUBJECT_DIGEST_MISMATCH"
    PREDICATE_POLICY_FAILED = "PREDICATE_POLICY_FAILED"
    STATEMENT_INVALID = "STATEMENT_INVALID"
    ENVELOPE_INVALID = "ENVELOPE_INVALID"
    # wrong evidence: cryptography
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    CERT_INVALID = "CERT_INVALID"
    SCT_INVALID = "SCT_INVALID"
    TLOG_MISSING = "TLOG_MISSING"
    TLOG_INVALID = "TLOG_INVALID"
    TLOG_MISMATCH = "TLOG_MISMATCH"
    TIMESTAMP_MISSING = "TIMESTAMP_MISSING"
    TIMESTAMP_INVALID = "TIMESTAMP_INVALID"
    BUNDLE_INVALID = "BUNDLE_INVALID"
    # wrong evidence: how it is stored
    CONTENT_MISMATCH = "CONTENT_MISMATCH"
    MANIFEST_INVALID = "MANIFEST_INVALID"
    NOT_EVIDENCE = "NOT_EVIDENCE"
    EVIDENCE_TOO_LARGE = "EVIDENCE_TOO_LARGE"
    TOO_MANY_CANDIDATES = "TOO_MANY_CANDIDATES"
    # policy
    NO_MATCHING_POLICY = "NO_MATCHING_POLICY"
    COVERED_BY_INDEX = "COVERED_BY_INDEX"
    CHILD_MISSING = "CHILD_MISSING"
    CHILD_UNVERIFIED = "CHILD_UNVERIFIED"
    SBOM_PLATFORMS = "SBOM_PLATFORMS"
    STATIC_FAIL = "STATIC_FAIL"
    POLICY_CONDITION_FAILED = "POLICY_CONDITION_FAILED"
    # drift: what changed since the digest was verified
    EVIDENCE_LOST = "EVIDENCE_LOST"
    TAG_MOVED = "TAG_MOVED"
    IDENTITY_CHANGED = "IDENTITY_CHANGED"
    TRUST_ROOT_CHANGED = "TRUST_ROOT_CHANGED"
    POLICY_CHANGED = "POLICY_CHANGED"
    # could not look
    POLICY_UNSUPPORTED = "POLICY_UNSUPPORTED"
    KEY_UNAVAILABLE = "KEY_UNAVAILABLE"
    REGISTRY_UNAVAILABLE = "REGISTRY_UNAVAILABLE"
    REGISTRY_THROTTLED = "REGISTRY_THROTTLED"
    REGISTRY_FORBIDDEN = "REGISTRY_FORBIDDEN"
    MANIFEST_NOT_FOUND = "MANIFEST_NOT_FOUND"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    QUEUE_UNAVAILABLE = "QUEUE_UNAVAILABLE"
    SECRET_UNAVAILABLE = "SECRET_UNAVAILABLE"  # noqa: S105 - a reason, no secret
    SLACK_UNAVAILABLE = "SLACK_UNAVAILABLE"
    GITHUB_UNAVAILABLE = "GITHUB_UNAVAILABLE"
    GITHUB_THROTTLED = "GITHUB_THROTTLED"
    GITHUB_FORBIDDEN = "GITHUB_FORBIDDEN"
    TRUST_ROOT_UNAVAILABLE = "TRUST_ROOT_UNAVAILABLE"
    EVENTS_UNAVAILABLE = "EVENTS_UNAVAILABLE"


MISSING = frozenset({Reason.NO_SIGNATURE, Reason.NO_ATTESTATION, Reason.EVIDENCE_NOT_FOUND, Reason.CHILD_MISSING})
"""what is not there, as against what is wrong: it may still come"""

WITHOUT_EVIDENCE = frozenset({Reason.STATIC_FAIL, Reason.CHILD_MISSING})
"""what no evidence mends, wherever it is kept"""

CANNOT_JUDGE = frozenset({Reason.POLICY_UNSUPPORTED, Reason.KEY_UNAVAILABLE})
"""a policy that could not be applied, which says nothing about the image"""
