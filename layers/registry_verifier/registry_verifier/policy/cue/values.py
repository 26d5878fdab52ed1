"""Kinds of values, how values are compared, and how they are shown to people."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from registry_verifier.policy import patterns
from registry_verifier.policy.cue.labels import Scalar
from registry_verifier.policy.cue.limits import CannotEvaluate

_SHOWN = 80


class Kind:
    """What a value can be, as bits, several where that is open. No enumeration: they are met for each value anew."""

    NULL = 1
    BOOL = 2
    INT = 4
    FLOAT = 8
    STRING = 16
    BYTES = 32
    LIST = 64
    STRUCT = 128
    NUMBER = INT | FLOAT
    ANY = 255


CALLED = {
    Kind.NULL: "null",
    Kind.BOOL: "a boolean",
    Kind.INT: "a whole number",
    Kind.FLOAT: "a fraction",
    Kind.NUMBER: "a number",
    Kind.STRING: "a string",
    Kind.BYTES: "bytes",
    Kind.LIST: "a list",
    Kind.STRUCT: "an object",
    Kind.ANY: "any value",
}
"""each kind, for people"""

_KINDS: dict[type, int] = {
    type(None): Kind.NULL,
    bool: Kind.BOOL,
    int: Kind.INT,
    Decimal: Kind.FLOAT,
    str: Kind.STRING,
}


def kind_of(value: Scalar) -> int:
    """The kind of a value without parts."""
    return _KINDS[type(value)]


def scalar(value: Any) -> Scalar:
    """A value of a document, its fractions as the shortest decimal that reads as the same number.

    CannotEvaluate for what CUE cannot hold: half a character, an infinity.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CannotEvaluate("a number is out of range")
        return Decimal(repr(value))
    if isinstance(value, str) and not value.isascii() and not patterns.is_unicode(value):
        raise CannotEvaluate("a string has half of a surrogate pair")
    if type(value) not in _KINDS:
        raise CannotEvaluate(f"a value of type {type(value).__name__}")
    return value  # type: ignore[no-any-return]


def is_same(one: Scalar, other: Scalar) -> bool:
    """Whether unification takes them for one value: 1 is neither true nor 1.0."""
    return type(one) is type(other) and one == other


def called(kinds: int) -> str:
    """Several kinds, for people."""
    if kinds in CALLED:
        return CALLED[kinds]
    return " or ".join(name for kind, name in CALLED.items() if kind & kinds == kind)


def shown(value: Any) -> str:
    """A value as JSON on one line of ASCII, short enough for a sentence."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Decimal):
        return str(value)[:_SHOWN]
    text = json.dumps(value[:_SHOWN] if isinstance(value, str) else value)
    cut = isinstance(value, str) and len(value) > _SHOWN
    return text[: 6 * _SHOWN] + (f" (the first {_SHOWN} of {len(value)} characters)" if cut else "")


class Exactly(NamedTuple):
    """A value that is wanted; written out only where somebody is told."""

    value: Scalar

    def __str__(self) -> str:
        return shown(self.value)
