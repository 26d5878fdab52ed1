"""VerdictsTable against moto: one writer wins, repositories are listed in order, nothing of botocore gets through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from registry_verifier import verdict_record
from registry_verifier.errors import BadRequest, Superseded, Unavailable
from registry_verifier.listing import Listing, Window
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.reasons import Reason, Status
from registry_verifier.verdict_table import RETENTION, VerdictTable
from registry_verifier.watched import TagPointer
from tests.library.aws_failures import FailingClient
from tests.library.table_clients import Counting, at, botocore_errors, index
from tests.library.verdicts import DIGEST, IMAGE, NOW, TABLE, digest, state

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

OTHER = ImageName("ghcr.io", "acme/other")
LATER = NOW + timedelta(minutes=5)
ALL = Window()


@pytest.fixture
def verdicts(client: DynamoDBClient) -> VerdictTable:
    return _table(client)


def _table(client: Any, now: datetime = NOW + timedelta(hours=1), **more: Any) -> VerdictTable:
    return VerdictTable(cast("DynamoDBClient", client), TABLE, now=lambda: now, sleep=lambda _: None, **more)


def _fill(verdicts: VerdictTable, *states: State) -> None:
    for one in states:
        verdicts.record(None, one)


def _digests(found: Listing[State]) -> list[Digest]:
    return [entry.value.digest for entry in found.entries]


def _walk(verdicts: VerdictTable, limit: int, **window: Any) -> list[list[Digest]]:
    """The records of the image, page by page."""
    pages: list[list[Digest]] = []
    after = None
    while True:
        page = verdicts.records_of_image(IMAGE, limit=limit, window=Window(**window, after=after))
        pages.append(_digests(page))
        after = page.next_position
        if after is None:
            return pages


def test_there_is_no_state_before_the_first_record(verdicts: VerdictTable) -> None:
    assert verdicts.state(IMAGE, DIGEST) is None


def test_what_was_recorded_is_the_state(verdicts: VerdictTable) -> None:
    verdicts.record(None, state(Status.PENDING))
    assert verdicts.state(IMAGE, DIGEST) == state(Status.PENDING)


def test_the_same_digest_in_another_repository_is_another_record(verdicts: VerdictTable) -> None:
    verdicts.record(None, state())
    assert verdicts.state(OTHER, DIGEST) is None


def test_a_second_first_record_is_superseded(verdicts: VerdictTable) -> None:
    verdicts.record(None, state(Status.VERIFIED))
    with pytest.raises(Superseded):
        verdicts.record(None, state(Status.FAILED))
    assert verdicts.state(IMAGE, DIGEST) == state(Status.VERIFIED)


def test_a_slow_run_does_not_overwrite_a_newer_verdict(verdicts: VerdictTable) -> None:
    first, newer = state(Status.PENDING), state(Status.VERIFIED, version=2)
    verdicts.record(None, first)
    verdicts.record(first, newer)
    with pytest.raises(Superseded, match="no longer at version 1"):
        verdicts.record(first, state(Status.FAILED, version=2))
    assert verdicts.state(IMAGE, DIGEST) == newer


def test_replacing_a_record_that_is_gone_is_superseded(verdicts: VerdictTable) -> None:
    with pytest.raises(Superseded):
        verdicts.record(state(), state(version=2))


def test_an_expired_record_is_not_seen_and_can_be_written_anew(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    verdicts.record(None, state(version=5))
    later = _table(client, NOW + RETENTION)
    assert later.state(IMAGE, DIGEST) is None
    assert later.records_of_image(IMAGE, limit=10, window=ALL) == Listing((), None)
    later.record(None, state(Status.PENDING))
    assert verdicts.state(IMAGE, DIGEST) == state(Status.PENDING)


def test_a_run_is_kept_once_for_all_tags_and_never_changed(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    verdicts.keep_run(state(Status.VERIFIED, tags=("v1",)), NOW)
    verdicts.keep_run(state(Status.VERIFIED, version=2, tags=("v1", "latest")), LATER)
    [item] = client.scan(TableName=TABLE)["Items"]
    assert item["version"] == {"N": "1"} and item["replaced_at"] == {"S": "2026-11-22T10:01:00Z"}


def test_another_verdict_of_the_same_second_is_another_run(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    verdicts.keep_run(state(Status.VERIFIED), NOW)
    verdicts.keep_run(state(Status.FAILED), NOW)
    assert len(client.scan(TableName=TABLE)["Items"]) == 2


def test_runs_are_no_states(verdicts: VerdictTable) -> None:
    verdicts.keep_run(state(), NOW)
    assert verdicts.state(IMAGE, DIGEST) is None
    assert verdicts.records_of_image(IMAGE, limit=10, window=ALL) == Listing((), None)


def test_recent_is_the_repository_newest_first(verdicts: VerdictTable) -> None:
    _fill(verdicts, *(at(number, NOW - timedelta(minutes=number)) for number in range(5)), at(9, NOW, image=OTHER))
    assert [one.digest for one in verdicts.recent(IMAGE, limit=3)] == [digest(0), digest(1), digest(2)]
    assert list(verdicts.recent(ImageName("ghcr.io", "acme/none"), limit=3)) == []


@pytest.mark.parametrize(("count", "limit", "pages"), [(0, 2, [0]), (2, 2, [2]), (5, 2, [2, 2, 1]), (4, 2, [2, 2])])
def test_an_image_is_listed_page_by_page(verdicts: VerdictTable, count: int, limit: int, pages: list[int]) -> None:
    _fill(verdicts, *(at(number, NOW - timedelta(minutes=number)) for number in range(count)))
    walked = _walk(verdicts, limit)
    assert [len(page) for page in walked] == pages
    assert sum(walked, []) == [digest(number) for number in range(count)]


def test_digests_of_one_second_are_all_listed(verdicts: VerdictTable) -> None:
    _fill(verdicts, *(at(number, NOW) for number in range(5)))
    assert sorted(sum(_walk(verdicts, 2), [])) == sorted(digest(number) for number in range(5))


def test_a_window_has_its_first_moment_and_not_its_last(verdicts: VerdictTable) -> None:
    _fill(verdicts, *(at(number, NOW - timedelta(minutes=number)) for number in range(5)))
    within = {"since": NOW - timedelta(minutes=3), "until": NOW - timedelta(minutes=1)}
    assert _walk(verdicts, 10, **within) == [[digest(2), digest(3)]]
    assert _walk(verdicts, 1, **within) == [[digest(2)], [digest(3)]]
    assert _walk(verdicts, 10, since=NOW + timedelta(seconds=1)) == [[]]


def test_a_page_beyond_the_window_stays_within_it(verdicts: VerdictTable) -> None:
    """A position that is newer than the window's end does not widen it."""
    _fill(verdicts, *(at(number, NOW - timedelta(minutes=number)) for number in range(3)))
    newest = verdicts.records_of_image(IMAGE, limit=1, window=ALL).next_position
    window = Window(until=NOW - timedelta(minutes=1), after=newest)
    assert _digests(verdicts.records_of_image(IMAGE, limit=5, window=window)) == [digest(2)]


