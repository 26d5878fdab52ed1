"""Who hears what, that they hear it once, and that one message says the newest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.slack.memory import MemoryBus, MemoryIncidents, MemoryMessenger
from registry_verifier.errors import ChannelRefused, Unavailable
from registry_verifier.incident import Channels, Ending, Incident, Key, Kind
from registry_verifier.models import ImageName, State
from registry_verifier.notify import Notifier, Told
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import AuthorityResult, Cause, PolicyResult, RequirementResult
from registry_verifier.verdict_document import write
from tests.fakes import FakeClock
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, policy, state, verdict

OTHER = "other-policy"
FIRST = "acme-signatures"


class World:
    """A notifier with its memory, its messenger and its bus."""

    def __init__(self, *, operations: str = "ops", warn: bool = True, threads: bool = True, limit: int = 10) -> None:
        self.memory, self.slack, self.bus = MemoryIncidents(), MemoryMessenger(threads), MemoryBus()
        self.clock = FakeClock(NOW)
        channels = Channels("releases", operations, warn)
        self.notifier = Notifier(self.memory, self.slack, channels, "", self.bus, limit, self.clock)

    def see(self, *states: State) -> list[str]:
        """Notify about each, in order; the messages outside of threads, as `heads` has them."""
        for one in states:
            self.notifier.tell([(None, one)])
        return self.heads()

    def heads(self) -> list[str]:
        """Each message outside of threads as `channel: headline`, as it stands now."""
        return [f"{message['channel']}: {_headline(message)}" for message in self.slack.roots]

    def replies(self, number: int = 0) -> list[str]:
        """What stands in the thread of a message: the first word of each reply."""
        ts = self.slack.roots[number]["ts"]
        return [one["text"].split(":")[0].split(" ")[0] for one in self.slack.messages if one["thread_ts"] == ts]

    def incident(self, kind: Kind = Kind.FAILED, policy: str = FIRST) -> Incident:
        """One incident of the image."""
        return self.memory.incidents[IMAGE, DIGEST, Key(kind, policy)]

    def events(self) -> list[str]:
        """What programs heard."""
        return [event.kind.removeprefix("verification.") for event in self.bus.events]


def _headline(message: dict[str, Any]) -> str:
    return str(message["blocks"][0]["text"]["text"]).partition(":")[0]


FAILURE = "releases: Signature check failed"
RESOLVED = "releases: Resolved"


def _history(*statuses: Status, **changes: Any) -> list[State]:
    return [state(status, version=version, **changes) for version, status in enumerate(statuses, 1)]


def _policy(name: str, code: Reason | None, *, channel: str = "") -> PolicyResult:
    cause = Cause(code, f"{name}: {code.value}") if code else None
    demand = RequirementResult("signature", None, None if cause else "referrer x", cause)
    return replace(policy(), name=name, authorities=(AuthorityResult("keyless", (demand,)),), slack_channel=channel)


def _failed(policies: Iterable[PolicyResult], *, version: int = 1, **document: Any) -> State:
    """A failure of these policies, with the causes that they have."""
    policies = tuple(policies)
    causes = [r.cause for p in policies for a in p.authorities for r in a.requirements if r.cause]
    made = write(verdict(Status.FAILED, policies=policies, causes=tuple(causes)))
    channels = {p.name: p.slack_channel for p in policies}
    for written in made["policies"]:
        written["slack_channel"] = channels[written["name"]] or None
    return state(Status.FAILED, version=version, document={**made, **document})


def test_a_failure_is_told_with_its_details_in_the_thread() -> None:
    world = World()
    assert world.see(*_history(Status.PENDING, Status.FAILED)) == [FAILURE]
    assert world.replies() == ["Details"]


def test_without_threads_the_details_are_part_of_the_message() -> None:
    world = World(threads=False)
    world.see(state(Status.FAILED))
    [message] = world.slack.messages
    assert "cosign verify" in str(message) and message["thread_ts"] is None


@pytest.mark.parametrize("status", [Status.PENDING, Status.VERIFIED])
def test_what_waits_or_verifies_at_once_is_not_told(status: Status) -> None:
    assert World().see(*_history(status)) == []


def test_the_same_record_again_is_not_told_again() -> None:
    world = World()
    failed = state(Status.FAILED, version=2)
    assert world.see(failed, failed, state(Status.FAILED, version=1)) == [FAILURE]
    assert len(world.slack.messages) == 2


def test_other_reasons_update_the_message_and_are_told_in_its_thread() -> None:
    world = World()
    world.see(_failed([_policy(FIRST, Reason.NO_SIGNATURE)]))
    assert world.see(_failed([_policy(FIRST, Reason.TLOG_INVALID)], version=2)) == [FAILURE]
    assert "TLOG_INVALID" in str(world.slack.roots[0]) and world.slack.roots[0]["updates"] == 1
    assert world.replies() == ["Details", "Now"]
    assert world.incident().reasons == ("TLOG_INVALID",)


def test_other_reasons_are_a_plain_message_where_there_are_no_threads() -> None:
    world = World(threads=False)
    world.see(_failed([_policy(FIRST, Reason.NO_SIGNATURE)]))
    world.see(_failed([_policy(FIRST, Reason.TLOG_INVALID)], version=2))
    assert [message["thread_ts"] for message in world.slack.messages] == [None, None]
    assert "TLOG_INVALID" in str(world.slack.messages[1])


def test_another_tag_is_added_to_the_message_in_silence() -> None:
    world = World()
    world.see(state(Status.FAILED), state(Status.FAILED, version=2, tags=("v1.4.0", "latest", "stable")))
    assert "stable" in str(world.slack.roots[0])
    assert world.replies() == ["Details"]


def test_another_tag_says_nothing_where_messages_cannot_be_updated() -> None:
    world = World(threads=False)
    assert world.see(state(Status.FAILED), state(Status.FAILED, version=2, tags=("stable",))) == [FAILURE]


def test_the_same_reasons_at_a_later_time_say_nothing() -> None:
    world = World()
    later = {"verified_at": "2026-11-23T00:00:00Z"}
    world.see(state(Status.FAILED), state(Status.FAILED, version=2, document=later))
    assert world.slack.roots[0]["updates"] == 0


def test_an_incident_is_resolved_in_place_and_in_its_thread_once() -> None:
    world = World()
    assert world.see(*_history(Status.FAILED, Status.VERIFIED, Status.VERIFIED)) == [RESOLVED]
    assert world.replies() == ["Details", "Resolved"]
    assert world.incident().ending is Ending.VERIFIED


def test_an_incident_is_resolved_by_a_message_beside_where_there_are_no_threads() -> None:
    assert World(threads=False).see(*_history(Status.FAILED, Status.VERIFIED)) == [FAILURE, RESOLVED]


def test_failing_after_it_was_resolved_is_a_new_incident() -> None:
    world = World()
    assert world.see(*_history(Status.FAILED, Status.VERIFIED, Status.FAILED)) == [RESOLVED, FAILURE]
    assert world.incident().is_open


def test_the_past_that_comes_again_after_it_was_resolved_is_not_told() -> None:
    failed, verified = _history(Status.FAILED, Status.VERIFIED)
    world = World()
    assert world.see(failed, verified, failed, verified) == [RESOLVED]
    assert len(world.slack.messages) == 3


def test_waiting_again_keeps_the_incident_open() -> None:
    assert World().see(*_history(Status.FAILED, Status.PENDING, Status.FAILED)) == [FAILURE]


def test_operations_hear_once_that_an_image_could_not_be_looked_at() -> None:
    assert World().see(*_history(Status.UNKNOWN, Status.UNKNOWN)) == ["ops: Could not check"]


def test_nobody_hears_it_without_an_operations_channel() -> None:
    world = World(operations="")
    assert world.see(*_history(Status.UNKNOWN, Status.VERIFIED)) == []
    assert world.memory.incidents == {}


def test_operations_hear_when_it_could_be_looked_at_again() -> None:
    assert World().see(*_history(Status.UNKNOWN, Status.VERIFIED)) == ["ops: Resolved"]


def test_a_failure_after_not_knowing_ends_the_one_and_opens_the_other() -> None:
    world = World()
    assert world.see(*_history(Status.UNKNOWN, Status.FAILED)) == ["ops: Resolved", FAILURE]
    assert world.incident(Kind.UNKNOWN, "").ending is Ending.JUDGED


def test_not_knowing_does_not_take_the_place_of_an_open_failure() -> None:
    assert World().see(*_history(Status.FAILED, Status.UNKNOWN, Status.FAILED)) == [FAILURE]


@pytest.mark.parametrize(("warn", "heads"), [(True, ["releases: No policy"]), (False, [])])
def test_a_publish_without_a_policy_is_told_where_that_is_worth_a_warning(warn: bool, heads: list[str]) -> None:
    assert World(warn=warn).see(*_history(Status.NO_POLICY, Status.NO_POLICY)) == heads


def test_an_untagged_digest_without_a_policy_is_not_told() -> None:
    assert World().see(state(Status.NO_POLICY, tags=())) == []


def test_a_policy_that_begins_to_match_ends_the_warning_that_none_does() -> None:
    world = World()
    assert world.see(*_history(Status.NO_POLICY, Status.FAILED)) == [RESOLVED, FAILURE]


def test_a_failure_that_no_policy_demands_any_more_is_over() -> None:
    world = World(warn=False)
    assert world.see(*_history(Status.FAILED, Status.NO_POLICY)) == [RESOLVED]
    assert world.incident().ending is Ending.NOT_DEMANDED


def test_a_child_of_an_index_is_never_told() -> None:
    world = World()
    assert world.see(*_history(Status.FAILED, Status.UNKNOWN, Status.NO_POLICY, document={"kind": "child"})) == []


@pytest.mark.parametrize(("status", "ending"), [(Status.VERIFIED, Ending.VERIFIED), (Status.FAILED, Ending.COVERED)])
def test_an_incident_about_what_turned_out_to_be_a_child_is_resolved(status: Status, ending: Ending) -> None:
    world = World()
    assert world.see(state(Status.FAILED), state(status, version=2, document={"kind": "child"})) == [RESOLVED]
    assert world.incident().ending is ending


def test_a_digest_heard_of_anew_after_its_record_expired_is_a_new_story() -> None:
    again = state(Status.FAILED, version=1, first_seen=NOW + timedelta(days=500))
    assert World().see(state(Status.FAILED, version=7), again) == [FAILURE, FAILURE]


def test_each_policy_has_its_incident_in_its_channel() -> None:
    world = World()
    policies = [_policy(FIRST, Reason.NO_SIGNATURE), _policy(OTHER, Reason.TLOG_INVALID, channel="#security")]
    assert world.see(_failed(policies)) == [FAILURE, "#security: Signature check failed"]
    assert "TLOG_INVALID" not in str(world.slack.roots[0]) and "NO_SIGNATURE" not in str(world.slack.roots[1])
    assert world.incident(policy=OTHER).reasons == ("TLOG_INVALID",)


def test_a_policy_that_holds_again_ends_its_incident_alone() -> None:
    world = World()
    world.see(_failed([_policy(FIRST, Reason.NO_SIGNATURE), _policy(OTHER, Reason.TLOG_INVALID)]))
    one = _failed([_policy(FIRST, None), _policy(OTHER, Reason.TLOG_INVALID)], version=2)
    assert world.see(one) == [RESOLVED, FAILURE]
    assert (world.incident().ending, world.incident(policy=OTHER).ending) == (Ending.HOLDS, None)


def test_a_policy_that_is_gone_ends_its_incident() -> None:
    world = World()
    world.see(_failed([_policy(FIRST, Reason.NO_SIGNATURE), _policy(OTHER, Reason.TLOG_INVALID)]))
    world.see(_failed([_policy(OTHER, Reason.TLOG_INVALID)], version=2))
    assert world.incident().ending is Ending.NOT_DEMANDED


def test_a_policy_that_the_record_had_no_room_for_is_not_taken_for_gone() -> None:
    world = World()
    world.see(_failed([_policy(FIRST, Reason.NO_SIGNATURE), _policy(OTHER, Reason.TLOG_INVALID)]))
    world.see(_failed([_policy(OTHER, Reason.TLOG_INVALID)], version=2, dropped={"policies": 1}))
    assert world.incident().is_open


def test_a_policy_that_could_not_be_judged_is_no_failure_beside_one_that_fails() -> None:
    world = World()
    policies = [_policy(FIRST, Reason.NO_SIGNATURE), _policy(OTHER, Reason.KEY_UNAVAILABLE)]
    assert world.see(_failed(policies)) == [FAILURE]
    assert [key.policy for _, _, key in world.memory.incidents] == [FIRST]


def test_a_failure_whose_policies_the_record_had_no_room_for_is_told() -> None:
    world = World()
    assert world.see(state(Status.FAILED, document={"policies": None, "causes": None})) == [FAILURE]
    assert world.incident(policy="").reasons == ("IDENTITY_MISMATCH",)


def test_a_digest_that_was_replaced_ends_its_incident() -> None:
    world = World()
    replaced = state(Status.FAILED, version=2, document={"superseded_by": digest(9)})
    assert world.see(state(Status.FAILED), replaced) == ["releases: Superseded"]
    assert digest(9) in str(world.slack.roots[0])
    assert world.see(replace(replaced, version=3)) == ["releases: Superseded"]


def test_a_failure_that_was_replaced_before_anybody_heard_of_it_is_told_once() -> None:
    world = World()
    replaced = state(Status.FAILED, document={"superseded_by": digest(9)})
    assert world.see(replaced, replace(replaced, version=2)) == ["releases: Superseded"]
    assert "IDENTITY_MISMATCH" in str(world.slack.roots[0])
    assert not world.incident().is_open


def test_a_message_that_somebody_deleted_is_posted_anew() -> None:
    world = World()
    world.see(_failed([_policy(FIRST, Reason.NO_SIGNATURE)]))
    world.slack.deleted.add(world.slack.roots[0]["ts"])
    world.see(_failed([_policy(FIRST, Reason.TLOG_INVALID)], version=2))
    assert len(world.heads()) == 2 and world.replies(1) == ["Details"]
    assert world.see(state(Status.VERIFIED, version=3)) == [FAILURE, RESOLVED]


def test_a_thread_that_takes_no_reply_is_no_reason_to_try_for_ever() -> None:
    world = World()
    world.slack.deleted.add("1.0")  # between the message and its first reply
    assert world.see(state(Status.FAILED)) == [FAILURE]
    assert world.incident().replied == 1 and len(world.slack.messages) == 1


def test_the_end_of_what_somebody_deleted_is_a_message_without_details() -> None:
    world = World()
    world.see(state(Status.FAILED))
    world.slack.deleted.add(world.slack.roots[0]["ts"])
    assert world.see(state(Status.VERIFIED, version=2)) == [FAILURE, RESOLVED]
    assert world.replies(1) == []


def test_a_channel_that_takes_nothing_is_replaced_by_the_stacks_own() -> None:
    world = World()
    world.slack.closed.add("#typo")
    assert world.see(_failed([_policy(FIRST, Reason.NO_SIGNATURE, channel="#typo")])) == [FAILURE]
    assert "#typo" in str(world.slack.roots[0])


def test_a_stack_whose_own_channel_takes_nothing_tries_again() -> None:
    world = World()
    world.slack.closed.add("releases")
    with pytest.raises(ChannelRefused):
        world.see(state(Status.FAILED))


@pytest.mark.parametrize("calls", [0, 1])
def test_what_could_not_be_posted_is_posted_when_the_record_comes_again(calls: int) -> None:
    world = World()
    world.slack.down_after = calls
    with pytest.raises(Unavailable):
        world.see(state(Status.FAILED))
    world.slack.down_after = None
    assert world.see(state(Status.FAILED)) == [FAILURE]
    assert world.replies() == ["Details"]


def test_what_was_posted_but_not_remembered_is_posted_twice_rather_than_lost() -> None:
    world = World()
    world.memory.down_after = 1  # the gauge of the channel
    with pytest.raises(Unavailable):
        world.see(state(Status.FAILED))
    world.memory.down_after = None
    assert world.see(state(Status.FAILED)) == [FAILURE, FAILURE]


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("calls", range(8))
def test_whenever_it_is_killed_the_next_try_comes_to_the_same(threads: bool, table: bool, calls: int) -> None:
    """An outage at each call of the story of a failure that changes and is resolved."""
    story = [
        _failed([_policy(FIRST, Reason.NO_SIGNATURE), _policy(OTHER, Reason.NO_SIGNATURE)]),
        _failed([_policy(FIRST, Reason.TLOG_INVALID), _policy(OTHER, None)], version=2),
        state(Status.VERIFIED, version=3),
    ]
    world = World(threads=threads)
    (world.memory if table else world.slack).down_after = calls
    for one in story:
        for _ in range(2):
            try:
                world.notifier.tell([(None, one)])
                break
            except Unavailable:
                world.memory.down_after = world.slack.down_after = None
    assert not any(one.is_open for one in world.memory.incidents.values())
    assert {one.version for one in world.memory.incidents.values()} == {2, 3}
    if threads:
        assert world.heads().count(RESOLVED) == 2 and len(world.heads()) <= 3  # one may have been posted twice
        assert all(one.replied == one.version for one in world.memory.incidents.values())


def test_what_was_told_is_remembered_with_where_it_stands() -> None:
    world = World()
    world.see(state(Status.FAILED, version=3))
    found = replace(world.incident(), told="")
    key = Key(Kind.FAILED, FIRST)
    assert found == Incident(IMAGE, DIGEST, key, NOW, "releases", 3, "1.0", None, "", ("IDENTITY_MISMATCH",), replied=3)


def test_digests_have_their_own_incidents() -> None:
    other = replace(state(Status.FAILED), image=ImageName("ghcr.io", "acme/other"))
    assert World().see(state(Status.FAILED), other) == [FAILURE, FAILURE]


def test_programs_hear_what_is_new() -> None:
    world = World()
    failed, verified = _history(Status.FAILED, Status.VERIFIED)
    world.notifier.notify(failed, None)
    world.notifier.notify(replace(failed, version=2, tags=("more",)), failed)
    world.notifier.notify(replace(verified, version=3), failed)
    assert world.events() == ["failed", "verified", "resolved"]


def test_a_record_that_comes_again_makes_the_same_events() -> None:
    world = World()
    failed, verified = _history(Status.FAILED, Status.VERIFIED)
    world.notifier.notify(failed, None)
    for _ in range(2):
        world.notifier.notify(verified, failed)
    ids = [event.id for event in world.bus.events]
    assert world.events() == ["failed", "verified", "resolved", "verified", "resolved"] and len(set(ids)) == 3


def test_a_bus_that_is_down_keeps_nothing_from_people_and_the_record_comes_again() -> None:
    world = World()
    world.bus.is_down = True
    with pytest.raises(Unavailable, match="bus"):
        world.see(state(Status.FAILED))
    assert world.heads() == [FAILURE]
    world.bus.is_down = False
    assert world.see(state(Status.FAILED)) == [FAILURE]
    assert world.events() == ["failed"]


def test_a_slack_that_is_down_keeps_nothing_from_programs() -> None:
    world = World()
    world.slack.down_after = 0
    with pytest.raises(Unavailable, match="slack"):
        world.see(state(Status.FAILED))
    assert world.events() == ["failed"]


def test_without_a_bus_nothing_is_sent() -> None:
    world = World()
    assert replace(world.notifier, bus=None).notify(state(Status.FAILED)) == Told(sent=2)
    assert world.events() == []
