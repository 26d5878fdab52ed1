"""What verdicts count as: few names, few classes, and a latency of the first decision only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from registry_verifier import measures
from registry_verifier.measures import LATENCY_LIMIT, Measure
from registry_verifier.models import State
from registry_verifier.reasons import Reason, Status
from tests.library.verdicts import NOW, state

SOON = NOW + timedelta(seconds=42)
OUTAGE = {"policies": [], "reasons": ["REGISTRY_UNAVAILABLE"]}
CANNOT_LOOK = {reason for reason in Reason if reason.name.endswith(("UNAVAILABLE", "THROTTLED", "FORBIDDEN"))}


def undecided(status: Status, **changes: Any) -> State:
    return state(status, document=changes or None)


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_metric(status: Status) -> None:
    assert measures.NAMES[status].startswith("Verification")


def test_every_reason_has_a_class() -> None:
    unnamed = {reason for reason in Reason if measures.reason_class([reason.value]) == "unavailable"}
    assert unnamed == CANNOT_LOOK - {Reason.KEY_UNAVAILABLE} | {Reason.MANIFEST_NOT_FOUND}


def test_classes_are_few() -> None:
    assert len({measures.reason_class([reason.value]) for reason in Reason}) <= 10


def test_no_class_names_a_reason_that_there_is_not() -> None:
    assert set(measures._CLASS_OF) <= {reason.value for reason in Reason}


def test_a_verdict_that_holds_is_passed_by_its_policy() -> None:
    assert measures.of_verdict(state(Status.VERIFIED)) == (Measure("VerificationPassed", "acme-signatures", "none"),)


def test_a_verdict_that_fails_is_failed_by_its_policy_for_its_reason() -> None:
    expected = Measure("VerificationFailed", "acme-signatures", "identity")
    assert measures.of_verdict(state(Status.FAILED)) == (expected,)


def test_each_policy_is_counted_as_it_stands() -> None:
    good, bad = (state(status).document["policies"][0] for status in (Status.VERIFIED, Status.FAILED))
    mixed = state(Status.FAILED, document={"policies": [good | {"name": "a"}, bad | {"name": "b"}]})
    assert [(m.name, m.policy) for m in measures.of_verdict(mixed)] == [
        ("VerificationPassed", "a"),
        ("VerificationFailed", "b"),
    ]


def test_a_condition_of_the_whole_policy_is_a_reason_too() -> None:
    good = state(Status.VERIFIED).document["policies"][0]
    condition = {"name": "policy", "used": None, "cause": {"code": "POLICY_CONDITION_FAILED", "text": "no"}}
    failed = state(Status.FAILED, document={"policies": [good | {"holds": False, "condition": condition}]})
    (measure,) = measures.of_verdict(failed)
    assert measure.reason_class == "policy"


def test_an_outage_is_nobody_s_verdict() -> None:
    policies = state(Status.VERIFIED).document["policies"]
    unseen = undecided(Status.UNKNOWN, reasons=["REGISTRY_THROTTLED"], policies=policies)
    assert measures.of_verdict(unseen) == (Measure("VerificationUnknown", "", "unavailable"),)


def test_an_image_without_a_policy_is_counted_as_such() -> None:
    bare = undecided(Status.NO_POLICY, policies=[], reasons=["NO_MATCHING_POLICY"])
    assert measures.of_verdict(bare) == (Measure("VerificationWithoutPolicy", "", "policy"),)


# ---- latency


@pytest.mark.parametrize("old", [None, undecided(Status.PENDING), undecided(Status.UNKNOWN, **OUTAGE)])
@pytest.mark.parametrize("status", [Status.VERIFIED, Status.FAILED])
def test_the_first_decision_ends_the_wait(old: State | None, status: Status) -> None:
    assert measures.latency(old, state(status), SOON) == timedelta(seconds=42)


@pytest.mark.parametrize("status", [Status.PENDING, Status.UNKNOWN, Status.NO_POLICY])
def test_what_decides_nothing_has_no_latency(status: Status) -> None:
    assert measures.latency(None, state(status), SOON) is None


@pytest.mark.parametrize("old", [state(Status.VERIFIED), state(Status.FAILED), undecided(Status.UNKNOWN)])
def test_a_later_decision_has_no_latency(old: State) -> None:
    assert measures.latency(old, state(Status.FAILED), SOON) is None


@pytest.mark.parametrize("now", [NOW - timedelta(seconds=1), NOW + LATENCY_LIMIT + timedelta(seconds=1)])
def test_what_a_clock_or_a_new_policy_made_of_it_is_no_latency(now: Any) -> None:
    assert measures.latency(None, state(Status.VERIFIED), now) is None


# ---- drift


@pytest.mark.parametrize("code", ["EVIDENCE_LOST", "IDENTITY_CHANGED"])
def test_evidence_that_changed_is_alarming(code: str) -> None:
    assert measures.is_alarming(state(Status.VERIFIED), state(Status.FAILED), (code,))


@pytest.mark.parametrize("code", ["TAG_MOVED", "POLICY_CHANGED", "TRUST_ROOT_CHANGED"])
def test_what_a_release_or_an_operator_does_is_not(code: str) -> None:
    assert not measures.is_alarming(state(Status.VERIFIED), state(Status.VERIFIED), (code,))


def test_a_child_that_went_missing_is_alarming_once() -> None:
    failed = state(Status.FAILED, document={"reasons": ["CHILD_MISSING"]})
    assert measures.is_alarming(state(Status.VERIFIED), failed, ())
    assert not measures.is_alarming(failed, failed, ())
    assert not measures.is_alarming(None, None, ())
