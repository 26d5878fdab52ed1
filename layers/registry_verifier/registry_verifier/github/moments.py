"""The times in GitHub's answers: RFC 3339, such as `2026-01-01T00:00:00Z`."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(value: object) -> datetime | None:
    """The time in UTC; None where the value is none, or names no offset."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None
