"""States as items: what is kept, what is cut, what an item costs."""

from __future__ import annotations

import base64
import math
import os
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry_verifier import drift, stored_document, verdict_document, verdict_record, watch_record
from registry_verifier.listing import Run
from registry_verifier.models import ImageName, State, digest_of
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import AuthorityResult, Cause, PolicyResult, RequirementResult
from registry_verifier.watched import TagPointer
from tests.library.verdicts import DIGEST, IMAGE, NOW, PREDICATES, digest, state, verdict

RETENTION = timedelta(days=400)
ITEM_LIMIT = 400 * 1024
_INDEXED = [f"GSI{number}{part}" for number in (1, 2, 3) for part in ("PK", "SK")]


def _size(item: Any) -> int:
    """Bytes as DynamoDB counts them: names and values, 3 bytes for a list and one more for each of its elements."""
    return sum(len(name) + _value(value) for name, value in item.items())


def _value(value: dict[str, Any]) -> int:
    match value:
        case {"S": text}:
            return len(text.encode())
        case {"N": number}:
            return math.ceil(len(number) / 2) + 1
        case {"B": raw}:
            return len(raw)
        case {"L": parts}:
            return 3 + sum(1 + _value(part) for part in parts)
    raise AssertionError(value)


def _units(size: int) -> int:
    return math.ceil(size / 1024)


def _index_size(item: Any, index: str) -> int:
    names = ("PK", "SK", f"{index}PK", f"{index}SK")
    return _size({name: item[name] for name in names}) if f"{index}PK" in item else 0


def _waiting() -> State:
    """What verify stores minutes after a push, when nothing was signed yet."""
    missing = tuple(
        RequirementResult(
            f"demand-{number}", kind, None, Cause(Reason.NO_ATTESTATION, f"no attestation of type {kind}")
        )
        for number, kind in enumerate(PREDICATES)
    )
    judged = PolicyResult("acme-signatures", "enforce", digest(3)[7:], (AuthorityResult("keyless", missing),))
    causes = tuple(demand.cause for demand in missing if demand.cause)
    bare = verdict(Status.PENDING, statements=(), nearest_miss=None, policies=(judged,), causes=causes)
    return state(Status.PENDING, document=verdict_document.write(bare), deliveries=state().deliveries[:1])


def _verified() -> State:
    """What verify stores when four statements came: their ids and digests are noise that no words shorten."""
    told = verdict(Status.VERIFIED)
    found = [
        replace(one, signature_id=digest(200 + n)[7:], digest="" if one.is_signature else digest(300 + n))
        for n, one in enumerate(told.statements)
    ]
    whole = replace(told, statements=tuple(found), found_in={one.place: ("",) for one in found})
    return state(Status.VERIFIED, version=2, document=verdict_document.write(whole))


def test_the_words_that_stored_documents_are_read_with_are_the_ones_they_were_written_with() -> None:
    assert digest_of(stored_document.WORDS) == "sha256:b0bbb395e4902ea04f2d5977cfc66ce409b2ea24a5ef1b7527b2e341d46aab6e"


def test_the_words_that_came_later_are_the_ones_they_were_written_with() -> None:
    assert (
        digest_of(stored_document.MORE_WORDS)
        == "sha256:443a53614866b7c127ab77d8da87c52bfc21aeca172c330f55390c4a7ab9333c"
    )


def test_the_words_that_came_last_are_the_ones_they_were_written_with() -> None:
    assert (
        digest_of(stored_document.LATEST_WORDS)
        == "sha256:b95be013ddf1b20d1321fd3caced3664c5359d040e6377403f5c7efd18d12f57"
    )


@pytest.mark.parametrize("words", [stored_document.WORDS, stored_document.WORDS + stored_document.MORE_WORDS])
def test_a_document_stored_with_earlier_words_is_read_all_the_same(words: bytes) -> None:
    deflater = zlib.compressobj(zdict=words)
    stored = deflater.compress(b'{"status":"VERIFIED"}') + deflater.flush()
    assert stored_document.read(stored) == {"status": "VERIFIED"}


def test_a_document_stored_without_the_words_is_read_all_the_same() -> None:
    assert stored_document.read(zlib.compress(b'{"status":"VERIFIED"}')) == {"status": "VERIFIED"}


def test_a_publish_that_waits_and_then_verifies_costs_at_most_six_write_units() -> None:
    waiting = verdict_record.write_state(_waiting(), RETENTION)
    verified = verdict_record.write_state(_verified(), RETENTION)
    tag = watch_record.write_pointer(TagPointer(IMAGE, "v1.4.0", DIGEST, NOW), NOW)

    unchanged = ("GSI1PK", "GSI1SK", "GSI3PK", "GSI3SK")
    assert [waiting[name] for name in unchanged] == [verified[name] for name in unchanged]
    assert "GSI2PK" not in waiting and "GSI2PK" not in verified
    create = _units(_size(waiting)) + sum(_units(_index_size(waiting, index)) for index in ("GSI1", "GSI3"))
    update = _units(max(_size(waiting), _size(verified)))
    assert create + update + _units(_size(tag)) <= 6


