"""The refresh of the trusted root, from a TUF repository on loopback into a bucket: what is taken, what is not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
from tuf.api.metadata import Metadata

from local.sigstore.tuf_mirror import TufMirror
from local.sigstore.tuf_repository import TRUSTED_ROOT, TufRepository
from registry_verifier import configuration, trust_root_wiring
from registry_verifier.errors import TrustRootError
from registry_verifier.policy.trust_root import Remote
from registry_verifier.refresh import Refresh, Refreshed
from registry_verifier.settings import TUF_URL
from registry_verifier.trust_root_record import Record
from registry_verifier.trust_root_store import TrustRootStore
from registry_verifier.trusted_root import TrustedRoot
from registry_verifier.tuf_repository import mirror
from registry_verifier.tuf_repository.update import Proven
from tests import material
from tests.library import trust_root_bucket
from tests.library.aws_failures import FAILURES, FailingClient
from tests.library.trust_root_bucket import BUCKET, CHECKED, NEWER, PACKAGED, put, record, sha256, versions

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

DAY = timedelta(days=1)
NEWEST = json.dumps(material.sigstore().trusted_root(), indent=2).encode()


def root(**options: Any) -> bytes:
    return json.dumps(material.sigstore().trusted_root(**options)).encode()


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    with trust_root_bucket.simulated() as client:
        yield client


class World:
    """A TUF repository behind a mirror, a bucket, and a clock."""

    def __init__(self, client: S3Client, served: TufMirror) -> None:
        self.client, self.served = client, served
        self.repository = served.repository
        self.bootstrap = served.repository.root
        self.now = CHECKED
        self.packaged = PACKAGED
        self.url = served.url
        self.seconds = mirror.SECONDS

    def prove(self, state: Any) -> Proven:
        remote = Remote(self.bootstrap, self.url)
        return mirror.prove(remote, state=state, seconds=self.seconds)

    def refresh(self, client: Any = None, prove: Callable[[Any], Proven] | None = None) -> Refreshed:
        store = TrustRootStore(client or self.client, BUCKET)
        return Refresh(store, prove or self.prove, TrustedRoot(self.packaged), lambda: self.now).run()

    def publish(self, content: bytes) -> None:
        self.repository.targets[TRUSTED_ROOT] = content
        self.repository.publish()

    @property
    def record(self) -> Record | None:
        stored = TrustRootStore(self.client, BUCKET).read()
        return stored.record if stored else None

    @property
    def in_force(self) -> bytes:
        """What the record names, which must be there."""
        assert self.record is not None
        return TrustRootStore(self.client, BUCKET).root(self.record.sha256)


@pytest.fixture
def world(s3: S3Client) -> Iterator[World]:
    trust_root_bucket.empty(s3)
    with TufMirror(TufRepository({TRUSTED_ROOT: PACKAGED}, seed="tests").publish()) as served:
        yield World(s3, served)


def trouble(world: World, *, age: float | None = DAY.total_seconds()) -> str:
    """What the next day's refresh has to say, which leaves everything as it was."""
    before, world.now = world.record, world.now + DAY
    refreshed = world.refresh()
    assert world.record == before
    expected = before.sha256 if before else sha256(PACKAGED)
    assert refreshed == Refreshed(expected, age, changed=False, trouble=ANY)
    assert refreshed.trouble
    return refreshed.trouble


# what is taken


def test_the_first_refresh_finds_what_the_deployment_has(world: World) -> None:
    assert world.refresh() == Refreshed(sha256(PACKAGED), 0.0)
    assert world.in_force == PACKAGED
    assert world.record == Record(sha256(PACKAGED), CHECKED, sha256(PACKAGED), ANY)


def test_a_newer_root_is_put_in_force(world: World) -> None:
    world.refresh()
    world.publish(NEWER)
    assert world.refresh() == Refreshed(sha256(NEWER), 0.0, changed=True)
    assert world.in_force == NEWER


def test_the_first_refresh_may_find_a_newer_one(world: World) -> None:
    world.publish(NEWER)
    assert world.refresh() == Refreshed(sha256(NEWER), 0.0, changed=True)


