"""What is remembered beside the verdicts, against moto: repositories, tags, checks, notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from registry_verifier import watch_record
from registry_verifier.errors import BadRequest, Superseded, Unavailable
from registry_verifier.models import ImageName
from registry_verifier.verdict_table import RETENTION, VerdictTable
from registry_verifier.watched import FORMER_LIMIT, Former, TagPointer
from tests.library.verdicts import DIGEST, IMAGE, NOW, TABLE, digest, state

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

OTHER = ImageName("ghcr.io", "acme/other")
POINTER = TagPointer(IMAGE, "latest", DIGEST, NOW)


class Counted:
    """A client that counts the writes of each kind of item."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.written: list[str] = []

    def put_item(self, **arguments: Any) -> Any:
        self.written.append(arguments["Item"]["SK"]["S"].partition("#")[0])
        return self._client.put_item(**arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.fixture
def verdicts(client: DynamoDBClient) -> VerdictTable:
    return _table(client)


def _table(client: Any, **later: float) -> VerdictTable:
    now = NOW + timedelta(**later)
    return VerdictTable(cast("DynamoDBClient", client), TABLE, now=lambda: now, sleep=lambda _: None)


def test_every_repository_with_a_record_is_listed_once_by_name(verdicts: VerdictTable) -> None:
    assert list(verdicts.images()) == []
    for image in (OTHER, IMAGE):
        verdicts.record(None, state(image=image))
        verdicts.record(None, state(image=image, digest=digest(1)))
    assert list(verdicts.images()) == [IMAGE, OTHER]
    assert list(verdicts.images(after=IMAGE)) == [OTHER]
    assert list(verdicts.images(after=OTHER)) == []


def test_a_repository_is_written_once_by_each_process_and_before_its_record(client: DynamoDBClient) -> None:
    counted = Counted(client)
    for _ in range(2):
        process = _table(counted)
        for number in range(3):
            before = process.state(IMAGE, digest(number))
            process.record(before, state(digest=digest(number), version=before.version + 1 if before else 1))
    assert counted.written == [str(IMAGE), *["STATE"] * 3] * 2


def test_more_repositories_than_one_answer_holds_are_all_listed(client: DynamoDBClient) -> None:
    pages = Paged(client)
    process = _table(pages)
    for number in range(5):
        process.hear_of(ImageName("ghcr.io", f"acme/app{number}"))
    assert [image.repository for image in process.images()] == [f"acme/app{number}" for number in range(5)]
    assert pages.asked > 2


class Paged:
    """A client whose answers hold two items at most, as DynamoDB's hold a megabyte."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.asked = 0

    def query(self, **question: Any) -> Any:
        self.asked += 1
        return self._client.query(**question, Limit=2)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def test_a_repository_of_which_nothing_is_left_is_not_listed(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    verdicts.record(None, state())
    assert list(_table(client, days=RETENTION.days).images()) == []


def test_a_note_is_kept_and_replaced(verdicts: VerdictTable) -> None:
    assert verdicts.kept("reverify") is None
    verdicts.keep("reverify", "here")
    verdicts.keep("reverify", "there")
    verdicts.keep("missed", "")
    assert (verdicts.kept("reverify"), verdicts.kept("missed")) == ("there", "")


def test_a_note_that_is_too_long_is_refused(verdicts: VerdictTable) -> None:
    verdicts.keep("reverify", "x" * watch_record.NOTE_LIMIT)
    with pytest.raises(ValueError, match="4098 bytes"):
        verdicts.keep("reverify", "é" * (watch_record.NOTE_LIMIT // 2 + 1))


def test_a_check_changes_nothing_about_the_record(verdicts: VerdictTable) -> None:
    verdicts.record(None, state())
    verdicts.keep_checked(IMAGE, DIGEST, NOW)
    assert verdicts.state(IMAGE, DIGEST) == state()
    verdicts.record(state(), state(version=2))


def test_since_when_nobody_could_look_is_kept_and_forgotten(verdicts: VerdictTable) -> None:
    assert verdicts.unseen_since(IMAGE, DIGEST) is None
    verdicts.keep_unseen(IMAGE, DIGEST, NOW)
    assert verdicts.unseen_since(IMAGE, DIGEST) == NOW
    assert verdicts.unseen_since(OTHER, DIGEST) is None
    verdicts.keep_unseen(IMAGE, DIGEST, None)
    assert verdicts.unseen_since(IMAGE, DIGEST) is None


def test_a_timeline_holds_records_with_their_checks_newest_first_page_by_page(verdicts: VerdictTable) -> None:
    for number in range(5):
        verdicts.record(None, state(digest=digest(number), first_seen=NOW - timedelta(hours=number)))
    verdicts.keep_checked(IMAGE, digest(1), NOW)
    verdicts.keep_looked(IMAGE, digest(2), NOW)  # the sweep goes by what it sent
    since = NOW - timedelta(hours=3)
    first = verdicts.timeline(IMAGE, limit=3, cursor=None, since=since)
    rest = verdicts.timeline(IMAGE, limit=3, cursor=first.next_cursor, since=since)
    seen = [[(one.state.digest, one.checked_at) for one in page.items] for page in (first, rest)]
    assert seen == [[(digest(0), None), (digest(1), NOW), (digest(2), None)], [(digest(3), None)]]
    assert rest.next_cursor is None


def test_a_timeline_takes_no_cursor_of_another_list(verdicts: VerdictTable) -> None:
    with pytest.raises(BadRequest):
        verdicts.timeline(IMAGE, limit=2, cursor="x", since=NOW)


def test_an_expired_record_is_in_no_timeline(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    verdicts.record(None, state())
    later = _table(client, days=RETENTION.days)
    assert later.timeline(IMAGE, limit=2, cursor=None, since=NOW - timedelta(days=1)).items == ()


def test_what_a_tag_points_to_is_kept_with_what_it_pointed_to_before(verdicts: VerdictTable) -> None:
    assert verdicts.pointer(IMAGE, "latest") is None
    verdicts.point(None, POINTER)
    moved = POINTER.moved(digest(1), NOW + timedelta(hours=1))
    verdicts.point(POINTER, moved)
    assert verdicts.pointer(IMAGE, "latest") == moved
    assert moved.former == (Former(DIGEST, NOW),)
    assert verdicts.pointer(IMAGE, "v1") is None
    assert verdicts.pointer(OTHER, "latest") is None


def test_one_of_two_who_point_a_tag_at_once_is_told_so(verdicts: VerdictTable) -> None:
    verdicts.point(None, POINTER)
    with pytest.raises(Superseded, match="no longer points to nothing"):
        verdicts.point(None, replace(POINTER, digest=digest(1)))
    moved = POINTER.moved(digest(1), NOW)
    verdicts.point(POINTER, moved)
    with pytest.raises(Superseded):
        verdicts.point(POINTER, POINTER.moved(digest(2), NOW))
    back = moved.moved(DIGEST, NOW + timedelta(seconds=9))
    verdicts.point(moved, back)
    with pytest.raises(Superseded):
        verdicts.point(POINTER, POINTER.moved(digest(3), NOW))
    assert verdicts.pointer(IMAGE, "latest") == back


def test_a_tag_that_expired_can_be_pointed_anew(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    verdicts.point(None, POINTER)
    later = _table(client, days=RETENTION.days)
    assert later.pointer(IMAGE, "latest") is None
    later.point(None, replace(POINTER, digest=digest(1)))


def test_a_tag_that_moves_at_every_release_keeps_to_one_write_unit() -> None:
    pointer = TagPointer(ImageName.parse("ghcr.io/" + "a" * 60), "latest", DIGEST, NOW)
    for number in range(FORMER_LIMIT + 5):
        pointer = pointer.moved(digest(number), NOW + timedelta(days=number))
    item = watch_record.write_pointer(pointer, NOW)
    assert watch_record.read_pointer(item) == pointer
    assert len(pointer.former) == FORMER_LIMIT
    assert sum(len(name) + sum(len(value) for value in entry.values()) for name, entry in item.items()) < 1024


@pytest.mark.parametrize("name", ["digest", "since", "former"])
def test_a_tag_that_cannot_be_read_is_could_not_look(client: DynamoDBClient, verdicts: VerdictTable, name: str) -> None:
    bad = {"B": b"x"} if name == "former" else {"S": "x"}
    client.put_item(TableName=TABLE, Item=watch_record.write_pointer(POINTER, NOW + RETENTION) | {name: bad})
    with pytest.raises(Unavailable, match="cannot be read"):
        verdicts.pointer(IMAGE, "latest")


def test_other_items_that_cannot_be_read_are_could_not_look(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    for key in ({"PK": "IMAGES", "SK": "Acme"}, {"PK": "SWEEP", "SK": "reverify"}):
        client.put_item(TableName=TABLE, Item={name: {"S": value} for name, value in key.items()})
    with pytest.raises(Unavailable, match="not an image name"):
        list(verdicts.images())
    with pytest.raises(Unavailable, match="lacks one of text"):
        verdicts.kept("reverify")
