"""Demands on a value that do not give it: bounds, regular expressions, and the functions that judge."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from registry_verifier.policy import patterns
from registry_verifier.policy.cue.labels import Scalar
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate
from registry_verifier.policy.cue.values import Kind, kind_of, shown
from registry_verifier.policy.patterns import Pattern

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
}


class Check(Protocol):
    """One demand on a value of certain kinds."""

    @property
    def kinds(self) -> int:
        """The kinds that it leaves."""
        ...

    def holds(self, value: Scalar) -> bool:
        """Whether a value of these kinds meets it."""
        ...


@dataclass(frozen=True)
class Limit:
    """`<x`, `<=x`, `>x`, `>=x` or `!=x`."""

    operator: str
    value: Scalar
    kinds: int = field(init=False)

    def __post_init__(self) -> None:
        kinds = Kind.ANY & ~Kind.NULL
        if self.value is not None:
            kinds = Kind.NUMBER if isinstance(self.value, int | Decimal) else kind_of(self.value)
        elif self.operator != "!=":
            raise Bottom(f"{self.operator} takes no null")
        if isinstance(self.value, bool):
            raise Bottom(f"{self.operator} takes no boolean; write the other one")
        object.__setattr__(self, "kinds", kinds)

    def holds(self, value: Scalar) -> bool:
        """Whether it is below, above, or another one."""
        return self.value is None or _COMPARE[self.operator](value, self.value)

    def __str__(self) -> str:
        wanted = "any value but" if self.operator == "!=" else self.operator
        return f"{wanted} {shown(self.value)}"


@dataclass(frozen=True)
class Matches:
    """A string in which the expression matches somewhere (`=~`), or nowhere (`!~`)."""

    expression: str
    is_wanted: bool
    kinds: int = Kind.STRING

    def holds(self, value: Scalar) -> bool:
        """Whether the expression says so."""
        return isinstance(value, str) and (expression(self.expression).search(value) is not None) == self.is_wanted

    def __str__(self) -> str:
        return f"a string that {'matches' if self.is_wanted else 'does not match'} {shown(self.expression)}"


@dataclass(frozen=True)
class Judged:
    """What a function says of a string."""

    said: str
    judge: Callable[[str], bool]
    kinds: int = Kind.STRING

    def holds(self, value: Scalar) -> bool:
        """Whether it says yes."""
        return isinstance(value, str) and self.judge(value)

    def __str__(self) -> str:
        return self.said


@lru_cache(maxsize=256)
def expression(text: str) -> Pattern:
    """A regular expression; Bottom where Go refuses it, CannotEvaluate where only we do."""
    if not text:
        raise CannotEvaluate("a regular expression is empty")
    try:
        return patterns.compile(text)
    except ValueError as error:
        raise Bottom(str(error)) from None


def contradict(checks: Sequence[Check], kinds: int) -> bool:
    """Whether no value of these kinds can meet all the limits."""
    limits = [each for each in checks if isinstance(each, Limit) and each.operator != "!=" and each.kinds & kinds]
    for low in (each for each in limits if each.operator.startswith(">")):
        for high in (each for each in limits if each.operator.startswith("<")):
            if _empty(low, high, checks, is_whole=kinds == Kind.INT):
                return True
    return False


def _empty(low: Limit, high: Limit, checks: Sequence[Check], *, is_whole: bool) -> bool:
    """Whether nothing lies between two limits."""
    bottom, top = low.value, high.value
    if isinstance(bottom, str) != isinstance(top, str):
        return True
    if bottom == top:
        return low.operator == ">" or high.operator == "<" or not all(check.holds(bottom) for check in checks)
    if bottom > top:  # type: ignore[operator]
        return True
    if not is_whole or isinstance(bottom, str):
        return False
    first = int(bottom) - 2  # type: ignore[arg-type]
    fits = (n for n in range(first, first + 5) if low.holds(n) and high.holds(n))
    least = next(fits, None)
    return least is None or _only_excluded(least, high, checks)


def _only_excluded(least: int, high: Limit, checks: Sequence[Check]) -> bool:
    """Whether the one number that two limits leave is excluded by a third demand."""
    return not high.holds(least + 1) and not all(check.holds(least) for check in checks)
