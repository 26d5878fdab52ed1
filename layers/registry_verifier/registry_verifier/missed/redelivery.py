"""Deliveries that failed are brought again, run after run, until GitHub keeps them no longer.

Each run asks about all of that time, since what counts as tried too often, and what rests after an attempt, shows in
the list itself; so there is nothing to remember, and nothing that a killed run could lose.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from registry_verifier.missed.progress import Progress
from registry_verifier.missed.versions import YOUNG
from registry_verifier.models import FailedDelivery, PackageVersion
from registry_verifier.ports import Hook

DELIVERIES_KEPT = timedelta(days=3)


class Redelivery:
    """One run's."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._moments: set[int] = set()
        self.count = 0

    def of(self, hook: Hook) -> None:
        """One hook, oldest delivery first."""
        failed = hook.failed(since=self._progress.started - DELIVERIES_KEPT)
        self._progress.each(failed, partial(self._again, hook))

    def told_of(self, version: PackageVersion) -> bool:
        """Whether something that was pushed at the time was brought again in this run."""
        return bool({_moment(version.created_at) + n for n in (-1, 0, 1)} & self._moments)

    def _again(self, hook: Hook, delivery: FailedDelivery) -> bool:
        hook.redeliver(delivery)
        self.count += 1
        self._moments.add(_moment(delivery.delivered_at))
        return True


def _moment(time: datetime) -> int:
    return int(time.timestamp() // YOUNG.total_seconds())