@pytest.mark.parametrize("status", list(Status))
def test_a_state_comes_back_as_it_was(status: Status) -> None:
    there = state(status, version=3)
    assert verdict_record.read_state(verdict_record.write_state(there, RETENTION)) == there


def test_a_state_comes_back_from_the_stream_where_binary_is_base64() -> None:
    item = verdict_record.write_state(state(), RETENTION)
    item["detail"] = {"B": base64.b64encode(item["detail"]["B"]).decode()}
    assert verdict_record.read_state(item) == state()


def test_a_state_without_tags_actor_and_deliveries_comes_back() -> None:
    bare = state(tags=(), actor="", deliveries=())
    assert verdict_record.read_state(verdict_record.write_state(bare, RETENTION)) == bare


def test_an_item_of_an_older_version_is_read_and_is_in_every_index_when_it_is_written_again() -> None:
    item = verdict_record.write_state(state(), RETENTION)
    old = {name: value for name, value in item.items() if not name.startswith("GSI3")}
    old |= {"image": {"S": str(IMAGE)}, "digest": {"S": DIGEST}}
    assert verdict_record.write_state(verdict_record.read_state(old), RETENTION) == item


def test_times_are_kept_to_the_second_in_utc() -> None:
    odd = datetime(2026, 11, 22, 11, 1, 0, 999_999, tzinfo=datetime.fromisoformat("2026-01-01T00:00:00+01:00").tzinfo)
    read = verdict_record.read_state(verdict_record.write_state(state(first_seen=odd), RETENTION))
    assert read.first_seen == datetime(2026, 11, 22, 10, 1, 0, tzinfo=UTC)


def test_the_keys_of_a_failed_state() -> None:
    item = verdict_record.write_state(state(Status.FAILED), RETENTION)
    keys = {name: item[name]["S"] for name in ("PK", "SK", *_INDEXED)}
    assert keys == {
        "PK": f"IMG#ghcr.io/acme/app@{DIGEST}",
        "SK": "STATE",
        "GSI1PK": "REPO#ghcr.io/acme/app",
        "GSI1SK": f"2026-11-22T10:01:00Z#{DIGEST}",
        "GSI2PK": "STATUS#FAILED#2026-11",
        "GSI2SK": f"2026-11-22T10:01:00Z#ghcr.io/acme/app@{DIGEST}",
        "GSI3PK": "ALL#2026-11",
        "GSI3SK": f"2026-11-22T10:01:00Z#{digest_of(f'IMG#{IMAGE}@{DIGEST}'.encode())[7:23]}",
    }


def test_the_list_of_all_is_by_when_a_digest_was_first_seen_and_that_of_a_status_by_its_verdict() -> None:
    seen = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
    item = verdict_record.write_state(state(Status.FAILED, first_seen=seen), RETENTION)
    assert (item["GSI3PK"]["S"], item["GSI3SK"]["S"][:20]) == ("ALL#2026-10", "2026-10-31T23:59:59Z")
    assert (item["GSI2PK"]["S"], item["GSI2SK"]["S"][:20]) == ("STATUS#FAILED#2026-11", "2026-11-22T10:01:00Z")


@pytest.mark.parametrize("status", list(Status))
def test_everything_is_in_the_list_of_all_but_children_of_an_index(status: Status) -> None:
    child = verdict_record.write_state(state(status, document={"kind": "child"}), RETENTION)
    assert "GSI3PK" in verdict_record.write_state(state(status), RETENTION)
    assert sorted(name for name in child if name.startswith("GSI")) == ["GSI1PK", "GSI1SK"]


def test_a_run_is_named_by_its_time_and_hash_and_is_in_no_index() -> None:
    item = verdict_record.write_run(state(Status.FAILED, version=7), RETENTION, NOW)
    assert re.fullmatch(r"RUN#2026-11-22T10:01:00Z#[0-9a-f]{16}", item["SK"]["S"])
    assert item["SK"] == verdict_record.write_run(state(Status.FAILED, version=8, tags=("v2",)), RETENTION, NOW)["SK"]
    assert not [name for name in item if name.startswith("GSI")]


def test_a_run_comes_back_with_when_it_was_made_and_replaced() -> None:
    there, later = state(Status.FAILED), NOW + timedelta(hours=3)
    run = verdict_record.read_run(IMAGE, DIGEST, verdict_record.write_run(there, RETENTION, later))
    assert run == Run(IMAGE, DIGEST, Status.FAILED, drift.without_marks(there.document), NOW, later)


def test_a_run_is_kept_without_what_tags_point_to_now() -> None:
    mark = {"code": Reason.TAG_MOVED.value, "text": "tag v1.4.0 points elsewhere now"}
    marked = state(Status.FAILED, document={"drift": [mark], "superseded_by": digest(9)})
    run = verdict_record.read_run(IMAGE, DIGEST, verdict_record.write_run(marked, RETENTION, NOW))
    assert run.document == drift.without_marks(state(Status.FAILED).document)


