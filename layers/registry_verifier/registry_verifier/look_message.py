"""One message on the queue of looks: a `Look` as JSON text, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from registry_verifier import strict_json
from registry_verifier.models import ImageName, Look, parse_digest, parse_tag
from registry_verifier.publish_event import parse_delivery, parse_login

VERSION = 1
_SIZE_LIMIT = 4096
_CAUSES = ("publish", "missed", "evidence", "recheck", "index", "sweep", "asked")
_FIELDS = {"version", "image", "digest", "cause", "tag", "delivery", "actor", "attempt", "first_seen"}
_ATTEMPT_LIMIT = 100_000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00\Z", re.ASCII)


class MalformedLook(ValueError):
    """A message that this library did not write: trying it again does not help."""


def write(look: Look) -> str:
    """The look as a JSON object with `version`; times are RFC 3339 in UTC, to the microsecond."""
    message = {
        "version": VERSION,
        "image": str(look.image),
        "digest": look.digest,
        "cause": look.cause,
        "tag": look.tag,
        "delivery": look.delivery,
        "actor": look.actor,
        "attempt": look.attempt,
        "first_seen": look.first_seen and look.first_seen.astimezone(UTC).isoformat(),
    }
    return json.dumps(message, separators=(",", ":"))


def read(text: str) -> Look:
    """Read what `write` wrote; MalformedLook for everything else, a field too many or of another version included."""
    if len(text) > _SIZE_LIMIT:
        raise MalformedLook(f"the message has {len(text)} characters (expected at most {_SIZE_LIMIT})")
    try:
        return _look(strict_json.parse_object(text))
    except ValueError as error:
        raise MalformedLook(str(error)) from error


def _look(message: Mapping[str, Any]) -> Look:
    if message.keys() != _FIELDS:
        raise ValueError(f"fields are {str(sorted(message))[:200]} (expected {sorted(_FIELDS)})")
    if message["version"] != VERSION or message["version"] is True:
        raise ValueError(f"version is {str(message['version'])[:20]!r} (expected {VERSION})")
    return Look(
        image=ImageName.parse(_text(message, "image")),
        digest=parse_digest(_text(message, "digest")),
        cause=_cause(_text(message, "cause")),
        tag=None if message["tag"] is None else parse_tag(_text(message, "tag")),
        delivery=_text(message, "delivery") and parse_delivery(_text(message, "delivery")),
        actor=_text(message, "actor") and parse_login(_text(message, "actor")),
        attempt=_attempt(message["attempt"]),
        first_seen=None if message["first_seen"] is None else _moment(_text(message, "first_seen")),
    )


def _text(message: Mapping[str, Any], field: str) -> str:
    value = message[field]
    if not isinstance(value, str):
        raise ValueError(f"{field} is of type {type(value).__name__} (expected str)")
    return value


def _cause(text: str) -> str:
    if text not in _CAUSES:
        raise ValueError(f"cause is {text[:20]!r} (expected one of {_CAUSES})")
    return text


def _attempt(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _ATTEMPT_LIMIT:  # a bool is an int to isinstance
        raise ValueError(f"attempt is {str(value)[:20]!r} (expected 0 to {_ATTEMPT_LIMIT})")
    return value


def _moment(text: str) -> datetime:
    if not _MOMENT.match(text):
        raise ValueError(f"first_seen is {text[:40]!r} (expected RFC 3339 in UTC)")
    return datetime.fromisoformat(text)
