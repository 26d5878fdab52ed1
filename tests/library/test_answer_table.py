"""The table as questions need it, in moto and in the simulation: in order, in windows, never more than the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from local.simulation.table import Table
from registry_verifier import stored_document, verdict_record, verification_id
from registry_verifier.answer_table import AnswerTable
from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.incident import Ending, Incident, Key, Kind
from registry_verifier.incident_table import IncidentTable
from registry_verifier.listing import Listing, Run, Sight, Window
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.query.world import Verdicts
from registry_verifier.reasons import Reason, Status
from registry_verifier.verdict_table import RETENTION, VerdictTable
from registry_verifier.watched import FORMER_LIMIT, Former, TagPointer
from tests.library.aws_failures import FAILURES, FailingClient
from tests.library.table_clients import Counting, at, index
from tests.library.verdicts import DIGEST, IMAGE, NOW, TABLE, digest, state, table

T = TypeVar("T")

OTHER = ImageName("ghcr.io", "acme/other")
ALL = Window()
OPEN = Incident(IMAGE, DIGEST, Key(Kind.FAILED, "acme"), NOW, "C01", 3, "1.0", None, "f00d", ("NO_SIGNATURE",), 2)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(params=["moto", "simulated"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "simulated":
        yield Table()
        return
    with table() as made:
        yield made


@pytest.fixture
def verdicts(client: Any) -> AnswerTable:
    return _table(client)


def _table(client: Any, now: datetime = NOW + timedelta(hours=1)) -> AnswerTable:
    return AnswerTable(client, TABLE, now=lambda: now, sleep=lambda _: None)


def _incidents(client: Any, now: datetime = NOW) -> IncidentTable:
    return IncidentTable(client, TABLE, now=lambda: now)


def _fill(verdicts: VerdictTable, *states: State) -> None:
    for one in states:
        verdicts.record(None, one)


def _walk(ask: Callable[[str | None], Listing[T]]) -> list[list[T]]:
    """What a list holds, page by page."""
    pages: list[list[T]] = []
    after = None
    for _ in range(50):
        found = ask(after)
        pages.append([entry.value for entry in found.entries])
        if (after := found.next_position) is None:
            return pages
    raise AssertionError("the list has no end")


def _digests(pages: list[list[State]]) -> list[list[Digest]]:
    return [[one.digest for one in page] for page in pages]


def _status(verdicts: AnswerTable, status: Status, limit: int, **window: Any) -> list[list[Digest]]:
    return _digests(
        _walk(lambda after: verdicts.records_of_status(status, limit=limit, window=Window(**window, after=after)))
    )


def _all(verdicts: AnswerTable, limit: int, **window: Any) -> list[list[Digest]]:
    return _digests(_walk(lambda after: verdicts.records(limit=limit, window=Window(**window, after=after))))


def test_it_is_what_questions_need(verdicts: AnswerTable) -> None:
    fits: Verdicts = verdicts
    assert fits.state(IMAGE, DIGEST) is None


# ---------------------------------------------------------------- records of everything


def test_records_of_all_repositories_are_listed_over_months_newest_first(verdicts: AnswerTable) -> None:
    moments = [NOW, NOW - MINUTE, NOW - 30 * DAY, NOW - 31 * DAY, NOW - 200 * DAY]
    images = [IMAGE, OTHER, OTHER, IMAGE, IMAGE]
    for number, (moment, image) in enumerate(zip(moments, images, strict=True)):
        _fill(verdicts, at(number, moment, Status.VERIFIED, image))
    everything = [digest(number) for number in range(5)]
    assert _all(verdicts, 100) == [everything]
    assert _all(verdicts, 2) == [everything[:2], everything[2:4], everything[4:]]
    assert _all(verdicts, 5) == [everything]


def test_records_are_listed_whatever_their_status(verdicts: AnswerTable) -> None:
    _fill(verdicts, *(at(number, NOW - number * MINUTE, status) for number, status in enumerate(Status)))
    assert _all(verdicts, 100) == [[digest(number) for number in range(len(Status))]]


def test_children_of_an_index_are_listed_with_their_repository_only(verdicts: AnswerTable) -> None:
    _fill(verdicts, at(0, NOW, kind="index"), at(1, NOW, kind="child"), at(2, NOW, kind="image"))
    assert sorted(sum(_all(verdicts, 100), [])) == sorted([digest(0), digest(2)])
    assert sorted(sum(_status(verdicts, Status.FAILED, 100), [])) == sorted([digest(0), digest(2)])
    of_image = verdicts.records_of_image(IMAGE, limit=100, window=ALL)
    assert len(of_image.entries) == 3


def test_a_window_may_lie_across_two_months(verdicts: AnswerTable) -> None:
    first = datetime(2026, 11, 1, tzinfo=UTC)
    _fill(verdicts, *(at(number, first - (number - 2) * MINUTE) for number in range(5)))
    assert _all(verdicts, 100, since=first - MINUTE, until=first + MINUTE) == [[digest(2), digest(3)]]
    assert _all(verdicts, 1, since=first - MINUTE, until=first + MINUTE) == [[digest(2)], [digest(3)]]
    assert _all(verdicts, 100, since=first) == [[digest(0), digest(1), digest(2)]]
    assert _all(verdicts, 100, until=first) == [[digest(3), digest(4)]]


def test_a_window_that_ends_before_it_begins_is_empty(verdicts: AnswerTable) -> None:
    _fill(verdicts, at(0, NOW))
    assert _all(verdicts, 10, since=NOW + MINUTE, until=NOW - MINUTE) == [[]]


def test_records_of_one_second_in_many_repositories_are_all_listed_once(verdicts: AnswerTable) -> None:
    images = [ImageName("ghcr.io", f"acme/app{number}") for number in range(7)]
    _fill(verdicts, *(at(1, NOW, image=image) for image in images))
    walked = _walk(lambda after: verdicts.records(limit=3, window=Window(after=after)))
    assert [len(page) for page in walked] == [3, 3, 1]
    assert {one.image for page in walked for one in page} == set(images)


def test_a_new_verdict_does_not_move_its_record(verdicts: AnswerTable) -> None:
    """The list is by when a digest was first seen."""
    old = at(0, NOW - MINUTE)
    _fill(verdicts, old, at(1, NOW))
    new = replace(old, version=2, document={**old.document, "verified_at": "2026-11-22T10:30:00Z"})
    verdicts.record(old, new)
    assert _all(verdicts, 10) == [[digest(1), digest(0)]]


def test_an_expired_record_is_not_listed_and_the_list_goes_on_behind_it(client: Any, verdicts: AnswerTable) -> None:
    _fill(verdicts, *(at(number, NOW - number * MINUTE) for number in range(4)))
    later = _table(client, NOW - MINUTE + RETENTION)  # the two oldest are over
    assert _all(later, 3) == [[digest(0)], []]
    assert _status(later, Status.FAILED, 1) == [[digest(0)], [], [], []]


# ---------------------------------------------------------------- records of a status


def test_a_status_is_listed_over_months_by_when_the_verdict_was_made(verdicts: AnswerTable) -> None:
    moments = [NOW, NOW - DAY, NOW - 40 * DAY, NOW - 300 * DAY]
    _fill(verdicts, *(at(number, moment) for number, moment in enumerate(moments)), at(8, NOW, Status.UNKNOWN))
    late = at(9, NOW - 350 * DAY, verified_at="2026-11-22T09:00:00Z")
    _fill(verdicts, late)
    expected = [digest(0), digest(9), digest(1), digest(2), digest(3)]
    assert _status(verdicts, Status.FAILED, 1) == [[one] for one in expected]
    assert _status(verdicts, Status.UNKNOWN, 10) == [[digest(8)]]


def test_a_status_is_listed_within_a_window(verdicts: AnswerTable) -> None:
    _fill(verdicts, *(at(number, NOW - number * 20 * DAY) for number in range(4)))
    since, until = NOW - 40 * DAY, NOW
    assert _status(verdicts, Status.FAILED, 10, since=since, until=until) == [[digest(1), digest(2)]]


def test_a_digest_that_changed_leaves_the_list_of_its_status(verdicts: AnswerTable) -> None:
    failed = state(Status.FAILED)
    verdicts.record(None, failed)
    verdicts.record(failed, state(Status.VERIFIED, version=2))
    assert _status(verdicts, Status.FAILED, 10) == [[]]


def test_a_digest_that_changed_and_is_still_in_the_index_is_left_out() -> None:
    """An index shows a change late: who reads the record sees that it is VERIFIED by now."""
    failed, items = at(0, NOW), Table()
    late = Counting(index=[verdict_record.write_state(failed, RETENTION)])
    _table(items).record(None, replace(at(0, NOW, Status.VERIFIED), version=2))
    found = _table(_Both(late, items)).records_of_status(Status.FAILED, limit=10, window=Window(since=NOW - DAY))
    assert found == Listing((), None)


class _Both:
    """The index of one client, the items of another."""

    def __init__(self, index: Any, items: Any) -> None:
        self.query = index.query
        self.batch_get_item = items.batch_get_item


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.PENDING, Status.NO_POLICY])
def test_a_status_that_is_not_indexed_is_a_bad_request(verdicts: AnswerTable, status: Status) -> None:
    with pytest.raises(BadRequest, match="only FAILED and UNKNOWN are indexed"):
        verdicts.records_of_status(status, limit=2, window=ALL)


@pytest.mark.parametrize("position", ["", "x", "2026-11", f"RUN#2026-11-22T10:01:00Z#{DIGEST}"])
def test_a_position_that_is_none_is_a_bad_request(verdicts: AnswerTable, position: str) -> None:
    window = Window(after=position)
    asks: list[Callable[[], object]] = [
        lambda: verdicts.records(limit=2, window=window),
        lambda: verdicts.records_of_status(Status.FAILED, limit=2, window=window),
        lambda: verdicts.incidents(limit=2, window=window),
    ]
    for ask in asks:
        with pytest.raises(BadRequest, match="position is none of this list"):
            ask()


OUTSIDE: dict[str, Callable[[AnswerTable, str], object]] = {
    "history": lambda verdicts, after: verdicts.history(IMAGE, DIGEST, limit=2, after=after),
    "tags": lambda verdicts, after: verdicts.tags(IMAGE, limit=2, after=after),
    "images_with_records": lambda verdicts, after: verdicts.images_with_records(limit=2, after=after),
}


@pytest.mark.parametrize(
    ("call", "position"),
    [
        *(("history", position) for position in ("", "STATE", "CHECKED", "RUN", "RUN$", "INCIDENT#failed#acme")),
        *(("tags", position) for position in ("", "2026-11-22T10:01:00Z#x", "TAG", "latest")),
        *(("images_with_records", position) for position in ("", " ", "\x7f")),
    ],
)
def test_a_position_outside_the_list_is_a_bad_request(verdicts: AnswerTable, call: str, position: str) -> None:
    verdicts.record(None, state())
    verdicts.point(None, TagPointer(IMAGE, "latest", DIGEST, NOW))
    with pytest.raises(BadRequest, match="position is none of this list"):
        OUTSIDE[call](verdicts, position)


# ---------------------------------------------------------------- what it costs


EMPTY: list[Callable[[AnswerTable, Window], object]] = [
    lambda verdicts, window: verdicts.records(limit=10, window=window),
    lambda verdicts, window: verdicts.records_of_status(Status.FAILED, limit=10, window=window),
    lambda verdicts, window: verdicts.incidents(limit=10, window=window),
]


@pytest.mark.parametrize("ask", EMPTY)
@pytest.mark.parametrize(
    ("window", "queries"),
    [
        (ALL, 15),
        (Window(since=datetime(1970, 1, 1, tzinfo=UTC)), 15),
        (Window(until=datetime(9999, 12, 31, tzinfo=UTC)), 15),
        (Window(after=f"9999-01-01T00:00:00Z#{IMAGE}@{DIGEST}"), 15),
        (Window(after=f"0001-01-01T00:00:00Z#{IMAGE}@{DIGEST}"), 0),
        (Window(since=NOW + 400 * DAY), 0),
        (Window(since=datetime(2026, 11, 1, tzinfo=UTC)), 1),
        (Window(since=datetime(2026, 10, 31, tzinfo=UTC)), 2),
        (Window(since=datetime(2026, 8, 9, tzinfo=UTC), until=datetime(2026, 9, 9, tzinfo=UTC)), 2),
    ],
)
def test_an_empty_list_costs_a_query_for_each_month_that_it_may_touch(
    ask: Callable[[AnswerTable, Window], object], window: Window, queries: int
) -> None:
    client = Counting()
    assert ask(_table(client), window) == Listing((), None)
    assert [name for name, _ in client.calls] == ["query"] * queries


@pytest.mark.parametrize("ask", EMPTY[:2])
def test_a_full_month_is_the_last_one_that_is_asked(ask: Callable[[AnswerTable, Window], object]) -> None:
    client = Counting(index=index(11))
    ask(_table(client), ALL)
    (query, arguments), (batch, _) = client.calls
    assert (query, arguments["Limit"], batch) == ("query", 11, "batch_get_item")


def test_no_list_reads_more_items_than_its_limit(client: Any) -> None:
    verdicts, counted = _table(client), _Counted(client)
    for number in range(12):
        one = at(number, NOW - number * MINUTE)
        verdicts.record(None, one)
        verdicts.keep_run(replace(one, digest=DIGEST), NOW)
        verdicts.point(None, TagPointer(IMAGE, f"v{number:02d}", DIGEST, NOW))
        verdicts.hear_of(ImageName("ghcr.io", f"acme/app{number}"))
        _incidents(client).keep(replace(OPEN, digest=digest(number)))
    table = _table(counted)
    asks: list[Callable[[], object]] = [
        lambda: table.records(limit=3, window=ALL),
        lambda: table.records_of_image(IMAGE, limit=3, window=ALL),
        lambda: table.records_of_status(Status.FAILED, limit=3, window=ALL),
        lambda: table.incidents(limit=3, window=ALL),
        lambda: table.history(IMAGE, DIGEST, limit=3, after=None),
        lambda: table.tags(IMAGE, limit=3, after=None),
        lambda: table.images_with_records(limit=3, after=None),
    ]
    for ask in asks:
        counted.queried = counted.read = 0
        ask()
        assert (counted.queried, counted.read <= 3) == (4, True)


class _Counted:
    """A client that counts what its answers hold."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.queried = self.read = 0

    def query(self, **arguments: Any) -> Any:
        answer = self._client.query(**arguments)
        self.queried += len(answer["Items"])
        return answer

    def batch_get_item(self, **arguments: Any) -> Any:
        answer = self._client.batch_get_item(**arguments)
        self.read += sum(map(len, answer["Responses"].values()))
        return answer


