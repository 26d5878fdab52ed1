"""The parameters that questions have: how each is read, and what its JSON Schema says, which is the same.

An operation names the ones of its path (`OF_IMAGE`, `DIGEST`, `TAG_NAME`, `ID`) and of its query string. Another
description or example is made with `dataclasses.replace`, another parameter with `choice` and `text`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from registry_verifier.errors import BadRequest
from registry_verifier.models import Digest, ImageName, parse_digest, parse_tag
from registry_verifier.question.request import Parameter
from registry_verifier.reasons import Reason, Status

T = TypeVar("T")

REGISTRY = "ghcr.io"
"""the registry of the images in paths"""
DEFAULT_LIMIT = 25
MAX_LIMIT = 100
OWNER_LIMIT = 64
NAME_LIMIT = 182  # with registry and owner the 255 characters that an image name may have

_SHOWN = 40
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_OWNER = re.compile(rf"{_PART}\Z")
_NAME = re.compile(rf"{_PART}(?:/{_PART})*\Z")
_IMAGE = rf"^[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{{1,5}})?/{_PART}(?:/{_PART})+$"
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,20})?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_POLICY = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")
_SEALED = re.compile(r"[A-Za-z0-9_-]+\Z")
_SEALED_LIMIT = 1000


def choice(name: str, description: str, values: Iterable[str], *, required: bool = False) -> Parameter:
    """A parameter that has one of these values; its own value is the text."""
    known = tuple(values)

    def read(text: str) -> str:
        if text not in known:
            raise _wrong(name, text, " or ".join(known) if len(known) < 10 else "one of the documented words")
        return text

    return Parameter(name, description, read, {"type": "string", "enum": list(known)}, required, known[0])


def text(name: str, description: str, *, limit: int, example: str, pattern: re.Pattern[str] | None = None) -> Parameter:
    """An optional parameter that is a text of 1 to `limit` characters, of the form of `pattern` from start to end."""
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": limit}
    if pattern:
        schema["pattern"] = f"^{pattern.pattern.removesuffix(chr(92) + 'Z')}$"

    def read(value: str) -> str:
        if not 1 <= len(value) <= limit or (pattern and not pattern.match(value)):
            raise _wrong(name, value, f"1 to {limit} characters" + (" of its documented form" if pattern else ""))
        return value

    return Parameter(name, description, read, schema, False, example)


def joined(owner: str, name: str) -> ImageName:
    """The image that a path names, on the registry of all paths; BadRequest where no registry has such a name."""
    fits = len(owner) <= OWNER_LIMIT and len(name) <= NAME_LIMIT and _OWNER.match(owner) and _NAME.match(name)
    if not fits:
        raise _wrong("image", f"{owner}/{name}", "OWNER/NAME in lower case")
    return ImageName(REGISTRY, f"{owner}/{name}")


def _wrong(name: str, value: str, expected: str) -> BadRequest:
    return BadRequest(f"{name} is {value[:_SHOWN]!r} (expected {expected})")


def _read_image(value: str) -> ImageName:
    try:
        image = ImageName.parse(value)
    except ValueError as error:
        raise BadRequest(f"image is {str(error)}") from error
    if "/" not in image.repository:
        raise _wrong("image", value, "HOST/OWNER/NAME")
    return image


def _read_digest(value: str) -> Digest:
    return _translated("digest", parse_digest, value)


def _read_tag(value: str) -> str:
    return _translated("tag", parse_tag, value)


def _translated(name: str, parse: Callable[[str], T], value: str) -> T:
    try:
        return parse(value)
    except ValueError as error:
        raise BadRequest(f"{name} is {error}") from error


def _read_limit(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", value) or not 1 <= int(value) <= MAX_LIMIT:
        raise _wrong("limit", value, f"a whole number from 1 to {MAX_LIMIT}")
    return int(value)


def _moment(name: str, description: str, example: str) -> Parameter:
    def read(value: str) -> datetime:
        try:
            return _read_moment(value)
        except ValueError as error:
            form = "a time such as 2026-11-22T10:00:00Z or a date such as 2026-11-22"
            raise _wrong(name, value, form) from error

    forms = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
    return Parameter(name, description, read, forms, False, example)


def _read_moment(value: str) -> datetime:
    """RFC 3339 section 5.6, or a date, which is its midnight in UTC; what nothing can be older than is all the same."""
    if _DATE.match(value):
        day = date.fromisoformat(value)
        return max(datetime(day.year, day.month, day.day, tzinfo=UTC), _EARLIEST)
    if not _TIME.match(value):
        raise ValueError("not a time of RFC 3339")
    whole = re.sub(r"\.[0-9]+", "", value.upper())
    moment = datetime.fromisoformat(whole)
    try:
        return min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)
    except OverflowError:
        return _EARLIEST if moment.year == 1 else _LATEST


OWNER = Parameter(
    "owner",
    "the owner of the package, in lower case",
    str,
    {"type": "string", "minLength": 1, "maxLength": OWNER_LIMIT, "pattern": f"^{_PART}$"},
    True,
    "acme",
)
NAME = Parameter(
    "name",
    "the name of the package, in lower case; a slash in it may be written as `%2F`",
    str,
    {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT, "pattern": f"^{_PART}(?:/{_PART})*$"},
    True,
    "app",
)
OF_IMAGE = (OWNER, NAME)
"""`{owner}/{name}` of a path: together the value `image`"""

DIGEST_EXAMPLE = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_DIGEST_SCHEMA = {"type": "string", "minLength": 71, "maxLength": 71, "pattern": "^sha256:[0-9a-f]{64}$"}
_TAG_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$"}
_IMAGE_SCHEMA = {"type": "string", "minLength": 5, "maxLength": 255, "pattern": _IMAGE}

DIGEST = Parameter("digest", "the digest of the image", _read_digest, _DIGEST_SCHEMA, True, DIGEST_EXAMPLE)
TAG_NAME = Parameter("tag", "the tag", _read_tag, _TAG_SCHEMA, True, "v1.4.0")
ID = replace(
    text("id", "the id, as an answer gave it", limit=_SEALED_LIMIT, example="aWQ", pattern=_SEALED), required=True
)
THE_IMAGE = Parameter(
    "image", "the whole name of the image, without tag and digest", _read_image, _IMAGE_SCHEMA, True, "ghcr.io/acme/app"
)
IMAGE = Parameter(
    "image",
    "only this image: its whole name, without tag and digest",
    _read_image,
    _IMAGE_SCHEMA,
    False,
    "ghcr.io/acme/app",
)
ONE_DIGEST = Parameter("digest", "only this digest; needs `image`", _read_digest, _DIGEST_SCHEMA, False, DIGEST_EXAMPLE)
TAG = Parameter(
    "tag", "only what this tag points to or pointed to; needs `image`", _read_tag, _TAG_SCHEMA, False, "v1.4.0"
)
LIMIT = Parameter(
    "limit",
    "at most so many entries in one answer",
    _read_limit,
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    False,
    "25",
)
"""its value is there where the request has none"""
CURSOR = text(
    "cursor",
    "where the list goes on: the `next_cursor` of the answer before, with the same other parameters",
    limit=_SEALED_LIMIT,
    example="",
    pattern=_SEALED,
)
SINCE = _moment("since", "not older than this: a time, or a date (its midnight in UTC)", "2026-11-22")
UNTIL = _moment("until", "older than this: a time, or a date (its midnight in UTC)", "2026-11-23T12:00:00Z")
AS_OF = _moment("as_of", "the verdict that stood at this time, instead of the newest", "2026-11-22T10:00:00Z")
STATUS = choice("status", "only this status", (one.value for one in Status))
POLICY = text(
    "policy", "only where this policy was applied: its name", limit=253, example="acme-signatures", pattern=_POLICY
)
REASON = choice("reason", "only where this is one of the reasons", (one.value for one in Reason))
