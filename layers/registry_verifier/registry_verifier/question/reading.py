"""Reading a request: strictly, so that no filter is silently ignored.

A name may have slashes of its own, plain or as `%2F`: in a path template `{name}` stands for one part or for several,
every other `{…}` for exactly one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from registry_verifier import strict_json
from registry_verifier.errors import BadRequest
from registry_verifier.question import parameters
from registry_verifier.question.request import Parameter, Request

PATH_LIMIT = 2000
QUERY_LIMIT = 8000
BODY_LIMIT = 64 << 10
_FIELDS_LIMIT = 20
_SHOWN = 40
_LONG = "{name}"


def parts_of(path: str) -> tuple[str, ...]:
    """The decoded parts of a path, encoded or not; a slash that was encoded stays within its part."""
    return tuple(map(unquote, path.split("/")))


def captured(template: str, parts: Sequence[str]) -> dict[str, str] | None:
    """What stands in a path for each `{…}` of the template; None where the path is not of this form."""
    wanted = template.split("/")
    spare = len(parts) - len(wanted)
    if spare < 0 or (spare and _LONG not in wanted):
        return None
    if spare:
        at = wanted.index(_LONG)
        parts = (*parts[:at], "/".join(parts[at : at + spare + 1]), *parts[at + spare + 1 :])
    pairs = list(zip(wanted, parts, strict=True))
    if any(part != want if not _is_open(want) else not part for want, part in pairs):
        return None
    return {want[1:-1]: part for want, part in pairs if _is_open(want)}


def _is_open(want: str) -> bool:
    return want.startswith("{")


def names_in(template: str) -> tuple[str, ...]:
    """The names of the parameters of a path."""
    return tuple(want[1:-1] for want in template.split("/") if _is_open(want))


def values(known: Iterable[Parameter], in_path: Mapping[str, str], query_string: str) -> dict[str, Any]:
    """The value of every parameter by its name, and `image` for `owner` and `name`.

    Raises BadRequest for one that is unknown, stands twice, is missing, or has not its form.
    """
    others = [one for one in known if one.name not in in_path]
    texts = _texts(query_string, [one.name for one in others])
    found = {one.name: one.read(in_path[one.name]) for one in known if one.name in in_path}
    if "owner" in found and "name" in found:
        found["image"] = parameters.joined(found.pop("owner"), found.pop("name"))
    for one in others:
        if one.name in texts:
            found[one.name] = one.read(texts[one.name])
        elif one.required:
            raise BadRequest(f"parameter {one.name!r} is missing")
        elif "default" in one.schema:
            found[one.name] = one.schema["default"]
    return found


def _texts(query_string: str, known: Sequence[str]) -> dict[str, str]:
    """The parameters of a query string by name; each at most once, none that is not `known`."""
    if len(query_string) > QUERY_LIMIT:
        raise BadRequest(f"query string is {len(query_string)} characters long (expected at most {QUERY_LIMIT})")
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_LIMIT)
    except ValueError as error:
        raise BadRequest(
            f"query string is not readable (expected at most {_FIELDS_LIMIT} parameters in utf-8)"
        ) from error
    texts: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise BadRequest(f"parameter {name[:_SHOWN]!r} is unknown (expected {', '.join(known) or 'none'})")
        if name in texts:
            raise BadRequest(f"parameter {name!r} stands twice")
        texts[name] = value
    return texts


def media_type(request: Request) -> str:
    """The media type of a request's body, without its parameters; empty where the request names none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def body(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body; BadRequest where it is anything else."""
    try:
        return strict_json.parse_object(request.body)
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are such; their texts quote what was sent
        text = str(error) if type(error) is ValueError else "it is not json in utf-8"
        raise BadRequest(f"body cannot be read: {text[:200]}") from error