# ---------------------------------------------------------------- verdicts that were replaced


def _made(hours: int, status: Status = Status.VERIFIED, version: int = 1) -> State:
    """A verdict of DIGEST that was made so many hours before NOW."""
    made = state(status, version=version)
    moment = NOW - timedelta(hours=hours)
    return replace(made, document={**made.document, "verified_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ")})


def test_a_run_comes_back_as_the_verdict_was_with_when_it_ended(verdicts: AnswerTable) -> None:
    verdict = _made(3)
    verdicts.keep_run(verdict, NOW)
    [entry] = verdicts.history(IMAGE, DIGEST, limit=10, after=None).entries
    document = {name: value for name, value in verdict.document.items() if name != "superseded_by"}
    assert entry.value == Run(IMAGE, DIGEST, Status.VERIFIED, document, NOW - timedelta(hours=3), NOW)
    assert entry.position == verification_id.position(NOW - timedelta(hours=3), verdict.document)
    assert verdicts.run(IMAGE, DIGEST, entry.position) == entry.value


def test_a_run_does_not_say_what_tags_pointed_to(verdicts: AnswerTable) -> None:
    moved = {"code": "TAG_MOVED", "text": "tag latest points elsewhere"}
    changed = {"code": "TRUST_ROOT_CHANGED", "text": "trusted root was another"}
    verdict = state(Status.VERIFIED, document={"drift": [moved, changed], "superseded_by": digest(1)})
    verdicts.keep_run(verdict, NOW)
    [entry] = verdicts.history(IMAGE, DIGEST, limit=10, after=None).entries
    assert entry.value.document["drift"] == [changed] and "superseded_by" not in entry.value.document


