"""A question to the query API, read from path and query string: strictly, so that no filter is silently ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from registry_verifier.errors import BadRequest
from registry_verifier.models import Digest, ImageName, parse_digest
from registry_verifier.page import LISTED
from registry_verifier.reasons import Status

REGISTRY = "ghcr.io"
"""the registry of the images in paths"""

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
_PATH_LIMIT = 1000
_QUERY_LIMIT = 4000
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])\Z")


@dataclass(frozen=True)
class OfDigest:
    """What is known about this digest?"""

    image: ImageName
    digest: Digest


@dataclass(frozen=True)
class OfImage:
    """What is known about this repository?"""

    image: ImageName
    limit: int
    cursor: str | None


@dataclass(frozen=True)
class OfStatus:
    """What has this status now?"""

    status: Status
    since: str | None
    """a month, `yyyy-mm`"""
    limit: int
    cursor: str | None


@dataclass(frozen=True)
class Gate:
    """May this digest run?"""

    image: ImageName
    digest: Digest


Question = OfDigest | OfImage | OfStatus | Gate


def read(path: str, query_string: str) -> Question | None:
    """The question in a path below `/v1/` (encoded or not) and a raw query string; None for a path that has none.

    A name may have slashes of its own, plain or as `%2F`. Where the last part but one is `digests`, the last is a
    digest: a repository of such a name is reached with `%2F`.
    Raises BadRequest where a part is not usable.
    """
    if len(path) > _PATH_LIMIT:
        raise BadRequest(f"path is {len(path)} characters long (expected at most {_PATH_LIMIT})")
    match [unquote(part) for part in path.split("/")]:
        case ["", "v1", "images", _, *_, "digests", digest]:
            _parameters(query_string)
            name = path.removeprefix("/v1/images/").rsplit("/", 2)[0]
            return OfDigest(_image(f"{REGISTRY}/{unquote(name)}"), _digest(digest))
        case ["", "v1", "images", _, *_]:
            parameters = _parameters(query_string, "limit", "cursor")
            name = unquote(path.removeprefix("/v1/images/"))
            return OfImage(_image(f"{REGISTRY}/{name}"), _limit(parameters), parameters.get("cursor"))
        case ["", "v1", "verifications"]:
            return _of_status(_parameters(query_string, "status", "since", "limit", "cursor"))
        case ["", "v1", "gate", digest]:
            parameters = _parameters(query_string, "image")
            return Gate(_image(_demand(parameters, "image")), _digest(digest))
    return None


def _of_status(parameters: Mapping[str, str]) -> OfStatus:
    status = _demand(parameters, "status")
    if status not in LISTED:
        raise BadRequest(f"status is {status[:40]!r} (only {' and '.join(LISTED)} are indexed)")
    since = parameters.get("since")
    if since is not None and not _MONTH.match(since):
        raise BadRequest(f"since is {since[:40]!r} (expected a month as yyyy-mm)")
    return OfStatus(Status(status), since, _limit(parameters), parameters.get("cursor"))


def _parameters(query_string: str, *known: str) -> dict[str, str]:
    """The parameters by name; each at most once, none that is not `known`."""
    if len(query_string) > _QUERY_LIMIT:
        raise BadRequest(f"query string is {len(query_string)} characters long (expected at most {_QUERY_LIMIT})")
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise BadRequest("query string is not readable (expected at most 20 parameters in utf-8)") from error
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise BadRequest(f"parameter {name[:40]!r} is unknown (expected {', '.join(known) or 'none'})")
        if name in parameters:
            raise BadRequest(f"parameter {name!r} stands twice")
        parameters[name] = value
    return parameters


def _demand(parameters: Mapping[str, str], name: str) -> str:
    if name not in parameters:
        raise BadRequest(f"parameter {name!r} is missing")
    return parameters[name]


def _limit(parameters: Mapping[str, str]) -> int:
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise BadRequest(f"limit is {text[:40]!r} (expected a whole number from 1 to {MAX_LIMIT})")
    return int(text)


def _image(text: str) -> ImageName:
    try:
        image = ImageName.parse(text)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    if "/" not in image.repository:
        raise BadRequest(f"image is {text!r} (expected HOST/OWNER/NAME)")
    return image


def _digest(text: str) -> Digest:
    try:
        return parse_digest(text)
    except ValueError as error:
        raise BadRequest(str(error)) from error
