"""Events for programs: their shape, what makes one, and that its id depends on what it tells of only."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from registry_verifier import cloud_event
from registry_verifier.cloud_event import CloudEvent
from registry_verifier.incident import Ending, Key, Kind
from registry_verifier.models import State
from registry_verifier.reasons import Status
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, state

ENDED = [(Key(Kind.FAILED, "acme"), Ending.VERIFIED)]


def _kinds(old: State | None, new: State, ended: Any = ()) -> list[str]:
    return [event.kind for event in cloud_event.about(old, new, ended)]


def _only(old: State | None, new: State, ended: Any = ()) -> CloudEvent:
    [event] = cloud_event.about(old, new, ended)
    return event


def test_an_event_has_the_attributes_of_cloud_events() -> None:
    """CloudEvents 1.0.2, "Required Attributes" and "Optional Attributes"."""
    written = json.loads(_only(None, state()).write())
    assert {name: written[name] for name in written if name not in ("id", "data")} == {
        "specversion": "1.0",
        "source": "registry-verifier",
        "type": "registry-verifier.verification.failed.v1",
        "subject": f"{IMAGE}@{DIGEST}",
        "time": "2026-11-22T10:01:00Z",
        "datacontenttype": "application/json",
    }
    assert re.fullmatch("[0-9a-f]{32}", written["id"])
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in written)
    assert datetime.fromisoformat(written["time"]).tzinfo is not None


def test_an_event_says_what_a_program_acts_on() -> None:
    data = json.loads(_only(None, state(version=4)).write())["data"]
    assert {name: data[name] for name in ("image", "digest", "status", "version", "reasons", "policies", "tags")} == {
        "image": str(IMAGE),
        "digest": DIGEST,
        "status": "FAILED",
        "version": 4,
        "reasons": ["IDENTITY_MISMATCH"],
        "policies": [{"name": "acme-signatures", "mode": "enforce", "holds": False}],
        "tags": ["v1.4.0", "latest"],
    }


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (Status.VERIFIED, ["verification.verified"]),
        (Status.FAILED, ["verification.failed"]),
        (Status.UNKNOWN, ["verification.unknown"]),
        (Status.PENDING, []),
        (Status.NO_POLICY, []),
    ],
)
def test_each_decision_has_its_type(status: Status, kinds: list[str]) -> None:
    assert _kinds(None, state(status)) == kinds
    assert _kinds(state(Status.PENDING), state(status, version=2)) == kinds


def test_a_child_of_an_index_has_none() -> None:
    assert _kinds(None, state(document={"kind": "child"})) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"document": {"reasons": ["TLOG_INVALID"]}},
        {"document": {"superseded_by": digest(1)}},
        {"document": {"drift": [{"code": "POLICY_CHANGED", "text": ""}]}},
        {"document": {"policies": []}},
        {"first_seen": NOW + timedelta(days=500)},
    ],
)
def test_what_is_new_to_a_program_makes_an_event(changed: dict[str, Any]) -> None:
    assert _kinds(state(), state(version=2, **changed)) == ["verification.failed"]


@pytest.mark.parametrize(
    "changed",
    [{"tags": ("v1.4.0",)}, {"deliveries": ("x",)}, {"document": {"verified_at": "2026-11-23T00:00:00Z"}}],
)
def test_what_is_not_makes_none(changed: dict[str, Any]) -> None:
    assert _kinds(state(), state(version=2, **changed)) == []


def test_the_end_of_an_incident_is_told_with_its_policy() -> None:
    events = list(cloud_event.about(state(), state(Status.VERIFIED, version=2), ENDED))
    assert [event.kind for event in events] == ["verification.verified", "verification.resolved"]
    assert events[1].data["incident"] == {"class": "failed", "policy": "acme", "ending": "verified"}
    assert events[1].data["status"] == "VERIFIED"


def test_the_end_of_an_incident_about_what_became_a_child_is_told() -> None:
    child = state(document={"kind": "child"}, version=2)
    assert _kinds(state(), child, [(Key(Kind.FAILED, "acme"), Ending.COVERED)]) == ["verification.resolved"]


def test_the_id_is_the_same_for_the_same_record_and_another_for_another() -> None:
    failed = state()
    others = [
        state(version=2),
        state(Status.VERIFIED),
        state(digest=digest(1)),
        state(first_seen=NOW + timedelta(days=500)),
    ]
    ids = [_only(None, one).id for one in (failed, failed, *others)]
    assert ids[0] == ids[1] and len(set(ids)) == 5
    both = [*ENDED, (Key(Kind.FAILED, "other"), Ending.VERIFIED)]
    assert len({event.id for event in cloud_event.about(None, state(Status.VERIFIED), both)}) == 3


@pytest.mark.parametrize("text", ["x", "\u20ac", "\U0001f600", "\ud800", "\0"])
def test_an_event_is_bounded_whatever_is_in_the_record(text: str) -> None:
    long = text * 5000
    document = {
        "reasons": ["IDENTITY_MISMATCH"] * 10,
        "causes": [{"code": long, "text": long}] * 500,
        "drift": [{"code": "TAG_MOVED", "text": long}] * 500,
        "policies": [{"name": long, "mode": long, "holds": False}] * 500,
    }
    event = _only(None, state(document=document, tags=("t" * 128,) * 100, actor=long[:400]))
    written = event.write()
    assert len(written.encode()) <= cloud_event.LIMIT
    assert json.loads(written)["data"]["status"] == "FAILED"


def test_a_document_that_lost_its_parts_still_makes_an_event() -> None:
    bare = replace(state(), document={"status": "FAILED", "verified_at": "2026-11-22T10:01:00Z", "reasons": None})
    assert json.loads(_only(None, bare).write())["data"]["policies"] == []