def test_a_verdict_has_one_id_before_and_after_it_was_replaced(verdicts: AnswerTable) -> None:
    """Also where what its tags point to was written beside it in between."""
    made = state(Status.VERIFIED)
    moved = {"code": "TAG_MOVED", "text": "tag latest points elsewhere"}
    marked = replace(made, document={**made.document, "drift": [moved], "superseded_by": digest(1)})
    verdicts.keep_run(marked, NOW)
    _, _, position = verification_id.read(verification_id.write(IMAGE, DIGEST, NOW, made.document))
    assert verdicts.run(IMAGE, DIGEST, position)


def test_a_verdict_that_was_cut_has_one_id_too(verdicts: AnswerTable) -> None:
    """Of a stored record the id is made from what was stored, and so is the run."""
    large = [{"place": f"{number}-{digest(number)}{digest(number + 1)}", "holds": True} for number in range(9000)]
    verdicts.record(None, state(Status.VERIFIED, document={"statements": large}))
    stored = verdicts.state(IMAGE, DIGEST)
    assert stored and stored.document["dropped"]["statements"] > 0
    verdicts.keep_run(stored, NOW)
    [entry] = verdicts.history(IMAGE, DIGEST, limit=1, after=None).entries
    assert entry.position == verification_id.position(NOW, stored.document)
    assert entry.value.document["dropped"] == stored.document["dropped"]


