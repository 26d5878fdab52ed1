"""Lists of verdicts and of incidents with every filter, and one verdict by its id."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier.incident import Ending, Incident, Key, Kind
from registry_verifier.models import ImageName
from registry_verifier.reasons import Status
from registry_verifier.verdict_document import timestamp
from registry_verifier.watched import Former, TagPointer
from tests.library.stored_verdicts import Api, Memory, Shelf, Table, emptied, in_table
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, state

OTHER = ImageName("ghcr.io", "acme/other")
ALL = "/v1/verifications"
MINE = f"{ALL}?image=ghcr.io/acme/app"


@pytest.fixture(scope="module")
def real() -> Iterator[Table]:
    with in_table() as verdicts:
        yield verdicts


@pytest.fixture(params=["memory", "table"])
def shelf(request: pytest.FixtureRequest, real: Table) -> Shelf:
    return Memory() if request.param == "memory" else emptied(real)


def _put(shelf: Shelf, number: int, status: Status = Status.FAILED, *, made: int | None = None, **more: Any) -> str:
    """A digest that was first seen so many minutes later, and judged then, or `made` minutes later."""
    seen, judged = NOW + timedelta(minutes=number), NOW + timedelta(minutes=number if made is None else made)
    document = {"verified_at": timestamp(judged), **more.pop("document", {})}
    shelf.put(state(status, digest=digest(number), first_seen=seen, document=document, **more))
    return digest(number)


def _digests(items: list[Any]) -> list[str]:
    return [one["digest"] for one in items]


def _walked(shelf: Shelf, path: str) -> list[str]:
    """The digests of a list, which are the same whatever the limit."""
    mark = "&" if "?" in path else "?"
    found = [_digests(Api(shelf).items(f"{path}{mark}limit={limit}")) for limit in (2, 100)]
    assert found[0] == found[1]
    return found[0]


# ------------------------------------------------------------------------------------------------- everything


def test_all_repositories_are_listed_newest_first(shelf: Shelf) -> None:
    made = [_put(shelf, number, image=IMAGE if number % 2 else OTHER) for number in range(5)]
    assert _walked(shelf, ALL) == made[::-1]


def test_months_follow_each_other(shelf: Shelf) -> None:
    made = [_put(shelf, -40 * 24 * 60 * number) for number in range(4)]
    assert _walked(shelf, ALL) == made


def test_children_are_listed_with_their_repository_only(shelf: Shelf) -> None:
    index, child = _put(shelf, 1), _put(shelf, 2, document={"kind": "child"})
    assert _walked(shelf, ALL) == [index]
    assert _walked(shelf, MINE) == [child, index]
    assert _walked(shelf, f"{ALL}?status=FAILED") == [index]


def test_a_repository_has_its_own_verdicts(shelf: Shelf) -> None:
    _put(shelf, 1, image=OTHER)
    mine = _put(shelf, 2)
    assert _walked(shelf, MINE) == [mine]


@pytest.mark.parametrize("base", [f"{ALL}?", f"{MINE}&"])
def test_a_period_has_its_beginning_and_not_its_end(shelf: Shelf, base: str) -> None:
    made = [_put(shelf, number) for number in range(5)]
    assert _walked(shelf, f"{base}since=2026-11-22T10:02:00Z&until=2026-11-22T10:04:00Z") == [made[2], made[1]]
    assert _walked(shelf, f"{base}since=2026-11-23") == _walked(shelf, f"{base}until=2026-11-22") == []


def test_nothing_is_listed(shelf: Shelf) -> None:
    assert Api(shelf).get(ALL) == {"items": [], "next_cursor": None}


# ------------------------------------------------------------------------------------------------- filters


@pytest.mark.parametrize("base", [f"{ALL}?", f"{MINE}&"])
@pytest.mark.parametrize("status", list(Status))
def test_a_status_is_a_filter(shelf: Shelf, base: str, status: Status) -> None:
    made = {one: [_put(shelf, 10 * place + number, one) for number in range(3)] for place, one in enumerate(Status)}
    assert _walked(shelf, f"{base}status={status}") == made[status][::-1]


def test_failures_stand_by_when_the_verdict_was_made(shelf: Shelf) -> None:
    late, early = _put(shelf, 1, made=50), _put(shelf, 2, made=40)
    assert _walked(shelf, f"{ALL}?status=FAILED") == [late, early]
    assert _walked(shelf, f"{ALL}?status=FAILED&since=2026-11-22T10:45:00Z") == [late]
    assert _walked(shelf, f"{MINE}&status=FAILED") == [early, late]


@pytest.mark.parametrize("base", [f"{ALL}?", f"{MINE}&", f"{ALL}?status=FAILED&"])
def test_a_policy_is_a_filter(shelf: Shelf, base: str) -> None:
    other = [{"name": "other", "holds": False, "authorities": []}]
    found = [_put(shelf, number, document={"policies": other} if number % 2 else {}) for number in range(5)]
    assert _walked(shelf, f"{base}policy=other") == [found[3], found[1]]
    assert _walked(shelf, f"{base}policy=none") == []


@pytest.mark.parametrize("base", [f"{ALL}?", f"{MINE}&", f"{ALL}?status=FAILED&"])
def test_a_reason_is_a_filter(shelf: Shelf, base: str) -> None:
    found = [_put(shelf, n, document={"reasons": ["NO_SIGNATURE", "CERT_INVALID"]} if n % 2 else {}) for n in range(5)]
    assert _walked(shelf, f"{base}reason=CERT_INVALID") == [found[3], found[1]]
    assert _walked(shelf, f"{base}reason=KEY_MISMATCH") == []


def test_filters_narrow_each_other(shelf: Shelf) -> None:
    wanted = _put(shelf, 1, document={"reasons": ["CERT_INVALID"]})
    _put(shelf, 2, Status.PENDING, document={"reasons": ["CERT_INVALID"]})
    _put(shelf, 3)
    path = f"{MINE}&status=FAILED&policy=acme-signatures&reason=CERT_INVALID&since=2026-11-01&until=2026-12-01"
    assert _walked(shelf, path) == [wanted]


def test_one_question_examines_a_hundred_records_and_goes_on() -> None:
    shelf = Memory()
    for number in range(250):
        _put(shelf, number, Status.VERIFIED if number == 10 else Status.PENDING)
    api = Api(shelf)
    first = api.get(f"{ALL}?status=VERIFIED")
    assert first["items"] == [] and first["next_cursor"] and shelf.read == [100]
    assert _digests(api.items(f"{ALL}?status=VERIFIED")) == [digest(10)]


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("", 25),
        ("?limit=7", 7),
        ("?status=FAILED", 25),
        ("?status=PENDING", 100),
        ("?policy=acme-signatures", 100),
        ("?status=FAILED&reason=CERT_INVALID", 100),
        ("?image=ghcr.io/acme/app", 25),
        ("?image=ghcr.io/acme/app&status=FAILED", 100),
        ("?since=2026-11-01&until=2026-12-01", 25),
    ],
)
def test_no_question_reads_more_than_it_needs(query: str, read: int) -> None:
    shelf = Memory()
    for number in range(150):
        _put(shelf, number)
    Api(shelf).get(ALL + query)
    assert shelf.read == [read]


# ------------------------------------------------------------------------------------------------- of a tag


def _point(shelf: Shelf, *numbers: int) -> None:
    former = tuple(Former(digest(number), NOW) for number in numbers[1:])
    shelf.point(None, TagPointer(IMAGE, "v1", digest(numbers[0]), NOW, former))


def test_a_tag_has_what_it_points_to_and_pointed_to(shelf: Shelf) -> None:
    made = [_put(shelf, number, Status.VERIFIED if number else Status.FAILED) for number in range(4)]
    _point(shelf, 2, 0, 3, 2)
    assert _walked(shelf, f"{MINE}&tag=v1") == [made[2], made[0], made[3]]
    assert _walked(shelf, f"{MINE}&tag=v1&status=VERIFIED") == [made[2], made[3]]
    assert _walked(shelf, f"{MINE}&tag=v1&since=2026-11-22T10:02:00Z&until=2026-11-22T10:04:00Z") == [made[2]]


def test_a_tag_that_nobody_heard_of_has_nothing(shelf: Shelf) -> None:
    _put(shelf, 1)
    assert _walked(shelf, f"{MINE}&tag=v2") == []


def test_a_cursor_of_a_tag_leads_on_although_its_record_is_gone() -> None:
    shelf = Memory()
    made = [_put(shelf, number) for number in range(3)]
    _point(shelf, 0, 1, 2)
    api = Api(shelf)
    cursor = api.get(f"{MINE}&tag=v1&limit=1")["next_cursor"]
    del shelf.states[(IMAGE, digest(0))]
    assert _digests(api.get(f"{MINE}&tag=v1&cursor={cursor}")["items"]) == made[1:]
    _put(shelf, 7)
    _point(shelf, 7)
    assert api.get(f"{MINE}&tag=v1&cursor={cursor}") == {"items": [], "next_cursor": None}


def test_a_tag_leaves_out_what_has_no_record(shelf: Shelf) -> None:
    made = _put(shelf, 1)
    _point(shelf, 5, 1)
    assert _walked(shelf, f"{MINE}&tag=v1") == [made]


# ------------------------------------------------------------------------------------------------- of a digest


def _replaced(shelf: Shelf) -> None:
    """VERIFIED at 10:01, FAILED at 10:31, VERIFIED at 11:01."""
    old = state(Status.VERIFIED)
    shelf.put(old)
    for minutes, status in ((30, Status.FAILED), (60, Status.VERIFIED)):
        made_at = timestamp(NOW + timedelta(minutes=minutes))
        old = shelf.supersede(old, state(status, document={"verified_at": made_at}))


def _made(items: list[Any]) -> list[tuple[str, str]]:
    return [(one["status"], one["verified_at"][11:16]) for one in items]


def test_a_digest_has_its_verdict_and_those_before_it(shelf: Shelf) -> None:
    _replaced(shelf)
    api = Api(shelf)
    found = api.items(f"{MINE}&digest={DIGEST}")
    assert _made(found) == [("VERIFIED", "11:01"), ("FAILED", "10:31"), ("VERIFIED", "10:01")]
    assert api.items(f"{MINE}&digest={DIGEST}&limit=1") == found
    assert {one["version"] for one in found} == {3} and found[1]["reasons"] == ["IDENTITY_MISMATCH"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=FAILED", ["10:31"]),
        ("reason=IDENTITY_MISMATCH", ["10:31"]),
        ("since=2026-11-22T10:31:00Z", ["11:01", "10:31"]),
        ("until=2026-11-22T10:31:00Z", ["10:01"]),
        ("policy=none", []),
    ],
)
def test_filters_are_for_each_verdict_of_a_digest(shelf: Shelf, query: str, found: list[str]) -> None:
    _replaced(shelf)
    assert [made for _, made in _made(Api(shelf).items(f"{MINE}&digest={DIGEST}&{query}"))] == found


def test_what_was_about_to_be_replaced_is_listed_once(shelf: Shelf) -> None:
    shelf.put(state())
    shelf.keep_run(state(), NOW + timedelta(hours=1))
    assert len(Api(shelf).items(f"{MINE}&digest={DIGEST}")) == 1


def test_a_digest_that_nobody_heard_of_has_nothing(shelf: Shelf) -> None:
    _put(shelf, 1)
    assert Api(shelf).items(f"{MINE}&digest={DIGEST}") == []


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (f"digest={DIGEST}", "parameter 'digest' needs the parameter 'image' beside it"),
        ("tag=v1", "parameter 'tag' needs the parameter 'image' beside it"),
        (f"image=ghcr.io/acme/app&tag=v1&digest={DIGEST}", "parameters 'tag' and 'digest' are given both"),
        ("status=GOOD", "status is 'GOOD'"),
        ("since=2026-11", "since is '2026-11'"),
        ("limit=101", "limit is '101'"),
        ("class=failed", "parameter 'class' is unknown"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(query: str, detail: str) -> None:
    shelf = Memory()
    status_code, code, said = Api(shelf).refused(f"{ALL}?{query}")
    assert (status_code, code) == (400, "bad_request") and said.startswith(detail)
    assert shelf.read == []


# ------------------------------------------------------------------------------------------------- by its id


def test_a_verdict_has_the_same_id_and_says_the_same_after_it_was_replaced(shelf: Shelf) -> None:
    moved = {"drift": [{"code": "TAG_MOVED", "text": "tag v1 points to"}], "superseded_by": digest(1)}
    first = state(Status.VERIFIED, document=moved)
    shelf.put(first)
    api = Api(shelf)
    id_ = api.items(MINE)[0]["id"]
    assert api.get(f"/v1/images/acme/app/digests/{DIGEST}")["id"] == id_
    before = api.get(f"{ALL}/{id_}")
    shelf.supersede(first, state(Status.FAILED, document={"verified_at": timestamp(NOW + timedelta(hours=1))}))
    assert api.get(f"{ALL}/{id_}") == before
    assert (before["status"], before["superseded_by"], before["drift"]) == ("VERIFIED", None, [])
    assert api.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_another_verdict_has_another_id(shelf: Shelf) -> None:
    _replaced(shelf)
    _put(shelf, 1)
    api = Api(shelf)
    ids = [one["id"] for one in [*api.items(f"{MINE}&digest={DIGEST}"), *api.items(f"{MINE}&digest={digest(1)}")]]
    assert len(set(ids)) == 4


@pytest.mark.parametrize("id_", ["aWQ", "W10", "x", "WyJhIiwiYiIsImMiXQ", "_", "A" * 900])
def test_an_id_that_nobody_gave_is_not_found(id_: str) -> None:
    shelf = Memory()
    assert Api(shelf).refused(f"{ALL}/{id_}")[:2] == (404, "not_found")
    assert shelf.read == []


def test_an_id_of_a_verdict_that_is_gone_is_not_found(shelf: Shelf) -> None:
    shelf.put(state())
    id_ = Api(shelf).items(MINE)[0]["id"]
    assert Api(Memory()).refused(f"{ALL}/{id_}")[:2] == (404, "not_found")


# ------------------------------------------------------------------------------------------------- incidents


def _tell(shelf: Shelf, number: int, kind: Kind = Kind.FAILED, *, image: ImageName = IMAGE, ended: bool = False) -> str:
    key = Key(kind, "acme" if kind is Kind.FAILED else "")
    seen = NOW + timedelta(minutes=number)
    shelf.tell(Incident(image, digest(number), key, seen, "#x", ending=Ending.VERIFIED if ended else None))
    return digest(number)


def test_incidents_are_listed_newest_first(shelf: Shelf) -> None:
    made = [_tell(shelf, number, ended=bool(number % 2)) for number in range(5)]
    assert _walked(shelf, "/v1/incidents") == made[::-1]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("state=open", [4, 2, 1]),
        ("state=ended", [3, 0]),
        ("class=failed", [3, 1]),
        ("class=unknown", [4, 2]),
        ("class=no-policy", [0]),
        ("image=ghcr.io/acme/other", [2]),
        ("image=ghcr.io/acme/none", []),
        ("class=unknown&state=open&image=ghcr.io/acme/app", [4]),
        ("since=2026-11-22T10:02:00Z&until=2026-11-22T10:04:00Z", [2, 1]),
    ],
)
def test_incidents_are_filtered(shelf: Shelf, query: str, numbers: list[int]) -> None:
    kinds = [Kind.NO_POLICY, Kind.FAILED, Kind.UNKNOWN, Kind.FAILED, Kind.UNKNOWN]
    for number, kind in enumerate(kinds):
        _tell(shelf, number, kind, image=OTHER if number == 2 else IMAGE, ended=number in (0, 3))
    assert _walked(shelf, f"/v1/incidents?{query}") == [digest(number) for number in numbers]


def test_incidents_are_no_verdicts(shelf: Shelf) -> None:
    _tell(shelf, 1)
    assert _walked(shelf, ALL) == _walked(shelf, f"{ALL}?status=FAILED") == []


@pytest.mark.parametrize("query", ["state=closed", "class=FAILED", "class=", "policy=acme", "image=acme/app"])
def test_incidents_are_not_filtered_by_something_else(query: str) -> None:
    assert Api(Memory()).refused(f"/v1/incidents?{query}")[:2] == (400, "bad_request")
