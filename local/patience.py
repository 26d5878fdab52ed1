"""Waiting for what comes of something."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 60.0

T = TypeVar("T")


class Unexpected(Exception):
    """Something is not as it should be."""


def waited(look: Callable[[], T | None], *, seconds: float = SECONDS) -> T:
    """What `look` finds at last; Unexpected when it finds nothing for too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise Unexpected(f"nothing came of it in {seconds:.0f} seconds")


def require(holds: bool, otherwise: str) -> None:
    """Unexpected with this text unless it holds."""
    if not holds:
        raise Unexpected(otherwise)
