"""What a status code means, and how long to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from registry_verifier.reasons import Reason
from registry_verifier.registry import answers
from registry_verifier.registry.answers import Answer

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
URL = httpx.URL("https://ghcr.io/v2/acme/app/manifests/v1?secret=1")


def answer(status: int = 429, content: str = "", **headers: str) -> Answer:
    return Answer(
        URL, status, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), content.encode()
    )


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("999999", 3600.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30.0),
        ("Thu, 01 Jan 2026 12:00:30", 30.0),
        ("Thu, 01 Jan 9999 12:00:30 GMT", 3600.0),
        ("Thu, 99 Jan 2026 12:00:30 GMT", None),
        ("-1", None),
        ("1e9", None),
        ("٧", None),
        ("soon", None),
        ("", None),
        ("9" * 5000, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_the_header_says_how_long(header: str, seconds: float | None) -> None:
    headers = httpx.Headers([(b"Retry-After", header.encode())])
    assert answers.retry_after(Answer(URL, 429, headers, b""), NOW) == seconds


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("retry-after: 333.9ms, allowed: 44000/minute", 0.3339),
        ("Retry-After: 12.5µs", 12.5e-6),
        ("retry-after:2s", 2.0),
        ("retry-after: 3", 3.0),
        ("retry-after: 2m", 120.0),
        ("retry-after: 999999m", 3600.0),
        ("retry-after: soon", None),
        ("retry-after: -3s", None),
        ("wait a while", None),
    ],
)
def test_the_message_says_how_long_where_the_header_does_not(message: str, seconds: float | None) -> None:
    said = answer(content=f'{{"errors":[{{"code":"TOOMANYREQUESTS","message":"{message}"}}]}}')
    assert answers.retry_after(said, NOW) == (None if seconds is None else pytest.approx(seconds))


def test_the_header_goes_before_the_message() -> None:
    assert answers.retry_after(answer(content="retry-after: 5s", Retry_After="1"), NOW) == 1.0


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (401, "", Reason.REGISTRY_FORBIDDEN),
        (403, "denied", Reason.REGISTRY_FORBIDDEN),
        (403, '{"code":"TOOMANYREQUESTS"}', Reason.REGISTRY_THROTTLED),
        (403, "You have exceeded a secondary rate limit.", Reason.REGISTRY_THROTTLED),
        (429, "", Reason.REGISTRY_THROTTLED),
        (502, "toomanyrequests", Reason.REGISTRY_THROTTLED),
        (500, "", Reason.REGISTRY_UNAVAILABLE),
        (302, "secondary rate limit", Reason.REGISTRY_UNAVAILABLE),
        (200, "", Reason.REGISTRY_UNAVAILABLE),
    ],
)
def test_what_a_status_means(status: int, content: str, reason: Reason) -> None:
    assert answers.unavailable(answer(status, content)).reason is reason


def test_a_query_is_never_told() -> None:
    assert "secret" not in str(answers.unavailable(answer()))


@pytest.mark.parametrize("text", ["\x1b[31m", "a\u202eb", "x" * 10_000, "\n\n\n", "\x00", "\ud800"])
def test_what_others_wrote_is_short_and_harmless(text: str) -> None:
    shown = answers.printable(text)
    assert shown == "" or shown.isprintable()
    assert len(shown) <= 200