def test_a_root_that_did_not_change_is_only_checked(world: World) -> None:
    world.refresh()
    world.now += DAY
    assert world.refresh() == Refreshed(sha256(PACKAGED), 0.0)
    assert world.record == Record(sha256(PACKAGED), CHECKED + DAY, sha256(PACKAGED), ANY)
    assert versions(world.client, "roots/") == 1


def test_earlier_roots_stay_under_their_hash(world: World) -> None:
    world.refresh()
    world.publish(NEWER)
    world.refresh()
    assert TrustRootStore(world.client, BUCKET).root(sha256(PACKAGED)) == PACKAGED


def test_what_is_known_is_not_fetched_again(world: World) -> None:
    world.repository.rotate("timestamp")
    world.repository.publish()
    world.refresh()
    world.served.asked.clear()
    world.refresh()
    assert world.served.asked[:2] == ["3.root.json", "timestamp.json"]
    assert len(world.served.asked) == 3  # and the target


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_keys_that_are_rotated_between_two_refreshes(world: World, role: str) -> None:
    world.refresh()
    world.repository.rotate(role)
    world.publish(NEWER)
    assert world.refresh() == Refreshed(sha256(NEWER), 0.0, changed=True)


def test_a_repository_that_starts_anew_after_its_keys_were_stolen(world: World) -> None:
    world.repository.versions |= {"timestamp": 1000, "snapshot": 1000}
    world.repository.publish()
    world.refresh()
    world.repository.versions |= {"timestamp": 1, "snapshot": 1}
    world.repository.rotate("timestamp")
    world.repository.rotate("snapshot")
    world.publish(NEWER)
    assert world.refresh() == Refreshed(sha256(NEWER), 0.0, changed=True)


def test_another_part_may_come(world: World) -> None:
    world.packaged = root(tsa=False)
    world.publish(root())
    assert world.refresh().changed


# what is not


def test_a_timestamp_that_expired(world: World) -> None:
    world.refresh()
    world.repository.expires["timestamp"] = datetime.now(UTC).replace(microsecond=0) - DAY
    world.publish(NEWER)
    assert trouble(world).startswith("TUF metadata is expired: timestamp.json is expired")


@pytest.mark.slow
def test_a_repository_that_is_frozen_is_seen_when_its_timestamp_expires(world: World) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    world.repository.expires["timestamp"] = soon
    world.repository.publish()
    world.refresh()
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds() + 0.1))
    assert trouble(world).startswith("TUF metadata is expired: timestamp.json is expired")


def test_an_older_repository_is_taken_by_nobody_who_knows_the_newer_one(world: World) -> None:
    older = dict(world.repository.files)
    world.publish(NEWER)
    world.refresh()
    world.repository.files = older
    assert trouble(world).startswith("TUF metadata has the wrong version: New timestamp version 1")
    trust_root_bucket.empty(world.client)
    assert world.refresh() == Refreshed(sha256(PACKAGED), 0.0)  # it is the state that makes the difference


@pytest.mark.parametrize(("role", "name"), [("snapshot", "snapshot"), ("targets", "targets.json")])
def test_an_older_part_under_a_new_timestamp(world: World, role: str, name: str) -> None:
    world.publish(NEWER)
    world.refresh()
    world.repository.versions[role] = 0
    world.publish(PACKAGED)
    said = trouble(world)
    assert said.startswith("TUF metadata has the wrong version: ")
    assert name in said


def test_a_repository_of_other_keys(world: World) -> None:
    world.refresh()
    world.served.repository = TufRepository({TRUSTED_ROOT: NEWER}, seed="another").publish()
    assert trouble(world).startswith("TUF metadata is not signed by as many of its keys as it must be")


def test_a_root_of_other_keys(world: World) -> None:
    world.refresh()
    other = TufRepository({TRUSTED_ROOT: NEWER}, seed="another").publish()
    other.rotate("root")
    world.repository.files |= {"2.root.json": other.files["2.root.json"]}
    assert trouble(world).startswith("TUF metadata is not signed by as many of its keys as it must be")


