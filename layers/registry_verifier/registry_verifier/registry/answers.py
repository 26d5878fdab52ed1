"""One answer of a registry, and what its status code means to us: here, not there, or could not look."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from registry_verifier.errors import Unavailable
from registry_verifier.manifest import essence
from registry_verifier.reasons import Reason

_QUOTE_LIMIT = 200
_WAIT_LIMIT = 3600.0

# GHCR throttles with 403 as well as 429, and may name the time in the message only (falco#1069, refchecker#67).
_THROTTLED = re.compile(rb"TOOMANYREQUESTS|secondary rate limit", re.IGNORECASE)
_WAIT_IN_MESSAGE = re.compile(r"retry-after:\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|µs|μs|ms|s|m)?", re.IGNORECASE)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `content` is cut off one byte after the limit of the request."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)

    @property
    def media_type(self) -> str | None:
        """The Content-Type without its parameters."""
        value: str | None = self.headers.get("Content-Type")
        return None if value is None else essence(value)

    @property
    def is_refusal(self) -> bool:
        """Whether the registry wants to know who we are, or knows and says no."""
        return self.status in (401, 403) and not self.is_throttled

    @property
    def is_redirect(self) -> bool:
        """Whether it names another place to look."""
        return self.status in (301, 302, 303, 307, 308)

    @property
    def is_throttled(self) -> bool:
        """Whether it says, by whatever status, that we ask too often."""
        return self.status == 429 or (self.status >= 400 and bool(_THROTTLED.search(self.content)))


def unavailable(answer: Answer) -> Unavailable:
    """The error for an answer that leaves us knowing nothing about the image."""
    if answer.is_throttled:
        reason = Reason.REGISTRY_THROTTLED
    elif answer.is_refusal:
        reason = Reason.REGISTRY_FORBIDDEN
    else:
        reason = Reason.REGISTRY_UNAVAILABLE
    text = f"GET {place(answer.url)} answered {answer.status}"
    said = printable(answer.content.decode("utf-8", "replace"))
    return Unavailable(reason, f"{text}: {said}" if said else text, retry_after=retry_after(answer, datetime.now(UTC)))


def retry_after(answer: Answer, now: datetime) -> float | None:
    """Seconds to wait, from the header (seconds or an HTTP date) or from GHCR's message; at most an hour."""
    seconds = _from_header(answer.headers.get("Retry-After", ""), now)
    if seconds is None and (match := _WAIT_IN_MESSAGE.search(answer.content.decode("utf-8", "replace"))):
        seconds = float(match[1]) * _UNITS[(match[2] or "s").lower()]
    return None if seconds is None else min(max(seconds, 0.0), _WAIT_LIMIT)


def place(url: httpx.URL) -> str:
    """Host and path of a URL, for people; a query may hold somebody's signature and is left out."""
    return printable(f"{url.host}{url.path}")


def printable(text: str) -> str:
    """At most 200 characters of what the other side wrote, none of which moves a cursor or hides."""
    cut = " ".join(text[: 4 * _QUOTE_LIMIT].split())[:_QUOTE_LIMIT]
    return "".join(letter if letter.isprintable() else "?" for letter in cut)


def _from_header(value: str, now: datetime) -> float | None:
    if re.fullmatch(r"[0-9]{1,9}", value.strip(), re.ASCII):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
