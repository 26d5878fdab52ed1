"""The grace period: growing pauses, one look at the deadline, back-off that heeds the other side."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry_verifier import grace
from tests.material import NOW


def test_deadline_is_the_longest_grace_period() -> None:
    assert grace.deadline(NOW, [timedelta(minutes=1), timedelta(minutes=5)]) == NOW + timedelta(minutes=5)
    assert grace.deadline(NOW, []) == NOW


def test_pauses_grow_and_never_pass_the_queues_limit() -> None:
    far = NOW + timedelta(days=1)
    pauses = [grace.next_look(attempt, NOW, far) for attempt in range(20)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= 15
    assert pauses[-1] == grace.QUEUE_LIMIT


def test_last_pause_ends_just_after_the_deadline() -> None:
    assert grace.next_look(5, NOW, NOW + timedelta(seconds=7)) == 8


def test_after_the_deadline_the_pauses_go_on() -> None:
    assert grace.next_look(2, NOW, NOW - timedelta(hours=1)) == grace.next_look(2, NOW, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("count", "retry_after", "seconds"),
    [(1, None, 5), (2, None, 10), (5, None, 80), (50, None, 300), (1, 7.2, 8), (5, 7.2, 80), (1, 1e9, 900)],
)
def test_back_off_grows_and_heeds_what_the_other_side_says(count: int, retry_after: float | None, seconds: int) -> None:
    assert grace.back_off(count, retry_after) == seconds
