"""From a request to an answer: which operation it is, who may ask, what was asked, and what goes back over HTTP.

What a caller may not ask looks as if it were not there (RFC 9110 section 15.5.5 allows it), so that nobody learns
what the API has by asking without credentials. Every 200 has an ETag, and one that the caller has is answered with
304 (section 13.1.2).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from registry_verifier.answer import JSON, Answer, problem
from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.query import operations
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question import reading
from registry_verifier.question.request import Access, Asked, Request

RETRY_AFTER = 5
"""seconds after which asking again is worth it when something did not answer"""


@dataclass(frozen=True)
class Sent:
    """What goes back over HTTP, byte for byte."""

    status_code: int
    headers: Mapping[str, str]
    body: str


def answer(request: Request, world: World, known: Sequence[Operation] = operations.ALL) -> Sent:
    """Answer a request; an error of the caller or of what is asked becomes a problem, anything else is raised."""
    try:
        return _sent(request, _answered(request, world, known))
    except BadRequest as error:
        return _sent(request, problem(400, "bad_request", str(error), request.path))
    except Unavailable as error:
        text = "what the answer needs cannot be reached now"
        return _sent(request, problem(503, error.reason.value.lower(), text, request.path, retry_after=RETRY_AFTER))


def broken(request: Request) -> Sent:
    """The answer when this API itself is at fault: says nothing about what happened."""
    return _sent(request, problem(500, "internal", "the request could not be answered", request.path))


def _answered(request: Request, world: World, known: Sequence[Operation]) -> Answer:
    if len(request.path) > reading.PATH_LIMIT:
        raise BadRequest(f"path is {len(request.path)} characters long (expected at most {reading.PATH_LIMIT})")
    parts = reading.parts_of(request.path)
    here = _at(parts, [one for one in known if _may_see(request, one)])
    if not here:
        return problem(404, "no_route", "there is nothing at this path", request.path)
    method = "GET" if request.method == "HEAD" else request.method
    found = next((one for one in here if one.method == method), None)
    if found is None:
        return _wrong_method(request, here)
    if _is_foreign(request, found, world):
        return problem(403, "forbidden", "workflows of this owner may not ask", request.path)
    return _asked(request, found, parts, world)


def _may_see(request: Request, operation: Operation) -> bool:
    return request.access is Access.TRUSTED or bool({request.access, Access.PUBLIC} & {*operation.access})


def _is_foreign(request: Request, operation: Operation, world: World) -> bool:
    """Whether it is a workflow of an owner whom nobody chose, and asks what not everybody may ask."""
    is_open = Access.PUBLIC in operation.access
    return request.access is Access.ACTIONS and not is_open and request.owner not in world.owners


def _at(parts: Sequence[str], known: Iterable[Operation]) -> list[Operation]:
    """The operations of the most specific path that these parts have the form of, one for each method."""
    fitting = [one for one in known if reading.captured(one.path, parts) is not None]
    best = max((one.path for one in fitting), key=specificity, default=None)
    return [one for one in fitting if one.path == best]


def specificity(path: str) -> tuple[int, int]:
    """More parts before fewer, more literal ones before fewer."""
    wanted = path.split("/")
    return len(wanted), len(wanted) - len(reading.names_in(path))


def _wrong_method(request: Request, here: Iterable[Operation]) -> Answer:
    allowed = [method for one in here for method in ((one.method, "HEAD") if one.method == "GET" else (one.method,))]
    text = f"method is {request.method[:20]!r} (expected {' or '.join(allowed)})"
    refusal = problem(405, "method_not_allowed", text, request.path)
    return Answer(refusal.status_code, refusal.body, {**refusal.headers, "Allow": ", ".join(allowed)})


def _asked(request: Request, operation: Operation, parts: Sequence[str], world: World) -> Answer:
    in_path = reading.captured(operation.path, parts) or {}
    values = reading.values(operation.parameters, in_path, request.query_string)
    if operation.body is None:
        return operation.answer(Asked(request, values), world)
    return _refused_body(request) or operation.answer(Asked(request, values, reading.body(request)), world)


def _refused_body(request: Request) -> Answer | None:
    if (media_type := reading.media_type(request)) != JSON:
        text = f"content type is {media_type[:40]!r} (expected {JSON})"
        return problem(415, "unsupported_media_type", text, request.path)
    if len(request.body) > reading.BODY_LIMIT:
        text = f"body is {len(request.body)} bytes long (expected at most {reading.BODY_LIMIT})"
        return problem(413, "too_large", text, request.path)
    return None


def _sent(request: Request, found: Answer) -> Sent:
    body = found.body if isinstance(found.body, str) else json.dumps(found.body, separators=(",", ":"))
    if found.status_code == 200 and request.method in ("GET", "HEAD"):
        return _tagged(request, found.headers, body)
    return Sent(found.status_code, dict(found.headers), "" if request.method == "HEAD" else body)


def _tagged(request: Request, headers: Mapping[str, str], body: str) -> Sent:
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    if _has(request, tag):
        kept = {name: value for name, value in headers.items() if name != "Content-Type"}
        return Sent(304, {**kept, "ETag": tag}, "")
    return Sent(200, {**headers, "ETag": tag}, "" if request.method == "HEAD" else body)


def _has(request: Request, tag: str) -> bool:
    """Whether the caller has this already; compared weakly, as RFC 9110 section 13.1.2 has it."""
    named = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    return "*" in named or tag in (part.removeprefix("W/") for part in named)
