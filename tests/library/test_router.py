"""The router: which operation a request is for, who may ask it, and what goes back; and that all operations fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from registry_verifier.answer import Answer, ok, problem
from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.models import ImageName
from registry_verifier.query import operations, router
from registry_verifier.query.operation import Operation
from registry_verifier.query.router import Sent
from registry_verifier.query.world import World
from registry_verifier.question import reading
from registry_verifier.question.parameters import DIGEST, ID, LIMIT, OF_IMAGE, TAG_NAME
from registry_verifier.question.request import Access, Asked, Reply, Request
from registry_verifier.reasons import Reason
from registry_verifier.shapes.gates import Health
from tests.fakes import FakeLooks
from tests.library.asking import Stored
from tests.library.verdicts import DIGEST as A_DIGEST

JSON_TYPE = {"content-type": "application/json"}


def _echo(asked: Asked, world: World) -> Answer:
    return ok({name: str(value) for name, value in asked.values.items()} | ({"body": asked.body} if asked.body else {}))


def _operation(name: str, path: str, *, method: str = "GET", **more: Any) -> Operation:
    known = {"digest": DIGEST, "tag": TAG_NAME, "id": ID}
    names = reading.names_in(path)
    parameters = (*(OF_IMAGE if "name" in names else ()), *(known[one] for one in names if one in known))
    more = {"answer": _echo, "parameters": (*parameters, LIMIT), **more}
    return Operation(name, method, path, name, replies={200: Reply("it")}, **more)


def _named(name: str, path: str, **more: Any) -> Operation:
    return _operation(name, path, answer=_naming(name), **more)


def _naming(name: str) -> Callable[[Asked, World], Answer]:
    """Answers with a name, to tell which operation was asked."""
    return lambda asked, world: ok({"name": name})


IMAGES = (
    _named("get_image", "/v1/images/{owner}/{name}"),
    _named("list_tags", "/v1/images/{owner}/{name}/tags"),
    _named("get_tag", "/v1/images/{owner}/{name}/tags/{tag}"),
    _named("get_digest", "/v1/images/{owner}/{name}/digests/{digest}"),
    _named("list_history", "/v1/images/{owner}/{name}/digests/{digest}/history"),
)
ECHO = _operation("echo", "/v1/images/{owner}/{name}")
POSTED = _operation("post", "/v1/things", method="POST", body=Health, parameters=())
GOT = _operation("got", "/v1/things")
ACTIONS = _operation("gate", "/oidc/v1/gate/{digest}", access=(Access.TRUSTED, Access.ACTIONS))
PUBLIC = _operation("badge", "/v1/badges/{owner}/{name}/badge.svg", access=(Access.PUBLIC,))


def _world(**changes: Any) -> World:
    def unused() -> Any:
        raise AssertionError("nobody asks for this here")

    given: dict[str, Any] = {"owners": frozenset({"acme"})} | changes
    return World(Stored(), FakeLooks(), unused, unused, lambda: datetime(2026, 11, 22, tzinfo=UTC), **given)


def _ask(
    path: str,
    *known: Operation,
    method: str = "GET",
    query: str = "",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Sent:
    return router.answer(Request(method, path, query, headers or {}, **more), _world(), known)


def _refused(sent: Sent) -> tuple[int, str, str]:
    body = json.loads(sent.body)
    assert sent.headers["Content-Type"] == "application/problem+json"
    assert sent.headers["Cache-Control"] == "no-cache" and sent.headers["X-Content-Type-Options"] == "nosniff"
    assert body["status"] == sent.status_code and body["type"] == "about:blank"
    return sent.status_code, body["code"], body["detail"]


def _raising(error: Exception) -> Operation:
    def answer(asked: Asked, world: World) -> Answer:
        raise error

    return _operation("raise", "/v1/things", answer=answer)


# ------------------------------------------------------------------------------------------------- which operation


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/images/acme/app", "get_image"),
        ("/v1/images/acme/deep/app", "get_image"),
        ("/v1/images/acme/tags", "get_image"),
        ("/v1/images/acme/digests", "get_image"),
        ("/v1/images/acme/app/tags", "list_tags"),
        ("/v1/images/acme/deep/app/tags", "list_tags"),
        ("/v1/images/acme/deep%2Fapp/tags", "list_tags"),
        ("/v1/images/acme/app%2Ftags", "get_image"),
        ("/v1/images/acme/app/tags/v1", "get_tag"),
        ("/v1/images/acme/app/tags/tags", "get_tag"),
        ("/v1/images/acme/app/tags/digests", "get_tag"),
        (f"/v1/images/acme/app/digests/{A_DIGEST}", "get_digest"),
        (f"/v1/images/acme/app/tags/digests/{A_DIGEST}", "get_digest"),
        (f"/v1/images/acme/app/digests/{A_DIGEST}/history", "list_history"),
        (f"/v1/images/acme/app/digests/{A_DIGEST}/%68istory", "list_history"),
    ],
)
@pytest.mark.parametrize("known", [IMAGES, tuple(reversed(IMAGES))], ids=["in order", "reversed"])
def test_the_most_specific_path_answers_whatever_the_order(path: str, name: str, known: tuple[Operation, ...]) -> None:
    assert json.loads(_ask(path, *known).body) == {"name": name}


def test_what_stands_where_a_digest_belongs_is_no_name() -> None:
    assert _refused(_ask("/v1/images/acme/app/digests/tags", *IMAGES))[:2] == (400, "bad_request")


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/images", "/v1/images/acme", "/V1/images/acme/app", "//"])
def test_a_path_without_an_operation_is_not_found(path: str) -> None:
    assert _refused(_ask(path, *IMAGES)) == (404, "no_route", "there is nothing at this path")


def test_a_path_of_any_length_is_answered() -> None:
    sent = _ask("/v1/" + "x" * 5000, *IMAGES)
    assert _refused(sent) == (400, "bad_request", "path is 5004 characters long (expected at most 2000)")
    assert len(json.loads(sent.body)["instance"]) == 500


def test_another_method_is_told_which_there_are() -> None:
    sent = _ask("/v1/things", GOT, POSTED, method="DELETE")
    assert _refused(sent) == (405, "method_not_allowed", "method is 'DELETE' (expected GET or HEAD or POST)")
    assert sent.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("method", ["get", "OPTIONS", "TRACE", "PUT", "X" * 5000, ""])
def test_a_method_that_nothing_has_is_refused_everywhere(method: str) -> None:
    assert _refused(_ask("/v1/images/acme/app", *IMAGES, method=method))[:2] == (405, "method_not_allowed")


def test_head_is_get_without_a_body() -> None:
    got, headed = (_ask("/v1/images/acme/app", ECHO, method=method) for method in ("GET", "HEAD"))
    assert (headed.status_code, headed.headers, headed.body) == (200, got.headers, "")
    assert _ask("/v1/nothing", ECHO, method="HEAD").body == ""


# ------------------------------------------------------------------------------------------------- who may ask


@pytest.mark.parametrize("access", [Access.PUBLIC, Access.ACTIONS])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
@pytest.mark.parametrize("query", ["", "limit=0", "x=y"])
def test_what_one_may_not_ask_is_not_there(access: Access, method: str, query: str) -> None:
    sent = _ask("/v1/things", GOT, POSTED, method=method, access=access, owner="acme", query=query)
    absent = _ask("/v1/things", method=method, access=access, owner="acme", query=query)
    assert sent == absent and sent.status_code == 404


def test_everybody_who_is_trusted_may_ask_everything() -> None:
    for operation in (ECHO, GOT, ACTIONS, PUBLIC):
        path = operation.path.format(owner="acme", name="app", digest=A_DIGEST)
        assert _ask(path, operation, access=Access.TRUSTED).status_code == 200


def test_anybody_may_ask_what_is_public_only() -> None:
    for access in Access:
        assert _ask("/v1/badges/acme/app/badge.svg", PUBLIC, access=access).status_code == 200
    assert _ask(f"/oidc/v1/gate/{A_DIGEST}", ACTIONS, access=Access.PUBLIC).status_code == 404


@pytest.mark.parametrize(("owner", "status_code"), [("acme", 200), ("other", 403), ("", 403), ("Acme", 403)])
def test_workflows_of_chosen_owners_may_ask(owner: str, status_code: int) -> None:
    sent = _ask(f"/oidc/v1/gate/{A_DIGEST}", ACTIONS, access=Access.ACTIONS, owner=owner)
    assert sent.status_code == status_code
    assert status_code == 200 or _refused(sent)[1:] == ("forbidden", "workflows of this owner may not ask")


def test_no_workflow_may_ask_where_nobody_was_chosen() -> None:
    request = Request("GET", f"/oidc/v1/gate/{A_DIGEST}", access=Access.ACTIONS, owner="")
    assert router.answer(request, _world(owners=frozenset()), [ACTIONS]).status_code == 403


# ------------------------------------------------------------------------------------------------- what was asked


def test_parameters_are_read_before_anything_is_asked() -> None:
    sent = _ask("/v1/images/acme/app", ECHO, query="limit=7")
    assert json.loads(sent.body) == {"image": "ghcr.io/acme/app", "limit": "7"}
    assert _refused(_ask("/v1/images/acme/app", ECHO, query="limit=0"))[:2] == (400, "bad_request")


def test_a_body_is_read_where_the_operation_has_one() -> None:
    sent = _ask("/v1/things", POSTED, method="POST", headers=JSON_TYPE, body=b'{"a": 1}')
    assert json.loads(sent.body) == {"body": {"a": 1}}


def test_a_body_that_nobody_asked_for_is_not_looked_at() -> None:
    assert _ask("/v1/things", GOT, body=b"\xff").status_code == 200


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "x" * 9000]
)
def test_a_body_of_another_media_type_is_refused(kind: str) -> None:
    sent = _ask("/v1/things", POSTED, method="POST", headers={"content-type": kind}, body=b"{}")
    assert _refused(sent)[:2] == (415, "unsupported_media_type")


def test_a_body_that_is_too_large_is_refused_unread() -> None:
    sent = _ask("/v1/things", POSTED, method="POST", headers=JSON_TYPE, body=b"[" * (64 * 1024 + 1))
    assert _refused(sent) == (413, "too_large", "body is 65537 bytes long (expected at most 65536)")


def test_a_body_that_is_no_object_is_a_bad_request() -> None:
    sent = _ask("/v1/things", POSTED, method="POST", headers=JSON_TYPE, body=b"[]")
    assert _refused(sent) == (400, "bad_request", "body cannot be read: expected a json object, got list")


# ------------------------------------------------------------------------------------------------- what goes back


def test_a_question_that_cannot_be_answered_as_put_is_a_bad_request() -> None:
    assert _refused(_ask("/v1/things", _raising(BadRequest("cursor is none of this list")))) == (
        400,
        "bad_request",
        "cursor is none of this list",
    )


def test_what_is_down_is_unavailable_without_a_word_about_it() -> None:
    sent = _ask("/v1/things", _raising(Unavailable(Reason.STORE_UNAVAILABLE, "table refused: secret detail")))
    assert _refused(sent) == (503, "store_unavailable", "what the answer needs cannot be reached now")
    assert sent.headers["Retry-After"] == "5" and "secret" not in sent.body


def test_a_bug_is_not_hidden_here() -> None:
    with pytest.raises(ZeroDivisionError):
        _ask("/v1/things", _raising(ZeroDivisionError()))


def test_a_bug_is_answered_without_a_word_about_it() -> None:
    sent = router.broken(Request("GET", "/v1/things"))
    assert _refused(sent) == (500, "internal", "the request could not be answered")


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    assert json.loads(_ask("/v1/nothing", GOT).body) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is nothing at this path",
        "instance": "/v1/nothing",
        "code": "no_route",
    }


def test_a_text_is_sent_as_it_is() -> None:
    page = _operation("page", "/x", answer=lambda asked, world: ok("<p>é", media_type="text/html"), parameters=())
    sent = _ask("/x", page)
    assert (sent.body, sent.headers["Content-Type"]) == ("<p>é", "text/html")


def _tag(name: str = "app") -> str:
    return _ask(f"/v1/images/acme/{name}", ECHO).headers["ETag"]


def test_a_tag_is_strong_and_of_the_body() -> None:
    assert _tag().startswith('"') and _tag() == _tag() and _tag() != _tag("other")


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', '"x",W/{} , "y"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_caller_has_is_not_sent_again(form: str, method: str) -> None:
    headers = {"if-none-match": form.replace("{}", _tag())}
    sent = _ask("/v1/images/acme/app", ECHO, headers=headers, method=method)
    assert (sent.status_code, sent.body, sent.headers["ETag"]) == (304, "", _tag())
    assert "Content-Type" not in sent.headers and sent.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("form", ['"x"', "", "x", "w/{}", "{}x", "," * 5000])
def test_what_the_caller_has_not_is_sent(form: str) -> None:
    headers = {"if-none-match": form.replace("{}", _tag())}
    assert _ask("/v1/images/acme/app", ECHO, headers=headers).status_code == 200


@pytest.mark.parametrize("status_code", [202, 403, 404, 503])
def test_nothing_but_a_200_is_ever_left_out(status_code: int) -> None:
    refusing = _operation("no", "/v1/things", answer=lambda asked, world: problem(status_code, "x", "x", asked.path))
    sent = _ask("/v1/things", refusing, headers={"if-none-match": "*"})
    assert sent.status_code == status_code and sent.body and "ETag" not in sent.headers


def test_what_was_posted_has_no_tag() -> None:
    headers = {**JSON_TYPE, "if-none-match": "*"}
    sent = _ask("/v1/things", POSTED, method="POST", headers=headers, body=b"{}")
    assert sent.status_code == 200 and "ETag" not in sent.headers


# ------------------------------------------------------------------------------------------------- all operations


def _example(operation: Operation) -> str:
    names = {one.name: one.example for one in operation.parameters}
    return operation.path.format(**{one: names.get(one) for one in reading.names_in(operation.path)})


def test_every_name_is_an_operation_of_its_own() -> None:
    names = [one.name for one in operations.ALL]
    assert len(names) == len(set(names))
    assert len({(one.method, one.path) for one in operations.ALL}) == len(names)


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: one.name)
def test_no_path_shadows_another(operation: Operation) -> None:
    spied = [replace(one, answer=_naming(one.name)) for one in operations.ALL]
    request = Request(operation.method, _example(operation), headers=JSON_TYPE, body=b"{}")
    required = [f"{one.name}={one.example}" for one in operation.parameters if one.required]
    in_path = reading.names_in(operation.path)
    query = "&".join(part for part in required if part.partition("=")[0] not in in_path)
    sent = router.answer(replace(request, query_string=query), _world(), spied)
    assert (sent.status_code, json.loads(sent.body)) == (200, {"name": operation.name})


# Pages read their own paths, so that what is wrong with one is told as a page.
@pytest.mark.parametrize("operation", [one for one in operations.ALL if one.tag != "pages"], ids=lambda one: one.name)
def test_every_part_of_a_path_has_its_parameter(operation: Operation) -> None:
    named = {one.name: one for one in operation.parameters}
    assert len(named) == len(operation.parameters)
    assert all(named[name].required for name in reading.names_in(operation.path))


def test_an_image_of_a_path_is_on_the_registry_of_all_paths() -> None:
    assert reading.values(OF_IMAGE, {"owner": "acme", "name": "app"}, "")["image"] == ImageName("ghcr.io", "acme/app")