def test_a_run_of_an_older_version_does_not_know_its_end(client: Any, verdicts: AnswerTable) -> None:
    item = verdict_record.write_run(_made(2), RETENTION, NOW)
    del item["replaced_at"]
    client.put_item(TableName=TABLE, Item=item)
    [entry] = verdicts.history(IMAGE, DIGEST, limit=10, after=None).entries
    assert entry.value.replaced_at is None


def test_the_history_is_listed_page_by_page_newest_first(verdicts: AnswerTable) -> None:
    for hours in (5, 1, 4, 2, 3):
        verdicts.keep_run(_made(hours), NOW)
    verdicts.keep_run(replace(_made(9), digest=digest(1)), NOW)
    verdicts.record(None, state())
    walked = _walk(lambda after: verdicts.history(IMAGE, DIGEST, limit=2, after=after))
    ages = [[int((NOW - run.verified_at) / timedelta(hours=1)) for run in page] for page in walked]
    assert ages == [[1, 2], [3, 4], [5]]


def test_a_history_whose_last_page_is_full_ends_there(verdicts: AnswerTable) -> None:
    for hours in range(4):
        verdicts.keep_run(_made(hours), NOW)
    assert [len(page) for page in _walk(lambda after: verdicts.history(IMAGE, DIGEST, limit=2, after=after))] == [2, 2]


