"""Whether the service is there, and what it can be asked: nothing is looked up for either."""

from __future__ import annotations

import functools
from pathlib import Path

from registry_verifier.answer import Answer, ok
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.request import Access, Asked, Reply
from registry_verifier.shapes.gates import Health, OpenApi
from registry_verifier.verdict_document import VERSION

DOCUMENT = Path(__file__).parents[1] / "openapi.json"
"""made from the code by `make openapi`"""


def health(asked: Asked, world: World) -> Answer:
    """The function runs; the table is not asked."""
    return ok({"status": "ok", "version": VERSION})


def openapi(asked: Asked, world: World) -> Answer:
    """The OpenAPI document, as it was checked in."""
    return ok(_document())


@functools.cache
def _document() -> str:
    return DOCUMENT.read_text("utf-8")


OPERATIONS = (
    Operation(
        "health",
        "GET",
        "/healthz",
        "whether the service runs",
        health,
        {200: Reply("it runs", Health)},
        access=(Access.PUBLIC,),
        tag="service",
    ),
    Operation(
        "openapi",
        "GET",
        "/openapi.json",
        "this document",
        openapi,
        {200: Reply("the OpenAPI 3.1 document of this API", OpenApi)},
        access=(Access.PUBLIC,),
        tag="service",
    ),
)
