"""The words of a CUE text. A newline behind a value ends the field, as in Go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from registry_verifier.policy.cue import literals
from registry_verifier.policy.cue.problem import CueProblem


class Kind(Enum):
    """What a word is."""

    NAME = auto()
    STRING = auto()
    NUMBER = auto()
    MARK = auto()
    LINE = auto()
    END = auto()


@dataclass(frozen=True)
class Token:
    """One word: `text` is a string's value without its quotes, else as written; `,` also stands for a line's end."""

    kind: Kind
    text: str
    offset: int

    def is_mark(self, *marks: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind is Kind.MARK and self.text in marks


_WORD = re.compile(
    r"""
    (?P<space>(?:[ \t]|\r(?=\n)|//[^\n]*)+)
    | (?P<line>\n)
    | (?P<quote>\#*")
    | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    | (?P<number>[0-9][0-9A-Za-z_.]*)
    | (?P<mark>=~|!~|!=|[{}:,+-])
    """,
    re.VERBOSE,
)
_KINDS = {"name": Kind.NAME, "number": Kind.NUMBER, "mark": Kind.MARK, "line": Kind.LINE}
_UNSUPPORTED = {
    "[": "lists and patterns are",
    "|": "alternatives (`|`) are",
    "&": "`&` is",
    "@": "attributes are",
    ".": "`...`, selectors and fractions are",
    "#": "definitions are",
    "(": "expressions are",
    "<": "bounds (`<`) are",
    ">": "bounds (`>`) are",
    "=": "`=` is",
    "*": "`*` is",
    "/": "`/` is",
    "?": "optional fields (`?`) are",
    "!": "required fields (`!`) are",
    "'": "byte strings are",
}


def scan(text: str) -> Iterator[Token]:
    """The words of `text` in order, END last; raises CueProblem at the first that is none, once it is reached."""
    at, last = 0, Token(Kind.LINE, "", 0)
    while at < len(text):
        token, at = _next(text, at)
        if token and token.kind is Kind.LINE:
            token = Token(Kind.MARK, ",", token.offset) if _ends_a_value(last) else None
        if token:
            last = token
            yield token
    yield Token(Kind.END, "", len(text))


def _next(text: str, at: int) -> tuple[Token | None, int]:
    word = _WORD.match(text, at)
    if word is None:
        raise CueProblem(at, _refusal(text[at]))
    kind = word.lastgroup
    if kind == "space":
        return None, word.end()
    if kind == "quote":
        value, end = literals.read(text, at, len(word[0]) - 1)
        return Token(Kind.STRING, value, at), end
    return Token(_KINDS[kind or ""], word[0], at), word.end()


def _ends_a_value(token: Token) -> bool:
    return token.kind in (Kind.NAME, Kind.STRING, Kind.NUMBER) or token.is_mark("}")


def _refusal(character: str) -> str:
    if name := _UNSUPPORTED.get(character):
        return f"{name} not supported yet"
    return f"unexpected character {character!r} (field names other than letters, digits, _ and $ are written in quotes)"
