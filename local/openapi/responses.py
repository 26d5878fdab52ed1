"""The replies of an operation: its own, and the problems that every one may have."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from local.openapi.schemas import Schemas
from registry_verifier.answer import JSON, PROBLEM
from registry_verifier.query.operation import Operation
from registry_verifier.question.request import Access, Reply
from registry_verifier.shapes.gates import Problem

Json = dict[str, Any]


class GatewayRefusal(TypedDict):
    """What API Gateway answers before the service is asked."""

    message: str


SHAPES = (Problem, GatewayRefusal)
"""the shapes that every document has"""

_HEADERS: dict[str, Json] = {
    "ETag": {"description": "changes with the body; for If-None-Match", "schema": {"type": "string"}},
    "Link": {"description": 'the next page, `rel="next"` (RFC 8288)', "schema": {"type": "string"}},
    "Retry-After": {
        "description": "seconds after which asking again is worth it",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Location": {"description": "where to ask after it", "schema": {"type": "string", "format": "uri-reference"}},
}
_WAIT = {"Retry-After": _HEADERS["Retry-After"]}
_TAG = {"ETag": _HEADERS["ETag"]}
_NOT_MODIFIED = {"description": "what the request's If-None-Match names is still the answer", "headers": _TAG}

_EVERYWHERE = {400: "BadRequest", 500: "InternalError", 503: "Unavailable"}
_WITH_BODY = {413: "TooLarge", 415: "UnsupportedMediaType"}


def components(made: Schemas) -> Json:
    """The responses that operations share."""
    problem, refusal = ({media: {"schema": made.uses[s]}} for media, s in ((PROBLEM, Problem), (JSON, GatewayRefusal)))
    return {
        "BadRequest": {"description": "the request is not usable as it is (`bad_request`)", "content": problem},
        "TooLarge": {"description": "the body is too large (`too_large`)", "content": problem},
        "UnsupportedMediaType": {
            "description": "the body is not `application/json` (`unsupported_media_type`)",
            "content": problem,
        },
        "InternalError": {"description": "the service is at fault (`internal`)", "content": problem},
        "Unavailable": {
            "description": "what the answer needs cannot be reached now (such as `store_unavailable`)",
            "headers": _WAIT,
            "content": problem,
        },
        "Unauthorized": {"description": "the token is missing or not valid", "content": refusal},
        "Forbidden": {"description": "the request is not signed, or its signer may not ask", "content": refusal},
    }


def of(operation: Operation, made: Schemas) -> Json:
    """The responses of one operation by status code, in order."""
    found = {code: _reply(code, reply, operation, made) for code, reply in operation.replies.items()}
    for code, name in {
        **_EVERYWHERE,
        **(_WITH_BODY if operation.body is not None else {}),
        **_refused(operation),
    }.items():
        found.setdefault(code, {"$ref": f"#/components/responses/{name}"})
    for code in _refused(operation):
        found[code].get("content", {}).setdefault(JSON, {"schema": made.uses[GatewayRefusal]})
    if operation.method == "GET" and 200 in found:
        found[304] = _NOT_MODIFIED
    return {str(code): found[code] for code in sorted(found)}


def _refused(operation: Operation) -> dict[int, str]:
    """What API Gateway says to whom it does not let in."""
    if Access.PUBLIC in operation.access:
        return {}
    return {401: "Unauthorized"} if Access.ACTIONS in operation.access else {403: "Forbidden"}


def _reply(code: int, reply: Reply, operation: Operation, made: Schemas) -> Json:
    described: Json = {"description": reply.description}
    tag = _TAG if operation.method == "GET" and code == 200 else {}
    named = {name: {**_HEADERS.get(name, _text(text)), "description": text} for name, text in reply.headers.items()}
    if headers := {**tag, **named, **({} if code != 503 or "Retry-After" in named else _WAIT)}:
        described["headers"] = headers
    if content := _content(reply, made):
        described["content"] = content
    return described


def _text(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}


def _content(reply: Reply, made: Schemas) -> Json:
    if reply.shape is None and reply.media_type == JSON and not reply.also:
        return {}
    content: Json = {}
    for media_type, shape in {reply.media_type: reply.shape, **reply.also}.items():
        content[media_type] = {"schema": {"type": "string"} if shape is None else made.uses[shape]}
    return content
