"""A storm: the first incidents are told, the others counted, and the summary says the newest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.slack.blocks import refusal
from local.slack.memory import MemoryIncidents, MemoryMessenger
from registry_verifier import storm_message
from registry_verifier.errors import Unavailable
from registry_verifier.incident import Channels, Incident
from registry_verifier.models import State
from registry_verifier.notify import Notifier, Told
from registry_verifier.reasons import Status
from registry_verifier.storm import LISTED, Gauge, Listed, Summary
from tests.fakes import FakeClock
from tests.library.verdicts import NOW, digest, state

LIMIT = 3
SUMMARY = "more incident"


class World:
    """A notifier that tells three incidents of a channel by themselves."""

    def __init__(self, *, threads: bool = True) -> None:
        self.memory, self.slack, self.clock = MemoryIncidents(), MemoryMessenger(threads), FakeClock(NOW)
        channels = Channels("releases", "ops")
        self.notifier = Notifier(self.memory, self.slack, channels, "", None, LIMIT, self.clock)

    def fail(self, *numbers: int, **seconds: float) -> Told:
        """These images fail, in one batch."""
        self.clock.advance(**seconds)
        return self.notifier.tell([(None, failing(number)) for number in numbers])

    def verify(self, *numbers: int) -> Told:
        """These images verify, in one batch."""
        return self.notifier.tell([(None, replace(failing(n, Status.VERIFIED), version=2)) for n in numbers])

    def heads(self) -> list[str]:
        """The headlines of all messages outside of threads."""
        return [message["blocks"][0]["text"]["text"] for message in self.slack.roots]

    def summaries(self) -> list[str]:
        """The headlines of summaries."""
        return [head for head in self.heads() if SUMMARY in head]


def failing(number: int, status: Status = Status.FAILED) -> State:
    return state(status, digest=digest(number))


def test_a_hundred_failures_are_a_few_messages_and_one_summary() -> None:
    world = World()
    told = Told()
    for first in range(0, 100, 10):
        told += world.fail(*range(first, first + 10), seconds=5)
    assert len(world.heads()) == LIMIT + 1
    assert world.summaries() == ["97 more incidents since 10:01 UTC"]
    assert (told.suppressed, len(world.memory.incidents)) == (97, 100)
    assert refusal(world.slack.roots[-1]) is None
    assert digest(99) in str(world.slack.roots[-1]) and digest(50) not in str(world.slack.roots[-1])


def test_as_many_as_the_limit_are_told_one_by_one() -> None:
    world = World()
    world.fail(*range(LIMIT))
    assert len(world.heads()) == LIMIT and world.summaries() == []


def test_they_are_told_one_by_one_again_after_ten_minutes() -> None:
    world = World()
    world.fail(*range(LIMIT))
    world.fail(10, minutes=10)
    assert len(world.heads()) == LIMIT + 1 and world.summaries() == []


def test_a_storm_goes_on_as_long_as_they_keep_coming() -> None:
    world = World()
    for number in range(12):
        world.fail(number, minutes=3)
    assert world.summaries() == ["9 more incidents since 10:13 UTC"]


def test_the_next_storm_has_a_summary_of_its_own() -> None:
    world = World()
    world.fail(*range(5))
    world.fail(*range(10, 15), minutes=30)
    assert world.summaries() == ["2 more incidents since 10:01 UTC", "2 more incidents since 10:31 UTC"]


def test_channels_have_storms_of_their_own() -> None:
    world = World()
    world.fail(*range(5))
    world.notifier.tell([(None, failing(20, Status.UNKNOWN))])
    assert world.heads()[-1] == "Could not check: acme/app"


def test_what_is_counted_is_resolved_in_the_summary() -> None:
    world = World()
    world.fail(*range(5))
    world.verify(3)
    assert world.summaries() == ["2 more incidents since 10:01 UTC, 1 over"]
    assert str(world.slack.roots[-1]).count("· over") == 1
    world.verify(4)
    assert world.summaries() == ["2 more incidents since 10:01 UTC, 2 over"]
    assert not [one for one in world.memory.incidents.values() if one.is_open and one.storm]


def test_what_was_told_by_itself_is_resolved_by_itself() -> None:
    world = World()
    world.fail(*range(5))
    world.verify(0)
    assert world.heads()[0] == "Resolved: acme/app"
    assert world.summaries() == ["2 more incidents since 10:01 UTC"]


def test_records_that_come_again_are_counted_once() -> None:
    world = World()
    for _ in range(3):
        world.fail(*range(6))
        world.verify(5)
    assert world.summaries() == ["3 more incidents since 10:01 UTC, 1 over"]


def test_what_was_replaced_before_it_was_told_is_counted_too() -> None:
    world = World()
    replaced = [state(Status.FAILED, digest=digest(n), document={"superseded_by": digest(0)}) for n in range(1, 7)]
    world.notifier.tell([(None, one) for one in replaced])
    assert len(world.heads()) == LIMIT + 1
    assert world.summaries() == ["3 more incidents since 10:01 UTC, 3 over"]


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("calls", range(22))
def test_whenever_a_batch_is_killed_the_next_try_counts_right(table: bool, calls: int) -> None:
    world = World()
    (world.memory if table else world.slack).down_after = calls
    for _ in range(2):
        try:
            world.fail(*range(8))
            break
        except Unavailable:
            world.memory.down_after = world.slack.down_after = None
    assert len(world.memory.incidents) == 8
    assert world.summaries()[-1] == "5 more incidents since 10:01 UTC"
    assert len(world.heads()) <= LIMIT + 2


def test_a_batch_that_began_no_storm_posts_no_summary_before_the_one_that_did() -> None:
    """Two batches at a time: whoever began the storm posts, with all that was counted by then."""
    world = World()
    world.fail(*range(LIMIT))
    began = world.notifier.notify(failing(10))
    other = world.notifier.notify(failing(11))
    assert world.notifier.summarise(other.storms) == 0
    assert world.notifier.summarise(began.storms) == 1
    assert world.summaries() == ["2 more incidents since 10:01 UTC"]
    assert world.notifier.summarise(other.storms) == 0


class Racing(MemoryMessenger):
    """A messenger during whose calls another batch counts one more, and tells of it."""

    def __init__(self, memory: MemoryIncidents, *, tells: bool) -> None:
        super().__init__()
        self.memory = memory
        self.tells = tells
        self.races = 1

    def post(self, *arguments: Any, **options: Any) -> Any:
        self.race()
        return super().post(*arguments, **options)

    def update(self, *arguments: Any) -> bool:
        done = super().update(*arguments)
        self.race()
        return done

    def race(self) -> None:
        if self.races and self.memory.summaries:
            self.races -= 1
            [(key, summary)] = self.memory.summaries.items()
            counted = summary.with_opened(next(iter(self.memory.incidents.values())))
            self.memory.summaries[key] = counted
            if self.tells:
                self.memory.summaries[key] = counted.with_shown(counted, summary.posted_to, summary.ts, NOW)


@pytest.mark.parametrize("tells", [True, False])
def test_what_another_batch_counted_meanwhile_is_told(tells: bool) -> None:
    world = World()
    world.fail(*range(5))
    slack = Racing(world.memory, tells=tells)
    slack.messages = world.slack.messages
    replace(world.notifier, messenger=slack).tell([(None, failing(6))])
    assert world.summaries() == ["4 more incidents since 10:01 UTC"]
    assert slack.roots[-1]["updates"] == 2


class Overtaken(MemoryMessenger):
    """A messenger whose first update is overtaken by another batch's, which knew of fewer and remembers it first."""

    def __init__(self, memory: MemoryIncidents) -> None:
        super().__init__()
        self.memory = memory
        self.races = 1

    def update(self, channel: str, ts: str, payload: Any) -> bool:
        done = super().update(channel, ts, payload)
        if self.races:
            self.races -= 1
            [(key, summary)] = self.memory.summaries.items()
            fewer = replace(summary, opened=summary.opened - 1, ended=1)
            super().update(channel, ts, storm_message.write(fewer))
            self.memory.summaries[key] = summary.with_shown(fewer, channel, ts, NOW)
        return done


