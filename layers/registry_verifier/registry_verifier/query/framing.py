"""A page of the status page as an answer: how its question is read, its headers, and what goes wrong as a page, too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from registry_verifier.answer import Answer, ok
from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.query.world import World
from registry_verifier.question import reading
from registry_verifier.question.request import Asked, Parameter

HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
LIMIT = 5_500_000
"""characters of a page as Lambda writes it into its answer, which has at most 6 MB"""
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
_RETRY_AFTER = "5"

Page = Callable[[Asked, World], Answer]


class NotHere(Exception):
    """There is no such page for whoever asks."""


def visible(asked: Asked, world: World) -> None:
    """Raises NotHere where whoever asks may not see the image; nothing was read of it until here."""
    if not world.shows(asked):
        raise NotHere


def page(asked: Asked, world: World, template: str, values: Mapping[str, Any], *, status_code: int = 200) -> Answer:
    """The page that a template makes of these values, of `root`, the way to the first page, and `here`."""
    from registry_verifier.status_page import render  # what templates are read with takes long, few questions need it

    known = {"root": root(asked), "here": asked.path.rpartition("/")[2] or "./"}
    html = render.page(template, world.now(), {**known, **values})
    return answer(html, HTML, status_code=status_code)


def answer(text: str, media_type: str, *, status_code: int = 200, **headers: str) -> Answer:
    """A text with the headers that every part of the status page has."""
    found = ok(text, status_code=status_code, media_type=media_type, **headers)
    return replace(found, headers={**found.headers, **_HEADERS})


def fits(found: Answer) -> bool:
    """Whether the page can be answered with at all."""
    return len(json.dumps(found.body)) <= LIMIT


def root(asked: Asked) -> str:
    """From this page to its first one, whatever is before the path where the API is reached."""
    below = asked.path.removeprefix("/v1").removeprefix("/status/")
    return "../" * below.count("/")


def to_api(asked: Asked) -> str:
    """From the first page to the API that answers whoever asks."""
    return "../" if asked.path.startswith("/v1/") else "../v1/"


def guarded(path: str, known: Iterable[Parameter], make: Page) -> Page:
    """People read this: what goes wrong is a page, too, and what a form left empty was not asked for."""
    parameters = tuple(known)

    def guarded(asked: Asked, world: World) -> Answer:
        try:
            return make(_read(asked, path, parameters), world)
        except NotHere:
            text = "There is no such image or digest, or it is not public."
            return _message(asked, world, 404, "Nothing here", text)
        except BadRequest as error:
            return _message(asked, world, 400, "Not understood", str(error))
        except Unavailable:
            found = _message(
                asked, world, 503, "Not now", "The verdicts cannot be read now. Try again in some seconds."
            )
            return replace(found, headers={**found.headers, "Retry-After": _RETRY_AFTER})

    return guarded


def as_text(parameter: Parameter) -> Parameter:
    """For the router, which lets it pass: it is read here, so that an error becomes a page."""
    return replace(parameter, read=str, required=False, schema={"type": "string"})


def _read(asked: Asked, path: str, known: tuple[Parameter, ...]) -> Asked:
    in_path = reading.captured(path, reading.parts_of(asked.path)) or {}
    filled = urlencode(parse_qsl(asked.request.query_string))
    return replace(asked, values=reading.values(known, in_path, filled))


def _message(asked: Asked, world: World, status_code: int, title: str, text: str) -> Answer:
    values = {"title": title, "text": text, "status_code": status_code}
    return page(asked, world, "message.html", values, status_code=status_code)
