"""What can be asked: each operation with its path, parameters and replies, from which router and OpenAPI file are made.

The path of an image has its owner and its name: `/v1/images/{owner}/{name}`. A name may have slashes of its own, as
they are or as `%2F`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry_verifier.answer import Answer
from registry_verifier.query.world import World
from registry_verifier.question.request import Access, Asked, Parameter, Reply


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked."""

    name: str
    """`operationId`, in snake_case: the name of a function in generated clients"""
    method: str
    path: str
    """with `{owner}/{name}` for an image, read into the value `image`; other parameters by their names"""
    summary: str
    answer: Callable[[Asked, World], Answer]
    """raises BadRequest and Unavailable, which become problems"""
    replies: Mapping[int, Reply]
    """by status code; problems that every operation has (400, 405, 500, 503) need no entry"""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    """the TypedDict in `shapes` that the request's body has"""
    access: tuple[Access, ...] = (Access.TRUSTED,)
    tag: str = "verdicts"
    """the heading under which the reference has it"""