def test_a_run_of_an_older_version_does_not_say_when_it_was_replaced() -> None:
    item = verdict_record.write_run(state(), RETENTION, NOW)
    del item["replaced_at"]
    assert verdict_record.read_run(IMAGE, DIGEST, item).replaced_at is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("detail", {"B": b"no document"}),
        ("detail", {"S": "text"}),
        ("status", {"S": "FINE"}),
        ("verified_at", {"S": "yesterday"}),
        ("verified_at", None),
        ("replaced_at", {"S": "soon"}),
        ("replaced_at", None),
    ],
)
def test_an_item_that_is_no_run_is_a_value_error(name: str, value: Any) -> None:
    item = verdict_record.write_run(state(), RETENTION, NOW) | {name: value}
    with pytest.raises(ValueError):
        verdict_record.read_run(IMAGE, DIGEST, item)


def test_a_record_expires_when_its_retention_after_the_verdict_is_over() -> None:
    item = verdict_record.write_state(state(), RETENTION)
    assert not verdict_record.expired(item, NOW + RETENTION - timedelta(seconds=1))
    assert verdict_record.expired(item, NOW + RETENTION)


def test_only_the_newest_twenty_deliveries_are_kept() -> None:
    many = tuple(f"delivery-{number}" for number in range(30))
    read = verdict_record.read_state(verdict_record.write_state(state(deliveries=many), RETENTION))
    assert read.deliveries == many[10:]


def test_text_that_is_not_utf_8_is_stored_and_not_raised() -> None:
    read = verdict_record.read_state(verdict_record.write_state(state(actor="a\ud800b", tags=("\udfff",)), RETENTION))
    assert (read.actor, read.tags) == ("a?b", ("?",))


def _noise(length: int) -> str:
    return os.urandom(length // 2).hex()


def test_a_document_too_large_loses_statements_from_its_tail_and_says_how_many() -> None:
    noisy = [{"place": str(number), "detail": _noise(20_000)} for number in range(64)]
    item = verdict_record.write_state(state(document={"statements": noisy}), RETENTION)
    read = verdict_record.read_state(item).document
    assert _size(item) < ITEM_LIMIT
    assert 0 < len(read["statements"]) < 64
    assert read["statements"] == noisy[: len(read["statements"])]
    assert read["dropped"] == {"statements": 64 - len(read["statements"])}
    assert read["children"] == [digest(1), digest(2)]


def test_a_document_too_long_to_answer_with_is_cut_however_well_it_compresses() -> None:
    long = [{"detail": "a" * 100_000} for _ in range(100)]
    read = verdict_record.read_state(verdict_record.write_state(state(document={"statements": long}), RETENTION))
    assert read.document["dropped"]["statements"] >= 60


@pytest.mark.parametrize("name", ["reproduce", "causes", "children", "policies", "nearest_miss", "media_type"])
def test_no_part_of_a_document_makes_an_item_that_dynamodb_refuses(name: str) -> None:
    size = 3_000_000
    huge: Any = _noise(size) if name in ("nearest_miss", "media_type") else [_noise(size)]
    item = verdict_record.write_state(state(document={name: huge}), RETENTION)
    assert _size(item) < ITEM_LIMIT
    assert verdict_record.read_state(item).document["status"] == "FAILED"
    assert "dropped" in verdict_record.read_state(item).document


def test_a_stored_document_that_unpacks_without_end_is_refused() -> None:
    bomb = zlib.compress(b" " * 50_000_000)
    with pytest.raises(ValueError, match="larger than"):
        stored_document.read(bomb)


@pytest.mark.parametrize(
    "stored", [b"", b"not zlib", zlib.compress(b"{}")[:-3], zlib.compress(b"[]"), zlib.compress(b"{")]
)
def test_bytes_that_are_no_stored_document_are_refused(stored: bytes) -> None:
    with pytest.raises(ValueError):
        stored_document.read(stored)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", {"S": "GOOD"}),
        ("version", {"N": "x"}),
        ("PK", {"S": f"IMG#{IMAGE}@sha256:abc"}),
        ("PK", {"S": f"IMG#GHCR.io/Acme@{DIGEST}"}),
        ("PK", {"S": f"IMG#{IMAGE}"}),
        ("PK", {"S": "IMAGES"}),
        ("detail", {"B": "***"}),
        ("detail", {"S": "text"}),
        ("first_seen", {"S": "yesterday"}),
        ("tags", {"S": "v1"}),
        ("version", None),
    ],
)
def test_an_item_that_is_no_state_is_a_value_error(name: str, value: Any) -> None:
    item = verdict_record.write_state(state(), RETENTION) | {name: value}
    with pytest.raises(ValueError):
        verdict_record.read_state(item)


def test_an_empty_item_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="item is no state"):
        verdict_record.read_state({})


def test_the_longest_image_name_fits_into_every_key() -> None:
    longest = ImageName.parse("ghcr.io/" + "a" * 247)
    there = state(image=longest)
    item = verdict_record.write_state(there, RETENTION)
    assert item["GSI2SK"]["S"].endswith(f"{longest}@{DIGEST}")
    assert verdict_record.read_state(item) == replace(there, image=longest)
