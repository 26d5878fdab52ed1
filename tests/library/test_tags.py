"""Tags that move: the registry's word counts, whatever order webhooks come in, and the former digest learns of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from registry_verifier import manifest as manifests
from registry_verifier.errors import Unavailable
from registry_verifier.models import Digest, Look, State
from registry_verifier.reasons import Reason, Status
from registry_verifier.watched import Former, TagPointer
from tests.library.test_verify import World, publish
from tests.material import DIGEST, IMAGE, MANIFEST

DOWN = Unavailable(Reason.REGISTRY_THROTTLED, "429 for GET")
SECOND = MANIFEST.replace(b'"layers": []', b'"layers":  []')
THIRD = MANIFEST.replace(b'"layers": []', b'"layers":   []')


def pointed(world: World, tag: str = "v1") -> Digest | None:
    pointer = world.verdicts.pointer(IMAGE, tag)
    return pointer.digest if pointer else None


def state(world: World, digest: Digest) -> State:
    found = world.verdicts.state(IMAGE, digest)
    assert found is not None
    return found


def work_off(world: World) -> list[str]:
    """Take every look that was sent, re-checks of waiting digests apart."""
    causes = []
    while world.looks.sent:
        look, delay = world.looks.sent.pop(0)
        if look.cause != "recheck":
            causes.append(look.cause)
            world.clock.advance(seconds=delay)
            world.look(look)
    return causes


def verified(world: World) -> None:
    world.sign()
    world.attest()
    world.look(publish())


def replaced(world: World) -> Digest:
    """What the tag of a verified digest points to an hour later."""
    verified(world)
    world.clock.advance(hours=1)
    second = world.registry.put(SECOND, "v1")
    world.look(publish("d2", "v1", second))
    return second


def test_first_push_of_a_tag_is_remembered_and_nobody_is_asked() -> None:
    world = World()
    world.look(publish())
    assert world.verdicts.pointer(IMAGE, "v1") == TagPointer(IMAGE, "v1", DIGEST, world.clock())
    assert "manifest v1" not in world.registry.asked


def test_tag_that_moves_points_to_the_newer_digest_and_has_the_former_one_looked_at() -> None:
    world = World()
    second = replaced(world)
    pointer = world.verdicts.pointer(IMAGE, "v1")
    assert pointer
    assert (pointer.digest, [one.digest for one in pointer.former]) == (second, [DIGEST])
    looks = [(look.digest, look.cause, delay) for look, delay in world.looks.sent if look.cause != "recheck"]
    assert looks == [(DIGEST, "sweep", 30)]
    work_off(world)
    assert state(world, DIGEST).document["superseded_by"] == second
    assert state(world, DIGEST).document["drift"] == [{"code": "TAG_MOVED", "text": f"tag v1 points to {second} now"}]
    assert state(world, DIGEST).status == Status.VERIFIED


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_webhooks_in_any_order_leave_the_tag_where_the_registry_has_it(order: tuple[int, ...]) -> None:
    world = World()
    second = world.registry.put(SECOND)
    third = world.registry.put(THIRD, "v1")
    digests = (DIGEST, second, third)
    for number in order:
        world.look(publish(f"d{number}", "v1", digests[number]))
        world.clock.advance(seconds=1)
    work_off(world)
    assert pointed(world) == third
    assert [state(world, digest).document["superseded_by"] for digest in digests] == [third, third, None]


def test_redelivery_of_an_old_publish_does_not_turn_the_tag_back() -> None:
    world = World()
    verified(world)
    second = world.registry.put(SECOND, "v1")
    world.look(publish("d2", "v1", second))
    pointer = world.verdicts.pointer(IMAGE, "v1")
    assert world.look(publish()).done == "decided-already"
    assert pointer
    assert (pointer.digest, world.verdicts.pointer(IMAGE, "v1")) == (second, pointer)


def test_tag_that_is_gone_when_its_webhook_comes_is_left_where_it_was() -> None:
    world = World()
    verified(world)
    second = world.registry.put(SECOND)
    del world.registry.tags["v1"]
    world.look(publish("d2", "v1", second))
    assert pointed(world) == DIGEST
    assert {look.digest for look, _ in world.looks.sent if look.cause == "sweep"} == {DIGEST, second}


def test_killed_between_verdict_and_tag_is_mended_by_the_redelivery() -> None:
    world = World()
    verified(world)
    world.verdicts.pointers.clear()
    assert world.look(publish(), redelivered=True).done == "decided-already"
    assert pointed(world) == DIGEST


def test_two_who_push_a_tag_at_once_end_where_the_registry_has_it() -> None:
    world = World()
    second = world.registry.put(SECOND, "v1")
    real, others = world.verdicts.point, [TagPointer(IMAGE, "v1", second, world.clock())]

    def raced(old: TagPointer | None, new: TagPointer) -> None:
        if others:
            other = others.pop()
            world.verdicts.pointers[(IMAGE, "v1")] = other
        real(old, new)

    world.verdicts.point = raced  # type: ignore[method-assign]
    world.look(publish())
    assert pointed(world) == second


def test_registry_that_cannot_say_what_a_tag_means_delays_no_verdict() -> None:
    world = World()
    verified(world)
    second = world.registry.put(SECOND, "v1")
    real = world.registry.manifest

    async def no_tags(image: object, reference: str) -> object:
        if reference == "v1":
            raise DOWN
        return await real(IMAGE, reference)

    world.registry.manifest = no_tags  # type: ignore[method-assign, assignment]
    assert world.look(publish("d2", "v1", second)).status == Status.PENDING
    assert pointed(world) == DIGEST
    world.registry.manifest = real  # type: ignore[method-assign]
    work_off(world)
    assert pointed(world) == second
    assert state(world, DIGEST).document["superseded_by"] == second


def test_tag_that_moved_to_a_digest_that_nobody_told_of_is_a_missed_publish() -> None:
    world = World()
    verified(world)
    second = world.registry.put(SECOND, "v1")
    world.look(Look(IMAGE, DIGEST, "sweep"))
    ((missed, delay),) = world.looks.sent
    assert (missed.digest, missed.cause, missed.tag, delay) == (second, "missed", "v1", 0)
    assert state(world, DIGEST).document["superseded_by"] is None
    assert work_off(world) == ["missed", "sweep"]
    assert state(world, second).tags == ("v1",)
    assert (pointed(world), state(world, DIGEST).document["superseded_by"]) == (second, second)


def test_digest_that_keeps_a_tag_is_not_superseded() -> None:
    world = World()
    verified(world)
    world.look(publish("d2", "v1.0"))
    world.registry.tags["v1.0"] = DIGEST
    world.clock.advance(hours=1)
    second = world.registry.put(SECOND, "v1")
    world.look(publish("d3", "v1", second))
    work_off(world)
    assert state(world, DIGEST).document["superseded_by"] is None
    assert [entry["code"] for entry in state(world, DIGEST).document["drift"]] == ["TAG_MOVED"]


def test_digest_whose_other_tags_are_gone_is_superseded() -> None:
    world = World()
    verified(world)
    world.look(publish("d2", "gone"))
    world.clock.advance(hours=1)
    second = world.registry.put(SECOND, "v1")
    world.look(publish("d3", "v1", second))
    work_off(world)
    assert state(world, DIGEST).document["superseded_by"] == second


def test_digest_whose_tags_were_only_deleted_is_not_superseded() -> None:
    world = World()
    verified(world)
    del world.registry.tags["v1"]
    assert world.look(Look(IMAGE, DIGEST, "sweep")).done == "unchanged"
    assert world.looks.sent == []


def test_tag_that_moves_back_ends_it() -> None:
    world = World()
    second = replaced(world)
    work_off(world)
    world.registry.tags["v1"] = DIGEST
    world.clock.advance(hours=1)
    world.look(publish("d3", "v1"))
    work_off(world)
    assert (state(world, DIGEST).document["superseded_by"], state(world, DIGEST).document["drift"]) == (None, [])
    assert pointed(world) == DIGEST
    assert state(world, second).document["superseded_by"] == DIGEST  # verified, though it came first
    pointer = world.verdicts.pointer(IMAGE, "v1")
    assert pointer
    assert [one.digest for one in pointer.former] == [second, DIGEST]
    assert isinstance(pointer.former[0], Former)


def test_another_tag_of_a_superseded_digest_ends_it() -> None:
    world = World()
    replaced(world)
    work_off(world)
    world.registry.tags["stable"] = DIGEST
    world.look(publish("d3", "stable"))
    assert state(world, DIGEST).document["superseded_by"] is None
    assert len(state(world, DIGEST).document["drift"]) == 1


def test_failed_digest_learns_that_it_is_superseded_and_fails_for_the_same_reasons() -> None:
    world = World()
    world.look(publish())
    world.clock.advance(hours=1)
    world.look(replace(publish(), cause="recheck"))
    reasons = state(world, DIGEST).document["reasons"]
    second = world.registry.put(SECOND, "v1")
    world.looks.sent.clear()
    world.look(publish("d2", "v1", second))
    work_off(world)
    assert (state(world, DIGEST).status, state(world, DIGEST).document["reasons"]) == (Status.FAILED, reasons)
    assert state(world, DIGEST).document["superseded_by"] == second


def test_moved_tag_makes_no_run() -> None:
    world = World()
    verified(world)
    second = world.registry.put(SECOND, "v1")
    world.look(publish("d2", "v1", second))
    work_off(world)
    assert state(world, DIGEST).version == 2
    assert world.verdicts.runs == {}


def test_registry_is_asked_about_the_newest_twenty_tags_and_no_evidence_tag() -> None:
    world = World()
    verified(world)
    tags = (manifests.signature_tag(DIGEST), *(f"t{number}" for number in range(25)))
    world.verdicts.states[(IMAGE, DIGEST)] = replace(world.state, tags=(*tags[1:], tags[0]))
    world.registry.asked.clear()
    world.look(Look(IMAGE, DIGEST, "sweep"))
    asked = {what.removeprefix("manifest ") for what in world.registry.asked}
    assert {tag for tag in tags[1:] if tag in asked} == {f"t{number}" for number in range(5, 25)}


def test_unreadable_thing_behind_a_tag_says_nothing_about_where_it_moved() -> None:
    world = World()
    verified(world)
    world.registry.put(b"no manifest", "v1")
    assert world.look(Look(IMAGE, DIGEST, "sweep")).done == "unchanged"
