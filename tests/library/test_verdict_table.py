"""VerdictsTable against moto: one writer wins, lists come in pages, nothing of botocore gets through."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import botocore.exceptions
import botocore.parsers
import pytest

from registry_verifier import verdict_record
from registry_verifier.errors import BadRequest, Superseded, Unavailable
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.page import Page, write_cursor
from registry_verifier.reasons import Reason, Status
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_table import RETENTION, VerdictTable
from registry_verifier.watched import TagPointer
from tests.library.verdicts import DIGEST, IMAGE, NOW, TABLE, digest, state

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

OTHER = ImageName("ghcr.io", "acme/other")


@pytest.fixture
def verdicts(client: DynamoDBClient) -> VerdictTable:
    return _table(client)


def _table(client: Any, now: datetime = NOW + timedelta(hours=1), **more: Any) -> VerdictTable:
    return VerdictTable(cast("DynamoDBClient", client), TABLE, now=lambda: now, sleep=lambda _: None, **more)


def _at(number: int, moment: datetime, status: Status = Status.FAILED, image: ImageName = IMAGE) -> State:
    """A state that was first seen and verified at this moment."""
    there = state(status, digest=digest(number), image=image, first_seen=moment, deadline=moment)
    return replace(there, document={**there.document, "verified_at": timestamp(moment)})


def _fill(verdicts: VerdictTable, *states: State) -> None:
    for one in states:
        verdicts.record(None, one)


def _walk(ask: Callable[[str | None], Page]) -> list[list[Digest]]:
    pages, cursor = [], None
    while True:
        page = ask(cursor)
        pages.append([one.digest for one in page.items])
        cursor = page.next_cursor
        if cursor is None:
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
    assert later.page_of_image(IMAGE, limit=10, cursor=None).items == ()
    later.record(None, state(Status.PENDING))
    assert verdicts.state(IMAGE, DIGEST) == state(Status.PENDING)


def test_a_run_is_kept_once_for_all_tags_and_never_changed(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    verdicts.keep_run(state(Status.VERIFIED, tags=("v1",)))
    verdicts.keep_run(state(Status.VERIFIED, version=2, tags=("v1", "latest")))
    [item] = client.scan(TableName=TABLE)["Items"]
    assert item["version"] == {"N": "1"}


def test_another_verdict_of_the_same_second_is_another_run(client: DynamoDBClient, verdicts: VerdictTable) -> None:
    verdicts.keep_run(state(Status.VERIFIED))
    verdicts.keep_run(state(Status.FAILED))
    assert len(client.scan(TableName=TABLE)["Items"]) == 2


def test_runs_are_no_states(verdicts: VerdictTable) -> None:
    verdicts.keep_run(state())
    assert verdicts.state(IMAGE, DIGEST) is None
    assert verdicts.page_of_status(Status.FAILED, limit=10, cursor=None).items == ()


def test_recent_is_the_repository_newest_first(verdicts: VerdictTable) -> None:
    _fill(verdicts, *(_at(number, NOW - timedelta(minutes=number)) for number in range(5)), _at(9, NOW, image=OTHER))
    assert [one.digest for one in verdicts.recent(IMAGE, limit=3)] == [digest(0), digest(1), digest(2)]
    assert list(verdicts.recent(ImageName("ghcr.io", "acme/none"), limit=3)) == []


@pytest.mark.parametrize(("count", "limit", "pages"), [(0, 2, [0]), (2, 2, [2]), (5, 2, [2, 2, 1]), (4, 2, [2, 2])])
def test_an_image_is_listed_page_by_page(verdicts: VerdictTable, count: int, limit: int, pages: list[int]) -> None:
    _fill(verdicts, *(_at(number, NOW - timedelta(minutes=number)) for number in range(count)))
    walked = _walk(lambda cursor: verdicts.page_of_image(IMAGE, limit=limit, cursor=cursor))
    assert [len(page) for page in walked] == pages
    assert sum(walked, []) == [digest(number) for number in range(count)]


def test_digests_of_one_second_are_all_listed(verdicts: VerdictTable) -> None:
    _fill(verdicts, *(_at(number, NOW) for number in range(5)))
    walked = _walk(lambda cursor: verdicts.page_of_image(IMAGE, limit=2, cursor=cursor))
    assert sorted(sum(walked, [])) == sorted(digest(number) for number in range(5))


def test_a_status_is_listed_over_months_newest_first(verdicts: VerdictTable) -> None:
    moments = [NOW, NOW - timedelta(days=1), NOW - timedelta(days=40), NOW - timedelta(days=300)]
    _fill(verdicts, *(_at(number, moment) for number, moment in enumerate(moments)), _at(8, NOW, Status.UNKNOWN))
    walked = _walk(lambda cursor: verdicts.page_of_status(Status.FAILED, limit=1, cursor=cursor))
    assert walked == [[digest(0)], [digest(1)], [digest(2)], [digest(3)]]
    [unknown] = verdicts.page_of_status(Status.UNKNOWN, limit=10, cursor=None).items
    assert unknown.digest == digest(8)


def test_a_status_is_listed_back_to_a_month(verdicts: VerdictTable) -> None:
    _fill(verdicts, _at(0, NOW), _at(1, NOW - timedelta(days=40)))
    page = verdicts.page_of_status(Status.FAILED, limit=10, cursor=None, since="2026-11")
    assert [one.digest for one in page.items] == [digest(0)]


def test_a_digest_that_changed_leaves_the_list_of_its_status(verdicts: VerdictTable) -> None:
    failed = state(Status.FAILED)
    verdicts.record(None, failed)
    verdicts.record(failed, state(Status.VERIFIED, version=2))
    assert verdicts.page_of_status(Status.FAILED, limit=10, cursor=None).items == ()


class Counting:
    """A client that counts its calls, answers queries with nothing, and fails where it is told to."""

    def __init__(self, unread: int = 0, index: list[Any] | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._unread = unread
        self._index = index or []

    def query(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(("query", arguments))
        return {"Items": self._index}

    def batch_get_item(self, RequestItems: Any) -> dict[str, Any]:  # noqa: N803 - botocore's name
        self.calls.append(("batch_get_item", RequestItems))
        keys = RequestItems[TABLE]["Keys"]
        left = keys[1:] if self._unread > 0 else []
        self._unread -= 1
        items = [verdict_record.write_state(state(digest=key["PK"]["S"].rpartition("@")[2]), RETENTION) for key in keys]
        return {
            "Responses": {TABLE: items[: len(keys) - len(left)]},
            "UnprocessedKeys": {TABLE: {"Keys": left}} if left else {},
        }


def _index(count: int) -> list[Any]:
    return [verdict_record.write_state(state(digest=digest(number)), RETENTION) for number in range(count)]


def test_an_empty_status_costs_a_bounded_number_of_queries() -> None:
    client = Counting()
    assert _table(client).page_of_status(Status.FAILED, limit=10, cursor=None) == Page((), None)
    assert len(client.calls) == 15


def test_a_cursor_of_another_century_costs_no_more() -> None:
    client = Counting()
    for year in ("0001", "9999"):
        cursor = write_cursor("status FAILED", f"{year}-01-01T00:00:00Z#{IMAGE}@{DIGEST}")
        _table(client).page_of_status(Status.FAILED, limit=10, cursor=cursor)
    assert len(client.calls) == 15


def test_keys_that_were_left_unread_are_read_again() -> None:
    client = Counting(unread=2, index=_index(4))
    page = _table(client).page_of_image(IMAGE, limit=10, cursor=None)
    assert [one.digest for one in page.items] == [digest(number) for number in range(4)]
    assert [name for name, _ in client.calls].count("batch_get_item") == 3


def test_keys_that_stay_unread_are_unavailable() -> None:
    client = Counting(unread=99, index=_index(10))
    with pytest.raises(Unavailable, match="left 5 keys unread in 5 rounds"):
        _table(client).page_of_image(IMAGE, limit=10, cursor=None)


GOOD_POSITION = f"2026-11-22T10:01:00Z#{DIGEST}"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "",
        "!!!!",
        "é",
        "A" * 5000,
        "W10",
        "bnVsbA",
        "WyJhIl0",
        write_cursor("image ghcr.io/acme/other", GOOD_POSITION),
        write_cursor("status FAILED", GOOD_POSITION),
        write_cursor("image ghcr.io/acme/app", "2026-11-22"),
        write_cursor("image ghcr.io/acme/app", f"2026-13-22T10:01:00Z#{DIGEST}"),
        write_cursor("image ghcr.io/acme/app", "2026-11-22T10:01:00Z#sha256:1"),
        write_cursor("image ghcr.io/acme/app", f"2026-11-22T10:01:00Z#../..@{DIGEST}"),
        write_cursor("image ghcr.io/acme/app", f"{GOOD_POSITION}\n"),
        write_cursor("image ghcr.io/acme/app", GOOD_POSITION) + "=",
        write_cursor("image ghcr.io/acme/app", GOOD_POSITION) + "\n",
    ],
)
def test_a_cursor_that_is_not_of_this_list_is_a_bad_request(verdicts: VerdictTable, cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        verdicts.page_of_image(IMAGE, limit=2, cursor=cursor)


def test_a_cursor_of_another_list_is_named_as_such(verdicts: VerdictTable) -> None:
    cursor = write_cursor("image ghcr.io/acme/other", GOOD_POSITION)
    with pytest.raises(BadRequest, match="belongs to another list"):
        verdicts.page_of_image(IMAGE, limit=2, cursor=cursor)


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.PENDING, Status.NO_POLICY])
def test_a_status_that_is_not_indexed_is_a_bad_request(verdicts: VerdictTable, status: Status) -> None:
    with pytest.raises(BadRequest, match="only FAILED and UNKNOWN are indexed"):
        verdicts.page_of_status(status, limit=2, cursor=None)


def test_an_item_that_cannot_be_read_says_nothing_about_the_image(
    client: DynamoDBClient, verdicts: VerdictTable
) -> None:
    key = verdict_record.partition(IMAGE, DIGEST)
    client.put_item(TableName=TABLE, Item={"PK": {"S": key}, "SK": {"S": "STATE"}, "expires_at": {"S": "x"}})
    with pytest.raises(Unavailable, match="cannot be read"):
        verdicts.state(IMAGE, DIGEST)


class Broken:
    """A client whose every call fails with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def _fail(self, **_: Any) -> Any:
        raise self._error

    get_item = put_item = query = batch_get_item = _fail


