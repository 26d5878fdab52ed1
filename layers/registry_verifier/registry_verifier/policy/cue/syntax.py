"""From the text of a condition to what it demands: recursive descent, bounded in depth and size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NoReturn, TypeVar

from registry_verifier.policy.cue.demands import Check, Demand, Differs, Equal, Matches, Plain, Struct, Value, merge
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.tokens import Kind, Token, scan

_TEXT_LIMIT = 256 * 1024
_DEPTH_LIMIT = 64
_WHOLE_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,99})\Z")
_CONSTANTS = {"true": True, "false": False, "null": None}
_TYPES = frozenset({"string", "bytes", "bool", "int", "float", "number", "_"})
_NEVER_NAMES = {"import": "imports are", "package": "a package clause is"}
_STATEMENTS = {**_NEVER_NAMES, "let": "let is", "for": "for is", "if": "if is"}

_T = TypeVar("_T")


def parse(text: str) -> Struct:
    """What the condition demands; raises CueProblem for whatever is not evaluated, and where it demands nothing."""
    if len(text) > _TEXT_LIMIT:
        raise CueProblem(0, f"condition has {len(text)} characters (expected at most {_TEXT_LIMIT})")
    return _Parser(scan(text)).whole()


class _Parser:
    """Reads the words one after the other; `_token` is the one at hand, `_ahead` the next."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._tokens = tokens
        self._token = next(tokens)
        self._ahead: Token | None = None

    def whole(self) -> Struct:
        """All fields up to the end."""
        struct = self._fields(depth=0)
        if self._token.kind is not Kind.END:
            self._refuse("expected a field name")
        if not struct.fields:
            raise CueProblem(0, "condition demands nothing")
        return struct

    def _fields(self, depth: int) -> Struct:
        fields: dict[str, Demand] = {}
        while self._token.kind is not Kind.END and not self._token.is_mark("}"):
            label = self._token
            added = self._field(depth)
            fields = _at(label, lambda: merge(fields, added))  # noqa: B023 - called at once
            if not self._token.is_mark(","):
                break
            self._advance()
        return Struct(fields)

    def _field(self, depth: int) -> dict[str, Demand]:
        name = self._label()
        if not self._peek().is_mark(":"):
            self._advance()
            self._refuse(f"expected ':' behind the field name {name[:80]!r}")
        self._advance()
        self._advance()
        if depth >= _DEPTH_LIMIT:
            self._refuse(f"fields are nested more than {_DEPTH_LIMIT} deep")
        return {name: self._value(depth + 1)}

    def _label(self) -> str:
        """The name of the field at hand; a hidden one would demand nothing, so it is refused."""
        token = self._token
        if token.kind is Kind.STRING:
            return token.text
        if token.kind is not Kind.NAME:
            self._refuse("expected a field name")
        if token.text in _NEVER_NAMES or (token.text in _STATEMENTS and not self._peek().is_mark(":")):
            self._refuse(f"{_STATEMENTS[token.text]} not supported yet")
        if token.text.startswith("_"):
            self._refuse(f'{token.text} without quotes is hidden in cue and demands nothing; write "{token.text}"')
        return token.text

    def _value(self, depth: int) -> Demand:
        if self._token.is_mark("{"):
            return self._struct(depth)
        if self._token.kind in (Kind.STRING, Kind.NAME) and self._peek().is_mark(":"):
            return Struct(self._field(depth))
        return Value((self._check(),))

    def _struct(self, depth: int) -> Struct:
        opening = self._token
        self._advance()
        struct = self._fields(depth)
        if self._token.kind is Kind.END:
            raise CueProblem(opening.offset, "brace is never closed")
        if not self._token.is_mark("}"):
            self._refuse("expected a comma, a new line or '}'")
        self._advance()
        return struct

    def _check(self) -> Check:
        if self._token.is_mark("=~", "!~"):
            wanted = self._token.text == "=~"
            self._advance()
            return self._matches(wanted)
        if not self._token.is_mark("!="):
            return Equal(self._plain())
        at = self._token
        self._advance()
        value = self._plain()
        if isinstance(value, bool):
            raise CueProblem(at.offset, "!= takes no boolean; write the other one")
        return Differs(value)

    def _matches(self, wanted: bool) -> Matches:
        token = self._token
        if token.kind is not Kind.STRING:
            self._refuse("expected a regular expression in quotes")
        self._advance()
        return _at(token, lambda: Matches(token.text, wanted))

    def _plain(self) -> Plain:
        token = self._token
        sign = self._sign()
        if self._token.kind is Kind.NUMBER:
            return sign * self._number()
        if self._token is not token:
            self._refuse("expected a whole number")
        self._advance()
        if token.kind is Kind.STRING:
            return token.text
        if token.kind is Kind.NAME and token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        raise CueProblem(token.offset, _no_value(token))

    def _sign(self) -> int:
        token = self._token
        if not token.is_mark("+", "-"):
            return 1
        self._advance()
        return -1 if token.text == "-" else 1

    def _number(self) -> int:
        token = self._token
        if not _WHOLE_NUMBER.match(token.text):
            self._refuse(f"number {token.text[:80]!r} is not supported yet (expected a whole number in plain digits)")
        self._advance()
        return int(token.text)

    def _advance(self) -> None:
        self._token, self._ahead = (self._ahead or next(self._tokens, self._token)), None

    def _peek(self) -> Token:
        if self._ahead is None:
            self._ahead = next(self._tokens, self._token)
        return self._ahead

    def _refuse(self, text: str) -> NoReturn:
        raise CueProblem(self._token.offset, text)


def _no_value(token: Token) -> str:
    if token.kind is Kind.END:
        return "condition ends where a value is expected"
    if token.kind is not Kind.NAME:
        return f"expected a value, got {token.text!r}"
    if token.text in _TYPES:
        return f"the type {token.text} as a demand is not supported yet"
    return f"references are not supported yet: {token.text[:80]} (a string is written in quotes)"


def _at(token: Token, make: Callable[[], _T]) -> _T:
    """What `make` returns, its ValueError placed at `token`."""
    try:
        return make()
    except ValueError as error:
        raise CueProblem(token.offset, str(error)) from error