def test_a_digest_without_history_has_an_empty_one(verdicts: AnswerTable) -> None:
    verdicts.record(None, state())
    assert verdicts.history(IMAGE, DIGEST, limit=2, after=None) == Listing((), None)


def test_a_history_beyond_a_megabyte_is_listed_whole(verdicts: AnswerTable) -> None:
    """DynamoDB ends an answer at a megabyte, and says that there is more."""
    for hours in range(8):
        verdicts.keep_run(_bulky(hours), NOW)
    walked = _walk(lambda after: verdicts.history(IMAGE, DIGEST, limit=5, after=after))
    assert [run.verified_at for page in walked for run in page] == [NOW - timedelta(hours=hour) for hour in range(8)]


def _bulky(hours: int) -> State:
    """A verdict of some 300 KB, compressed."""
    made = _made(hours)
    texts = [{"place": f"{digest(hours * 10_000 + number)}", "holds": True} for number in range(8000)]
    bulky = replace(made, document={**made.document, "statements": texts})
    assert len(stored_document.write(bulky.document)) > 250_000
    return bulky


def test_expired_runs_are_left_out_and_the_list_goes_on(client: Any, verdicts: AnswerTable) -> None:
    for hours in range(4):
        verdicts.keep_run(_made(hours), NOW)
    later = _table(client, NOW - timedelta(hours=2) + RETENTION)
    walked = _walk(lambda after: later.history(IMAGE, DIGEST, limit=3, after=after))
    assert [[run.verified_at for run in page] for page in walked] == [[NOW, NOW - timedelta(hours=1)], []]
    oldest = verification_id.position(NOW - timedelta(hours=3), _made(3).document)
    assert verdicts.run(IMAGE, DIGEST, oldest) and later.run(IMAGE, DIGEST, oldest) is None


