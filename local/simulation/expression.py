"""DynamoDB's condition and key condition expressions, as far as the library writes them.

Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

Item = Mapping[str, Any]
Values = Mapping[str, Any]
Test = Callable[[Item, Values], bool]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),]|[:#]?\w+)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@functools.cache
def parse(text: str) -> Test:
    """The condition as a function of an item and the expression's values; ValueError for what is not known here."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text):
        raise ValueError(f"expression is {text!r}")
    parser = _Parser(tokens)
    test = parser.any_of()
    if parser.tokens:
        raise ValueError(f"expression goes on with {parser.tokens[0]!r}")
    return test


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._take("OR"):
            tests.append(self._all_of())
        return lambda item, values: any(test(item, values) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._take("AND"):
            tests.append(self._one())
        return lambda item, values: all(test(item, values) for test in tests)

    def _one(self) -> Test:
        if self._take("NOT"):
            inner = self._one()
            return lambda item, values: not inner(item, values)
        if self._take("("):
            inner = self.any_of()
            self._need(")")
            return inner
        name = self.tokens.pop(0)
        return self._function(name) if self._take("(") else self._comparison(name)

    def _function(self, name: str) -> Test:
        arguments = [self.tokens.pop(0)]
        while self._take(","):
            arguments.append(self.tokens.pop(0))
        self._need(")")
        path = arguments[0]
        if name == "attribute_exists":
            return lambda item, _: path in item
        if name == "attribute_not_exists":
            return lambda item, _: path not in item
        if name == "begins_with":
            return lambda item, values: path in item and _plain(item[path]).startswith(_plain(values[arguments[1]]))
        raise ValueError(f"function {name!r} is not known here")

    def _comparison(self, path: str) -> Test:
        operator = self.tokens.pop(0)
        value = self.tokens.pop(0)
        if operator == "BETWEEN":
            self._need("AND")
            upper = self.tokens.pop(0)
            return lambda i, v: path in i and _plain(v[value]) <= _plain(i[path]) <= _plain(v[upper])
        compare = _COMPARE[operator]
        return lambda item, values: path in item and compare(_plain(item[path]), _plain(values[value]))

    def _take(self, token: str) -> bool:
        if self.tokens and self.tokens[0].upper() == token:
            self.tokens.pop(0)
            return True
        return False

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise ValueError(f"expected {token!r}, got {self.tokens[:1]}")


def _plain(value: Mapping[str, Any]) -> Any:
    kind, plain = next(iter(value.items()))
    return float(plain) if kind == "N" else plain
