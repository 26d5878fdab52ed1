"""The OpenAPI document: it is current, it says what the router does, and generators can read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NotRequired

import pytest
from typing_extensions import TypedDict

from local.openapi import __main__ as command
from local.openapi.document import document, written
from local.openapi.schemas import schemas
from local.openapi.words import TAGS
from registry_verifier.answer import ok
from registry_verifier.query import operations
from registry_verifier.query.operation import Operation
from registry_verifier.question import reading
from registry_verifier.question.parameters import LIMIT, OF_IMAGE
from registry_verifier.question.request import Access, Reply
from registry_verifier.verdict_document import VERSION

DOCUMENT = document()
DESCRIBED = [one for one in operations.ALL if one.tag != "pages"]


class Base(TypedDict):
    """What others have too."""

    title: str
    """what it is called"""


class Inner(TypedDict):
    """Something inside."""

    word: Literal["a", "b"] | None


class Outer(Base):
    """Something outside."""

    inner: Inner | None
    count: int | None
    """how many"""
    anything: dict[str, Any]
    later: NotRequired[list[Inner]]


def _operation(**more: Any) -> Operation:
    given = {"method": "GET", "replies": {200: Reply("it", Outer)}, "parameters": OF_IMAGE, "tag": "gate"} | more
    path = "/v1/images/{owner}/{name}"
    return Operation(name="it", path=path, summary="it", answer=lambda asked, world: ok({}), **given)


def _made(**more: Any) -> Any:
    described = document([_operation(**more)])
    return described["paths"]["/v1/images/{owner}/{name}"][more.get("method", "GET").lower()]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        yield from (value["$ref"],) if isinstance(value.get("$ref"), str) else ()
        for one in value.values():
            yield from _references(one)


def test_the_checked_in_document_is_the_one_to_be() -> None:
    assert command.TARGET.read_text("utf-8") == written(), "make openapi"


def test_a_document_that_is_another_one_is_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "TARGET", tmp_path / "openapi.json")
    assert command.main(["--check"]) == 1
    assert command.main([]) == 0 and command.main(["--check"]) == 0
    command.TARGET.write_text("{}")
    assert command.main(["--check"]) == 1


def test_every_operation_is_in_it_once_and_no_other() -> None:
    found = {
        (method.upper(), path, operation["operationId"])
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    }
    assert found == {(one.method, one.path, one.name) for one in DESCRIBED}


def test_pages_for_people_are_no_part_of_it() -> None:
    assert document([_operation(tag="pages")])["paths"] == {}


def test_every_heading_is_described() -> None:
    assert {one.tag for one in DESCRIBED} <= TAGS.keys()
    assert [one["name"] for one in DOCUMENT["tags"]] == [
        name for name in TAGS if name in {one.tag for one in DESCRIBED}
    ]


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    references = set(_references(DOCUMENT))
    known = {
        f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in DOCUMENT["components"][kind]
    }
    assert references <= known
    assert {one for one in known - references if one.startswith("#/components/schemas/")} == set()


def test_every_schema_has_a_name_of_its_own_and_a_description() -> None:
    made = DOCUMENT["components"]["schemas"]
    assert [name for name in made if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", name)] == []
    assert [name for name, schema in made.items() if not schema.get("description")] == []


@pytest.mark.parametrize("operation", DESCRIBED, ids=lambda one: one.name)
def test_an_operation_says_all_about_itself(operation: Operation) -> None:
    made = DOCUMENT["paths"][operation.path][operation.method.lower()]
    assert made["summary"] and made["operationId"] == operation.name
    named = {one["name"]: one for one in made.get("parameters", [])}
    for name in reading.names_in(operation.path):
        assert named[name]["in"] == "path" and named[name]["required"] is True
    for name, one in named.items():
        assert one["description"] and one["schema"], name
        assert "example" in one or name == "cursor"
    assert {"400", "500", "503"} <= made["responses"].keys()
    assert list(made["responses"]) == sorted(made["responses"])
    assert ("requestBody" in made) == ({"413", "415"} <= made["responses"].keys())


def test_an_operation_has_its_own_reply_before_the_one_that_all_have() -> None:
    own = _made(replies={200: Reply("it", Outer), 503: Reply("special", None)})["responses"]
    assert own["503"]["description"] == "special" and "Retry-After" in own["503"]["headers"]
    assert own["400"] == {"$ref": "#/components/responses/BadRequest"}


def test_what_can_be_left_out_is_said() -> None:
    made = _made()["responses"]
    assert "ETag" in made["200"]["headers"] and "ETag" in made["304"]["headers"] and "content" not in made["304"]
    assert "304" not in _made(method="POST")["responses"]


@pytest.mark.parametrize(
    ("access", "security", "refusal"),
    [
        ((Access.TRUSTED,), [{"aws_sigv4": []}], "403"),
        ((Access.TRUSTED, Access.ACTIONS), [{"github_actions": []}], "401"),
        ((Access.PUBLIC,), [], None),
    ],
)
def test_who_may_ask_is_said(access: tuple[Access, ...], security: list[Any], refusal: str | None) -> None:
    made = _made(access=access)
    assert made["security"] == security
    assert {"401", "403"} & made["responses"].keys() == ({refusal} if refusal else set())


def test_what_the_gateway_says_is_beside_what_the_operation_says() -> None:
    own = _made(replies={403: Reply("no", Outer, "application/problem+json")})["responses"]["403"]["content"]
    schemas_of = {name: media["schema"]["$ref"].rpartition("/")[2] for name, media in own.items()}
    assert schemas_of == {"application/problem+json": "Outer", "application/json": "GatewayRefusal"}


def test_headers_and_further_media_types_of_a_reply_are_said() -> None:
    reply = Reply("it", Outer, "application/x+json", {"Location": "where", "X-Y": "what"}, {"text/plain": None})
    made = _made(replies={202: reply})["responses"]["202"]
    assert made["headers"]["Location"] == {
        "description": "where",
        "schema": {"type": "string", "format": "uri-reference"},
    }
    assert made["headers"]["X-Y"] == {"description": "what", "schema": {"type": "string"}}
    assert made["content"] == {
        "application/x+json": {"schema": {"$ref": "#/components/schemas/Outer"}},
        "text/plain": {"schema": {"type": "string"}},
    }


def test_a_reply_without_a_body_has_no_content() -> None:
    assert "content" not in _made(replies={200: Reply("nothing")})["responses"]["200"]


def test_a_default_and_an_example_have_the_type_of_the_parameter() -> None:
    [limit] = _made(parameters=(LIMIT,))["parameters"]
    assert (limit["in"], limit["schema"]["default"], limit["example"]) == ("query", 25, 25)


def test_shapes_are_written_plainly() -> None:
    made = schemas([Outer])
    assert made.uses[Outer] == {"$ref": "#/components/schemas/Outer"}
    assert list(made.components) == ["Inner", "Outer"]
    assert made.components["Outer"] == {
        "description": "Something outside.",
        "properties": {
            "title": {"description": "what it is called", "type": "string"},
            "inner": {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]},
            "count": {"description": "how many", "type": ["integer", "null"]},
            "anything": {"type": "object"},
            "later": {"items": {"$ref": "#/components/schemas/Inner"}, "type": "array"},
        },
        "required": ["title", "inner", "count", "anything"],
        "type": "object",
    }
    word = {"anyOf": [{"enum": ["a", "b"], "type": "string"}, {"type": "null"}]}
    assert made.components["Inner"]["properties"] == {"word": word}


def test_it_says_which_version_it_is_of() -> None:
    assert (DOCUMENT["openapi"], DOCUMENT["info"]["version"]) == ("3.1.0", VERSION)
    assert json.loads(written()) == DOCUMENT
