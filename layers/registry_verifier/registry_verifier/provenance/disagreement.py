"""One contradiction, and reading a predicate that may be anything: what is not there is no contradiction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry_verifier.models import Json

MISSING = object()
"""what a predicate does not state: absent, null, or an empty text"""

_UNREADABLE = object()
_SHOWN = 300


@dataclass(frozen=True)
class Disagreement:
    """One fact that a provenance states and its certificate, or the digest that was verified, contradicts."""

    what: str
    claimed: str
    """what the predicate says"""
    certified: str
    """what the certificate says, or what was verified"""

    def __str__(self) -> str:
        witness = "verified" if self.what.startswith("image") else "certificate"
        return f"provenance says {self.what} {self.claimed} ({witness}: {self.certified})"


def at(document: object, path: str) -> object:
    """The value at a dotted path, or MISSING; something that is no text where a step of the path is no object."""
    value: object = document
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return _UNREADABLE
        value = value.get(step)
        if value is None or value == "":
            return MISSING
    return value


def listed(document: Json, path: str) -> list[Json]:
    """The objects of a list, where there is one."""
    value = at(document, path)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def shown(value: object) -> str:
    """A claim for people: a text of at most 300 printable characters, or what it is instead of one."""
    if not isinstance(value, str):
        return f"{_kind(value)}, which is not a string"
    text = value[:_SHOWN]
    return text if text.isprintable() else ascii(text)[1:-1]


def _kind(value: object) -> str:
    kinds = {bool: "true or false", list: "a list", int: "a number", float: "a number"}
    return kinds.get(type(value), "an object" if isinstance(value, Mapping) else "something unreadable")
