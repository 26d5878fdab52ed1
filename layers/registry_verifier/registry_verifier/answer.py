"""An answer of the query API: status code, body, headers; and RFC 9457 problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

JSON = "application/json"
PROBLEM = "application/problem+json"
SVG = "image/svg+xml"
_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
_INSTANCE_LIMIT = 500


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status_code: int
    body: Mapping[str, Any] | str
    """to be written as JSON, or a text that is sent as it is"""
    headers: Mapping[str, str] = field(default_factory=dict)


def ok(body: Mapping[str, Any] | str, *, status_code: int = 200, media_type: str = JSON, **headers: str) -> Answer:
    """The answer to a question that has one; an underscore in the name of a header stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status_code, body, {"Content-Type": media_type, **_HEADERS, **named})


def problem(
    status_code: int, code: str, detail: str, instance: str, *, retry_after: int | None = None, **members: Any
) -> Answer:
    """An RFC 9457 problem: `code` is stable, `detail` is for people, `instance` is the path that was asked for.

    `type` is `about:blank`, so that `title` is the status code's own phrase (section 4.2.1).
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
        "instance": instance[:_INSTANCE_LIMIT],
        "code": code,
        **members,
    }
    wait = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status_code, body, {"Content-Type": PROBLEM, **_HEADERS, **wait})