def test_a_target_that_was_changed_on_the_way(world: World) -> None:
    world.refresh()
    world.publish(NEWER)
    (path,) = (path for path in world.repository.files if path.endswith(f"{sha256(NEWER)}.trusted_root.json"))
    world.served.faults[path] = NEWER.replace(b"tlogs", b"tlocs")
    assert trouble(world).startswith("file is not the one that the TUF metadata names")


@pytest.mark.parametrize("fault", [500, 503, 404, "redirect http://elsewhere.test/timestamp.json"])
def test_a_mirror_that_does_not_answer_as_it_should(world: World, fault: int | str) -> None:
    world.refresh()
    world.served.faults["timestamp.json"] = fault
    assert trouble(world).startswith("TUF mirror: ")


def test_a_mirror_that_is_not_there(world: World) -> None:
    world.refresh()
    with TufMirror(world.repository) as gone:
        world.url = gone.url
    assert "ConnectError" in trouble(world)


@pytest.mark.slow
def test_a_mirror_that_drips(world: World) -> None:
    world.refresh()
    world.seconds = 0.5
    world.served.faults["timestamp.json"] = "drip"
    assert trouble(world) == "TUF mirror: took longer than 0.5 seconds"


def test_metadata_that_is_too_large(world: World) -> None:
    world.refresh()
    world.served.faults["timestamp.json"] = b" " * 20_000
    assert trouble(world).startswith("file is larger than it may be")


def test_a_target_that_is_too_large(world: World) -> None:
    world.refresh()
    world.publish(b" " * ((1 << 20) + 1))
    assert trouble(world) == "target 'trusted_root.json' has 1048577 bytes (at most 1048576)"


def test_a_target_that_is_no_trusted_root(world: World) -> None:
    world.refresh()
    world.publish(b"{}")
    assert trouble(world).startswith("not a trusted root: KeyError")


def test_a_target_that_sigstore_cannot_use(world: World) -> None:
    world.refresh()
    world.publish(json.dumps(material.sigstore().trusted_root() | {"mediaType": "application/json"}).encode())
    assert "mediaType" in trouble(world) or "media type" in trouble(world)


@pytest.mark.parametrize("part", ["fulcio", "ct_log"])
def test_a_target_without_what_every_root_must_have(world: World, part: str) -> None:
    world.refresh()
    world.publish(root(**{part: False}))
    said = trouble(world)
    assert said == "trusted root lacks a transparency log, a certificate log or a certificate authority"


def test_a_target_that_lacks_what_the_packaged_root_has(world: World) -> None:
    newer = root(tsa=False)
    world.publish(newer)
    said = f"the newest trusted root {sha256(newer)} has no timestampAuthorities, the present one has"
    assert world.refresh() == Refreshed(sha256(PACKAGED), 0.0, trouble=said)


def test_a_target_that_lacks_what_the_one_in_force_has(world: World) -> None:
    world.packaged = root(tsa=False)
    world.publish(root())
    world.refresh()
    newer = root(tsa=False)
    world.publish(newer)
    said = trouble(world)
    assert said == f"the newest trusted root {sha256(newer)} has no timestampAuthorities, the present one has"


@pytest.mark.parametrize(
    ("ended", "part"),
    [(("fulcio",), "certificateAuthorities"), (("ct_log",), "ctlogs"), (("rekor", "rekor_tiles"), "tlogs")],
)
def test_a_target_of_which_a_part_is_in_use_no_more(world: World, ended: tuple[str, ...], part: str) -> None:
    world.refresh()
    newer = root(ended=dict.fromkeys(ended, CHECKED - DAY))
    world.publish(newer)
    said = trouble(world)
    assert said == f"the newest trusted root {sha256(newer)} has no {part} in use at 2026-11-26, the present one has"


def test_the_root_of_another_sigstore(world: World) -> None:
    """A deployment with a private Sigstore whose TUF repository was left the public one's."""
    world.refresh()
    strange = json.dumps(material.stranger().trusted_root()).encode()
    world.publish(strange)
    said = "shares no certificate authority with the deployment's own"
    assert trouble(world) == f"the newest trusted root {sha256(strange)} {said} ({sha256(PACKAGED)})"