def test_keys_that_were_left_unread_are_read_again() -> None:
    client = Counting(unread=2, index=index(4))
    found = _table(client).records_of_image(IMAGE, limit=10, window=ALL)
    assert _digests(found) == [digest(number) for number in range(4)]
    assert [name for name, _ in client.calls].count("batch_get_item") == 3


def test_keys_that_stay_unread_are_unavailable() -> None:
    client = Counting(unread=99, index=index(10))
    with pytest.raises(Unavailable, match="left 5 keys unread in 5 rounds"):
        _table(client).records_of_image(IMAGE, limit=10, window=ALL)


@pytest.mark.parametrize(
    "position",
    [
        "",
        "x",
        "2026-11-22",
        "2026-11-22T10:01:00Z",
        "2026-11-22T10:01:00Z#",
        f"2026-11-22 10:01:00Z#{DIGEST}",
        f"2026-11-22T10:01:00Z#{DIGEST}\n",
        f"2026-11-22T10:01:00Z# {DIGEST}",
        f"٢026-11-22T10:01:00Z#{DIGEST}",
        f"RUN#2026-11-22T10:01:00Z#{DIGEST}",
    ],
)
def test_a_position_that_is_none_is_a_bad_request(verdicts: VerdictTable, position: str) -> None:
    asks: list[Callable[[], object]] = [
        lambda: verdicts.records_of_image(IMAGE, limit=2, window=Window(after=position)),
        lambda: verdicts.timeline(IMAGE, limit=2, cursor=position, since=NOW),
    ]
    for ask in asks:
        with pytest.raises(BadRequest, match="position is none of this list"):
            ask()


def test_an_item_that_cannot_be_read_says_nothing_about_the_image(
    client: DynamoDBClient, verdicts: VerdictTable
) -> None:
    key = verdict_record.partition(IMAGE, DIGEST)
    client.put_item(TableName=TABLE, Item={"PK": {"S": key}, "SK": {"S": "STATE"}, "expires_at": {"S": "x"}})
    with pytest.raises(Unavailable, match="cannot be read"):
        verdicts.state(IMAGE, DIGEST)


CALLS: list[Callable[[VerdictTable], object]] = [
    lambda verdicts: verdicts.state(IMAGE, DIGEST),
    lambda verdicts: verdicts.record(None, state()),
    lambda verdicts: verdicts.record(state(), state(version=2)),
    lambda verdicts: verdicts.keep_run(state(), NOW),
    lambda verdicts: verdicts.recent(IMAGE, limit=1),
    lambda verdicts: verdicts.records_of_image(IMAGE, limit=1, window=ALL),
    lambda verdicts: list(verdicts.images()),
    lambda verdicts: verdicts.timeline(IMAGE, limit=1, cursor=None, since=NOW),
    lambda verdicts: verdicts.keep_checked(IMAGE, DIGEST, NOW),
    lambda verdicts: verdicts.keep_looked(IMAGE, DIGEST, NOW),
    lambda verdicts: verdicts.hear_of(IMAGE),
    lambda verdicts: verdicts.unseen_since(IMAGE, DIGEST),
    lambda verdicts: verdicts.keep_unseen(IMAGE, DIGEST, None),
    lambda verdicts: verdicts.kept("reverify"),
    lambda verdicts: verdicts.keep("reverify", ""),
    lambda verdicts: verdicts.pointer(IMAGE, "latest"),
    lambda verdicts: verdicts.point(None, TagPointer(IMAGE, "latest", DIGEST, NOW)),
]


@pytest.mark.parametrize("error", list(botocore_errors()), ids=lambda error: str(error.args[0])[:60])
def test_no_error_of_botocore_gets_through(error: Exception) -> None:
    for call in CALLS:
        with pytest.raises(Unavailable) as raised:
            call(_table(FailingClient(error)))
        assert raised.value.reason is Reason.STORE_UNAVAILABLE
        assert raised.value.__cause__ is error
