"""The words of a CUE text. A newline behind a value ends the field, as in Go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lark import Token

from registry_verifier.policy.cue import literals
from registry_verifier.policy.cue.limits import DEPTH
from registry_verifier.policy.cue.literals import Quote
from registry_verifier.policy.cue.problem import CueProblem

_WORDS_LIMIT = 20_000
_WORD = re.compile(
    r"""
    (?P<space>(?:[ \t]|\r(?=\n)|//[^\n]*)+)
    | (?P<line>\n)
    | (?P<quote>\#*\"(?:\"\"(?=\r?\n))?)
    | (?P<bottom>_\|_)
    | (?P<name>(?:_?\#)?[A-Za-z_$][A-Za-z0-9_$]*)
    | (?P<number>\.?[0-9](?:[0-9A-Za-z_.]|(?<=[eE])[+-])*)
    | (?P<mark>\.\.\.|=~|!~|!=|==|<=|>=|&&|\|\||[{}()\[\]:,+\-*/&|!?<>=.])
    """,
    re.VERBOSE,
)
_MARKS = {
    "...": "ELLIPSIS",
    "=~": "RELATION",
    "!~": "RELATION",
    "!=": "RELATION",
    "==": "EQUAL",
    "<=": "RELATION",
    ">=": "RELATION",
    "&&": "BOTH",
    "||": "EITHER",
    "{": "OPEN_BRACE",
    "}": "_CLOSE_BRACE",
    "(": "_OPEN",
    ")": "_CLOSE",
    "[": "_OPEN_LIST",
    "]": "_CLOSE_LIST",
    ":": "_COLON",
    ",": "_COMMA",
    "+": "SIGN",
    "-": "SIGN",
    "*": "STAR",
    "/": "SLASH",
    "&": "_AND",
    "|": "_OR",
    "!": "_NOT",
    "?": "_OPTIONAL",
    "<": "RELATION",
    ">": "RELATION",
    "=": "_IS",
    ".": "_DOT",
}
_KEYWORDS = {"for": "_FOR", "in": "_IN", "if": "_IF", "let": "_LET", "import": "_IMPORT", "package": "_PACKAGE"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_ENDS_A_VALUE = frozenset(
    ("NAME", "STRING", "END_STRING", "VALUE", "CONSTANT", "BOTTOM", "_CLOSE_BRACE", "_CLOSE", "_CLOSE_LIST", "ELLIPSIS")
)
_CLOSES = {"_CLOSE_BRACE": "OPEN_BRACE", "_CLOSE": "_OPEN", "_CLOSE_LIST": "_OPEN_LIST"}
_CALLED = {"OPEN_BRACE": "brace", "_OPEN": "parenthesis", "_OPEN_LIST": "bracket"}


def scan(text: str) -> list[Token]:
    """The words of `text` in order; raises CueProblem at the first that is none, and where brackets do not fit."""
    tokens = list(_Scanner(text).tokens())
    _pair(tokens)
    for token, ahead, behind in zip(tokens, tokens[1:], [*tokens[2:], Token("END", "")], strict=False):
        is_label = ahead.type == "_COLON" or (ahead.type in ("_OPTIONAL", "_NOT") and behind.type == "_COLON")
        if is_label and token.type in ("_FOR", "_IN", "_IF", "_LET", "CONSTANT"):
            token.type = "NAME"
    for token in tokens:
        if token.type == "CONSTANT":
            token.type = "VALUE"
    return tokens


@dataclass
class _Scanner:
    text: str
    at: int = 0
    last: str = "_COMMA"
    count: int = 0
    strings: list[tuple[int, Quote]] = field(default_factory=list)
    """the strings in whose interpolation we are: how many parentheses are open in it, and how it is quoted"""
    parentheses: int = 0

    def tokens(self) -> Iterator[Token]:
        while self.at < len(self.text):
            token = self._next()
            if token is None or (_is_line(token) and self.last not in _ENDS_A_VALUE):
                continue
            self.last = token.type
            self.count += 1
            if self.count > _WORDS_LIMIT:
                raise CueProblem(self.at, f"condition has more than {_WORDS_LIMIT} words")
            yield token
        if self.strings:
            raise CueProblem(len(self.text), "interpolation is never closed")
        if self.last in _ENDS_A_VALUE:
            yield Token("_COMMA", "", len(self.text))

    def _next(self) -> Token | None:
        start, word = self.at, _WORD.match(self.text, self.at)
        if word is None:
            raise CueProblem(start, _refusal(self.text[start]))
        self.at = word.end()
        kind = word.lastgroup or ""
        if kind == "space":
            return None
        if kind == "line":
            return Token("_COMMA", "\n", start)
        if kind == "quote":
            return self._string(start, word[0])
        if kind == "mark":
            return self._mark(start, word[0])
        return _plain(kind, word[0], start)

    def _string(self, start: int, opening: str) -> Token:
        quote = Quote(opening.count("#"), opening.endswith('"""'))
        if quote.block:
            value, self.at = literals.block(self.text, self.text.index("\n", self.at) + 1, quote)
            return _token("STRING", value, start)
        return self._piece(start, quote, "STRING", "OPEN_STRING")

    def _piece(self, start: int, quote: Quote, ended: str, goes_on: str) -> Token:
        try:
            value, self.at, is_end = literals.piece(self.text, self.at, quote)
        except CueProblem as problem:
            raise CueProblem(start if problem.offset == self.at else problem.offset, str(problem)) from None
        if not is_end:
            self.strings.append((self.parentheses, quote))
        return _token(ended if is_end else goes_on, value, start)

    def _mark(self, start: int, mark: str) -> Token:
        if mark == ")" and self.strings and self.strings[-1][0] == self.parentheses:
            _, quote = self.strings.pop()
            return self._piece(start, quote, "END_STRING", "NEXT_STRING")
        self.parentheses += (mark == "(") - (mark == ")")
        return Token(_MARKS[mark], mark, start)


def _plain(kind: str, word: str, start: int) -> Token:
    if kind == "number":
        return _token("VALUE", literals.number(word, start), start)
    if kind == "bottom":
        return Token("BOTTOM", word, start)
    if word in _CONSTANTS:
        return _token("CONSTANT", word, start)
    if word.startswith("__"):
        raise CueProblem(start, f"{word[:80]}: names that begin with __ are reserved")
    return Token(_KEYWORDS.get(word, "NAME"), word, start)


class Word(Token):
    """A word and what it stands for."""

    meaning: object


def _token(kind: str, meaning: object, start: int) -> Token:
    text = meaning if isinstance(meaning, str) else ""
    token = Word(kind, text, start)
    token.meaning = _CONSTANTS[text] if kind == "CONSTANT" else meaning
    return token


def _pair(tokens: list[Token]) -> None:
    """See that brackets fit and are not nested too deep; mark those of `[pattern]: value`."""
    opened, is_import = list[Token](), False
    for token, ahead in zip(tokens, [*tokens[1:], Token("END", "")], strict=False):
        is_import = token.type == "_IMPORT" or (is_import and bool(opened or token.type == "_OPEN"))
        if token.type in _CALLED:
            opened.append(token)
        if len(opened) > DEPTH:
            raise CueProblem(token.start_pos or 0, f"fields and expressions are nested more than {DEPTH} deep")
        is_list = bool(opened) and opened[-1].type in ("_OPEN_LIST", "_OPEN") and not is_import
        if _is_line(token) and is_list and ahead.type not in _CLOSES and ahead.type != "END":
            raise CueProblem(token.start_pos or 0, "expected a comma, got a new line")
        if token.type in _CLOSES and opened and opened[-1].type == _CLOSES[token.type]:
            opening = opened.pop()
            if token.type == "_CLOSE_LIST" and ahead.type == "_COLON":
                opening.type, token.type = "_OPEN_PATTERN", "_CLOSE_PATTERN"
    if opened:
        raise CueProblem(opened[-1].start_pos or 0, f"{_CALLED[opened[-1].type]} is never closed")


def _is_line(token: Token) -> bool:
    """Whether it is a comma only because the line ends."""
    return token.type == "_COMMA" and str(token) != ","


def _refusal(character: str) -> str:
    if character == "@":
        return "attributes are not supported"
    if character == "'":
        return "byte strings are not supported"
    return f"unexpected character {character!r} (field names other than letters, digits, _ and $ are written in quotes)"
