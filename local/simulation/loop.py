"""An event loop in which nothing takes time but waiting, and waiting takes none: days go by in seconds.

What the library hands to a thread runs in the loop itself after a moment, so that a run is the same each time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""when every simulation begins"""
MOMENT = 0.004
"""seconds that a call of the table or the queue takes: others run meanwhile"""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to whatever comes next."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self.elapsed

    def now(self) -> datetime:
        """What time it is in the simulation."""
        return START + timedelta(seconds=self.elapsed)

    def run_in_executor(  # type: ignore[override]  # the types of its arguments are all the same to it
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run `func` in the loop, a moment later; like a thread it runs even where nobody waits any more."""
        future = self.create_future()
        self.call_later(MOMENT, _run, future, func, args)
        return future


class _Jumping(selectors.SelectSelector):
    """Waits for no file: there is none; waits for no time: it jumps there."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the simulation waits for something that never comes")
        self._loop.elapsed += max(timeout, 0.0)
        return []


def _run(future: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = func(*args)
    except BaseException as error:
        if not future.cancelled():
            future.set_exception(error)
    else:
        if not future.cancelled():
            future.set_result(result)
