"""The query API on loopback, and the sample behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from local.answering import LocalApi
from local.sample.calendar import APP, HOSTILE, IMAGES, OPENMED, WEB
from local.sample.stored import NOW, Sample, sample
from registry_verifier.query.world import World
from registry_verifier.question.request import Access
from registry_verifier.reasons import Reason, Status


@pytest.fixture(scope="module")
def known() -> Sample:
    return sample()


@pytest.fixture
def api(known: Sample) -> Iterator[LocalApi]:
    with LocalApi(known.world) as running:
        yield running


def test_it_answers_as_the_router_does(api: LocalApi, known: Sample) -> None:
    answer = httpx.get(f"{api.url}/v1/images", params={"limit": 3})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert [one["image"] for one in answer.json()["items"]] == sorted(map(str, IMAGES))[:3]
    assert answer.headers["ETag"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_link_leads_to_the_next_page(api: LocalApi) -> None:
    first = httpx.get(f"{api.url}/v1/images", params={"limit": 3})
    second = httpx.get(first.url.join(first.links["next"]["url"]))
    assert [one["image"] for one in second.json()["items"]] == sorted(map(str, IMAGES))[3:]


def test_what_the_caller_has_is_not_sent_again(api: LocalApi) -> None:
    tag = httpx.get(f"{api.url}/v1/policies").headers["ETag"]
    again = httpx.get(f"{api.url}/v1/policies", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_one_connection_takes_many_requests_of_all_methods(api: LocalApi) -> None:
    with httpx.Client(base_url=api.url) as client:
        head = client.head("/v1/images")
        assert (head.status_code, head.content) == (200, b"")
        assert client.delete("/v1/images").status_code == 405
        asked = client.post("/v1/verifications", json={"image": str(APP), "digest": "sha256:" + "0" * 64})
        assert asked.status_code == 202
        assert client.get("/v1/nothing").json()["code"] == "no_route"
    methods = [line.split(" ")[0] for line in api.asked]
    assert methods == ["HEAD", "DELETE", "POST", "GET"]


def test_the_public_sees_nothing_that_is_not_public(known: Sample) -> None:
    with LocalApi(known.world, access=Access.PUBLIC) as public:
        assert httpx.get(f"{public.url}/v1/images").json()["code"] == "no_route"


def test_a_workflow_asks_for_its_owner(known: Sample) -> None:
    digest = known.of(APP)[0].digest
    paths = f"/oidc/v1/gate/{digest}?image={APP}"
    with (
        LocalApi(known.world, access=Access.ACTIONS, owner="acme") as ours,
        LocalApi(known.world, access=Access.ACTIONS, owner="mallory") as theirs,
    ):
        assert httpx.get(ours.url + paths).status_code == 200
        assert httpx.get(theirs.url + paths).status_code == 403


def test_nothing_is_beside_the_prefix(known: Sample) -> None:
    with LocalApi(known.world, prefix="/stage") as api:
        assert api.url.endswith("/stage")
        assert httpx.get(f"{api.url}/v1/policies").status_code == 200
        assert httpx.get(f"{api.url.removesuffix('/stage')}/v1/policies").status_code == 404
        assert httpx.get(f"{api.url}2/v1/policies").status_code == 404


def test_a_bug_is_answered_without_a_word_about_it(known: Sample, capfd: pytest.CaptureFixture[str]) -> None:
    with LocalApi(_broken(known.world)) as api:
        answer = httpx.get(f"{api.url}/v1/policies")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "a secret" not in answer.text
    assert "a secret" in capfd.readouterr().err


def _broken(world: World) -> World:
    def policies() -> tuple[()]:
        raise ZeroDivisionError("a secret")

    return replace(world, policies=policies)


def test_the_sample_is_the_same_each_time(known: Sample) -> None:
    assert sample().records == known.records


def test_the_sample_has_every_status_and_many_reasons(known: Sample) -> None:
    assert {state.status for state in known.records} == set(Status)
    assert {state.image for state in known.records} == set(IMAGES)
    assert len({reason for state in known.records for reason in state.document["reasons"]}) >= 9
    assert len(known.records) > 50


def test_the_sample_lies_within_thirty_days(known: Sample) -> None:
    assert min(known.each_day()) >= (NOW - timedelta(days=30)).date()
    assert max(known.each_day()) == NOW.date()
    assert sum(known.each_day().values()) == len(known.records)
    assert sum(known.each_day(Status.FAILED).values()) == len(known.with_status(Status.FAILED))


def test_the_api_tells_of_the_sample_what_the_sample_says(api: LocalApi, known: Sample) -> None:
    found = httpx.get(f"{api.url}/v1/verifications", params={"limit": 100}).json()["items"]
    assert [(one["digest"], one["status"], one["version"]) for one in found] == [
        (state.digest, state.status, state.version) for state in known.records
    ]


def test_every_question_about_every_digest_is_answered(api: LocalApi, known: Sample) -> None:
    with httpx.Client(base_url=api.url) as client:
        for state in known.records:
            path = f"/v1/images/{state.image.repository}/digests/{state.digest}"
            for part in ("", "/statements", "/children", "/history", "/incidents"):
                assert client.get(path + part).status_code == 200, path + part


def test_a_digest_has_a_history_and_an_incident_that_ended(api: LocalApi, known: Sample) -> None:
    lost = max(known.of(APP), key=lambda state: state.version)
    path = f"{api.url}/v1/images/{lost.image.repository}/digests/{lost.digest}"
    history = httpx.get(path + "/history").json()["items"]
    assert [one["status"] for one in history] == ["VERIFIED", "FAILED", "VERIFIED"]
    assert Reason.EVIDENCE_LOST in history[1]["reasons"]
    assert [one["ending"] for one in httpx.get(path + "/incidents").json()["items"]] == ["verified"]


def test_an_index_speaks_for_its_children(api: LocalApi, known: Sample) -> None:
    index = next(state for state in known.of(OPENMED) if state.document["kind"] == "index")
    row = index.document["children_table"][0]
    child = httpx.get(f"{api.url}/v1/images/{OPENMED.repository}/digests/{row['digest']}").json()
    assert (child["kind"], child["covered_by"]) == ("child", index.digest)


def test_a_tag_that_moved_says_what_superseded_a_failure(known: Sample) -> None:
    superseded = [state for state in known.of(WEB) if state.document["superseded_by"]]
    assert superseded
    assert all(state.tags == ("edge",) for state in superseded)


def test_the_hostile_image_says_what_it_wants(known: Sample) -> None:
    failed = next(state for state in known.of(HOSTILE) if state.status is Status.FAILED)
    assert "<script>" in failed.actor
    assert any("\u202e" in tag for tag in failed.tags)
    assert "javascript:" in failed.document["statements"][1]["predicate_type"]
