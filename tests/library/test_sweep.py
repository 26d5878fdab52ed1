"""The sweep: what it takes, in which order, how much of it, and what a killed run leaves to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.models import ImageName, Look, State
from registry_verifier.ports import SweepTable
from registry_verifier.reasons import Reason, Status
from registry_verifier.sweep import NOTE, PAGE, PAGES, Sweep, Swept
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_table import VerdictTable
from registry_verifier.watched import Timeline
from tests.fakes import FakeClock, FakeLooks, FakeVerdicts
from tests.library import verdicts
from tests.library.verdicts import IMAGE, NOW, digest

DAY = timedelta(days=1)
DOWN = Unavailable(Reason.QUEUE_UNAVAILABLE, "killed")


class World:
    """A sweep with a table, a queue and a clock of its own; it is a day after everything was verified."""

    def __init__(self, *states: State, batch: int = 100) -> None:
        self.table, self.looks, self.clock, self.batch = FakeVerdicts(), FakeLooks(), FakeClock(NOW + DAY), batch
        for state in states:
            self.table.record(None, state)

    def run(self, **changes: Any) -> Swept:
        table: SweepTable = self.table
        made = Sweep(table, self.looks, self.clock, DAY, timedelta(days=90), self.batch)
        return replace(made, **changes).run()

    def sent(self) -> list[tuple[Look, int]]:
        sent, self.looks.sent = self.looks.sent, []
        return sent

    def digests(self) -> list[str]:
        return [look.digest for look, _ in self.sent()]


def record(number: int = 0, status: Status = Status.VERIFIED, *, image: ImageName = IMAGE, **changes: Any) -> State:
    """A record that was first seen `number` minutes before the others."""
    return verdicts.state(
        status, digest=digest(number), image=image, first_seen=NOW - timedelta(minutes=number), **changes
    )


def verified_at(state: State, moment: Any) -> State:
    return replace(state, document={**state.document, "verified_at": timestamp(moment)})


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.FAILED, Status.NO_POLICY])
def test_decided_record_is_looked_at_again_once_it_is_old_enough(status: Status) -> None:
    world = World(record(status=status))
    world.clock.advance(seconds=-1)
    assert world.run() == Swept(checked=1)
    world.clock.advance(seconds=1)
    assert world.run() == Swept(checked=1, sent=1)
    assert world.sent() == [(Look(IMAGE, digest(0), "sweep"), 0)]


def test_record_that_was_sent_waits_its_time_again() -> None:
    world = World(record())
    world.run()
    world.sent()
    world.clock.advance(hours=23, minutes=59)
    assert world.run().sent == 0
    world.clock.advance(minutes=1)
    assert world.run().sent == 1


def test_look_for_another_reason_counts_too() -> None:
    world = World(verified_at(record(), NOW + timedelta(hours=9)))
    assert world.run().sent == 0


def test_publish_that_is_older_than_the_window_is_left_alone() -> None:
    world = World(record(), record(1))
    world.clock.advance(days=89)
    assert world.run() == Swept(checked=1, sent=1)


def test_child_that_its_index_covers_is_looked_at_with_the_index() -> None:
    world = World(record(document={"kind": "child"}), record(1))
    world.run()
    assert world.digests() == [digest(1)]


def test_looks_are_spread_over_the_time_to_the_next_run() -> None:
    world = World(*(record(number) for number in range(9)))
    world.run()
    assert [delay for _, delay in world.sent()] == [0, 100, 200, 300, 400, 500, 600, 700, 800]


def test_batch_is_the_most_that_one_run_sends_and_each_record_has_its_turn() -> None:
    world = World(*(record(number) for number in range(25)), batch=10)
    turns = []
    for _ in range(3):
        assert world.run().sent <= 10
        turns.append(world.digests())
        world.clock.advance(minutes=15)
    assert [len(turn) for turn in turns] == [10, 10, 5]
    assert sum(turns, []) == [digest(number) for number in range(25)]


def test_repositories_have_their_turns_by_name_and_the_next_run_goes_on() -> None:
    images = [ImageName("ghcr.io", f"acme/{name}") for name in "abc"]
    world = World(*(record(number, image=image) for image in images for number in range(2)), batch=3)
    turns = []
    for _ in range(2):
        world.run()
        turns.append([(str(look.image), look.digest) for look, _ in world.sent()])
    assert sum(turns, []) == [(str(image), digest(number)) for image in images for number in range(2)]
    assert world.run().sent == 0
    assert world.table.notes[NOTE] == ""


def test_full_batch_that_begins_in_the_middle_does_not_starve_the_first_repositories() -> None:
    images = [ImageName("ghcr.io", f"acme/{name}") for name in "ab"]
    world = World(*(record(image=image) for image in images), batch=1)
    seen = set()
    for _ in range(6):
        world.run()
        seen |= {str(look.image) for look, _ in world.sent()}
    assert seen == set(map(str, images))


def test_pages_that_one_run_reads_are_bounded() -> None:
    world = World(batch=10_000)
    asked: list[str | None] = []

    class Endless(FakeVerdicts):
        def images(self, *, after: ImageName | None = None) -> Any:
            return iter([IMAGE])

        def timeline(self, image: ImageName, *, cursor: str | None, limit: int, since: object) -> Timeline:
            asked.append(cursor)
            return Timeline((), str(len(asked)))

    world.table = Endless()
    world.run()
    assert len(asked) <= PAGES + 1
    assert world.table.notes[NOTE] == f'["{IMAGE}", "{PAGES}"]'


def test_more_records_than_a_page_are_walked_through() -> None:
    world = World(*(record(number) for number in range(PAGE * 2 + 1)), batch=1000)
    assert world.run() == Swept(PAGE * 2 + 1, PAGE * 2 + 1)


# ------------------------------------------------------------------------------------------- what was forgotten


def waiting(number: int = 0) -> State:
    return record(number, Status.PENDING, deadline=NOW + timedelta(minutes=30))


def test_waiting_record_whose_rechecks_were_lost_is_taken_up_at_once() -> None:
    world = World(waiting())
    world.clock.moment = NOW + timedelta(minutes=49)
    assert world.run() == Swept(checked=1)
    world.clock.advance(minutes=1)
    assert world.run() == Swept(1, 1, 1)
    assert world.sent() == [(Look(IMAGE, digest(0), "sweep"), 0)]


def test_waiting_record_is_not_taken_up_at_every_run() -> None:
    world = World(waiting())
    assert [world.run().overdue for _ in range(2)] == [1, 0]
    world.clock.advance(minutes=20)
    assert world.run().overdue == 1


def test_record_that_nobody_could_look_at_is_tried_every_hour() -> None:
    world = World(record(status=Status.UNKNOWN))
    world.clock.moment = NOW + timedelta(minutes=59)
    assert world.run().overdue == 0
    world.clock.advance(minutes=1)
    assert world.run() == Swept(1, 1, 1)
    assert world.run().overdue == 0
    world.clock.advance(hours=1)
    assert world.run().overdue == 1


@pytest.mark.parametrize("reasons", [["POLICY_UNSUPPORTED"], ["MANIFEST_NOT_FOUND"]])
def test_what_neither_waiting_nor_trying_mends_is_tried_once_a_day(reasons: list[str]) -> None:
    state = record(status=Status.UNKNOWN, document={"reasons": reasons})
    world = World(state if reasons == ["POLICY_UNSUPPORTED"] else verified_at(state, NOW - timedelta(days=3)))
    assert [world.run().overdue for _ in range(2)] == [1, 0]
    world.clock.advance(hours=23)
    assert world.run().overdue == 0
    world.clock.advance(hours=1)
    assert world.run().overdue == 1


def test_forgotten_children_are_taken_up_too() -> None:
    child = waiting()
    world = World(replace(child, document={**child.document, "kind": "child"}))
    assert world.run().overdue == 1


def test_forgotten_go_first_and_are_part_of_the_batch() -> None:
    world = World(record(0), waiting(1), record(2), batch=2)
    assert world.run() == Swept(2, 2, 1)
    assert world.digests() == [digest(1), digest(0)]


# ------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("call", ["send", "keep_checked", "keep"])
@pytest.mark.parametrize("after", range(4))
def test_killed_run_sends_at_most_one_look_twice_and_forgets_none(call: str, after: int) -> None:
    world = World(*(record(number) for number in range(6)), batch=4)
    owner: Any = world.looks if call == "send" else world.table
    real, left = getattr(owner, call), [after]

    def killed(*arguments: Any, **options: Any) -> None:
        if not left[0]:
            raise DOWN
        left[0] -= 1
        real(*arguments, **options)

    setattr(owner, call, killed)
    if call != "keep" or not after:
        with pytest.raises(Unavailable):
            world.run()
    setattr(owner, call, real)
    seen = world.digests()
    for _ in range(3):
        world.run()
        seen += world.digests()
    assert set(seen) == {digest(number) for number in range(6)}
    assert len(seen) <= 7


@pytest.mark.parametrize("note", ["x", "[]", '["x", null]', '{"a": 1}', f'["{IMAGE}", 1]', "null", f'["{IMAGE}", "x"]'])
def test_note_that_cannot_be_read_begins_anew(note: str) -> None:
    with verdicts.table() as client:
        table = VerdictTable(client, verdicts.TABLE, now=lambda: NOW + DAY)
        table.record(None, record())
        table.keep(NOTE, note)
        looks = FakeLooks()
        assert Sweep(table, looks, lambda: NOW + DAY, DAY, DAY * 90, 10).run() == Swept(1, 1)


def test_place_in_the_middle_of_a_repository_is_gone_on_from() -> None:
    with verdicts.table() as client:
        clock = FakeClock(NOW + DAY)
        table = VerdictTable(client, verdicts.TABLE, now=clock)
        for number in range(PAGE + 5):
            table.record(None, record(number))
        looks = FakeLooks()
        sweep = Sweep(table, looks, clock, DAY, DAY * 90, PAGE + 1)
        assert sweep.run() == Swept(PAGE + 1, PAGE + 1)
        note = table.kept(NOTE)
        assert note
        assert str(IMAGE) in note
        assert sweep.run() == Swept(5, 4)
        assert [look.digest for look, _ in looks.sent] == [digest(number) for number in range(PAGE + 5)]


def test_timeline_of_another_repository_is_no_place() -> None:
    with verdicts.table() as client, pytest.raises(BadRequest):
        VerdictTable(client, verdicts.TABLE).timeline(IMAGE, limit=1, cursor="x", since=NOW)