@pytest.mark.parametrize("position", ["STATE", "", "RUN#", "RUN#2026-11-22T10:01:00Z#0000000000000000", "CHECKED"])
def test_there_is_no_run_at_another_position(verdicts: AnswerTable, position: str) -> None:
    verdicts.record(None, state())
    verdicts.keep_run(state(), NOW)
    verdicts.keep_checked(IMAGE, DIGEST, NOW)
    assert verdicts.run(IMAGE, DIGEST, position) is None


@pytest.mark.parametrize(
    ("seconds", "hours"),
    [(-1, None), (0, 5), (1, 5), (3600 * 2 - 1, 5), (3600 * 2, 3), (3600 * 4, 1), (3600 * 24 * 300, 1)],
)
def test_the_run_at_a_time_is_the_newest_that_was_made_by_then(
    verdicts: AnswerTable, seconds: int, hours: int | None
) -> None:
    """`seconds` after the first of three."""
    for made in (5, 3, 1):
        verdicts.keep_run(_made(made), NOW)
    verdicts.record(None, state())
    found = verdicts.run_at(IMAGE, DIGEST, NOW - timedelta(hours=5) + timedelta(seconds=seconds))
    assert (found and found.verified_at) == (None if hours is None else NOW - timedelta(hours=hours))


# ---------------------------------------------------------------- looks, tags, repositories, incidents


def test_a_digest_that_nobody_looked_at_again_has_no_sight(verdicts: AnswerTable) -> None:
    verdicts.record(None, state())
    assert verdicts.sight(IMAGE, DIGEST) == Sight()


def test_sight_is_of_looks_that_took_place_and_not_of_those_that_were_sent(verdicts: AnswerTable) -> None:
    verdicts.keep_checked(IMAGE, DIGEST, NOW + MINUTE)
    assert verdicts.sight(IMAGE, DIGEST) == Sight()
    verdicts.keep_looked(IMAGE, DIGEST, NOW)
    assert verdicts.sight(IMAGE, DIGEST) == Sight(checked_at=NOW)
    assert verdicts.sight(OTHER, DIGEST) == Sight()


def test_sight_says_since_when_nobody_can_look(verdicts: AnswerTable) -> None:
    verdicts.keep_unseen(IMAGE, DIGEST, NOW)
    assert verdicts.sight(IMAGE, DIGEST) == Sight(unseen_since=NOW)
    verdicts.keep_unseen(IMAGE, DIGEST, None)
    assert verdicts.sight(IMAGE, DIGEST) == Sight()


def test_tags_are_listed_by_name_page_by_page(verdicts: AnswerTable) -> None:
    names = ["1.0", "1.0-rc.1", "A", "_x", "latest", "v1", "v10", "v2", "z" * 128]
    former = tuple(Former(digest(number), NOW - number * DAY) for number in range(FORMER_LIMIT))
    for name in reversed(names):
        verdicts.point(None, TagPointer(IMAGE, name, DIGEST, NOW, former))
    verdicts.point(None, TagPointer(OTHER, "other", DIGEST, NOW))
    verdicts.record(None, state())  # in the same partition of an index, and no tag
    walked = _walk(lambda after: verdicts.tags(IMAGE, limit=4, after=after))
    assert [len(page) for page in walked] == [4, 4, 1]
    assert [one.tag for page in walked for one in page] == sorted(names)
    assert walked[0][0] == TagPointer(IMAGE, "1.0", DIGEST, NOW, former)
    assert _walk(lambda after: verdicts.tags(IMAGE, limit=9, after=after)) == [sum(walked, [])]


def test_a_repository_without_tags_has_an_empty_list(verdicts: AnswerTable) -> None:
    assert verdicts.tags(IMAGE, limit=4, after=None) == Listing((), None)


def test_repositories_are_listed_by_name_page_by_page(client: Any, verdicts: AnswerTable) -> None:
    images = [ImageName("ghcr.io", name) for name in ("acme/app", "acme/app-b", "acme/app/deep", "acme/zoo", "bigco/x")]
    images.append(ImageName("localhost:5000", "acme/app"))
    for image in reversed(images):
        verdicts.hear_of(image)
    walked = _walk(lambda after: verdicts.images_with_records(limit=4, after=after))
    assert [len(page) for page in walked] == [4, 2]
    assert sum(walked, []) == images
    over = _table(client, NOW + timedelta(hours=1) + RETENTION)
    assert over.images_with_records(limit=10, after=None) == Listing((), None)


