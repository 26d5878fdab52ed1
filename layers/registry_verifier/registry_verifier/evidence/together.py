"""Several things side by side, all of them over when the first fails: nothing goes on behind a look that has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

_T = TypeVar("_T")
_U = TypeVar("_U")


async def both(one: Awaitable[_T], other: Awaitable[_U]) -> tuple[_T, _U]:
    """Two things of different kinds, as `together`."""
    results: list[Any] = await together(one, other)
    return results[0], results[1]


async def together(*work: Awaitable[_T]) -> list[_T]:
    """The results in order; raises what the first raised that failed, after the others have ended."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(one)) for one in work]
    except BaseExceptionGroup as error:
        raise error.exceptions[0] from error
    return [task.result() for task in tasks]


async def _awaited(one: Awaitable[_T]) -> _T:
    return await one
