"""A statement as policy-controller's conditions see it: read into a Go type, and written again.

Every statement loses what is not in in-toto's header; the predicate of a type that is written as `slsaprovenance`,
`link` or `vuln` loses what its struct lacks, gets empty values for what it lacks itself, and is refused where a value
is of another type. Sources: cosign 2.5, pkg/policy/attestation.go and pkg/cosign/attestation; in-toto-golang 0.9,
in_toto and slsa_provenance/v0.2; Go's encoding/json.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry_verifier.models import Json

_NEVER = "0001-01-01T00:00:00Z"
_KINDS: Mapping[type, str] = {
    dict: "object",
    list: "list",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}


class NotOfType(ValueError):
    """A value that Go does not read into the field it is for; the text is a fact for people."""


Read = Callable[[Any, str], Any]
"""reads a value that is not null, at a path, as Go writes it again"""


@dataclass(frozen=True)
class Field:
    """One field of a struct."""

    read: Read
    zero: Any = None
    """what is written where there is nothing, or null"""
    omit_empty: bool = False


def read_as(word: str, document: Json) -> Json:
    """The statement as the type reads it that a policy writes as `word`; an empty one stands for a URI.

    Raises NotOfType where policy-controller refuses it.
    """
    read = _struct({**_HEADER, "predicate": _PREDICATES.get(word, _ANY)})
    written: Json = read(document, "")
    return written


def _of(wanted: type) -> Read:
    def read(value: Any, path: str) -> Any:
        if type(value) is not wanted:
            raise NotOfType(f"{path[:200] or 'statement'}: expected {_KINDS[wanted]}, got {_KINDS[type(value)]}")
        return value

    return read


_text, _flag, _object, _list = _of(str), _of(bool), _of(dict), _of(list)


def _struct(fields: Mapping[str, Field]) -> Read:
    """Names match in any case, and the last one counts; what has no field is dropped."""
    folded = {name.lower(): name for name in fields}

    def read(value: Any, path: str) -> Json:
        found: dict[str, Any] = {}
        for name, inner in _object(value, path).items():
            if inner is not None and (known := folded.get(_fold(name))):
                found[known] = fields[known].read(inner, f"{path}.{known}".lstrip("."))
        every = {name: found.get(name, field.zero) for name, field in fields.items()}
        return {name: inner for name, inner in every.items() if inner is not None or not fields[name].omit_empty}

    return read


def _fold(name: str) -> str:
    return name.replace("\u017f", "s").lower()  # the long s, which Go takes for one too


def _map_of(read_value: Read, zero: Any) -> Read:
    def read(value: Any, path: str) -> Json:
        items = _object(value, path).items()
        return {name: zero if inner is None else read_value(inner, f"{path}.{name}") for name, inner in items}

    return read


def _list_of(read_value: Read, zero: Any) -> Read:
    def read(value: Any, path: str) -> Sequence[Any]:
        items = enumerate(_list(value, path))
        return [zero if inner is None else read_value(inner, f"{path}[{at}]") for at, inner in items]

    return read


def _nothing_if_empty(read_value: Read) -> Read:
    """With `omitempty` a text, map or list is left out where it is empty; what may be anything is not."""
    return lambda value, path: read_value(value, path) or None


def _any(value: Any, _: str) -> Any:
    return value


_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT)(\d{1,2})(:[0-5]\d:[0-5]\d)(?:[.,](\d{1,9})\d*)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


def _time(value: Any, path: str) -> str:
    """RFC 3339, as Go reads it; written again without the zeros that a fraction ends with."""
    day, hour, rest, fraction, zone = found.groups("") if (found := _TIME.fullmatch(_text(value, path))) else [""] * 5
    seconds = f"{day}{hour:0>2}{rest}"
    if not _is_real(seconds):
        raise NotOfType(f"{path}: expected a time, got {value[:60]!r}")
    fraction = fraction.rstrip("0")
    return f"{seconds}{'.' + fraction if fraction else ''}{'Z' if zone[1:] == '00:00' else zone}"


def _is_real(seconds: str) -> bool:
    """Whether there is such a day and hour; Go knows a year 0, a leap year as 2000 is one."""
    try:
        datetime.fromisoformat(seconds.replace("0000", "2000", 1))
    except ValueError:
        return False
    return True


_ANY = Field(_any)
_TEXT, _FLAG = Field(_text, ""), Field(_flag, zero=False)
_DIGESTS = Field(_map_of(_text, ""))
_MAP = Field(_object)
_TIME_OF_SCAN = Field(_time, _NEVER)
_OPTIONAL_ANY = Field(_any, omit_empty=True)
_OPTIONAL_TEXT = Field(_nothing_if_empty(_text), omit_empty=True)
_OPTIONAL_TIME = Field(_time, omit_empty=True)
_OPTIONAL_DIGESTS = Field(_nothing_if_empty(_map_of(_text, "")), omit_empty=True)


def _nested(fields: Mapping[str, Field]) -> Field:
    """A struct within a struct: where it is missing, it is written with all its fields empty."""
    read = _struct(fields)
    return Field(read, read({}, ""))


def _listed(fields: Mapping[str, Field]) -> Read:
    read = _struct(fields)
    return _list_of(read, read({}, ""))


_HEADER = {
    "_type": _TEXT,
    "predicateType": _TEXT,
    "subject": Field(_listed({"name": _TEXT, "digest": _DIGESTS})),
}
_CONFIG_SOURCE = {"uri": _OPTIONAL_TEXT, "digest": _OPTIONAL_DIGESTS, "entryPoint": _OPTIONAL_TEXT}
_INVOCATION = {"configSource": _nested(_CONFIG_SOURCE), "parameters": _OPTIONAL_ANY, "environment": _OPTIONAL_ANY}
_METADATA = {
    "buildInvocationID": _OPTIONAL_TEXT,
    "buildStartedOn": _OPTIONAL_TIME,
    "buildFinishedOn": _OPTIONAL_TIME,
    "completeness": _nested({"parameters": _FLAG, "environment": _FLAG, "materials": _FLAG}),
    "reproducible": _FLAG,
}
_MATERIALS = _nothing_if_empty(_listed({"uri": _OPTIONAL_TEXT, "digest": _OPTIONAL_DIGESTS}))
_PROVENANCE_02 = {
    "builder": _nested({"id": _TEXT}),
    "buildType": _TEXT,
    "invocation": _nested(_INVOCATION),
    "buildConfig": _OPTIONAL_ANY,
    "metadata": Field(_struct(_METADATA), omit_empty=True),
    "materials": Field(_MATERIALS, omit_empty=True),
}
_SCANNED = {"parameters": _ANY, "uri": _TEXT, "event_id": _TEXT, "builder.id": _TEXT}
_SCANNER = {"uri": _TEXT, "version": _TEXT, "db": _nested({"uri": _TEXT, "version": _TEXT}), "result": _ANY}
_SCAN = {
    "invocation": _nested(_SCANNED),
    "scanner": _nested(_SCANNER),
    "metadata": _nested({"scanStartedOn": _TIME_OF_SCAN, "scanFinishedOn": _TIME_OF_SCAN}),
}
_LINK = {
    "_type": _TEXT,
    "name": _TEXT,
    **dict.fromkeys(("materials", "products", "byproducts"), _MAP),
    "command": Field(_list_of(_text, "")),
    "environment": _MAP,
}
_PREDICATES = {"slsaprovenance": _nested(_PROVENANCE_02), "vuln": _nested(_SCAN), "link": _nested(_LINK)}
"""by the word that stands in the policy; all others read anything"""
