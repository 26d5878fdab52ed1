"""One digest, as the API answers: its verdict now and at a time, its parts, and those before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier.errors import Unavailable
from registry_verifier.incident import Ending, Incident, Key, Kind
from registry_verifier.models import State
from registry_verifier.reasons import Reason, Status
from registry_verifier.verdict_document import timestamp
from tests.library.stored_verdicts import Api, Memory, Shelf, Table, emptied, in_table
from tests.library.verdicts import DIGEST, IMAGE, NOW, PREDICATES, digest, state, statement

PATH = f"/v1/images/acme/app/digests/{DIGEST}"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def real() -> Iterator[Table]:
    with in_table() as verdicts:
        yield verdicts


@pytest.fixture(params=["memory", "table"])
def shelf(request: pytest.FixtureRequest, real: Table) -> Shelf:
    return Memory() if request.param == "memory" else emptied(real)


def _at(hours: float, status: Status = Status.VERIFIED, **document: Any) -> State:
    """A verdict that was made so many hours later."""
    made_at = timestamp(NOW + hours * HOUR)
    return state(status, document={"verified_at": made_at, **document})


def _as_of(hours: float) -> str:
    return f"{PATH}?as_of={timestamp(NOW + hours * HOUR)}"


def _lived(shelf: Shelf) -> None:
    """VERIFIED at 0, FAILED at 2, given up at 4 and waited for until 6, VERIFIED since."""
    first = _at(0)
    shelf.put(first)
    second = shelf.supersede(first, _at(2, Status.FAILED))
    shelf.keep_run(second, NOW + 4 * HOUR)
    if isinstance(shelf, Memory):
        shelf.put(_at(6))
    else:
        shelf.record(second, state(Status.VERIFIED, version=9, document=_at(6).document))  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------- now


def test_a_digest_has_all_that_is_stored(shelf: Shelf) -> None:
    shelf.put(state())
    shelf.keep_looked(IMAGE, DIGEST, NOW + HOUR)
    shelf.keep_unseen(IMAGE, DIGEST, NOW + 2 * HOUR)
    body = Api(shelf).get(PATH)
    document = state().document
    for name in ("status", "reasons", "causes", "image", "digest", "kind", "policies", "nearest_miss", "verified_at"):
        assert body[name] == document[name]
    assert [one["place"] for one in body["statements"]] == [statement(number).place for number in range(4)]
    assert body["statements"][1]["document"]["predicateType"] == PREDICATES[1]
    assert (body["tags"], body["actor"], body["version"]) == (["v1.4.0", "latest"], "octo-releaser", 1)
    assert (body["first_seen"], body["deadline"]) == ("2026-11-22T10:01:00Z", "2026-11-22T10:31:00Z")
    assert (body["checked_at"], body["unseen_since"]) == ("2026-11-22T11:01:00Z", "2026-11-22T12:01:00Z")
    assert body["as_of"] is None


@pytest.mark.parametrize("part", ["", "/statements", "/children", "/history", "?as_of=2026-11-23"])
def test_a_digest_that_nobody_heard_of_is_not_found(shelf: Shelf, part: str) -> None:
    shelf.put(state(digest=digest(1)))
    assert Api(shelf).refused(PATH + part)[:2] == (404, "no_verdict")


@pytest.mark.parametrize("part", ["", "/statements", "/children", "/history", "/incidents", "?as_of=2026-11-23"])
def test_a_store_that_does_not_answer_is_no_verdict(part: str) -> None:
    shelf = Memory()
    shelf.down = Unavailable(Reason.STORE_UNAVAILABLE, "secret detail")
    status_code, code, detail = Api(shelf).refused(PATH + part)
    assert (status_code, code) == (503, "store_unavailable") and "secret" not in detail


def test_a_digest_takes_no_other_parameters() -> None:
    assert "expected as_of" in Api(Memory()).refused(f"{PATH}?tag=v1")[2]


# ------------------------------------------------------------------------------------------------- at a time


@pytest.mark.parametrize(
    ("hours", "status"),
    [(0, "VERIFIED"), (1.99, "VERIFIED"), (2, "FAILED"), (3.99, "FAILED"), (6, "VERIFIED"), (24, "VERIFIED")],
)
def test_the_verdict_of_then_is_the_one_that_stood(shelf: Shelf, hours: float, status: str) -> None:
    _lived(shelf)
    body = Api(shelf).get(_as_of(hours))
    assert (body["status"], body["as_of"]) == (status, timestamp(NOW + hours * HOUR))
    today = ("actor", "first_seen", "deadline", "version", "checked_at", "unseen_since")
    assert [body[name] for name in today] == [None] * 6 and body["tags"] == []


@pytest.mark.parametrize("hours", [4, 5, 5.99])
def test_no_verdict_stood_while_evidence_was_waited_for(shelf: Shelf, hours: float) -> None:
    _lived(shelf)
    status_code, code, detail = Api(shelf).refused(_as_of(hours))
    assert (status_code, code) == (404, "no_verdict")
    assert detail.startswith(f"no verdict stood at {timestamp(NOW + hours * HOUR)}")
    assert "given up at 2026-11-22T14:01:00Z" in detail


def test_nothing_stood_before_the_first_look(shelf: Shelf) -> None:
    _lived(shelf)
    status_code, code, detail = Api(shelf).refused(_as_of(-1))
    assert (status_code, code) == (404, "no_verdict")
    assert "it was first seen at 2026-11-22T10:01:00Z" in detail


def test_nothing_stands_at_a_time_that_has_not_come(shelf: Shelf) -> None:
    _lived(shelf)
    for moment in ("2026-11-23T10:01:01Z", "2027-01-01", "9999-12-31T23:59:59Z"):
        assert "has not come yet" in Api(shelf).refused(f"{PATH}?as_of={moment}")[2]


def test_nothing_stood_while_the_first_evidence_was_waited_for(shelf: Shelf) -> None:
    shelf.put(_at(2))
    assert "evidence was waited for" in Api(shelf).refused(_as_of(1))[2]


def test_a_run_that_does_not_say_when_it_ended_stands_for_no_time() -> None:
    shelf = Memory()
    _lived(shelf)
    for mine in shelf.runs.values():
        mine |= {place: replace(run, replaced_at=None) for place, run in mine.items()}
    for hours in (0, 1, 2, 3, 4, 5):
        status_code, _, detail = Api(shelf).refused(_as_of(hours))
        assert status_code == 404 and detail.startswith("nobody wrote down whether the verdict of")


def test_what_was_about_to_be_replaced_still_stands(shelf: Shelf) -> None:
    shelf.put(_at(0))
    shelf.keep_run(_at(0), NOW + HOUR)
    assert Api(shelf).get(_as_of(2))["status"] == "VERIFIED"


def test_another_tag_of_today_says_nothing_about_then(shelf: Shelf) -> None:
    moved = [{"code": "TAG_MOVED", "text": "tag v1 points to"}]
    shelf.put(_at(0, drift=moved, superseded_by=digest(1)))
    api = Api(shelf)
    assert api.get(PATH)["superseded_by"] == digest(1)
    assert (api.get(_as_of(1))["superseded_by"], api.get(_as_of(1))["drift"]) == (None, [])


# ------------------------------------------------------------------------------------------------- parts


def test_statements_say_what_they_are_used_for(shelf: Shelf) -> None:
    shelf.put(state(Status.VERIFIED))
    items = Api(shelf).items(f"{PATH}/statements")
    used = [(one["predicate_type"], [use["requirement"] for use in one["used_by"]]) for one in items]
    assert used == list(zip(PREDICATES, [["signature"], ["provenance"], [], []], strict=True))
    assert items[0]["used_by"] == [{"policy": "acme-signatures", "authority": "keyless", "requirement": "signature"}]


def test_children_have_their_rows(shelf: Shelf) -> None:
    row = {"digest": digest(1), "platform": "linux/amd64", "state": "covered", "text": "by its index"}
    shelf.put(state(document={"children_table": [row]}))
    assert Api(shelf).items(f"{PATH}/children") == [row]


def test_children_of_older_documents_have_their_digests(shelf: Shelf) -> None:
    shelf.put(state(document={"children_table": []}))
    items = Api(shelf).items(f"{PATH}/children")
    assert [(one["digest"], one["state"]) for one in items] == [(digest(n), "not looked at") for n in (1, 2)]


def test_an_image_has_no_children(shelf: Shelf) -> None:
    shelf.put(state(document={"children": []}))
    assert Api(shelf).items(f"{PATH}/children") == []


def _incident(kind: Kind = Kind.FAILED, policy: str = "acme", **more: Any) -> Incident:
    told = Incident(IMAGE, DIGEST, Key(kind, policy), NOW, "#secret-channel", reasons=("X",))
    return replace(told, **more)


def test_incidents_of_a_digest_say_what_people_were_told(shelf: Shelf) -> None:
    shelf.tell(_incident())
    shelf.tell(_incident(Kind.UNKNOWN, "", ending=Ending.JUDGED))
    shelf.tell(_incident(digest=digest(1)))
    items = Api(shelf).items(f"{PATH}/incidents")
    assert items[0] == {
        "image": "ghcr.io/acme/app",
        "digest": DIGEST,
        "incident_class": "failed",
        "policy": "acme",
        "state": "open",
        "ending": None,
        "reasons": ["X"],
        "first_seen": "2026-11-22T10:01:00Z",
    }
    assert [(one["incident_class"], one["policy"], one["state"], one["ending"]) for one in items[1:]] == [
        ("unknown", None, "ended", "judged")
    ]


def test_a_digest_has_no_incidents(shelf: Shelf) -> None:
    assert Api(shelf).items(f"{PATH}/incidents") == []


# ------------------------------------------------------------------------------------------------- history


def _statuses(items: list[Any]) -> list[tuple[str, str, str | None]]:
    ends = ((one["replaced_at"] or "")[11:13] or None for one in items)
    return [(one["status"], one["verified_at"][11:13], end) for one, end in zip(items, ends, strict=True)]


def test_the_history_is_newest_first_and_begins_with_what_stands(shelf: Shelf) -> None:
    _lived(shelf)
    found = _statuses(Api(shelf).items(f"{PATH}/history"))
    assert found == [("VERIFIED", "16", None), ("FAILED", "12", "14"), ("VERIFIED", "10", "12")]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_history_is_walked_page_by_page(shelf: Shelf, limit: int) -> None:
    _lived(shelf)
    api = Api(shelf)
    whole = api.items(f"{PATH}/history")
    assert api.items(f"{PATH}/history?limit={limit}") == whole
    assert len(api.get(f"{PATH}/history?limit={limit}")["items"]) == min(limit + 1, 3)


def test_what_was_about_to_be_replaced_is_listed_once(shelf: Shelf) -> None:
    shelf.put(_at(0))
    shelf.keep_run(_at(0), NOW + HOUR)
    assert _statuses(Api(shelf).items(f"{PATH}/history")) == [("VERIFIED", "10", None)]


def test_every_verdict_of_the_history_is_there_by_its_id(shelf: Shelf) -> None:
    _lived(shelf)
    api = Api(shelf)
    for one in api.items(f"{PATH}/history"):
        whole = api.get(f"/v1/verifications/{one['id']}")
        assert (whole["id"], whole["status"], whole["verified_at"]) == (one["id"], one["status"], one["verified_at"])