# how old the last check is


def test_age_counts_from_the_last_check(world: World) -> None:
    world.refresh()
    world.served.faults["timestamp.json"] = 503
    trouble(world)
    trouble(world, age=2 * DAY.total_seconds())
    world.served.faults.clear()
    assert world.refresh() == Refreshed(sha256(PACKAGED), 0.0)


def test_age_counts_from_the_first_try_where_nothing_was_ever_proven(world: World) -> None:
    world.served.faults["timestamp.json"] = 503
    assert world.refresh() == Refreshed(sha256(PACKAGED), 0.0, trouble=ANY)
    assert world.record == Record("", CHECKED, sha256(PACKAGED))
    world.now += DAY
    assert world.refresh() == Refreshed(sha256(PACKAGED), DAY.total_seconds(), trouble=ANY)
    world.served.faults.clear()
    world.publish(NEWER)
    assert world.refresh() == Refreshed(sha256(NEWER), 0.0, changed=True)


def test_a_clock_that_was_set_back(world: World) -> None:
    world.refresh()
    world.now -= DAY
    world.served.faults["timestamp.json"] = 503
    assert world.refresh().age_seconds == 0.0


# the deployment and the bucket


def test_another_deployment_begins_with_its_own_root(world: World) -> None:
    world.publish(NEWER)
    world.refresh()
    world.packaged = NEWEST
    world.served.faults["timestamp.json"] = 503
    assert world.refresh() == Refreshed(sha256(NEWEST), 0.0, trouble=ANY)
    world.served.faults.clear()
    assert world.refresh() == Refreshed(sha256(NEWER), 0.0, changed=True)
    assert world.record == Record(sha256(NEWER), CHECKED, sha256(NEWEST), ANY)


def test_what_an_earlier_deployment_had_is_asked_of_nobody(world: World) -> None:
    world.refresh()
    world.packaged = root(tsa=False)
    world.publish(root(tsa=False))
    assert world.refresh() == Refreshed(sha256(world.packaged), 0.0)


def test_a_record_that_cannot_be_read_is_made_anew(world: World) -> None:
    world.refresh()
    put(world.client, "current.json", b"nonsense")
    world.publish(NEWER)
    assert world.refresh() == Refreshed(sha256(NEWER), 0.0, changed=True)


@pytest.mark.parametrize("content", [b"", b"{}", None])
def test_a_root_that_is_broken_in_the_bucket_is_written_again(world: World, content: bytes | None) -> None:
    world.refresh()
    key = f"roots/{sha256(PACKAGED)}.json"
    if content is None:
        world.client.delete_object(Bucket=BUCKET, Key=key)
    else:
        put(world.client, key, content)
    assert world.refresh() == Refreshed(sha256(PACKAGED), 0.0)
    assert world.in_force == PACKAGED


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES.keys())
def test_a_bucket_that_cannot_be_read(world: World, error: Exception) -> None:
    refreshed = world.refresh(FailingClient(error))
    assert refreshed == Refreshed(sha256(PACKAGED), None, trouble=ANY)
    assert refreshed.trouble.startswith("trust root store trust-roots/current.json: ")
    assert world.served.asked == []


class ReadOnly:
    """A client that may read only."""

    def __init__(self, client: S3Client) -> None:
        self.get_object = client.get_object

    def put_object(self, **_: object) -> None:
        raise FAILURES["ClientError"]


def test_a_bucket_that_cannot_be_written(world: World) -> None:
    world.refresh()
    world.publish(NEWER)
    world.now += DAY
    refreshed = world.refresh(ReadOnly(world.client))
    assert refreshed == Refreshed(sha256(PACKAGED), DAY.total_seconds(), trouble=ANY)
    assert "AccessDenied" in refreshed.trouble


def test_a_bucket_that_could_never_be_written(world: World) -> None:
    assert world.refresh(ReadOnly(world.client)) == Refreshed(sha256(PACKAGED), None, trouble=ANY)


