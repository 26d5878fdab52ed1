"""What GitHub's answer means where it is not the one that was asked for: limited, forbidden, or could not look.

Source: docs.github.com "Rate limits for the REST API": 403 or 429, with `retry-after`, or `x-ratelimit-remaining: 0`
and `x-ratelimit-reset` (seconds since 1970), or a message that speaks of a secondary rate limit, for which it asks to
wait a minute.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from registry_verifier import strict_json
from registry_verifier.errors import Unavailable
from registry_verifier.models import Json
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer, place, printable, retry_after

SHORTEST_WAIT, LONGEST_WAIT = 1.0, 900.0
"""in seconds; GitHub may name an hour, and nothing here waits longer than the queue can"""
_UNNAMED_WAIT = 60.0
_LIMITED = re.compile(rb"rate limit", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,12}\Z")


class Exceeded(Unavailable):
    """There is more than is read here: bytes of an answer, or pages of a list."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.GITHUB_UNAVAILABLE, text)


def is_throttled(answer: Answer) -> bool:
    """Whether GitHub says that we ask too often."""
    if answer.status not in (403, 429):
        return False
    named = "retry-after" in answer.headers or _is_used_up(answer)
    return answer.status == 429 or named or bool(_LIMITED.search(answer.content))


def wait(answer: Answer, now: datetime) -> float:
    """Seconds until GitHub may be asked again, from `SHORTEST_WAIT` to `LONGEST_WAIT`."""
    seconds = retry_after(answer, now)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if seconds is None and _is_used_up(answer) and _SECONDS.match(reset):
        seconds = float(reset) - now.timestamp()
    return min(max(_UNNAMED_WAIT if seconds is None else seconds, SHORTEST_WAIT), LONGEST_WAIT)


def unavailable(answer: Answer, method: str, now: datetime) -> Unavailable:
    """The error for an answer that is not the one that was asked for."""
    text = f"{method} {place(answer.url)} answered {answer.status}"
    said = _message(answer)
    text += f": {said}" if said else ""
    if is_throttled(answer):
        return Unavailable(Reason.GITHUB_THROTTLED, text, retry_after=wait(answer, now))
    if answer.status in (401, 403, 404):  # GitHub hides with 404 what a token may not see
        return Unavailable(Reason.GITHUB_FORBIDDEN, text)
    return Unavailable(Reason.GITHUB_UNAVAILABLE, text, retry_after=retry_after(answer, now))


def garbage(answer: Answer, expected: str) -> Unavailable:
    """The error for an answer that cannot be read as what it should be; it quotes nothing, for it may hold a token."""
    return Unavailable(Reason.GITHUB_UNAVAILABLE, f"{place(answer.url)} answered something else (expected {expected})")


def document(answer: Answer) -> Any:
    """The answer's JSON, whatever it is; raises Unavailable where it is none."""
    try:
        return strict_json.parse(answer.content, half_characters=True)
    except ValueError:
        pass
    raise garbage(answer, "json")  # not `from`: the error of the json module holds the whole answer


def rows(value: Any, answer: Answer) -> list[Json]:
    """`value` as a list of objects; raises Unavailable where it is anything else."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise garbage(answer, "a list of objects")
    return value


def _is_used_up(answer: Answer) -> bool:
    return bool(answer.headers.get("x-ratelimit-remaining", "").strip() == "0")


def _message(answer: Answer) -> str:
    """GitHub's own sentence, such as `Resource not accessible by integration`."""
    try:
        said = strict_json.parse_object(answer.content).get("message")
    except ValueError:
        return ""
    return printable(said) if isinstance(said, str) else ""