def test_incidents_are_listed_over_months_whether_open_or_over(client: Any, verdicts: AnswerTable) -> None:
    ended = replace(OPEN, key=Key(Kind.UNKNOWN), ending=Ending.JUDGED, image=OTHER)
    told = [OPEN, replace(ended, first_seen=NOW - DAY), replace(OPEN, digest=digest(1), first_seen=NOW - 60 * DAY)]
    for incident in reversed(told):
        _incidents(client).keep(incident)
    assert _walk(lambda after: verdicts.incidents(limit=1, window=Window(after=after))) == [[one] for one in told]
    window = Window(since=NOW - DAY, until=NOW)
    assert [one.value for one in verdicts.incidents(limit=9, window=window).entries] == told[1:2]


def test_an_incident_that_ended_is_listed_once_and_in_its_place(client: Any, verdicts: AnswerTable) -> None:
    incidents = _incidents(client)
    incidents.keep(OPEN)
    incidents.keep(replace(OPEN, digest=digest(1), first_seen=NOW + MINUTE))
    over = replace(OPEN, ending=Ending.VERIFIED, version=4)
    incidents.keep(over)
    found = [entry.value for entry in verdicts.incidents(limit=9, window=ALL).entries]
    assert found == [replace(OPEN, digest=digest(1), first_seen=NOW + MINUTE), over]


def test_incidents_of_one_digest_are_several(client: Any, verdicts: AnswerTable) -> None:
    told = [replace(OPEN, key=key) for key in (Key(Kind.FAILED, "a"), Key(Kind.FAILED, "b"), Key(Kind.UNKNOWN))]
    for incident in told:
        _incidents(client).keep(incident)
    walked = _walk(lambda after: verdicts.incidents(limit=2, window=Window(after=after)))
    assert sorted((one.key.kind.value, one.key.policy) for page in walked for one in page) == [
        ("failed", "a"),
        ("failed", "b"),
        ("unknown", ""),
    ]
    assert list(verdicts.of_digest(IMAGE, DIGEST)) == told


def test_the_longest_names_are_listed(client: Any, verdicts: AnswerTable) -> None:
    image = ImageName("ghcr.io", "a" * 64 + "/" + "b" * 182)
    longest = replace(OPEN, image=image, key=Key(Kind.FAILED, "p" * 253))
    _incidents(client).keep(longest)
    _incidents(client).keep(replace(longest, key=Key(Kind.FAILED, "p" * 252 + "q")))
    verdicts.record(None, at(0, NOW, image=image))
    walked = _walk(lambda after: verdicts.incidents(limit=1, window=Window(after=after)))
    assert len(walked) == 2 and walked[1] == [longest]
    assert [entry.value.image for entry in verdicts.records(limit=1, window=ALL).entries] == [image]


def test_incidents_and_statuses_are_not_mixed_up(client: Any, verdicts: AnswerTable) -> None:
    """They share an index."""
    verdicts.record(None, state(Status.FAILED))
    _incidents(client).keep(OPEN)
    assert _status(verdicts, Status.FAILED, 10) == [[DIGEST]]
    assert [entry.value for entry in verdicts.incidents(limit=9, window=ALL).entries] == [OPEN]
    assert _all(verdicts, 10) == [[DIGEST]]


# ---------------------------------------------------------------- trouble


