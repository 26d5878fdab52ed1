"""Questions and answers: what each path says, and what it says to whoever asks wrongly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_verifier import query, question
from registry_verifier.answer import Answer
from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.page import Page
from registry_verifier.reasons import Reason, Status
from tests.library.verdicts import DIGEST, IMAGE, state

DEEP = ImageName("ghcr.io", "acme/a/b")


class Stored:
    """Stored verdicts, in memory; writes down what pages were asked for."""

    def __init__(self, *states: State, error: Exception | None = None, next_cursor: str | None = None) -> None:
        self._states = states
        self._error = error
        self._next = next_cursor
        self.asked: list[Any] = []

    def state(self, image: ImageName, digest: Digest) -> State | None:
        self._look(image, digest)
        return next((one for one in self._states if (one.image, one.digest) == (image, digest)), None)

    def page_of_image(self, image: ImageName, *, limit: int, cursor: str | None) -> Page:
        self._look(image, limit, cursor)
        return Page(self._states, self._next)

    def page_of_status(self, status: Status, *, limit: int, cursor: str | None, since: str | None = None) -> Page:
        self._look(status, limit, cursor, since)
        return Page(self._states, self._next)

    def _look(self, *what: Any) -> None:
        self.asked.append(what)
        if self._error:
            raise self._error


def _ask(stored: Stored, path: str, query_string: str = "") -> Answer:
    answer = query.answer(stored, path, query_string)
    json.dumps(answer.body)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kind = "application/json" if answer.status_code == 200 else "application/problem+json"
    assert answer.headers["Content-Type"] == kind
    return answer


def _expect_refusal(path: str, query_string: str = "") -> str:
    stored = Stored(state())
    answer = _ask(stored, path, query_string)
    assert (answer.status_code, answer.body["code"], stored.asked) == (400, "bad_request", [])
    return str(answer.body["detail"])


def test_a_digest_answers_with_all_that_is_stored() -> None:
    answer = _ask(Stored(state()), f"/v1/images/acme/app/digests/{DIGEST}")
    record = {name: answer.body[name] for name in ("tags", "actor", "first_seen", "deadline", "version")}
    assert answer.status_code == 200
    assert {name: value for name, value in answer.body.items() if name not in record} == state().document
    assert record == {
        "tags": ["v1.4.0", "latest"],
        "actor": "octo-releaser",
        "first_seen": "2026-11-22T10:01:00Z",
        "deadline": "2026-11-22T10:31:00Z",
        "version": 1,
    }


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/images/acme/a/b/digests/{DIGEST}",
        f"/v1/images/acme/a%2Fb/digests/{DIGEST}",
        f"/v1/images/acme%2fa%2Fb/digests/{DIGEST}",
        f"/v1/images/acme/a/b/digests/{DIGEST.replace(':', '%3A')}",
        f"/v1/images/acme/a/b/%64igests/{DIGEST}",
    ],
)
def test_a_name_with_slashes_is_read_plain_and_encoded(path: str) -> None:
    assert question.read(path, "") == question.OfDigest(DEEP, DIGEST)


@pytest.mark.parametrize(
    ("path", "repository"),
    [
        ("/v1/images/acme/a/b", "acme/a/b"),
        ("/v1/images/acme/a%2Fb", "acme/a/b"),
        ("/v1/images/acme/app/digests", "acme/app/digests"),
        ("/v1/images/acme/digests%2Fx", "acme/digests/x"),
    ],
)
def test_a_repository_is_read_plain_and_encoded(path: str, repository: str) -> None:
    assert question.read(path, "") == question.OfImage(ImageName("ghcr.io", repository), 25, None)


def test_a_digest_that_nobody_heard_of_is_not_found() -> None:
    answer = _ask(Stored(), f"/v1/images/acme/app/digests/{DIGEST}")
    assert (answer.status_code, answer.body["code"]) == (404, "no_verdict")
    assert answer.body["detail"] == f"nothing is known about ghcr.io/acme/app@{DIGEST}"


@pytest.mark.parametrize(
    ("status", "status_code", "code", "retry_after"),
    [
        (Status.VERIFIED, 200, None, None),
        (Status.FAILED, 403, "failed", None),
        (Status.NO_POLICY, 403, "no_policy", None),
        (Status.PENDING, 409, "pending", "60"),
        (Status.UNKNOWN, 503, "unknown", "60"),
    ],
)
def test_the_gate_opens_for_verified_only(
    status: Status, status_code: int, code: str | None, retry_after: str | None
) -> None:
    answer = _ask(Stored(state(status)), f"/v1/gate/{DIGEST}", "image=ghcr.io/acme/app")
    assert (answer.status_code, answer.body.get("code")) == (status_code, code)
    assert answer.headers.get("Retry-After") == retry_after
    assert answer.body["digest"] == DIGEST and answer.body["image"] == "ghcr.io/acme/app"
    assert answer.body["status"] == (status if code is None else status_code)
    assert code is None or answer.body["verdict"] == status


def test_every_status_but_verified_closes_the_gate() -> None:
    answers = {one: _ask(Stored(state(one)), f"/v1/gate/{DIGEST}", "image=ghcr.io/acme/app") for one in Status}
    assert [one for one, answer in answers.items() if answer.status_code < 400] == [Status.VERIFIED]


@pytest.mark.parametrize("image", ["ghcr.io/acme/other", "registry.example.org/acme/app"])
def test_the_gate_is_closed_for_the_same_digest_elsewhere(image: str) -> None:
    answer = _ask(Stored(state(Status.VERIFIED)), f"/v1/gate/{DIGEST}", f"image={image}")
    assert (answer.status_code, answer.body["code"]) == (404, "no_verdict")


@pytest.mark.parametrize(
    "query_string",
    ["", "image=", "image=acme/app", "image=ghcr.io", "image=ghcr.io/app", "image=ghcr.io/Acme/app", "policy=x"],
)
def test_the_gate_needs_a_whole_image_name(query_string: str) -> None:
    _expect_refusal(f"/v1/gate/{DIGEST}", query_string)


def test_an_image_is_listed_without_statements() -> None:
    stored = Stored(state())
    answer = _ask(stored, "/v1/images/acme/app")
    [item] = answer.body["items"]
    assert stored.asked == [(IMAGE, 25, None)]
    assert (item["status"], item["reasons"], item["digest"]) == ("FAILED", ["IDENTITY_MISMATCH"], DIGEST)
    assert "statements" not in item
    assert answer.body["next_cursor"] is None and "Link" not in answer.headers


def test_a_further_page_is_linked_with_what_was_asked_for() -> None:
    answer = _ask(Stored(state(), next_cursor="abc"), "/v1/verifications", "status=FAILED&since=2026-10&limit=1")
    link = '</v1/verifications?status=FAILED&limit=1&since=2026-10&cursor=abc>; rel="next"'
    assert (answer.body["next_cursor"], answer.headers["Link"]) == ("abc", link)


def test_a_link_cannot_be_broken_out_of() -> None:
    answer = _ask(Stored(state(), next_cursor="abc"), "/v1/images/acme/a%2Fb", "limit=1")
    assert answer.headers["Link"] == '</v1/images/acme/a%2Fb?limit=1&cursor=abc>; rel="next"'


@pytest.mark.parametrize("status", ["FAILED", "UNKNOWN"])
def test_what_has_a_status_is_listed(status: str) -> None:
    stored = Stored()
    answer = _ask(stored, "/v1/verifications", f"status={status}&limit=100&cursor=abc")
    assert (answer.status_code, answer.body["items"]) == (200, [])
    assert stored.asked == [(Status(status), 100, "abc", None)]


@pytest.mark.parametrize("status", ["VERIFIED", "PENDING", "NO_POLICY", "failed", "", "FAILED%00", "x" * 3000])
def test_a_status_that_is_not_indexed_is_refused_by_name(status: str) -> None:
    assert "only FAILED and UNKNOWN are indexed" in _expect_refusal("/v1/verifications", f"status={status}")


def test_a_list_without_a_status_is_refused() -> None:
    assert _expect_refusal("/v1/verifications") == "parameter 'status' is missing"


@pytest.mark.parametrize(
    "digest",
    [
        "latest",
        "sha256:abc",
        DIGEST.upper(),
        DIGEST + "0",
        DIGEST + "%0A",
        "sha512:" + "0" * 128,
        "%00",
        "é",
        "%FF",
        "..",
    ],
)
def test_a_digest_of_another_form_is_refused(digest: str) -> None:
    assert "not a sha256 digest" in _expect_refusal(f"/v1/images/acme/app/digests/{digest}")
    assert "not a sha256 digest" in _expect_refusal(f"/v1/gate/{digest}", "image=ghcr.io/acme/app")


@pytest.mark.parametrize(
    "name",
    [
        "Acme/app",
        "acme",
        "acme/",
        "acme//app",
        "../app",
        "acme/..",
        "acme/%2e%2e/x",
        "acme/a%20b",
        "acme/app%00",
        "acme/%E2%84%AAube",
        "acme/\u0430pp",
        "acme/app@" + DIGEST,
        "acme/app:v1",
        "acme/a%252Fb",
        "acme/%0d%0aX-Injected:1",
        "a/" + "b" * 300,
        "a/" + "b" * 2000,
    ],
)
def test_a_name_that_no_registry_has_is_refused(name: str) -> None:
    _expect_refusal(f"/v1/images/{name}")
    _expect_refusal(f"/v1/images/{name}/digests/{DIGEST}")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "", "x", "1e2", "%D9%A1", "9" * 3000, "+5", "%2010"])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    assert "expected a whole number from 1 to 100" in _expect_refusal("/v1/images/acme/app", f"limit={limit}")


@pytest.mark.parametrize("since", ["", "2026", "2026-13", "2026-00", "2026-11-01", "20261-1", "2026-11%0A"])
def test_a_month_of_another_form_is_refused(since: str) -> None:
    assert "expected a month" in _expect_refusal("/v1/verifications", f"status=FAILED&since={since}")


@pytest.mark.parametrize(
    ("query_string", "word"),
    [
        ("limit=1&limit=100", "stands twice"),
        ("limit=1;limit=100", "expected a whole number"),
        ("LIMIT=1", "is unknown"),
        ("limit=1&x=y", "is unknown"),
        ("%00=1", "is unknown"),
        ("=", "is unknown"),
        ("limit=%FF", "not readable"),
        ("&".join(f"a{number}=1" for number in range(30)), "not readable"),
        ("cursor=" + "x" * 5000, "characters long"),
    ],
)
def test_a_query_string_that_says_something_else_is_refused(query_string: str, word: str) -> None:
    assert word in _expect_refusal("/v1/images/acme/app", query_string)


def test_a_digest_takes_no_parameters() -> None:
    assert "expected none" in _expect_refusal(f"/v1/images/acme/app/digests/{DIGEST}", "tag=v1")


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/images", "/v1/other", "/v2/images/acme/app", "/v1/verifications/", "/v1/gate", "", "/"]
)
def test_a_path_without_a_question_is_not_found(path: str) -> None:
    answer = _ask(Stored(), path)
    assert (answer.status_code, answer.body["code"]) == (404, "no_route")


def test_a_cursor_that_the_table_refuses_is_a_bad_request() -> None:
    answer = _ask(Stored(error=BadRequest("cursor is not one of this API")), "/v1/images/acme/app", "cursor=x")
    assert (answer.status_code, answer.body["detail"]) == (400, "cursor is not one of this API")


@pytest.mark.parametrize("path", [f"/v1/images/acme/app/digests/{DIGEST}", "/v1/images/acme/app"])
def test_a_table_that_does_not_answer_is_unavailable_and_not_a_verdict(path: str) -> None:
    down = Unavailable(Reason.STORE_UNAVAILABLE, "table refused the call: secret detail")
    answer = _ask(Stored(error=down), path)
    assert (answer.status_code, answer.body["code"]) == (503, "store_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert "secret" not in json.dumps(answer.body)


def test_the_gate_is_closed_while_the_table_does_not_answer() -> None:
    down = Unavailable(Reason.STORE_UNAVAILABLE, "no")
    assert _ask(Stored(error=down), f"/v1/gate/{DIGEST}", "image=ghcr.io/acme/app").status_code == 503


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    answer = _ask(Stored(), "/v1/nothing")
    assert answer.body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is nothing at this path",
        "instance": "/v1/nothing",
        "code": "no_route",
    }


def test_an_instance_is_never_longer_than_people_read() -> None:
    assert len(_ask(Stored(), "/v1/" + "x" * 5000).body["instance"]) == 500


def test_a_bug_is_not_hidden_here() -> None:
    with pytest.raises(ZeroDivisionError):
        query.answer(Stored(error=ZeroDivisionError()), "/v1/images/acme/app", "")


def test_health_asks_nothing() -> None:
    assert query.health().body["status"] == "ok"
