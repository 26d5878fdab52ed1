"""What GitHub did not tell: failed deliveries are brought again, and publishes that nobody told of are looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from local.signing import signer
from registry_verifier import manifest
from registry_verifier.errors import Unavailable
from registry_verifier.missed import Reconciled, Reconciliation, progress, versions
from registry_verifier.missed.reconciliation import FIRST_RUN
from registry_verifier.models import Digest, FailedDelivery, ImageName, Look, PackageVersion, State
from registry_verifier.policy.model import Authority, IdentityRule, Policy
from registry_verifier.reasons import Reason, Status
from registry_verifier.verify import Verification
from tests import finding, material
from tests.fakes import FakeClock, FakeLooks, FakeRegistry, FakeVerdicts
from tests.material import DIGEST, IMAGE, ISSUER, MANIFEST, NOW, SUBJECT

OTHER_IMAGE = ImageName("ghcr.io", "acme/zebra")
THROTTLED = Unavailable(Reason.GITHUB_THROTTLED, "secondary rate limit")
FORBIDDEN = Unavailable(Reason.GITHUB_FORBIDDEN, "not for this token")
DOWN = Unavailable(Reason.GITHUB_UNAVAILABLE, "502")
QUEUE = Unavailable(Reason.QUEUE_UNAVAILABLE, "queue did not answer")
HOUR = timedelta(hours=1)


class FakeHook:
    """A hook whose failed deliveries are there until one of them arrives."""

    def __init__(self, *failing: FailedDelivery, name: str = "orgs/acme/hooks/2") -> None:
        self.name, self.failing = name, list(failing)
        self.redelivered: list[FailedDelivery] = []
        self.since: datetime | None = None
        self.refuses: dict[int, Unavailable] = {}
        self.down: Unavailable | None = None

    def failed(self, *, since: datetime) -> tuple[FailedDelivery, ...]:
        self.since = since
        if self.down:
            raise self.down
        return tuple(one for one in self.failing if one.delivered_at >= since)

    def redeliver(self, delivery: FailedDelivery) -> None:
        if delivery.id in self.refuses:
            raise self.refuses[delivery.id]
        self.redelivered.append(delivery)
        self.failing.remove(delivery)


class FakePackages:
    """What GitHub lists: versions by image, newest first."""

    def __init__(self) -> None:
        self.listed: dict[ImageName, list[PackageVersion]] = {}
        self.owners_down: dict[str, Unavailable] = {}
        self.down: dict[ImageName, Unavailable] = {}
        self.asked: list[ImageName] = []
        self.read = 0

    def push(
        self, digest: Digest, *tags: str, age: timedelta, touched: timedelta | None = None, image: ImageName = IMAGE
    ) -> None:
        updated = NOW - (age if touched is None else touched)
        self.listed.setdefault(image, []).append(PackageVersion(digest, NOW - age, updated, tags))
        self.listed[image].sort(key=lambda version: version.created_at, reverse=True)

    def images(self, owner: str) -> Iterator[ImageName]:
        if owner in self.owners_down:
            raise self.owners_down[owner]
        yield from (image for image in self.listed if f"orgs/{image.repository.partition('/')[0]}" == owner)

    def versions(self, image: ImageName) -> Iterator[PackageVersion]:
        self.asked.append(image)
        if image in self.down:
            raise self.down[image]
        for version in self.listed[image]:
            self.read += 1
            yield version


class World:
    """One reconciliation with everything that it needs."""

    def __init__(self, *hooks: FakeHook) -> None:
        self.hooks: tuple[FakeHook, ...] = hooks
        self.packages = FakePackages()
        self.table, self.looks, self.clock = FakeVerdicts(), FakeLooks(), FakeClock(NOW)
        self.owners = ["orgs/acme"]
        self.left = 600.0
        self.cost = 0.0
        """seconds that each question for the time takes"""

    def begun(self) -> World:
        """The same, after a first run two days ago that found nothing."""
        self.clock.advance(days=-2)
        kept, (self.hooks, self.packages) = (self.hooks, self.packages), ((), FakePackages())
        self.run()
        self.hooks, self.packages = kept
        self.clock.advance(days=2)
        return self

    def run(self) -> Reconciled:
        return Reconciliation(
            self.hooks, self.packages, self.owners, self.table, self.looks, self.clock, self.time_left
        ).run()

    def time_left(self) -> float:
        self.left -= self.cost
        return self.left

    def know(self, digest: Digest, *tags: str, status: Status = Status.VERIFIED, image: ImageName = IMAGE) -> None:
        state = State(image, digest, 1, status, {"reasons": [], "kind": "image"}, NOW, NOW, tuple(tags))
        self.table.states[image, digest] = state

    def sent(self) -> list[tuple[Digest, str | None]]:
        """What was sent since the last time."""
        looks = [look for look, _ in self.looks.sent]
        self.looks.sent.clear()
        assert {look.cause for look in looks} <= {"missed"}
        return [(look.digest, look.tag) for look in looks]


def digest(number: int) -> Digest:
    return material.digest(f"version {number}")


def failed(number: int, age: timedelta = HOUR) -> FailedDelivery:
    return FailedDelivery(number, f"guid-{number}", NOW - age)


# hooks


def test_failed_deliveries_are_brought_again_in_their_order() -> None:
    hook = FakeHook(failed(1, 3 * HOUR), failed(2))
    assert World(hook).run() == Reconciled(redelivered=2)
    assert [delivery.id for delivery in hook.redelivered] == [1, 2]


def test_all_of_the_three_days_is_asked_about_in_each_run() -> None:
    world = World(hook := FakeHook())
    world.run()
    world.run()
    assert hook.since == NOW - timedelta(days=3)


def test_throttled_redelivery_ends_that_hook_and_no_other() -> None:
    hook, other = FakeHook(failed(1), failed(2), failed(3)), FakeHook(failed(4), name="app")
    hook.refuses[2] = THROTTLED
    result = World(hook, other).run()
    assert (result.redelivered, result.troubles) == (2, ("delivery guid-2: secondary rate limit",))
    assert [one.id for one in hook.redelivered] == [1]


def test_delivery_that_github_does_not_bring_keeps_no_other_back() -> None:
    world = World(hook := FakeHook(failed(1), failed(2)))
    hook.refuses[1] = DOWN
    assert world.run() == Reconciled(redelivered=1, troubles=("delivery guid-1: 502",))
    hook.refuses.clear()
    assert world.run().redelivered == 1


def test_many_refusals_in_a_row_end_the_hook() -> None:
    world = World(hook := FakeHook(*map(failed, range(50))))
    hook.refuses = dict.fromkeys(range(50), FORBIDDEN)
    assert len(world.run().troubles) == progress.FAILURES_IN_A_ROW


def test_hook_that_cannot_be_asked_leaves_the_packages_working() -> None:
    world = World(hook := FakeHook()).begun()
    hook.down = FORBIDDEN
    world.packages.push(digest(1), "v1", age=HOUR)
    assert world.run() == Reconciled(missed=1, troubles=("hook orgs/acme/hooks/2: not for this token",))


def test_packages_that_cannot_be_listed_leave_the_hooks_working() -> None:
    world = World(FakeHook(failed(1)))
    world.packages.owners_down["orgs/acme"] = FORBIDDEN
    assert world.run() == Reconciled(redelivered=1, troubles=("packages of orgs/acme: not for this token",))


def test_without_a_token_for_packages_only_hooks_are_asked() -> None:
    world = World(FakeHook(failed(1)))
    reconciliation = Reconciliation(world.hooks, None, (), world.table, world.looks, world.clock, lambda: 600.0)
    assert reconciliation.run() == Reconciled(redelivered=1)


def test_what_was_just_brought_again_is_not_counted_as_missed() -> None:
    world = World(FakeHook(failed(1, HOUR))).begun()
    world.packages.push(digest(1), "v1", age=HOUR + timedelta(minutes=1))
    world.packages.push(digest(2), "v2", age=3 * HOUR)
    assert world.run() == Reconciled(redelivered=1, missed=1)
    assert world.sent() == [(digest(2), "v2"), (digest(1), "v1")]


# packages


def test_publish_that_no_webhook_told_of_is_looked_at_and_counted() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", "latest", age=HOUR)
    assert world.run() == Reconciled(missed=1)
    assert world.sent() == [(digest(1), "v1"), (digest(1), "latest")]


def test_known_publish_is_left_alone() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=HOUR)
    world.know(digest(1), "v1")
    assert (world.run(), world.sent()) == (Reconciled(), [])


def test_publish_of_the_last_minutes_is_left_to_its_webhook_and_not_forgotten() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=timedelta(minutes=9))
    assert (world.run(), world.sent()) == (Reconciled(), [])
    world.clock.advance(hours=1)
    assert (world.run(), world.sent()) == (Reconciled(missed=1), [(digest(1), "v1")])


def test_tag_that_its_record_lacks_is_looked_at_and_not_counted() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", "latest", age=5 * HOUR, touched=HOUR)
    world.know(digest(1), "v1")
    assert (world.run(), world.sent()) == (Reconciled(), [(digest(1), "latest")])


def test_tag_that_was_just_moved_is_left_to_its_webhook() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", "latest", age=5 * HOUR, touched=timedelta(minutes=1))
    world.know(digest(1), "v1")
    world.run()
    assert world.sent() == []


def test_old_version_with_a_new_tag_on_the_first_page_is_found() -> None:
    world = World().begun()
    world.packages.push(digest(0), "v0", "stable", age=timedelta(days=300), touched=HOUR)
    world.know(digest(0), "v0")
    for number in range(1, versions.PAGE - 1):
        world.packages.push(digest(number), age=timedelta(days=number))
        world.know(digest(number))
    world.run()
    assert world.sent() == [(digest(0), "stable")]


def test_old_version_that_lost_its_tag_is_no_publish() -> None:
    world = World().begun()
    world.packages.push(digest(1), age=timedelta(days=300), touched=HOUR)
    world.run()
    assert world.sent() == []


def test_record_with_as_many_tags_as_it_keeps_may_have_forgotten_one() -> None:
    world = World().begun()
    world.packages.push(digest(1), "new", age=5 * HOUR, touched=HOUR)
    world.know(digest(1), *(f"v{number}" for number in range(50)))
    world.run()
    assert world.sent() == []


def test_untagged_version_is_looked_at_once_or_twice_and_never_again() -> None:
    world = World().begun()
    world.packages.push(digest(1), age=HOUR)
    assert (world.run(), world.sent()) == (Reconciled(), [(digest(1), None)])
    for _ in range(5):
        world.clock.advance(hours=1)
        assert (world.run(), world.sent()) == (Reconciled(), [])


def test_evidence_is_looked_at_and_not_counted() -> None:
    world = World().begun()
    tag = manifest.signature_tag(DIGEST)
    world.packages.push(digest(1), tag, age=HOUR)
    assert (world.run(), world.sent()) == (Reconciled(), [(digest(1), tag)])


def test_evidence_about_what_is_verified_is_no_news() -> None:
    world = World().begun()
    world.packages.push(digest(1), manifest.fallback_tag(DIGEST), age=HOUR)
    world.packages.push(DIGEST, "v1", age=HOUR)
    world.know(DIGEST, "v1")
    world.run()
    assert world.sent() == []


def test_installation_takes_up_a_day_and_counts_nothing_of_it() -> None:
    world = World()
    world.packages.push(digest(1), "v1", age=FIRST_RUN + HOUR)
    world.packages.push(digest(2), "v2", age=FIRST_RUN - HOUR)
    assert (world.run(), world.sent()) == (Reconciled(), [(digest(2), "v2")])


def test_after_the_verifier_stood_still_all_of_the_time_is_taken_up() -> None:
    world = World()
    world.packages.push(digest(1), "v1", age=HOUR)
    world.run()
    world.sent()
    world.packages.push(digest(2), "v2", age=timedelta(days=-1), image=IMAGE)
    world.packages.push(digest(3), "v1", age=timedelta(days=-2), image=OTHER_IMAGE)
    world.clock.advance(days=9)
    assert world.run() == Reconciled(missed=2)
    assert world.sent() == [(digest(2), "v2"), (digest(3), "v1")]


@pytest.mark.parametrize("part", ["package", "owner"])
def test_run_that_could_not_look_everywhere_is_not_the_one_that_the_next_goes_on_from(part: str) -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=HOUR)
    world.packages.push(digest(2), age=timedelta(days=30), image=OTHER_IMAGE)
    world.packages.down = {IMAGE: FORBIDDEN} if part == "package" else {}
    world.packages.owners_down = {"orgs/acme": FORBIDDEN} if part == "owner" else {}
    world.run()
    world.packages.down, world.packages.owners_down = {}, {}
    world.clock.advance(days=3)
    assert (world.run(), world.sent()) == (Reconciled(missed=1), [(digest(1), "v1")])


def test_versions_of_one_push_in_any_order_are_all_found() -> None:
    world = World().begun()
    for number in range(versions.PAGE):
        world.packages.push(digest(number), age=timedelta(days=30))
    listed = world.packages.listed[IMAGE]
    listed[versions.PAGE - 3] = PackageVersion(digest(500), NOW - HOUR, NOW - HOUR, ("v1",))
    listed.append(PackageVersion(digest(501), NOW - HOUR, NOW - HOUR, ("v2",)))
    world.run()
    assert set(world.sent()) == {(digest(500), "v1"), (digest(501), "v2")}


def test_list_is_not_read_to_its_end() -> None:
    world = World().begun()
    for number in range(1000):
        world.packages.push(digest(number), age=timedelta(days=30, hours=number))
    world.run()
    assert world.packages.read <= versions.PAGE + versions.OLD_IN_A_ROW


def test_more_versions_than_a_run_reads_are_told_of() -> None:
    world = World().begun()
    listed = [PackageVersion(digest(n), NOW - HOUR - timedelta(seconds=n), NOW - HOUR) for n in range(6000)]
    world.packages.listed[IMAGE] = listed
    assert world.run().troubles == (f"{IMAGE}: more than {versions.VERSIONS_LIMIT} versions are new",)
    assert world.packages.read == versions.VERSIONS_LIMIT + 1


def test_package_that_is_not_for_this_token_keeps_no_other_back() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=HOUR)
    world.packages.push(digest(2), "v1", age=HOUR, image=OTHER_IMAGE)
    world.packages.down[IMAGE] = FORBIDDEN
    assert world.run() == Reconciled(missed=1, troubles=(f"{IMAGE}: not for this token",))
    assert world.sent() == [(digest(2), "v1")]


def test_throttle_ends_the_run_and_the_next_one_goes_on_behind() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=HOUR)
    world.packages.push(digest(2), "v1", age=HOUR, image=OTHER_IMAGE)
    world.packages.down[IMAGE] = THROTTLED
    assert world.run().troubles == (f"{IMAGE}: secondary rate limit",)
    assert world.packages.asked == [IMAGE]
    world.run()
    assert world.packages.asked == [IMAGE, OTHER_IMAGE, IMAGE]
    assert world.sent() == [(digest(2), "v1")]


def test_queue_that_is_down_ends_the_run_and_loses_nothing() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=HOUR)
    world.looks.down = QUEUE
    assert world.run() == Reconciled(troubles=(f"{IMAGE}: queue did not answer",))
    world.looks.down = None
    assert (world.run(), world.sent()) == (Reconciled(missed=1), [(digest(1), "v1")])


def test_table_that_is_down_is_told_and_nothing_is_raised() -> None:
    world = World(FakeHook(failed(1)))

    class Broken(FakeVerdicts):
        def kept(self, name: str) -> str | None:
            raise Unavailable(Reason.STORE_UNAVAILABLE, "table did not answer")

    world.table = Broken()
    assert world.run() == Reconciled(redelivered=1, troubles=("packages: table did not answer",))


def test_unlisted_owner_is_asked_about_what_the_table_knows() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=HOUR)
    world.packages.owners_down["orgs/acme"] = DOWN
    world.know(digest(2), "v0")
    world.know(digest(2), "v0", image=ImageName("registry.example.com", "acme/app"))
    world.know(digest(2), "v0", image=ImageName("ghcr.io", "stranger/app"))
    assert world.run() == Reconciled(missed=1, troubles=("packages of orgs/acme: 502",))
    assert world.packages.asked == [IMAGE]


def test_list_of_packages_that_ends_early_counts_as_far_as_it_goes() -> None:
    class Ending(FakePackages):
        def images(self, owner: str) -> Iterator[ImageName]:
            yield from super().images(owner)
            raise DOWN

    world = World().begun()
    world.packages = Ending()
    world.packages.push(digest(1), "v1", age=HOUR)
    assert world.run() == Reconciled(missed=1, troubles=("packages of orgs/acme: 502",))


def test_run_without_time_keeps_how_far_it_came() -> None:
    world = World().begun()
    for number in range(10):
        world.packages.push(digest(number), f"v{number}", age=3 * HOUR - timedelta(minutes=number))
    world.cost = (world.left - progress.RESERVE_SECONDS) / 5
    first = world.run()
    assert 0 < first.missed < 10
    assert first.troubles == ("no time left",)
    world.left, world.cost = 600.0, 0.0
    world.packages.push(digest(10), "v10", age=HOUR)
    sent = world.sent()
    for look in sent:  # as the function verify would
        world.know(look[0], str(look[1]))
    assert world.run().missed == 11 - first.missed
    assert {*sent, *world.sent()} == {(digest(n), f"v{n}") for n in range(11)}


def test_run_without_time_reads_no_further_page_and_keeps_nothing_of_it() -> None:
    world = World().begun()
    for number in range(3 * versions.PAGE):
        world.packages.push(digest(number), age=HOUR + timedelta(seconds=number))
    world.left = progress.RESERVE_SECONDS + 1
    world.cost = 0.6
    assert world.run() == Reconciled(troubles=("no time left",))
    assert (world.packages.read, world.sent()) == (versions.PAGE, [])
    world.left, world.cost = 600.0, 0.0
    world.run()
    assert len(world.sent()) == 3 * versions.PAGE


class Killed(BaseException):
    """What no code catches."""


class Mortal:
    """Lets so many writes through, to the table and to the queue, and dies at the next one."""

    def __init__(self, world: World, writes: int) -> None:
        class Table(FakeVerdicts):
            def keep(_, name: str, text: str) -> None:
                self.count()
                super().keep(name, text)

        class Queue(FakeLooks):
            def send(_, look: Look, *, delay_seconds: int = 0) -> None:
                self.count()
                super().send(look, delay_seconds=delay_seconds)

        self.left = writes
        self.table, self.queue = Table(), Queue()
        self.table.notes, self.queue.sent = world.table.notes, world.looks.sent
        world.table, world.looks = self.table, self.queue

    def count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


@pytest.mark.parametrize("writes", range(10))
def test_run_that_is_killed_at_any_write_is_made_good_by_the_next(writes: int) -> None:
    world = World()
    for number in range(3):
        world.packages.push(digest(number), f"v{number}", age=HOUR + timedelta(minutes=number))
        world.packages.push(digest(number), f"v{number}", age=HOUR, image=OTHER_IMAGE)
    mortal = Mortal(world, writes)
    with pytest.raises(Killed):
        world.run()
    mortal.left = 100
    assert world.run().troubles == ()
    assert {(look.image, look.digest) for look, _ in world.looks.sent} == set(
        (image, digest(n)) for n in range(3) for image in (IMAGE, OTHER_IMAGE)
    )
    assert mortal.table.notes.keys() == {"missed/begun", f"missed/{IMAGE}", f"missed/{OTHER_IMAGE}", "missed/complete"}


def test_note_that_cannot_be_read_counts_as_none() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=HOUR)
    world.table.notes[f"missed/{IMAGE}"] = "nonsense"
    assert world.run() == Reconciled(missed=1)


def test_clock_that_was_ahead_hides_nothing_after_it() -> None:
    world = World().begun()
    world.packages.push(digest(1), "v1", age=timedelta())
    world.table.notes[f"missed/{IMAGE}"] = (NOW + timedelta(days=400)).isoformat()
    world.run()
    world.clock.advance(hours=1)
    world.run()
    assert world.sent() == [(digest(1), "v1")]


def test_nothing_new_writes_no_note() -> None:
    world = World().begun()
    world.packages.push(digest(1), age=timedelta(days=30))
    world.run()
    assert f"missed/{IMAGE}" not in world.table.notes


# to the end


def verifier(world: World, registry: FakeRegistry, *policies: Policy) -> Verification:
    root = material.root().sha256
    return Verification(finding.finder(registry), policies, root, world.table, world.looks, world.clock)


def work_off(world: World, verification: Verification) -> list[str]:
    """Take every message off the queue, as time goes by; what was done with them."""
    done = []
    while world.looks.sent:
        look, delay = world.looks.sent.pop(0)
        world.clock.advance(seconds=delay)
        done.append(asyncio.run(verification.look(look)).done)
    return done


def policy() -> Policy:
    authority = Authority("publisher", (IdentityRule(issuer=ISSUER, subject=SUBJECT),))
    return Policy("release", ("ghcr.io/acme/**",), (authority,), grace=timedelta(minutes=5))


def bundle() -> bytes:
    return signer.bundle_signature(material.sigstore(), material.leaf(), DIGEST)


def test_fallback_list_that_lost_its_tag_is_no_image() -> None:
    world, registry = World().begun(), FakeRegistry()
    registry.put(MANIFEST, "v1")
    registry.attach(DIGEST, bundle())
    former = registry.tags[manifest.fallback_tag(DIGEST)]
    registry.attach(DIGEST, bundle())
    assert registry.tags[manifest.fallback_tag(DIGEST)] != former
    world.packages.push(former, age=HOUR)
    world.run()
    assert work_off(world, verifier(world, registry, policy())) == ["ignored"]
    assert world.table.states == {}


def test_untagged_index_that_lists_an_image_beside_evidence_is_judged() -> None:
    world, registry = World().begun(), FakeRegistry()
    registry.put(MANIFEST)
    referrer = registry.attach(DIGEST, bundle())
    entries = [{"mediaType": manifest.OCI_MANIFEST, "digest": d, "size": 1} for d in (referrer, DIGEST)]
    index = registry.put_manifest({"manifests": entries})
    world.packages.push(index, age=HOUR)
    world.run()
    work_off(world, verifier(world, registry, policy()))
    assert world.table.states[IMAGE, index].status == Status.FAILED


def test_everything_that_one_signed_push_leaves_makes_one_verdict() -> None:
    world, registry = World().begun(), FakeRegistry()
    registry.put(MANIFEST, "v1")
    referrers = [registry.attach(DIGEST, bundle()) for _ in range(2)]
    tag = manifest.fallback_tag(DIGEST)
    world.packages.push(DIGEST, "v1", age=HOUR)
    for referrer in referrers:
        world.packages.push(referrer, age=HOUR)
    world.packages.push(registry.tags[tag], tag, age=HOUR)
    assert world.run() == Reconciled(missed=1)
    work_off(world, verifier(world, registry, policy()))
    assert {state.status for state in world.table.states.values()} == {Status.VERIFIED}
    assert list(world.table.states) == [(IMAGE, DIGEST)]


@pytest.mark.parametrize(("signed", "status"), [(True, Status.VERIFIED), (False, Status.FAILED)])
def test_missed_publish_ends_as_any_other(signed: bool, status: Status) -> None:
    world, registry = World().begun(), FakeRegistry()
    registry.put(MANIFEST, "v1")
    if signed:
        registry.attach(DIGEST, bundle())
    world.packages.push(DIGEST, "v1", age=HOUR)
    assert world.run().missed == 1
    work_off(world, verifier(world, registry, policy()))
    state = world.table.states[IMAGE, DIGEST]
    assert (state.status, state.tags) == (status, ("v1",))
    world.clock.advance(hours=1)
    assert (world.run(), world.sent()) == (Reconciled(), [])
