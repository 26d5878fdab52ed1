"""Who hears what, and that they hear it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier.alert import Alert, AlertKind
from registry_verifier.errors import Unavailable
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.notify import Channels, Notifier
from registry_verifier.reasons import Reason, Status
from registry_verifier.slack import Receipt
from tests.library.verdicts import DIGEST, IMAGE, NOW, state

DOWN = Unavailable(Reason.SLACK_UNAVAILABLE, "slack did not answer")


class Memory:
    """What people were told, in memory."""

    def __init__(self) -> None:
        self.alerts: dict[tuple[ImageName, Digest], Alert] = {}
        self.down = False

    def alert(self, image: ImageName, digest: Digest) -> Alert | None:
        return self.alerts.get((image, digest))

    def keep_alert(self, alert: Alert) -> None:
        if self.down:
            raise Unavailable(Reason.STORE_UNAVAILABLE, "table did not answer")
        self.alerts[alert.image, alert.digest] = alert


class Channel:
    """A messenger that keeps what was posted as (channel, headline, thread)."""

    def __init__(self, *, names_messages: bool = True) -> None:
        self.posted: list[tuple[str, str, str | None]] = []
        self.down = False
        self._names_messages = names_messages

    def post(self, channel: str, payload: Mapping[str, Any], *, thread_ts: str | None = None) -> Receipt:
        if self.down:
            raise DOWN
        self.posted.append((channel, payload["blocks"][0]["text"]["text"].split(":")[0], thread_ts))
        return Receipt(f"C-{channel.removeprefix('C-')}", f"{len(self.posted)}.0" if self._names_messages else None)


class World:
    """A notifier with its memory and its channel."""

    def __init__(self, *, operations: str = "ops", warn: bool = True, names_messages: bool = True) -> None:
        self.memory = Memory()
        self.channel = Channel(names_messages=names_messages)
        self.notifier = Notifier(self.memory, self.channel, Channels("releases", operations, warn), "")

    def see(self, *states: State) -> list[tuple[str, str, str | None]]:
        """Notify about each, in order; what was posted altogether."""
        for one in states:
            self.notifier.notify(one)
        return self.channel.posted


FAILURE = ("releases", "Signature check failed", None)
UNKNOWN = ("ops", "Could not check", None)


def _history(*statuses: Status, **changes: Any) -> list[State]:
    return [state(status, version=version, **changes) for version, status in enumerate(statuses, 1)]


def test_a_failure_is_told() -> None:
    assert World().see(*_history(Status.PENDING, Status.FAILED)) == [FAILURE]


@pytest.mark.parametrize("status", [Status.PENDING, Status.VERIFIED])
def test_what_waits_or_verifies_at_once_is_not_told(status: Status) -> None:
    assert World().see(*_history(status)) == []


def test_the_same_record_again_is_not_told_again() -> None:
    failed = state(Status.FAILED, version=2)
    assert World().see(failed, failed, state(Status.FAILED, version=1)) == [FAILURE]


def test_failing_on_for_other_reasons_is_the_same_incident() -> None:
    other = state(Status.FAILED, version=2, document={"reasons": ["TLOG_INVALID"]})
    assert World().see(state(Status.FAILED), other) == [FAILURE]


def test_an_incident_is_resolved_in_its_thread_once() -> None:
    posted = World().see(*_history(Status.FAILED, Status.VERIFIED, Status.VERIFIED))
    assert posted == [FAILURE, ("C-releases", "Resolved", "1.0")]


def test_an_incident_is_resolved_beside_where_messages_have_no_name() -> None:
    posted = World(names_messages=False).see(*_history(Status.FAILED, Status.VERIFIED))
    assert posted == [FAILURE, ("C-releases", "Resolved", None)]


def test_failing_after_it_was_resolved_is_a_new_incident() -> None:
    posted = World().see(*_history(Status.FAILED, Status.VERIFIED, Status.FAILED))
    assert posted == [FAILURE, ("C-releases", "Resolved", "1.0"), FAILURE]


def test_the_past_that_comes_again_after_it_was_resolved_is_not_told() -> None:
    failed, verified = _history(Status.FAILED, Status.VERIFIED)
    assert len(World().see(failed, verified, failed, verified)) == 2


def test_waiting_again_keeps_the_incident_open() -> None:
    posted = World().see(*_history(Status.FAILED, Status.PENDING, Status.FAILED, Status.VERIFIED))
    assert posted == [FAILURE, ("C-releases", "Resolved", "1.0")]


def test_operations_hear_once_that_an_image_could_not_be_looked_at() -> None:
    assert World().see(*_history(Status.UNKNOWN, Status.UNKNOWN)) == [UNKNOWN]


def test_nobody_hears_it_without_an_operations_channel() -> None:
    world = World(operations="")
    assert world.see(*_history(Status.UNKNOWN, Status.VERIFIED)) == []
    assert world.memory.alerts == {}


def test_operations_hear_when_it_could_be_looked_at_again() -> None:
    posted = World().see(*_history(Status.UNKNOWN, Status.VERIFIED))
    assert posted == [UNKNOWN, ("C-ops", "Resolved", "1.0")]


def test_a_failure_after_not_knowing_is_told() -> None:
    posted = World().see(*_history(Status.UNKNOWN, Status.FAILED, Status.VERIFIED))
    assert posted == [UNKNOWN, FAILURE, ("C-releases", "Resolved", "2.0")]


def test_not_knowing_does_not_take_the_place_of_an_open_failure() -> None:
    posted = World().see(*_history(Status.FAILED, Status.UNKNOWN, Status.FAILED, Status.VERIFIED))
    assert posted == [FAILURE, ("C-releases", "Resolved", "1.0")]


@pytest.mark.parametrize(("warn", "posted"), [(True, [("releases", "No policy", None)]), (False, [])])
def test_a_publish_without_a_policy_is_told_where_that_is_worth_a_warning(warn: bool, posted: list[Any]) -> None:
    assert World(warn=warn).see(*_history(Status.NO_POLICY, Status.NO_POLICY)) == posted


def test_a_child_of_an_index_is_never_told() -> None:
    child = {"kind": "child"}
    world = World()
    assert world.see(*_history(Status.FAILED, Status.UNKNOWN, Status.NO_POLICY, document=child)) == []


def test_an_incident_about_what_turned_out_to_be_a_child_is_resolved() -> None:
    verified = state(Status.VERIFIED, version=2, document={"kind": "child"})
    assert World().see(state(Status.FAILED), verified) == [FAILURE, ("C-releases", "Resolved", "1.0")]


def test_a_digest_heard_of_anew_after_its_record_expired_is_a_new_story() -> None:
    again = state(Status.FAILED, version=1, first_seen=NOW + timedelta(days=500))
    assert World().see(state(Status.FAILED, version=7), again) == [FAILURE, FAILURE]


def test_what_could_not_be_posted_is_posted_when_the_record_comes_again() -> None:
    world = World()
    world.channel.down = True
    with pytest.raises(Unavailable):
        world.see(state(Status.FAILED))
    assert world.memory.alerts == {}
    world.channel.down = False
    assert world.see(state(Status.FAILED)) == [FAILURE]


def test_what_was_posted_but_not_remembered_is_posted_twice_rather_than_lost() -> None:
    world = World()
    world.memory.down = True
    with pytest.raises(Unavailable):
        world.see(state(Status.FAILED))
    world.memory.down = False
    assert world.see(state(Status.FAILED)) == [FAILURE, FAILURE]


def test_what_was_told_is_remembered_with_where_it_stands() -> None:
    world = World()
    world.see(state(Status.FAILED, version=3))
    expected = Alert(IMAGE, DIGEST, AlertKind.FAILED, 3, NOW, "C-releases", "1.0", ("IDENTITY_MISMATCH",))
    assert world.memory.alert(IMAGE, DIGEST) == expected


def test_digests_have_their_own_incidents() -> None:
    other = replace(state(Status.FAILED), image=ImageName("ghcr.io", "acme/other"))
    assert World().see(state(Status.FAILED), other) == [FAILURE, FAILURE]