def test_where_two_batches_tell_at_once_the_newest_stands_in_the_end() -> None:
    world = World()
    world.fail(*range(5))
    slack = Overtaken(world.memory)
    slack.messages = world.slack.messages
    replace(world.notifier, messenger=slack).tell([(None, failing(6))])
    assert world.summaries() == ["3 more incidents since 10:01 UTC"]


def test_a_first_summary_that_was_overtaken_is_brought_up_to_date() -> None:
    world = World()
    world.fail(*range(LIMIT))
    slack = Racing(world.memory, tells=False)
    slack.messages = world.slack.messages
    replace(world.notifier, messenger=slack).tell([(None, failing(6))])
    assert world.summaries() == ["2 more incidents since 10:01 UTC"]


def test_a_summary_that_somebody_deleted_is_posted_anew() -> None:
    world = World()
    world.fail(*range(5))
    world.slack.deleted.add(world.slack.roots[-1]["ts"])
    world.fail(6)
    assert world.summaries() == ["2 more incidents since 10:01 UTC", "3 more incidents since 10:01 UTC"]


def test_without_updates_a_summary_comes_again_when_the_number_doubled_and_when_all_are_over() -> None:
    world = World(threads=False)
    world.fail(*range(LIMIT))
    for number in range(10, 30):
        world.fail(number)
    assert [head.split()[0] for head in world.summaries()] == ["1", "2", "4", "8", "16"]
    world.verify(*range(10, 30))
    assert world.summaries()[-1] == "20 more incidents since 10:01 UTC, 20 over"


def test_without_updates_a_summary_comes_again_after_ten_minutes() -> None:
    world = World(threads=False)
    world.fail(*range(LIMIT + 6))
    for number in (20, 21, 22):
        world.fail(number, minutes=3)
    assert [head.split()[0] for head in world.summaries()] == ["6"]
    world.fail(23, minutes=1)
    assert [head.split()[0] for head in world.summaries()] == ["6", "10"]


def test_one_incident_more_is_named_in_the_singular() -> None:
    world = World()
    world.fail(*range(LIMIT + 1))
    assert world.summaries() == ["1 more incident since 10:01 UTC"]


def test_a_full_summary_is_one_that_slack_takes() -> None:
    long = Listed("x", f"ghcr.io/{'<' * 250}@{digest(1)}", "failed " + "<" * 300)
    summary = Summary("#releases", "2026-11-22T10:01:00Z", opened=5000, ended=4000, newest=(long,) * LISTED)
    assert refusal(storm_message.write(summary)) is None


def test_a_gauge_forgets_what_no_longer_counts() -> None:
    gauge = Gauge("releases")
    for number in range(50):
        gauge = gauge.after(f"{number}", NOW + timedelta(seconds=number), 10)
    assert len(gauge.openings) == 10 and gauge.storm_of("49") == "2026-11-22T10:01:10Z"


def test_an_incident_keeps_its_summary_where_that_expired() -> None:
    world = World()
    world.fail(*range(5))
    world.memory.summaries.clear()
    world.verify(4)
    ended: list[Incident] = [one for one in world.memory.incidents.values() if one.ending]
    assert [one.digest for one in ended] == [digest(4)]
    assert len(world.summaries()) == 1
