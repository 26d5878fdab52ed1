"""The OpenAPI 3.1 document: what the operations and the shapes say, in the words of that specification."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.openapi import responses
from local.openapi.schemas import Schemas, schemas
from local.openapi.words import INFORMATION, SCHEMES, SERVERS, TAGS
from registry_verifier.query import operations
from registry_verifier.query.operation import Operation
from registry_verifier.question import reading
from registry_verifier.question.request import Access, Parameter
from registry_verifier.verdict_document import VERSION

Json = dict[str, Any]
_PAGES = "pages"


def written(known: Sequence[Operation] = operations.ALL) -> str:
    """The document as it stands in the file."""
    return json.dumps(document(known), indent=2, ensure_ascii=False) + "\n"


def document(known: Sequence[Operation] = operations.ALL) -> Json:
    """The document for these operations; pages for people are no part of it."""
    described = [one for one in known if one.tag != _PAGES]
    made = schemas(_shapes(described))
    used = {one.tag for one in described}
    return {
        "openapi": "3.1.0",
        "info": {**INFORMATION, "version": VERSION},
        "servers": SERVERS,
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
        "paths": _paths(described, made),
        "components": {
            "schemas": dict(made.components),
            "responses": responses.components(made),
            "securitySchemes": SCHEMES,
        },
    }


def _shapes(known: Sequence[Operation]) -> Iterator[Any]:
    yield from responses.SHAPES
    for operation in known:
        yield from (operation.body,) if operation.body is not None else ()
        for reply in operation.replies.values():
            yield from (shape for shape in (reply.shape, *reply.also.values()) if shape is not None)


def _paths(known: Sequence[Operation], made: Schemas) -> Json:
    paths: dict[str, Json] = {}
    for operation in known:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, made)
    return paths


def _operation(operation: Operation, made: Schemas) -> Json:
    described: Json = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    if operation.description:
        described["description"] = operation.description
    described["security"] = _security(operation)
    in_path = reading.names_in(operation.path)
    if operation.parameters:
        described["parameters"] = [_parameter(one, in_path) for one in operation.parameters]
    if operation.body is not None:
        content = {"application/json": {"schema": made.uses[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    described["responses"] = responses.of(operation, made)
    return described


def _security(operation: Operation) -> list[Json]:
    if Access.PUBLIC in operation.access:
        return []
    return [{"github_actions": []}] if Access.ACTIONS in operation.access else [{"aws_sigv4": []}]


def _parameter(parameter: Parameter, in_path: Sequence[str]) -> Json:
    place = "path" if parameter.name in in_path else "query"
    described = {
        "name": parameter.name,
        "in": place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
    if parameter.example:
        described["example"] = _example(parameter.example, parameter.schema)
    return described


def _example(text: str, schema: Mapping[str, Any]) -> Any:
    return int(text) if schema.get("type") == "integer" else text
