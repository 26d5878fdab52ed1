"""One page of an answer, and the cursor that says where the next one starts.

A cursor is base64url of `[list, position]`: the list that it belongs to (`image <name>` or `status <status>`) and the
sort key of the last record of the page before. It is opaque to callers and no secret: a forged one can only name
another place in a list that the caller may read anyway.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass

from registry_verifier.errors import BadRequest
from registry_verifier.models import ImageName, State, parse_digest
from registry_verifier.reasons import Status

LISTED = (Status.FAILED, Status.UNKNOWN)
"""the statuses that are indexed: few, and the ones that people look for"""

_MOMENT = r"[0-9]{4}-(?:0[1-9]|1[0-2])-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"

_LIMIT = 1024
_FORM = re.compile(r"[A-Za-z0-9_-]+\Z")
_POSITION = re.compile(rf"{_MOMENT}#(?P<what>[\x21-\x7e]{{1,400}})\Z")


@dataclass(frozen=True)
class Page:
    """Some records of a list, newest first."""

    items: tuple[State, ...]
    next_cursor: str | None
    """None: nothing comes after this page"""


def write_cursor(listing: str, position: str) -> str:
    """The cursor for what comes after `position` in `listing`."""
    raw = json.dumps([listing, position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_cursor(listing: str, cursor: str) -> str:
    """The position that `cursor` names; BadRequest unless it is one that `write_cursor` makes for this very listing."""
    if len(cursor) > _LIMIT or not _FORM.match(cursor):
        raise BadRequest(f"cursor is not one of this API: {cursor[:40]!r}")
    found, position = _unpack(cursor)
    if found != listing:
        raise BadRequest(f"cursor belongs to another list (expected {listing!r}, got {found[:80]!r})")
    if write_cursor(listing, position) != cursor or not _is_position(position):
        raise BadRequest(f"cursor is not one of this API: {cursor[:40]!r}")
    return position


def _unpack(cursor: str) -> tuple[str, str]:
    try:
        value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        value = None
    match value:
        case [str(listing), str(position)]:
            return listing, position
    raise BadRequest(f"cursor is not one of this API: {cursor[:40]!r}")


def _is_position(position: str) -> bool:
    """`<time>#<digest>` or `<time>#<image>@<digest>`."""
    match = _POSITION.match(position)
    if not match:
        return False
    image, _, digest = match["what"].rpartition("@")
    try:
        parse_digest(digest)
        return not image or bool(ImageName.parse(image))
    except ValueError:
        return False
