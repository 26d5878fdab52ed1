"""The types and functions that policies use: those of the language, and of the packages strings, list, struct and time.

Each does what cuelang.org/go does for the values that it takes here; other values are CannotEvaluate, or Bottom where
CUE refuses them too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from registry_verifier.policy.cue.checks import Limit, expression
from registry_verifier.policy.cue.labels import Scalar
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate
from registry_verifier.policy.cue.values import Kind, is_same

RFC3339 = "2006-01-02T15:04:05Z07:00"
_RFC3339_NANO = "2006-01-02T15:04:05.999999999Z07:00"
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?(Z|([+-])([0-9]{2}):([0-9]{2}))\Z"
)
_ALMOST_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})\Z"
)
_LENGTH_LIMIT = 1 << 20
_PARTS_LIMIT = 10_000

PACKAGES: Mapping[str, Mapping[str, str]] = {
    "list": {},
    "regexp": {},
    "strings": {},
    "struct": {},
    "time": {"RFC3339": RFC3339, "RFC3339Nano": _RFC3339_NANO},
}
"""what can be imported, and its constants"""


def _whole(low: int, high: int) -> tuple[int, tuple[Limit, ...]]:
    return Kind.INT, (Limit(">=", low), Limit("<=", high))


TYPES: Mapping[str, tuple[int, tuple[Limit, ...]]] = {
    "_": (Kind.ANY, ()),
    "null": (Kind.NULL, ()),
    "bool": (Kind.BOOL, ()),
    "int": (Kind.INT, ()),
    "float": (Kind.FLOAT, ()),
    "number": (Kind.NUMBER, ()),
    "string": (Kind.STRING, ()),
    "bytes": (Kind.BYTES, ()),
    "uint": (Kind.INT, (Limit(">=", 0),)),
    **{f"int{bits}": _whole(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64, 128)},
    **{f"uint{bits}": _whole(0, 2**bits - 1) for bits in (8, 16, 32, 64, 128)},
}
"""the words for types: the kind, and the limits"""


@dataclass(frozen=True)
class Function:
    """A function on values."""

    takes: tuple[type, ...]
    call: Callable[..., Any]


def parse_time(layout: str, text: str) -> str:
    """A time in UTC as RFC 3339 has it, the fraction without zeros at its end; Bottom where it is none."""
    if layout not in (RFC3339, _RFC3339_NANO):
        raise CannotEvaluate("a layout other than time.RFC3339")
    found = _TIME.match(text)
    if not found:
        raise _no_time(text)
    try:
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=_zone(found)).astimezone(UTC)
    except (ValueError, OverflowError):
        is_usual = found[1][:4] != "0000" and int(found[5] or 0) < 24 and int(found[6] or 0) < 60
        raise _no_time(text, is_usual=is_usual) from None
    return f"{moment.replace(tzinfo=None).isoformat()}{(found[2] or '').rstrip('0').rstrip('.')}Z"


def _no_time(text: str, *, is_usual: bool = False) -> Exception:
    """Why it is not taken for a time; Go takes some forms that RFC 3339 does not have."""
    if _ALMOST_TIME.match(text) and not is_usual:
        return CannotEvaluate(f"{text[:80]!a} as a time")
    return Bottom(f"{text[:80]!a} is no time (expected one such as 2025-01-31T12:00:00Z)")


def _zone(found: re.Match[str]) -> timezone:
    offset = timedelta(hours=int(found[5] or 0), minutes=int(found[6] or 0))
    return timezone(-offset if found[4] == "-" else offset)


def is_time(text: str) -> bool:
    """Whether it is one."""
    try:
        parse_time(RFC3339, text)
    except Bottom:
        return False
    return True


def _join(parts: list[Any], separator: str) -> str:
    if not all(isinstance(part, str) for part in parts):
        raise Bottom("strings.Join takes strings only")
    return _bounded(separator.join(parts))


def _split(text: str, separator: str) -> list[str]:
    if not separator:
        raise CannotEvaluate("strings.Split at nothing")
    if text.count(separator) > _PARTS_LIMIT:
        raise CannotEvaluate(f"strings.Split into more than {_PARTS_LIMIT} parts")
    return text.split(separator)


def _replace(text: str, old: str, new: str, times: int) -> str:
    if not old:
        raise CannotEvaluate("strings.Replace of nothing")
    if len(text) + len(new) * text.count(old) > _LENGTH_LIMIT:
        raise CannotEvaluate(f"a string of more than {_LENGTH_LIMIT} characters")
    return text.replace(old, new, times)


def _bounded(text: str) -> str:
    if len(text) > _LENGTH_LIMIT:
        raise CannotEvaluate(f"a string of more than {_LENGTH_LIMIT} characters")
    return text


def _ascii(change: Callable[[str], str]) -> Callable[[str], str]:
    """`change`, where Unicode's tables cannot differ from Go's."""

    def careful(text: str) -> str:
        if not text.isascii():
            raise CannotEvaluate("upper and lower case of letters other than a to z")
        return change(text)

    return careful


def _contains(items: list[Any], wanted: Scalar) -> bool:
    if any(item is UNKNOWN for item in items):
        raise CannotEvaluate("list.Contains with lists or objects")
    return any(is_same(item, wanted) for item in items)


UNKNOWN = object()
"""an element of a list that is no value without parts"""

FUNCTIONS: Mapping[str, Function] = {
    "strings.Contains": Function((str, str), lambda text, part: part in text),
    "strings.HasPrefix": Function((str, str), lambda text, part: text.startswith(part)),
    "strings.HasSuffix": Function((str, str), lambda text, part: text.endswith(part)),
    "strings.MinRunes": Function((str, int), lambda text, count: len(text) >= count),
    "strings.MaxRunes": Function((str, int), lambda text, count: len(text) <= count),
    "strings.ToLower": Function((str,), _ascii(str.lower)),
    "strings.ToUpper": Function((str,), _ascii(str.upper)),
    "strings.TrimSpace": Function((str,), _ascii(lambda text: text.strip("\t\n\v\f\r "))),
    "strings.TrimPrefix": Function((str, str), lambda text, part: text.removeprefix(part)),
    "strings.TrimSuffix": Function((str, str), lambda text, part: text.removesuffix(part)),
    "strings.Split": Function((str, str), _split),
    "strings.Join": Function((list, str), _join),
    "strings.Replace": Function((str, str, str, int), _replace),
    "regexp.Match": Function((str, str), lambda pattern, text: expression(pattern).search(text) is not None),
    "list.Contains": Function((list, object), _contains),
    "time.Parse": Function((str, str), parse_time),
}
"""what can be called with all its arguments, by path"""

JUDGES = frozenset(
    {"strings.Contains", "strings.HasPrefix", "strings.HasSuffix", "strings.MinRunes", "strings.MaxRunes"}
)
"""functions that judge a string when called without it"""
BARE = frozenset({"time.Time", "list.UniqueItems"})
"""functions that judge without an argument, and without being called"""
VALIDATORS: Mapping[str, int] = {
    **{path: 0 for path in BARE},
    **{path: 1 for path in ("list.MinItems", "list.MaxItems", "list.Contains", "struct.MinFields", "struct.MaxFields")},
    **{path: 1 for path in JUDGES},
}
"""functions that are demands when called without the value that they judge, and with how many arguments"""
