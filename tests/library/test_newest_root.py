"""The trusted root that verify uses: the newest one that was proven, else the last good one, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from registry_verifier.newest_root import KEPT_SECONDS, RETRY_SECONDS, NewestRoot, RootInUse
from registry_verifier.trust_root_record import Record, Stored
from registry_verifier.trust_root_store import TrustRootStore
from registry_verifier.trusted_root import TrustedRoot
from tests import material
from tests.library import trust_root_bucket
from tests.library.aws_failures import FAILURES, FailingClient
from tests.library.trust_root_bucket import BUCKET, CHECKED, NEWER, PACKAGED, put, record, sha256

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

OWN = TrustedRoot(PACKAGED)
UNUSABLE = {
    "no json": b"nonsense",
    "no trusted root": b"{}",
    "no certificate authority": json.dumps(material.sigstore().trusted_root(fulcio=False)).encode(),
    "not for sigstore": json.dumps(material.sigstore().trusted_root() | {"mediaType": "text/plain"}).encode(),
}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    with trust_root_bucket.simulated() as client:
        yield client


class World:
    """A bucket, a clock, and a process that verifies."""

    def __init__(self, client: S3Client) -> None:
        self.client = client
        self.store: TrustRootStore = TrustRootStore(client, BUCKET)
        self.asked = 0
        self.seconds = 1000.0
        self.newest = NewestRoot(self, OWN, clock=lambda: self.seconds)

    def read(self, known: Stored | None = None) -> Stored | None:
        self.asked += 1
        return self.store.read(known)

    def root(self, digest: str) -> bytes:
        return self.store.root(digest)

    def refreshed(self, content: bytes = NEWER, new: Record | None = None) -> None:
        store = TrustRootStore(self.client, BUCKET)
        store.keep(content)
        store.replace(store.read(), new or record(content))

    def fail(self, error: Exception) -> None:
        self.store = TrustRootStore(FailingClient(error), BUCKET)  # type: ignore[arg-type] # it fails as a client does

    def later(self, seconds: float = KEPT_SECONDS) -> RootInUse:
        self.seconds += seconds
        return self.newest.current()


@pytest.fixture
def world(s3: S3Client) -> World:
    trust_root_bucket.empty(s3)
    return World(s3)


def is_newer(in_use: RootInUse) -> bool:
    return (in_use.root.sha256, in_use.checked_at) == (sha256(NEWER), CHECKED)


def is_packaged(in_use: RootInUse) -> bool:
    return in_use == RootInUse(OWN)


def test_without_a_store() -> None:
    newest = NewestRoot(None, OWN)
    assert is_packaged(newest.current())
    assert newest.trouble == ""


def test_before_the_first_refresh(world: World) -> None:
    assert is_packaged(world.newest.current())
    assert world.newest.trouble == ""


def test_after_a_refresh_that_proved_nothing(world: World) -> None:
    world.refreshed(new=record(sha256=""))
    assert is_packaged(world.newest.current())
    assert world.newest.trouble == ""


def test_the_newest_one(world: World) -> None:
    world.refreshed()
    assert is_newer(world.newest.current())


def test_the_packaged_one_that_was_proven(world: World) -> None:
    store = TrustRootStore(world.client, BUCKET)
    store.replace(None, record(PACKAGED))  # without the file: nobody needs it
    assert world.newest.current() == RootInUse(OWN, CHECKED)


def test_the_store_is_asked_now_and_then(world: World) -> None:
    for seconds, asked in ((0, 1), (0, 1), (KEPT_SECONDS - 1, 1), (1, 2), (1, 2)):
        world.later(seconds)
        assert world.asked == asked


def test_a_newer_one_is_used_within_ten_minutes(world: World) -> None:
    world.newest.current()
    world.refreshed()
    assert is_packaged(world.later(KEPT_SECONDS - 1))
    assert is_newer(world.later(1))


def test_the_same_object_while_nothing_changes(world: World) -> None:
    world.refreshed()
    first = world.newest.current()
    assert world.later() is first


def test_the_same_root_that_was_proven_again(world: World) -> None:
    world.refreshed()
    first = world.newest.current()
    world.refreshed(new=record(checked_at=CHECKED + timedelta(days=1)))
    assert world.later() == RootInUse(first.root, CHECKED + timedelta(days=1))


def test_the_one_of_another_deployment_is_not_used(world: World) -> None:
    world.refreshed(new=record(packaged_sha256=sha256(b"another")))
    assert is_packaged(world.newest.current())
    assert world.newest.trouble == ""


def test_another_deployment_takes_nothing_back(world: World) -> None:
    world.refreshed()
    world.newest.current()
    world.refreshed(PACKAGED, new=record(PACKAGED, packaged_sha256=sha256(b"another")))
    assert is_newer(world.later())


def test_a_record_that_is_gone_takes_nothing_back(world: World) -> None:
    world.refreshed()
    world.newest.current()
    trust_root_bucket.empty(world.client)
    assert is_newer(world.later())


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES.keys())
def test_a_store_that_does_not_answer(world: World, error: Exception) -> None:
    world.refreshed()
    world.fail(error)
    assert is_packaged(world.newest.current())
    assert world.newest.trouble.startswith("trust root store trust-roots/current.json: ")


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES.keys())
def test_a_store_that_answers_no_more(world: World, error: Exception) -> None:
    world.refreshed()
    world.newest.current()
    world.fail(error)
    assert is_newer(world.later())
    assert world.newest.trouble


def test_a_store_that_failed_is_asked_again_after_a_minute(world: World) -> None:
    world.refreshed()
    world.fail(FAILURES["ClientError"])
    world.newest.current()
    world.store = TrustRootStore(world.client, BUCKET)
    assert is_packaged(world.later(RETRY_SECONDS - 1))
    assert is_newer(world.later(1))
    assert world.newest.trouble == ""


def unreadable_record(world: World) -> None:
    put(world.client, "current.json", b"nonsense")


def missing_root(world: World) -> None:
    store = TrustRootStore(world.client, BUCKET)
    store.replace(store.read(), record(b"nobody kept it"))


def other_root(world: World) -> None:
    missing_root(world)
    put(world.client, f"roots/{sha256(b'nobody kept it')}.json", PACKAGED)


DAMAGE = [unreadable_record, missing_root, other_root]


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_broken_is_not_used_at_the_start(world: World, damage: Callable[[World], None]) -> None:
    damage(world)
    assert is_packaged(world.newest.current())
    assert world.newest.trouble


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_breaks_later_is_not_used_until_it_is_repaired(world: World, damage: Callable[[World], None]) -> None:
    world.refreshed()
    world.newest.current()
    damage(world)
    assert is_newer(world.later())
    assert world.newest.trouble
    world.refreshed(PACKAGED)
    assert world.later(RETRY_SECONDS) == RootInUse(OWN, CHECKED)
    assert world.newest.trouble == ""


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_stored_root_that_does_not_load_is_never_used(world: World, content: bytes) -> None:
    world.refreshed(content)
    assert is_packaged(world.newest.current())
    assert world.newest.trouble
