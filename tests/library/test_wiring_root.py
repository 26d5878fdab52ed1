"""verify as it is put together: it judges by the newest trusted root, says which, and goes on when it cannot be had."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.registry.server import LocalRegistry
from local.signing import publisher, signer
from local.signing.distribution import Repository
from local.sigstore.private_sigstore import PrivateSigstore
from registry_verifier.models import Digest, Look, State
from registry_verifier.newest_root import KEPT_SECONDS
from registry_verifier.reasons import Status
from registry_verifier.settings import VerifySettings
from registry_verifier.trust_root_store import TrustRootStore
from registry_verifier.verdict_table import VerdictTable
from registry_verifier.verify_message import Message
from registry_verifier.wiring import Takers
from tests import material
from tests.library.trust_root_bucket import BUCKET, CHECKED, PACKAGED, put, record, sha256
from tests.library.verdicts import TABLE, table
from tests.material import IMAGE, RELEASE_POLICY, SUBJECT

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def both() -> bytes:
    """A newer root: everything of before, and the keys of another instance."""
    old, more = material.sigstore().trusted_root(), material.stranger().trusted_root()
    return json.dumps(
        {name: old[name] + more[name] if isinstance(old[name], list) else old[name] for name in old}
    ).encode()


class Bench:
    """verify's real parts, wired to moto and to a registry with one image."""

    def __init__(self, repository: Repository, settings: VerifySettings, s3: S3Client, verdicts: VerdictTable) -> None:
        self.repository, self.settings, self.s3, self.verdicts = repository, settings, s3, verdicts
        self.image = publisher.push_image(repository, tag="v1")
        self.digest = Digest(self.image["digest"])
        self.seconds = 0.0
        self.loop = asyncio.new_event_loop()
        self.takers = Takers(settings, clock=lambda: self.seconds)

    def sign(self, by: PrivateSigstore) -> None:
        bundle = signer.bundle_signature(by, by.fulcio.issue(SUBJECT), self.digest)
        publisher.attach_bundle(self.repository, self.image, bundle)

    def refreshed(self, content: bytes, **changes: Any) -> None:
        store = TrustRootStore(self.s3, BUCKET)
        store.keep(content)
        store.replace(store.read(), record(content, **changes))

    def look(self, **changes: Any) -> State:
        """What is stored after another look, ten minutes later."""
        self.seconds += KEPT_SECONDS
        look = replace(Look(IMAGE, self.digest, "publish", tag="v1", delivery=f"d{self.seconds}"), **changes)
        self.loop.run_until_complete(self.takers.current().take(Message(look, "none", 1)))
        state = self.verdicts.state(IMAGE, self.digest)
        assert state is not None
        return state

    def close(self) -> None:
        registry: Any = self.takers.current().verification.finder.gatherer.registry
        self.loop.run_until_complete(registry.aclose())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "release.yaml").write_text(json.dumps(RELEASE_POLICY))
    (tmp_path / "trusted_root.json").write_bytes(PACKAGED)
    with table() as client, LocalRegistry() as registry, Repository(registry.url, IMAGE.repository) as repository:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        settings = VerifySettings.read(
            {
                "LOOKS_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="looks")["QueueUrl"],
                "VERDICTS_TABLE": TABLE,
                "RETENTION_DAYS": "400",
                "CONFIGURATION_DIRECTORY": str(tmp_path),
                "REGISTRY_ENDPOINTS": f"ghcr.io={registry.url}",
                "TRUST_ROOT_BUCKET": BUCKET,
            }
        )
        made = Bench(repository, settings, s3, VerdictTable(client, TABLE))
        yield made
        made.close()


def test_a_verdict_names_the_packaged_root(bench: Bench) -> None:
    bench.sign(material.sigstore())
    said = bench.look().document["trust_root"]
    assert (said["sha256"], said["checked_at"]) == (sha256(PACKAGED), None)


def test_a_verdict_names_the_root_that_was_proven_and_when(bench: Bench) -> None:
    bench.sign(material.sigstore())
    bench.refreshed(both())
    state = bench.look()
    assert state.status == Status.VERIFIED
    assert state.document["trust_root"] == {
        "sha256": sha256(both()),
        "checked_at": "2026-11-25T09:30:00Z",
        "others": {},
    }


def test_what_only_the_newer_root_vouches_for_is_verified_once_it_is_there(bench: Bench) -> None:
    bench.sign(material.stranger())
    assert bench.look().status == Status.FAILED
    bench.refreshed(both())
    assert bench.look().status == Status.VERIFIED


def test_what_is_connected_stays_connected(bench: Bench) -> None:
    before = bench.takers.current()
    bench.refreshed(both())
    bench.seconds += KEPT_SECONDS
    after = bench.takers.current()
    assert after is not before
    assert after.verification.finder.gatherer is before.verification.finder.gatherer
    assert after.verification.finder.keys is before.verification.finder.keys
    assert after.queue is before.queue


def test_a_root_that_was_proven_again_is_the_same_verifier(bench: Bench) -> None:
    bench.refreshed(both())
    before = bench.takers.current()
    bench.refreshed(both(), checked_at=CHECKED.replace(day=26))
    bench.seconds += KEPT_SECONDS
    after = bench.takers.current()
    assert after.verification.finder is before.verification.finder
    assert after.verification.trust_root_checked_at == CHECKED.replace(day=26)


def test_a_root_that_was_proven_again_makes_no_new_verdict(bench: Bench) -> None:
    bench.refreshed(PACKAGED)
    first = bench.look()
    bench.refreshed(PACKAGED, checked_at=CHECKED.replace(day=26))
    assert bench.look(cause="recheck", tag=None) == first


def test_the_same_taker_while_nothing_changes(bench: Bench) -> None:
    bench.refreshed(both())
    before = bench.takers.current()
    bench.seconds += KEPT_SECONDS
    assert bench.takers.current() is before


def test_verification_goes_on_with_the_last_good_root(bench: Bench) -> None:
    bench.refreshed(both())
    bench.takers.current()
    bench.sign(material.stranger())
    put(bench.s3, "current.json", b"nonsense")
    assert bench.look().status == Status.VERIFIED
    assert bench.takers.newest.trouble == "the record of the trusted root cannot be read"


def test_verification_starts_without_the_store(bench: Bench) -> None:
    bench.sign(material.sigstore())
    bench.takers = Takers(replace(bench.settings, trust_root_bucket="nowhere"))
    assert bench.look().status == Status.VERIFIED
    assert "NoSuchBucket" in bench.takers.newest.trouble


def test_without_a_bucket_nobody_asks(bench: Bench) -> None:
    bench.refreshed(both())
    takers = Takers(replace(bench.settings, trust_root_bucket=""))
    assert takers.current().verification.trust_root_sha256 == sha256(PACKAGED)
    assert takers.newest.trouble == ""
