"""Where a function may be killed: every write counts, and one of them is the last thing that its process does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


class Killed(BaseException):
    """The process is gone, with all that it had in memory: nothing may catch this as an error."""


class Guard:
    """Counts writes; kills at one of them, before or after it took place, once."""

    def __init__(self, at: int = 0, *, after: bool = False) -> None:
        self.writes: list[str] = []
        self.generation = 0
        """how many processes there were before the one that runs now"""
        self._at, self._after = at, after

    def write(self, name: str, work: Callable[[], _T]) -> _T:
        """Do one write, unless this is where it ends."""
        self.writes.append(name)
        is_last = len(self.writes) == self._at
        if is_last and not self._after:
            raise Killed(name)
        result = work()
        if is_last:
            raise Killed(name)
        return result


class Guarded:
    """Something that is written to, as one process has it: `writes` are its methods that change something."""

    def __init__(self, inner: Any, guard: Guard, *writes: str) -> None:
        self._inner, self._guard, self._writes = inner, guard, writes
        self._generation = guard.generation

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        return self._guarded(name, method) if callable(method) else method

    def _guarded(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if self._generation != self._guard.generation:  # of a process that is gone: it does nothing any more
                raise Killed(name)
            if name not in self._writes:
                return method(*arguments, **named)
            return self._guard.write(name, lambda: method(*arguments, **named))

        return call
