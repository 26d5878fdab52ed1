"""The id of one verdict: the same before and after another one took its place.

It is base64url of JSON, image, digest, time and hash of the document, so that it says itself where the verdict is.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from registry_verifier import canonical_base64, drift
from registry_verifier.errors import BadRequest
from registry_verifier.models import Digest, ImageName, Json, digest_of, parse_digest
from registry_verifier.verdict_document import timestamp

_LIMIT = 800
_POSITION = re.compile(r"RUN#[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z#[0-9a-f]{16}\Z")


def position(verified_at: datetime, document: Json) -> str:
    """Where a verdict stands in the history of its digest: one verdict is one run for all its tags."""
    verdict = json.dumps(drift.without_marks(document), sort_keys=True).encode()
    return f"RUN#{timestamp(verified_at)}#{digest_of(verdict)[7:23]}"


def write(image: ImageName, digest: Digest, verified_at: datetime, document: Json) -> str:
    """The id of the verdict about a digest that was made at this time."""
    return _encoded([str(image), digest, position(verified_at, document)])


def read(text: str) -> tuple[ImageName, Digest, str]:
    """Image, digest and position; BadRequest for what is no id."""
    try:
        image, digest, place = _decoded(text)
        if not _POSITION.match(place) or _encoded([image, digest, place]) != text:
            raise ValueError("not as it was written")
        return ImageName.parse(image), parse_digest(digest), place
    except (ValueError, TypeError) as error:
        raise BadRequest(f"id is not one of this API: {text[:40]!r}") from error


def _encoded(parts: list[str]) -> str:
    return canonical_base64.write_url(json.dumps(parts, separators=(",", ":")).encode())


def _decoded(text: str) -> tuple[str, str, str]:
    if len(text) > _LIMIT:
        raise ValueError("too long")
    try:
        value = json.loads(canonical_base64.read_url(text))
    except RecursionError as error:
        raise ValueError("no JSON") from error
    match value:
        case [str(image), str(digest), str(place)]:
            return image, digest, place
    raise ValueError("not three texts")
