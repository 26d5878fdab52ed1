"""The grace period: how long evidence may be missing, and when to look again.

Signing runs seconds to minutes after the push, so "not signed" right after a publish is normal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

_INTERVALS = (10, 20, 40, 80, 160, 320, 640)
PATIENCE = timedelta(days=3)
"""how long a digest that cannot be looked at is tried again; GitHub keeps deliveries as long"""
LONE = timedelta(hours=2)
"""how long an untagged image may wait for the index that lists it, whose webhook may be late, or lost until the sweep
finds it"""
QUEUE_LIMIT = 900
"""the longest delay that the queue takes, in seconds"""


def back_off(receive_count: int, retry_after: float | None) -> int:
    """Seconds until a message is tried again that could not be looked at `receive_count` times (1 the first time)."""
    growing = min(5 << min(receive_count - 1, 10), 300)
    return min(max(growing, math.ceil(retry_after or 0)), QUEUE_LIMIT)


def deadline(first_seen: datetime, periods: Iterable[timedelta]) -> datetime:
    """When missing evidence becomes a failure: the longest grace period of the matching policies after `first_seen`."""
    return first_seen + max(periods, default=timedelta())


def ends(first_seen: datetime, deadline: datetime, *, tagged: bool) -> datetime:
    """When waiting ends: what has no tag of its own may still turn out to be a child of an index."""
    return deadline if tagged else max(deadline, first_seen + LONE)


def next_look(attempt: int, now: datetime, end: datetime) -> int:
    """Seconds until the look after `attempt` re-checks: growing intervals, and one look at the deadline itself."""
    interval = _INTERVALS[attempt] if attempt < len(_INTERVALS) else QUEUE_LIMIT
    left = int((end - now).total_seconds()) + 1
    return min(interval, left) if left > 0 else interval