def _botocore_errors() -> Iterator[Exception]:
    modules = (botocore.exceptions, botocore.parsers)
    for name, kind in ((n, k) for module in modules for n, k in inspect.getmembers(module, inspect.isclass)):
        if issubclass(kind, Exception) and not issubclass(kind, (Warning, botocore.exceptions.ClientError)):
            error = kind.__new__(kind)
            error.args = (name,)
            yield error
    for code in (
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "InternalServerError",
        "AccessDenied",
    ):
        yield botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "Query")
    yield botocore.exceptions.ClientError({}, "Query")


CALLS: list[Callable[[VerdictTable], object]] = [
    lambda verdicts: verdicts.state(IMAGE, DIGEST),
    lambda verdicts: verdicts.record(None, state()),
    lambda verdicts: verdicts.record(state(), state(version=2)),
    lambda verdicts: verdicts.keep_run(state()),
    lambda verdicts: verdicts.recent(IMAGE, limit=1),
    lambda verdicts: verdicts.page_of_image(IMAGE, limit=1, cursor=None),
    lambda verdicts: verdicts.page_of_status(Status.FAILED, limit=1, cursor=None),
    lambda verdicts: list(verdicts.images()),
    lambda verdicts: verdicts.timeline(IMAGE, limit=1, cursor=None, since=NOW),
    lambda verdicts: verdicts.keep_checked(IMAGE, DIGEST, NOW),
    lambda verdicts: verdicts.unseen_since(IMAGE, DIGEST),
    lambda verdicts: verdicts.keep_unseen(IMAGE, DIGEST, None),
    lambda verdicts: verdicts.kept("reverify"),
    lambda verdicts: verdicts.keep("reverify", ""),
    lambda verdicts: verdicts.pointer(IMAGE, "latest"),
    lambda verdicts: verdicts.point(None, TagPointer(IMAGE, "latest", DIGEST, NOW)),
]


@pytest.mark.parametrize("error", list(_botocore_errors()), ids=lambda error: str(error.args[0])[:60])
def test_no_error_of_botocore_gets_through(error: Exception) -> None:
    for call in CALLS:
        with pytest.raises(Unavailable) as raised:
            call(_table(Broken(error)))
        assert raised.value.reason is Reason.STORE_UNAVAILABLE
        assert raised.value.__cause__ is error
