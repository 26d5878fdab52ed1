"""Badges over the API: for everybody, of the images that everybody may know; of all others, not a trace."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier.listing import Sight
from registry_verifier.models import ImageName, State
from registry_verifier.query.badges import OPERATIONS
from registry_verifier.query.router import Sent
from registry_verifier.question.request import Access
from registry_verifier.reasons import Status
from registry_verifier.watched import TagPointer
from tests.library.asking import OUTAGE, Client, body, refusal
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, state

SECRET = ImageName("ghcr.io", "acme/secret")
BADGE = "/v1/badges/acme/app/shields.json"


def client(*states: State) -> Client:
    return Client(OPERATIONS, states, public=(IMAGE,))


def message(sent: Sent) -> str:
    assert sent.status_code == 200
    found: str = body(sent)["message"]
    return found


def child(number: int, **changes: Any) -> State:
    newer = NOW + timedelta(minutes=number)
    return state(Status.FAILED, digest=digest(number), document={"kind": "child"}, first_seen=newer, tags=(), **changes)


def test_anybody_sees_the_badge_of_a_public_image() -> None:
    sent = client(state(Status.VERIFIED)).get(BADGE, Access.PUBLIC)
    assert body(sent) == {
        "schemaVersion": 1,
        "label": "signed",
        "message": "verified",
        "color": "brightgreen",
        "isError": False,
        "cacheSeconds": 300,
    }
    assert sent.headers["Cache-Control"] == "public, max-age=300"


def test_the_picture_is_served_so_that_nothing_in_it_can_run() -> None:
    sent = client(state(Status.VERIFIED)).get("/v1/badges/acme/app/badge.svg", Access.PUBLIC)
    assert sent.status_code == 200
    assert sent.body.startswith("<svg ")
    assert "signed: verified" in sent.body
    assert sent.headers["Content-Type"] == "image/svg+xml"
    assert sent.headers["Content-Security-Policy"] == "default-src 'none'"
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert sent.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("file", ["badge.svg", "shields.json"])
@pytest.mark.parametrize("tag", ["", "?tag=v1.4.0"])
def test_a_private_image_is_as_one_that_does_not_exist_and_nothing_is_read(file: str, tag: str) -> None:
    asked = client(state(Status.VERIFIED, image=SECRET))
    there = asked.get(f"/v1/badges/acme/secret/{file}{tag}", Access.PUBLIC)
    nowhere = asked.get(f"/v1/badges/acme/nowhere/{file}{tag}", Access.PUBLIC)
    assert refusal(there) == (404, "not_found")
    assert there.headers == nowhere.headers
    assert there.body.replace("/acme/secret/", "/acme/nowhere/") == nowhere.body
    assert asked.stored.read == []


def test_a_trusted_caller_sees_the_badge_of_a_private_image() -> None:
    asked = client(state(Status.VERIFIED, image=SECRET))
    assert message(asked.get("/v1/badges/acme/secret/shields.json")) == "verified"


def test_a_workflow_sees_no_more_than_everybody() -> None:
    asked = client(state(Status.VERIFIED), state(Status.VERIFIED, image=SECRET))
    assert message(asked.get(BADGE, Access.ACTIONS)) == "verified"
    assert refusal(asked.get("/v1/badges/acme/secret/badge.svg", Access.ACTIONS)) == (404, "not_found")


def test_a_public_image_of_which_nothing_is_known() -> None:
    assert message(client().get(BADGE, Access.PUBLIC)) == "unknown"


def test_the_newest_publish_counts() -> None:
    older = state(Status.VERIFIED, digest=digest(1), first_seen=NOW - timedelta(days=1))
    assert message(client(older, state(Status.FAILED)).get(BADGE)) == "failed"
    assert message(client(state(Status.VERIFIED), older).get(BADGE)) == "verified"


def test_children_of_an_index_are_passed_over() -> None:
    asked = client(state(Status.VERIFIED), *map(child, range(1, 6)))
    assert message(asked.get(BADGE)) == "verified"
    assert [read.split()[0] for read in asked.stored.read] == ["records", "sight", "state"]


def test_many_children_of_an_index_are_passed_over_and_few_records_are_read() -> None:
    asked = client(state(Status.VERIFIED), *map(child, range(1, 100)))
    assert message(asked.get(BADGE)) == "verified"
    assert asked.stored.read[:2] == [f"records {IMAGE} 10", f"records {IMAGE} 90"]
    assert message(client(state(Status.VERIFIED), *map(child, range(1, 120))).get(BADGE)) == "unknown"


def test_a_tag_has_the_badge_of_what_it_points_to() -> None:
    asked = client(state(Status.VERIFIED), state(Status.FAILED, digest=digest(1)))
    asked.stored.pointers = [TagPointer(IMAGE, "v1", DIGEST, NOW), TagPointer(IMAGE, "v2", digest(1), NOW)]
    assert message(asked.get(f"{BADGE}?tag=v1")) == "verified"
    assert message(asked.get(f"{BADGE}?tag=v2")) == "failed"


def test_a_tag_that_points_nowhere_is_unknown_whatever_the_newest_publish_is() -> None:
    asked = client(state(Status.VERIFIED))
    assert message(asked.get(f"{BADGE}?tag=v9")) == "unknown"
    asked.stored.pointers = [TagPointer(IMAGE, "v9", digest(9), NOW)]
    assert message(asked.get(f"{BADGE}?tag=v9")) == "unknown"


def test_the_record_is_read_again_after_the_time_of_the_last_look() -> None:
    """A look that ends between the two may have ended in a failure: green is for what holds now."""
    asked = client(state(Status.VERIFIED))
    asked.get(BADGE)
    assert [read.split()[0] for read in asked.stored.read] == ["records", "sight", "state"]


def test_a_badge_that_is_not_for_everybody_is_kept_by_no_shared_cache() -> None:
    sent = Client(OPERATIONS, (state(Status.VERIFIED),)).get(BADGE)
    assert sent.headers["Cache-Control"].startswith("private, ")


def test_green_fades_when_nobody_looks_again() -> None:
    asked = client(state(Status.VERIFIED))
    asked.time = NOW + timedelta(hours=31)
    assert message(asked.get(BADGE)) == "not checked lately"
    asked.stored.sights[DIGEST] = Sight(checked_at=NOW + timedelta(hours=24))
    assert message(asked.get(BADGE)) == "verified"
    asked.stored.sights[DIGEST] = Sight(NOW + timedelta(hours=24), NOW + timedelta(hours=30))
    assert message(asked.get(BADGE)) == "not checked lately"


@pytest.mark.parametrize("file", ["badge.svg", "shields.json"])
def test_there_is_no_badge_while_the_table_cannot_be_read(file: str) -> None:
    asked = client(state(Status.VERIFIED))
    asked.stored.down = OUTAGE
    sent = asked.get(f"/v1/badges/acme/app/{file}", Access.PUBLIC)
    assert refusal(sent) == (503, "store_unavailable")
    assert sent.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("tag", ["", "-x", "a" * 129, "%0A", "v1&tag=v2", "v1&colour=green"])
def test_a_tag_that_is_none_is_refused_for_every_image_alike(tag: str) -> None:
    asked = client(state(Status.VERIFIED))
    for name in ("app", "secret"):
        sent = asked.get(f"/v1/badges/acme/{name}/shields.json?tag={tag}", Access.PUBLIC)
        assert refusal(sent) == (400, "bad_request")
    assert json.dumps(asked.stored.read) == "[]"