def test_what_another_repository_left_is_not_believed(world: World) -> None:
    other = TufRepository({TRUSTED_ROOT: NEWER}, seed="another").publish()
    other.rotate("root")
    names = {"root_history/2.root.json": "2.root.json", "timestamp.json": "timestamp.json"}
    files = {name: other.files[path] for name, path in names.items()}
    TrustRootStore(world.client, BUCKET).replace(None, record(PACKAGED, tuf=files | {"../evil.json": b"{}"}))
    assert world.refresh() == Refreshed(sha256(PACKAGED), 0.0)


# as it is shipped and wired

CONFIGURATION = Path(__file__).parents[2] / "layers/configuration"


def test_the_public_trusted_root_passes_every_check(world: World) -> None:
    world.packaged = (CONFIGURATION / "trusted_root.json").read_bytes()
    newer = json.dumps(json.loads(world.packaged)).encode()
    world.publish(newer)
    assert world.refresh() == Refreshed(sha256(newer), 0.0, changed=True)


def test_the_public_repository_is_begun_with_a_root_that_signed_itself() -> None:
    said: Any = Metadata.from_bytes(configuration.tuf_root(CONFIGURATION))
    said.signed.verify_delegate("root", said.signed_bytes, said.signatures)


def test_a_refresh_of_a_folder_into_a_bucket(world: World, tmp_path: Path) -> None:
    (tmp_path / "trusted_root.json").write_bytes(PACKAGED)
    (tmp_path / "tuf_root.json").write_bytes(world.bootstrap)
    world.publish(NEWER)
    refreshed = trust_root_wiring.refresh(tmp_path, f"{world.url}/", BUCKET).run()
    assert refreshed == Refreshed(sha256(NEWER), 0.0, changed=True)
    assert world.in_force == NEWER


def test_a_folder_without_the_repositorys_root(tmp_path: Path) -> None:
    with pytest.raises(TrustRootError, match="cannot read the TUF repository's root.json: .*tuf_root.json"):
        trust_root_wiring.refresh(tmp_path, TUF_URL, BUCKET)


# two at a time


def test_two_refreshes_at_a_time_are_no_trouble(world: World) -> None:
    world.refresh()
    world.publish(NEWER)

    def while_another_one_runs(state: Any) -> Proven:
        proven = world.prove(state)
        assert world.refresh().changed
        return proven

    assert world.refresh(prove=while_another_one_runs) == Refreshed(sha256(PACKAGED), 0.0)
    assert world.in_force == NEWER


def test_a_slow_refresh_does_not_put_an_older_root_back(world: World) -> None:
    world.refresh()
    world.publish(NEWER)

    def while_the_newest_comes(state: Any) -> Proven:
        proven = world.prove(state)
        world.publish(NEWEST)
        assert world.refresh().changed
        return proven

    world.refresh(prove=while_the_newest_comes)
    assert world.in_force == NEWEST


# killed


class Killed(BaseException):
    """The process ends here."""


class Dying:
    """A client whose process is killed at its n-th write: before S3 has it, or after."""

    def __init__(self, client: S3Client, writes: int, *, after: bool) -> None:
        self.get_object, self._client = client.get_object, client
        self._left, self._after = writes, after

    def put_object(self, **given: Any) -> Any:
        self._left -= 1
        if self._left or self._after:
            self._client.put_object(**given)
        if not self._left:
            raise Killed


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2])
@pytest.mark.parametrize("first", [False, True])
def test_whatever_is_killed_the_next_refresh_repairs(world: World, write: int, *, first: bool, after: bool) -> None:
    if not first:
        world.refresh()
    world.publish(NEWER)
    with pytest.raises(Killed):
        world.refresh(Dying(world.client, write, after=after))
    assert first or world.in_force in (PACKAGED, NEWER)
    assert world.refresh() == Refreshed(sha256(NEWER), 0.0, changed=(write, after) != (2, True))
    assert world.in_force == NEWER


def test_killed_when_it_noted_its_first_try(world: World) -> None:
    world.served.faults["timestamp.json"] = 503
    with pytest.raises(Killed):
        world.refresh(Dying(world.client, 1, after=True))
    world.now += DAY
    assert world.refresh().age_seconds == DAY.total_seconds()
