"""Repositories and tags, as the API lists them; on a store in memory, and on the real table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from registry_verifier.models import ImageName
from registry_verifier.reasons import Status
from registry_verifier.watched import Former, TagPointer
from tests.library.stored_verdicts import Api, Memory, Shelf, Table, emptied, in_table
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, state

TAGS = "/v1/images/acme/app/tags"


@pytest.fixture(scope="module")
def real() -> Iterator[Table]:
    with in_table() as verdicts:
        yield verdicts


@pytest.fixture(params=["memory", "table"])
def shelf(request: pytest.FixtureRequest, real: Table) -> Shelf:
    return Memory() if request.param == "memory" else emptied(real)


def _fill(shelf: Shelf, count: int) -> list[str]:
    """So many digests of one repository, a minute apart; their digests, newest first."""
    for number in range(count):
        shelf.put(state(digest=digest(number), first_seen=NOW + timedelta(minutes=number)))
    return [digest(number) for number in reversed(range(count))]


# ------------------------------------------------------------------------------------------------- repositories


def test_repositories_are_listed_by_name_each_with_its_newest_publish(shelf: Shelf) -> None:
    for name in ("b/x", "a/deep/y", "a/b"):
        shelf.put(state(image=ImageName("ghcr.io", name), digest=digest(1)))
        shelf.put(state(Status.VERIFIED, image=ImageName("ghcr.io", name), first_seen=NOW + timedelta(hours=1)))
    items = Api(shelf).get("/v1/images")["items"]
    assert [one["image"] for one in items] == ["ghcr.io/a/b", "ghcr.io/a/deep/y", "ghcr.io/b/x"]
    assert {(one["newest"]["digest"], one["newest"]["status"]) for one in items} == {(DIGEST, "VERIFIED")}


def test_repositories_go_on_page_by_page(shelf: Shelf) -> None:
    names = [f"acme/app{number}" for number in range(5)]
    for name in names:
        shelf.put(state(image=ImageName("ghcr.io", name)))
    assert [one["image"] for one in Api(shelf).items("/v1/images?limit=2")] == [f"ghcr.io/{name}" for name in names]


def test_the_newest_publish_is_no_child_while_there_is_another(shelf: Shelf) -> None:
    shelf.put(state(digest=digest(1)))
    shelf.put(state(digest=digest(2), first_seen=NOW + timedelta(hours=1), document={"kind": "child"}))
    assert Api(shelf).get("/v1/images")["items"][0]["newest"]["digest"] == digest(1)


def test_the_newest_publish_is_a_child_where_there_is_nothing_else(shelf: Shelf) -> None:
    shelf.put(state(document={"kind": "child"}))
    assert Api(shelf).get("/v1/images")["items"][0]["newest"]["kind"] == "child"


def test_no_repository_has_records(shelf: Shelf) -> None:
    assert Api(shelf).get("/v1/images") == {"items": [], "next_cursor": None}


def test_so_many_repositories_at_once_cost_too_much() -> None:
    assert Api(Memory()).refused("/v1/images?limit=26")[:2] == (400, "bad_request")


def test_a_page_of_repositories_reads_a_few_records_of_each() -> None:
    shelf = Memory()
    for number in range(25):
        for other in range(9):
            shelf.put(state(image=ImageName("ghcr.io", f"acme/app{number}"), digest=digest(other)))
    Api(shelf).get("/v1/images")
    assert len(shelf.read) == 26 and sum(shelf.read) <= 25 * 6


# ------------------------------------------------------------------------------------------------- one repository


def test_a_repository_has_its_digests_newest_first(shelf: Shelf) -> None:
    digests = _fill(shelf, 3)
    shelf.put(state(image=ImageName("ghcr.io", "acme/app2")))
    body = Api(shelf).get("/v1/images/acme/app")
    assert [one["digest"] for one in body["items"]] == digests
    assert body["next_cursor"] is None


def test_a_repository_is_walked_page_by_page(shelf: Shelf) -> None:
    digests = _fill(shelf, 7)
    for limit in (1, 3, 7, 100):
        assert [one["digest"] for one in Api(shelf).items(f"/v1/images/acme/app?limit={limit}")] == digests


def test_digests_of_the_same_second_are_all_there(shelf: Shelf) -> None:
    for number in range(5):
        shelf.put(state(digest=digest(number)))
    found = [one["digest"] for one in Api(shelf).items("/v1/images/acme/app?limit=2")]
    assert sorted(found) == sorted(digest(number) for number in range(5))


def test_a_period_has_its_beginning_and_not_its_end(shelf: Shelf) -> None:
    digests = _fill(shelf, 5)
    query = "since=2026-11-22T10:02:00Z&until=2026-11-22T10:04:00Z"
    assert [one["digest"] for one in Api(shelf).items(f"/v1/images/acme/app?{query}")] == digests[2:4]
    assert [one["digest"] for one in Api(shelf).items(f"/v1/images/acme/app?limit=1&{query}")] == digests[2:4]


def test_a_period_that_ends_before_it_begins_has_nothing(shelf: Shelf) -> None:
    _fill(shelf, 2)
    assert Api(shelf).items("/v1/images/acme/app?since=2026-11-23&until=2026-11-22") == []


def test_a_name_with_slashes_is_a_repository_of_its_own(shelf: Shelf) -> None:
    shelf.put(state(image=ImageName("ghcr.io", "acme/deep/app")))
    api = Api(shelf)
    assert len(api.items("/v1/images/acme/deep/app")) == len(api.items("/v1/images/acme/deep%2Fapp")) == 1
    assert api.items("/v1/images/acme/deep") == []


def test_a_repository_that_nobody_heard_of_is_empty(shelf: Shelf) -> None:
    assert Api(shelf).get("/v1/images/acme/none") == {"items": [], "next_cursor": None}


def test_a_summary_says_what_is_known(shelf: Shelf) -> None:
    shelf.put(state(actor=""))
    [item] = Api(shelf).items("/v1/images/acme/app")
    assert item == {
        "id": item["id"],
        "image": "ghcr.io/acme/app",
        "digest": DIGEST,
        "status": "FAILED",
        "reasons": ["IDENTITY_MISMATCH"],
        "kind": "image",
        "tags": ["v1.4.0", "latest"],
        "actor": None,
        "first_seen": "2026-11-22T10:01:00Z",
        "deadline": "2026-11-22T10:31:00Z",
        "verified_at": "2026-11-22T10:01:00Z",
        "version": 1,
    }


# ------------------------------------------------------------------------------------------------- cursors


def test_a_cursor_is_for_one_list_with_its_filters(shelf: Shelf) -> None:
    _fill(shelf, 3)
    api = Api(shelf)
    cursor = api.get("/v1/images/acme/app?limit=1")["next_cursor"]
    assert api.get(f"/v1/images/acme/app?limit=2&cursor={cursor}")["items"]
    for elsewhere in (
        f"/v1/images/acme/other?cursor={cursor}",
        f"/v1/images/acme/app?since=2026-11-01&cursor={cursor}",
        f"/v1/images/acme/app/tags?cursor={cursor}",
        f"/v1/images?cursor={cursor}",
        f"/v1/verifications?cursor={cursor}",
        f"/v1/verifications?image=ghcr.io/acme/app&cursor={cursor}",
        f"/v1/incidents?cursor={cursor}",
        f"/v1/images/acme/app/digests/{digest(1)}/history?cursor={cursor}",
        "/v1/images/acme/app?cursor=WyJhIiwiYiJd",
        f"/v1/images/acme/app?cursor={cursor[:-2]}AA",
    ):
        assert api.refused(elsewhere)[:2] == (400, "bad_request"), elsewhere


def test_a_link_has_what_was_asked_for(shelf: Shelf) -> None:
    _fill(shelf, 3)
    api = Api(shelf)
    cursor = api.get("/v1/images/acme/app?limit=1&since=2026-11-01")["next_cursor"]
    assert api.headers["Link"] == f'<?limit=1&since=2026-11-01&cursor={cursor}>; rel="next"'


# ------------------------------------------------------------------------------------------------- tags


def _pointer(tag: str, number: int = 0, *former: int) -> TagPointer:
    before = tuple(Former(digest(one), NOW - timedelta(days=place + 1)) for place, one in enumerate(former))
    return TagPointer(IMAGE, tag, digest(number), NOW, before)


def test_tags_are_listed_by_name_with_what_they_pointed_to(shelf: Shelf) -> None:
    for pointer in (_pointer("v1"), _pointer("latest", 2, 1, 0), _pointer("V0")):
        shelf.point(None, pointer)
    items = Api(shelf).get(TAGS)["items"]
    assert [one["tag"] for one in items] == ["V0", "latest", "v1"]
    assert items[1] == {
        "image": "ghcr.io/acme/app",
        "tag": "latest",
        "digest": digest(2),
        "since": "2026-11-22T10:01:00Z",
        "former": [
            {"digest": digest(1), "since": "2026-11-21T10:01:00Z"},
            {"digest": digest(0), "since": "2026-11-20T10:01:00Z"},
        ],
    }


def test_tags_are_walked_page_by_page(shelf: Shelf) -> None:
    names = [f"v{number}" for number in range(7)]
    for name in names:
        shelf.point(None, _pointer(name))
    for limit in (1, 3, 7):
        assert [one["tag"] for one in Api(shelf).items(f"{TAGS}?limit={limit}")] == names


def test_a_tag_has_the_verdict_about_what_it_points_to(shelf: Shelf) -> None:
    shelf.put(state(Status.VERIFIED, digest=digest(3)))
    shelf.point(None, _pointer("v1", 3))
    body = Api(shelf).get(f"{TAGS}/v1")
    assert (body["digest"], body["verdict"]["status"], body["verdict"]["digest"]) == (digest(3), "VERIFIED", digest(3))


def test_a_tag_of_a_digest_without_a_record_has_no_verdict(shelf: Shelf) -> None:
    shelf.point(None, _pointer("v1", 3))
    assert Api(shelf).get(f"{TAGS}/v1")["verdict"] is None


@pytest.mark.parametrize("path", [f"{TAGS}/v2", "/v1/images/acme/other/tags/v1", f"{TAGS}/V1"])
def test_a_tag_that_nobody_heard_of_is_not_found(shelf: Shelf, path: str) -> None:
    shelf.point(None, _pointer("v1"))
    assert Api(shelf).refused(path)[:2] == (404, "not_found")


def test_a_repository_has_no_tags(shelf: Shelf) -> None:
    shelf.put(state())
    assert Api(shelf).get(TAGS) == {"items": [], "next_cursor": None}
