"""The bucket of refreshed trusted roots: what is read is what was written last, and what is not there is said so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody

from registry_verifier import trust_root_record, trust_root_store
from registry_verifier.errors import Superseded, Unavailable
from registry_verifier.reasons import Reason
from registry_verifier.trust_root_record import Record, Stored
from registry_verifier.trust_root_store import TrustRootStore
from tests.library import trust_root_bucket
from tests.library.aws_failures import FAILURES, FailingClient, answering, client_of
from tests.library.trust_root_bucket import BUCKET, CHECKED, NEWER, PACKAGED, put, record, sha256, versions

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TUF = {"timestamp.json": b'{"signed": "\xc3\xa9"}\n', "root_history/15.root.json": b"{}"}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    with trust_root_bucket.simulated() as client:
        yield client


@pytest.fixture
def client(s3: S3Client) -> S3Client:
    trust_root_bucket.empty(s3)
    return s3


@pytest.fixture
def store(client: S3Client) -> TrustRootStore:
    return TrustRootStore(client, BUCKET)


def text_of(call: Any, *given: Any) -> str:
    with pytest.raises(Unavailable) as caught:
        call(*given)
    assert caught.value.reason is Reason.TRUST_ROOT_UNAVAILABLE
    return str(caught.value)


# what is written is read


def test_nothing_is_there_yet(store: TrustRootStore) -> None:
    assert store.read() is None


def test_a_record_comes_back_as_it_was(store: TrustRootStore) -> None:
    store.replace(None, record(tuf=TUF))
    stored = store.read()
    assert stored is not None
    assert stored.record == record(tuf=TUF)


def test_a_record_before_anything_was_proven(store: TrustRootStore) -> None:
    store.replace(None, record(sha256=""))
    stored = store.read()
    assert stored is not None
    assert stored.record == record(sha256="")


def test_a_root_comes_back_by_its_hash(store: TrustRootStore) -> None:
    store.keep(NEWER)
    store.keep(PACKAGED)
    assert (store.root(sha256(NEWER)), store.root(sha256(PACKAGED))) == (NEWER, PACKAGED)


def test_earlier_records_stay_as_versions(store: TrustRootStore, client: S3Client) -> None:
    store.replace(None, record())
    store.replace(store.read(), record(PACKAGED))
    assert versions(client, "current.json") == 2


def test_a_record_that_did_not_change_is_not_read_again(store: TrustRootStore) -> None:
    store.replace(None, record())
    stored = store.read()
    assert stored is not None
    assert store.read(stored) is stored


def test_a_record_that_changed_is_read_again(store: TrustRootStore) -> None:
    store.replace(None, record())
    stored = store.read()
    store.replace(stored, record(checked_at=CHECKED + timedelta(days=1)))
    again = store.read(stored)
    assert again is not None
    assert again.record == record(checked_at=CHECKED + timedelta(days=1))


def test_a_record_that_was_deleted(store: TrustRootStore, client: S3Client) -> None:
    store.replace(None, record())
    stored = store.read()
    client.delete_object(Bucket=BUCKET, Key="current.json")
    assert store.read(stored) is None


# two at a time


def test_the_first_record_is_written_once(store: TrustRootStore) -> None:
    store.replace(None, record())
    with pytest.raises(Superseded, match="trust-roots/current.json was replaced meanwhile"):
        store.replace(None, record(PACKAGED))
    stored = store.read()
    assert stored is not None
    assert stored.record == record()


def test_a_record_that_somebody_replaced_is_not_replaced_again(store: TrustRootStore) -> None:
    store.replace(None, record())
    old = store.read()
    store.replace(old, record(checked_at=CHECKED + timedelta(days=1)))
    with pytest.raises(Superseded):
        store.replace(old, record(PACKAGED))


def test_a_record_that_was_deleted_is_not_replaced(store: TrustRootStore, client: S3Client) -> None:
    store.replace(None, record())
    old = store.read()
    client.delete_object(Bucket=BUCKET, Key="current.json")
    with pytest.raises(Superseded):
        store.replace(old, record())


@pytest.mark.parametrize("code", ["409", "412", "ConditionalRequestConflict", "PreconditionFailed"])
def test_each_way_in_which_s3_says_that_somebody_was_faster(code: str) -> None:
    failing = FailingClient(ClientError({"Error": {"Code": code}}, "PutObject"))
    with pytest.raises(Superseded):
        TrustRootStore(failing, BUCKET).replace(None, record())  # type: ignore[arg-type] # it fails as a client does


# what cannot be used


UNREADABLE = {
    "nothing": b"",
    "no json": b"<html>",
    "no object": b"[]",
    "deep": b"[" * 100_000,
    "not utf-8": b"\xff",
}


def damaged(**changes: Any) -> bytes:
    return json.dumps(json.loads(trust_root_record.write(record())) | changes).encode()


DAMAGED: dict[str, dict[str, Any]] = {
    "no hash": {"sha256": None},
    "a hash that leads elsewhere": {"sha256": "../policies"},
    "a hash and a line": {"sha256": "a" * 64 + "\n"},
    "a number for a hash": {"sha256": 1},
    "no deployment": {"packaged_sha256": ""},
    "no time": {"checked_at": None},
    "a time in words": {"checked_at": "yesterday"},
    "a time without a zone": {"checked_at": "2026-11-25T09:30:00"},
    "tuf is a list": {"tuf": []},
    "tuf is absent": {"tuf": None},
    "tuf has numbers": {"tuf": {"timestamp.json": 1}},
    "tuf has too many files": {"tuf": dict.fromkeys(map(str, range(1001)), "")},
    "half a character": {"tuf": {"timestamp.json": "\ud800"}},
}


@pytest.mark.parametrize(
    "content", [*UNREADABLE.values(), *(damaged(**said) for said in DAMAGED.values())], ids=[*UNREADABLE, *DAMAGED]
)
def test_a_record_that_cannot_be_read_is_none_and_can_be_replaced(
    store: TrustRootStore, client: S3Client, content: bytes
) -> None:
    put(client, "current.json", content)
    stored = store.read()
    assert stored is not None
    assert stored.record is None
    store.replace(stored, record())
    again = store.read()
    assert again is not None
    assert again.record == record()


def test_a_record_that_is_too_large(store: TrustRootStore, client: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_root_store, "RECORD_LIMIT", 100)
    put(client, "current.json", b" " * 101)
    assert text_of(store.read) == "trust root store trust-roots/current.json: ValueError: more than 100 bytes"


def test_a_record_that_would_be_too_large_is_not_written(
    store: TrustRootStore, client: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_root_store, "RECORD_LIMIT", 100)
    assert "bytes (at most 100)" in text_of(store.replace, None, record())
    assert versions(client, "current.json") == 0


def test_a_tuf_file_that_is_no_text_is_not_written(store: TrustRootStore, client: S3Client) -> None:
    assert "UnicodeDecodeError" in text_of(store.replace, None, record(tuf={"timestamp.json": b"\xff"}))
    assert versions(client, "current.json") == 0


def test_a_root_that_is_missing(store: TrustRootStore) -> None:
    assert f"trust-roots/roots/{sha256(NEWER)}.json: NoSuchKey" in text_of(store.root, sha256(NEWER))


def test_a_root_that_is_another_one(store: TrustRootStore, client: S3Client) -> None:
    put(client, f"roots/{sha256(NEWER)}.json", PACKAGED)
    assert f"its bytes have the digest sha256:{sha256(PACKAGED)}" in text_of(store.root, sha256(NEWER))


def test_a_root_that_is_too_large(store: TrustRootStore, client: S3Client) -> None:
    content = b" " * ((1 << 20) + 1)
    put(client, f"roots/{sha256(content)}.json", content)
    assert "more than 1048576 bytes" in text_of(store.root, sha256(content))


def test_a_bucket_that_is_not_there(client: S3Client) -> None:
    store = TrustRootStore(client, "elsewhere")
    for call, given in ((store.read, ()), (store.root, ("a" * 64,)), (store.keep, (NEWER,))):
        assert "NoSuchBucket" in text_of(call, *given)


# S3 does not answer


def calls(store: TrustRootStore) -> list[tuple[Any, tuple[Any, ...]]]:
    old = Stored(record(), '"etag"')
    return [
        (store.read, ()),
        (store.read, (old,)),
        (store.root, ("a" * 64,)),
        (store.keep, (NEWER,)),
        (store.replace, (None, record())),
        (store.replace, (old, record())),
    ]


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES.keys())
def test_every_failure_of_the_client_is_unavailable(error: Exception) -> None:
    store = TrustRootStore(FailingClient(error), BUCKET)  # type: ignore[arg-type] # it fails as a client does
    for call, given in calls(store):
        assert "trust root store trust-roots/" in text_of(call, *given)


@pytest.mark.parametrize("error", [OSError("reset"), ReadTimeoutError(endpoint_url="s3"), KeyError("ETag")], ids=repr)
def test_an_answer_that_breaks_off_is_unavailable(error: Exception) -> None:
    class Body:
        def read(self, limit: int) -> bytes:
            raise error

    class Client:
        def get_object(self, **_: object) -> dict[str, Any]:
            return {"Body": StreamingBody(Body(), None), "ETag": "1"}  # type: ignore[arg-type] # it has what is used

    store = TrustRootStore(Client(), BUCKET)  # type: ignore[arg-type] # it answers as a client does
    text_of(store.read)
    text_of(store.root, "a" * 64)


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"<html>"), (503, b""), (302, b""), (400, b"nonsense"), (403, b""), (404, b"")]
)
def test_an_answer_of_a_proxy_is_unavailable(status: int, body: bytes) -> None:
    with answering(status, body) as url:
        store = TrustRootStore(client_of("s3", url), BUCKET)
        for call, given in calls(store):
            text_of(call, *given)


def test_an_address_that_nobody_listens_at() -> None:
    store = TrustRootStore(client_of("s3", "http://127.0.0.1:9"), BUCKET)
    for call, given in calls(store):
        text_of(call, *given)


# what a record means


def test_a_record_stands_for_one_deployment() -> None:
    assert record().stands_for(sha256(PACKAGED))
    assert not record().stands_for(sha256(NEWER))
    assert not replace(record(), sha256="").stands_for(sha256(PACKAGED))


def test_a_record_without_tuf_is_small() -> None:
    assert trust_root_record.read(trust_root_record.write(record())) == Record(
        sha256(NEWER), CHECKED, sha256(PACKAGED), {}
    )