BAD_ITEMS: dict[str, tuple[dict[str, Any], Callable[[AnswerTable], object]]] = {
    "run": ({"SK": {"S": "RUN#1"}}, lambda verdicts: verdicts.history(IMAGE, DIGEST, limit=1, after=None)),
    "run without its time": (
        {"SK": {"S": "RUN#1"}, "detail": {"B": stored_document.write({})}, "status": {"S": "FAILED"}},
        lambda verdicts: verdicts.run(IMAGE, DIGEST, "RUN#1"),
    ),
    "run of a status that nobody knows": (
        {"SK": {"S": "RUN#1"}, "detail": {"B": stored_document.write({})}, "status": {"S": "FINE"}},
        lambda verdicts: verdicts.run_at(IMAGE, DIGEST, NOW),
    ),
    "run whose document is none": (
        {"SK": {"S": "RUN#1"}, "detail": {"B": b"x"}, "status": {"S": "FAILED"}},
        lambda verdicts: verdicts.run(IMAGE, DIGEST, "RUN#1"),
    ),
    "look": ({"SK": {"S": "LOOKED"}, "at": {"S": "yesterday"}}, lambda verdicts: verdicts.sight(IMAGE, DIGEST)),
    "expiry": (
        {"SK": {"S": "RUN#1"}, "expires_at": {"S": "never"}},
        lambda verdicts: verdicts.history(IMAGE, DIGEST, limit=1, after=None),
    ),
    "tag": (
        {"PK": {"S": verdict_record.repository_key(IMAGE)}, "SK": {"S": "TAG#v1"}, "digest": {"S": "sha256:1"}},
        lambda verdicts: verdicts.tags(IMAGE, limit=1, after=None),
    ),
    "repository": (
        {"PK": {"S": "IMAGES"}, "SK": {"S": "ghcr.io/UPPER"}},
        lambda verdicts: verdicts.images_with_records(limit=1, after=None),
    ),
    "incident": (
        {
            "SK": {"S": "INCIDENT#failed#acme"},
            "GSI2PK": {"S": "INCIDENTS#2026-11"},
            "GSI2SK": {"S": "2026-11-22T10:01:00Z#x"},
        },
        lambda verdicts: verdicts.incidents(limit=1, window=ALL),
    ),
    "record": (
        {"SK": {"S": "STATE"}, "GSI3PK": {"S": "ALL#2026-11"}, "GSI3SK": {"S": "2026-11-22T10:01:00Z#x"}},
        lambda verdicts: verdicts.records(limit=1, window=ALL),
    ),
}


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_an_item_that_cannot_be_read_is_unavailable(client: Any, verdicts: AnswerTable, name: str) -> None:
    item, ask = BAD_ITEMS[name]
    client.put_item(TableName=TABLE, Item={"PK": {"S": verdict_record.partition(IMAGE, DIGEST)}, **item})
    with pytest.raises(Unavailable, match="cannot be read") as raised:
        ask(verdicts)
    assert raised.value.reason is Reason.STORE_UNAVAILABLE


ASKS: dict[str, Callable[[AnswerTable], object]] = {
    "state": lambda verdicts: verdicts.state(IMAGE, DIGEST),
    "sight": lambda verdicts: verdicts.sight(IMAGE, DIGEST),
    "history": lambda verdicts: verdicts.history(IMAGE, DIGEST, limit=1, after=None),
    "run": lambda verdicts: verdicts.run(IMAGE, DIGEST, "RUN#1"),
    "run_at": lambda verdicts: verdicts.run_at(IMAGE, DIGEST, NOW),
    "images_with_records": lambda verdicts: verdicts.images_with_records(limit=1, after=None),
    "records": lambda verdicts: verdicts.records(limit=1, window=ALL),
    "records_of_image": lambda verdicts: verdicts.records_of_image(IMAGE, limit=1, window=ALL),
    "records_of_status": lambda verdicts: verdicts.records_of_status(Status.FAILED, limit=1, window=ALL),
    "tags": lambda verdicts: verdicts.tags(IMAGE, limit=1, after=None),
    "pointer": lambda verdicts: verdicts.pointer(IMAGE, "latest"),
    "incidents": lambda verdicts: verdicts.incidents(limit=1, window=ALL),
    "of_digest": lambda verdicts: verdicts.of_digest(IMAGE, DIGEST),
}


def test_every_call_that_questions_have_is_tried() -> None:
    assert ASKS.keys() == {name for name in vars(Verdicts) if not name.startswith("_")}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("call", ASKS)
def test_a_table_that_does_not_answer_is_unavailable(call: str, failure: str) -> None:
    with pytest.raises(Unavailable) as raised:
        ASKS[call](_table(FailingClient(FAILURES[failure])))
    assert raised.value.reason is Reason.STORE_UNAVAILABLE
    assert raised.value.__cause__ is FAILURES[failure]


def test_what_is_behind_an_index_may_fail_as_the_index_may() -> None:
    broken = _Both(Counting(index=index(2)), FailingClient(FAILURES["Throttling"]))
    with pytest.raises(Unavailable, match="ThrottlingException"):
        _table(broken).records(limit=1, window=ALL)
