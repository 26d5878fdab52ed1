"""What a condition demands of one value, as CUE's unification has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from registry_verifier.policy import patterns
from registry_verifier.policy.patterns import Pattern

Plain = str | int | bool | None
"""what a policy can write; fractions are not among it, because JSON readers round them"""

_SHOWN = 80
_CHECKS_LIMIT = 64


class Check(Protocol):
    """One demand on one value."""

    def holds(self, value: object) -> bool:
        """Whether `value` meets it; a value of another type never does."""
        ...

    def __str__(self) -> str:
        """The demand, for people."""
        ...


@dataclass(frozen=True)
class Equal:
    """The value itself, of the same type: 1 is neither true nor 1.0."""

    value: Plain

    def holds(self, value: object) -> bool:
        """Whether it is that value."""
        return type(value) is type(self.value) and value == self.value

    def __str__(self) -> str:
        return shown(self.value)


@dataclass(frozen=True)
class Differs:
    """Another value of the same type; `!=null` is any value but null."""

    value: Plain

    def holds(self, value: object) -> bool:
        """Whether it is another value."""
        if self.value is None:
            return value is not None
        if isinstance(value, str) and not patterns.is_unicode(value):
            return False
        return type(value) is type(self.value) and value != self.value

    def __str__(self) -> str:
        return f"another value than {shown(self.value)}"


@dataclass(frozen=True)
class Matches:
    """A string in which the expression matches somewhere (`=~`), or nowhere (`!~`)."""

    expression: str
    wanted: bool
    _compiled: Pattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", patterns.compile(self.expression))

    def holds(self, value: object) -> bool:
        """Whether it is a string of Unicode and the expression says so."""
        if not isinstance(value, str) or not patterns.is_unicode(value):
            return False
        return (self._compiled.search(value) is not None) == self.wanted

    def __str__(self) -> str:
        return f"a string that {'matches' if self.wanted else 'does not match'} {shown(self.expression)}"


@dataclass(frozen=True)
class Value:
    """A value that must meet every check."""

    checks: tuple[Check, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.checks))


@dataclass(frozen=True)
class Struct:
    """An object that must have these fields; it may have others."""

    fields: Mapping[str, Value | Struct]

    def __str__(self) -> str:
        return "an object"


Demand = Value | Struct


def unify(one: Demand, other: Demand) -> Demand:
    """Both demands as one; ValueError where no value could meet both."""
    if isinstance(one, Struct) and isinstance(other, Struct):
        return Struct(merge(one.fields, other.fields))
    if isinstance(one, Struct) or isinstance(other, Struct):
        raise ValueError(f"conflicting demands: {one} and {other}")
    # told apart as they are written: to Python 0 and false are equal
    checks = tuple({repr(check): check for check in one.checks + other.checks}.values())
    if len(checks) > _CHECKS_LIMIT:
        raise ValueError(f"one field has more than {_CHECKS_LIMIT} demands")
    for value in (check.value for check in checks if isinstance(check, Equal)):
        if not all(check.holds(value) for check in checks):
            raise ValueError(f"conflicting demands: {one} and {other}")
    return Value(checks)


def merge(one: Mapping[str, Demand], other: Mapping[str, Demand]) -> dict[str, Demand]:
    """The fields of both, each once; ValueError as `unify`."""
    both = dict(one)
    for name, demand in other.items():
        both[name] = unify(both[name], demand) if name in both else demand
    return both


def shown(value: Any) -> str:
    """A value as JSON on one line of ASCII, short enough for a sentence."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value[:_SHOWN] if isinstance(value, str) else value)
    cut = isinstance(value, str) and len(value) > _SHOWN
    return text[: 6 * _SHOWN] + (f" (the first {_SHOWN} of {len(value)} characters)" if cut else "")
