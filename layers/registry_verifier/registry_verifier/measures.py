"""What a stored verdict counts as, for whoever watches the whole: by policy and by the class of the reason.

Both are few: policies are in our own files, and there is a handful of classes. Digests and tags are for the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from registry_verifier.models import Json, State
from registry_verifier.reasons import CANNOT_JUDGE, MISSING, Reason, Status

NAMES = {
    Status.VERIFIED: "VerificationPassed",
    Status.FAILED: "VerificationFailed",
    Status.PENDING: "VerificationPending",
    Status.UNKNOWN: "VerificationUnknown",
    Status.NO_POLICY: "VerificationWithoutPolicy",
}
LATENCY_LIMIT = timedelta(days=1)
"""what is decided later was asked for later, by a new policy or a new tag, and says nothing about the publish"""

_ALARMING = frozenset({Reason.EVIDENCE_LOST.value, Reason.IDENTITY_CHANGED.value})
_DECIDED = (Status.VERIFIED, Status.FAILED)
_CLASSES = {
    "identity": "IDENTITY_MISMATCH ISSUER_MISMATCH IDENTITY_AMBIGUOUS KEY_MISMATCH PROVENANCE_MISMATCH",
    "statement": "SUBJECT_DIGEST_MISMATCH PREDICATE_POLICY_FAILED STATEMENT_INVALID ENVELOPE_INVALID SBOM_PLATFORMS",
    "cryptography": "SIGNATURE_INVALID CERT_INVALID SCT_INVALID TLOG_MISSING TLOG_INVALID TLOG_MISMATCH "
    "TIMESTAMP_MISSING TIMESTAMP_INVALID BUNDLE_INVALID",
    "storage": "CONTENT_MISMATCH MANIFEST_INVALID NOT_EVIDENCE EVIDENCE_TOO_LARGE TOO_MANY_CANDIDATES",
    "policy": "NO_MATCHING_POLICY STATIC_FAIL POLICY_CONDITION_FAILED COVERED_BY_INDEX CHILD_UNVERIFIED",
    "drift": "EVIDENCE_LOST TAG_MOVED IDENTITY_CHANGED TRUST_ROOT_CHANGED POLICY_CHANGED",
    "missing": " ".join((*MISSING, Reason.UNSIGNED_AFTER_GRACE)),
    "not-judged": " ".join(CANNOT_JUDGE),
}
_CLASS_OF = {code: name for name, codes in _CLASSES.items() for code in codes.split()}
"""every other reason is one of those why we could not look"""


@dataclass(frozen=True)
class Measure:
    """One verdict, by one policy (empty where none decided it) and the class of its first reason."""

    name: str
    policy: str
    reason_class: str


def of_verdict(state: State) -> tuple[Measure, ...]:
    """One measure for each policy that had its say; one without a policy where none had."""
    found = tuple(_of_policies(state.document.get("policies", ()), state.status))
    return found or (Measure(NAMES[state.status], "", reason_class(state.document["reasons"])),)


def latency(old: State | None, new: State, now: datetime) -> timedelta | None:
    """How long the publish waited for the first verdict that decides; None where this is not that verdict."""
    waited = now - new.first_seen
    is_first = old is None or old.status == Status.PENDING or _is_unseen(old)
    return waited if new.status in _DECIDED and is_first and timedelta() <= waited <= LATENCY_LIMIT else None


def is_alarming(old: State | None, new: State | None, news: Iterable[str]) -> bool:
    """Whether what changed about a verified digest is more than an edited policy, a new trusted root or a moved tag."""
    lost = old and new and old.status == Status.VERIFIED and Reason.CHILD_MISSING.value in new.document["reasons"]
    return bool(lost) or not _ALARMING.isdisjoint(news)


def reason_class(reasons: Iterable[str]) -> str:
    """The class of the first of these reason codes; `none` where there is none."""
    first = next(iter(reasons), None)
    return "none" if first is None else _CLASS_OF.get(first, "unavailable")


def _is_unseen(state: State) -> bool:
    """Nobody could ever look at it: what was decided once keeps its policies."""
    return state.status == Status.UNKNOWN and not state.document.get("policies")


def _of_policies(policies: Iterable[Json], status: Status) -> Iterator[Measure]:
    if status == Status.UNKNOWN:  # the policies in the record are those of the time when it could be looked at
        return
    for policy in policies:
        if policy["holds"]:
            yield Measure(NAMES[Status.VERIFIED], policy["name"], "none")
        elif status in (Status.FAILED, Status.PENDING):
            yield Measure(NAMES[status], policy["name"], reason_class(_codes(policy)))


def _codes(policy: Mapping[str, Any]) -> Iterator[str]:
    """Why a policy does not hold: what each authority lacks, then what the policy demands as a whole."""
    demands = [demand for authority in policy["authorities"] for demand in authority["requirements"]]
    whole = (policy.get(name) for name in ("condition", "leaves", "presence"))
    for demand in (*demands, *filter(None, whole)):
        if demand["cause"]:
            yield demand["cause"]["code"]
