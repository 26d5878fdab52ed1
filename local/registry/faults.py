"""What can go wrong with a registry, on demand: set from Python or by `PUT /_faults`, gone after a count or a time."""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

CONTENTS = ("", "wrong", "truncated", "endless")


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with the requests it matches. As JSON: an object with the same names."""

    path: str = ""
    """a regular expression that is searched for in the request's path"""
    method: str = ""
    """empty: every method"""
    status: int | None = None
    """answer with this status; 429 and 403 with `message` as GHCR words it"""
    retry_after: float | None = None
    """seconds in the `Retry-After` header of that answer"""
    message: str = ""
    """the message in that answer's body, such as `retry-after: 333.9ms, allowed: 44000/minute`"""
    hang: float = 0.0
    """wait so many seconds before anything else"""
    content: str = ""
    """send the right status with bytes that are `wrong`, `truncated` or `endless`"""
    lag: float = 0.0
    """answer that a manifest is unknown until so many seconds after its push"""
    count: int | None = None
    """for so many requests; None: for all"""
    seconds: float | None = None
    """for so many seconds from when it is set; None: for ever"""

    def __post_init__(self) -> None:
        re.compile(self.path)
        if self.content not in CONTENTS:
            raise ValueError(f"fault's content is {self.content!r} (expected one of {CONTENTS})")

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one that this goes wrong with."""
        return self.method in ("", method) and re.search(self.path, path) is not None


@dataclass
class _Active:
    fault: Fault
    until: float | None
    left: int | None

    def is_over(self) -> bool:
        return self.left == 0 or (self.until is not None and time.monotonic() >= self.until)


class Faults:
    """The faults that are set; the first that matches a request applies to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[_Active] = []

    def set(self, *faults: Fault) -> None:
        """Replace all faults by these; without any, everything works again."""
        now = time.monotonic()
        with self._lock:
            self._active = [_Active(f, None if f.seconds is None else now + f.seconds, f.count) for f in faults]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted as used."""
        with self._lock:
            self._active = [active for active in self._active if not active.is_over()]
            for active in self._active:
                if active.fault.matches(method, path):
                    active.left = active.left and active.left - 1
                    return active.fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        """The faults that are set, as JSON."""
        with self._lock:
            return [dataclasses.asdict(active.fault) for active in self._active if not active.is_over()]


def read(document: Any) -> Iterable[Fault]:
    """Faults from JSON: one object, or a list of them. Raises TypeError or ValueError for what is no fault."""
    return [Fault(**entry) for entry in (document if isinstance(document, list) else [document])]
