"""The shape of a regular expression: where it is anchored, and which literals it has. One pass, no backtracking.

The expression compiled before, so RE2 (google/re2, doc/syntax.txt) vouches for its brackets; nothing is matched here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

_TOKEN = re.compile(
    r"""
      \\Q(?P<quoted>.*?)(?:\\E|\Z)
    | \\(?:x\{(?P<braced>[0-9A-Fa-f]{1,6})\}|x(?P<hex>[0-9A-Fa-f]{2}))
    | (?P<category>\\[pP](?:\{[^}]*\}|.))
    | \\(?P<escape>.)
    | (?P<set>\[\^?\]?(?>\\.|\[:\^?[a-z]+:\]|[^\]\\])*\])
    | (?P<flags>\(\?[a-zA-Z-]+\))
    | (?P<open>\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*:))?)
    | (?P<other>.)
    """,
    re.DOTALL | re.VERBOSE,
)
_QUANTIFIER = re.compile(r"(?P<kind>[*+?]|\{(?P<least>[0-9]+)(?P<more>,[0-9]*)?\})\??")
_KINDS = {")": "close", "|": "or", "^": "begin", "$": "end", ".": "dot"}
_ESCAPES = {"A": "begin", "z": "end", "b": "", "B": "", **dict.fromkeys("dDsSwW", "set")}
_LITERAL_LIMIT = 80
_WORD = re.compile(r"[A-Za-z0-9_-]\Z")


class End(IntEnum):
    """How one end of an expression is held, the worst last."""

    ANCHORED = 0
    FREE = 1
    """by `.*`, on purpose"""
    OPEN = 2
    """by nothing: anything may stand before or after"""


@dataclass(frozen=True)
class Token:
    """One piece: `literal`, `dot`, `set`, `begin`, `end`, `open`, `close` or `or`."""

    kind: str
    text: str = ""
    """of a literal"""
    optional: bool = False
    """it may be absent"""
    repeated: bool = False
    """it may stand more often than once"""

    @property
    def plain(self) -> bool:
        """A literal or a bare dot that stands exactly once."""
        return self.kind in ("literal", "dot") and not self.optional and not self.repeated


_STOP = Token("or")


@dataclass(frozen=True)
class Shape:
    """What can be told of an expression without matching anything."""

    start: End
    end: End
    tokens: tuple[Token, ...]

    @property
    def dotted(self) -> tuple[str, ...]:
        """The words in which a bare dot stands between letters or digits, such as `github.com`, as escaped ones."""
        return tuple(dict.fromkeys(_dotted(self.tokens)))

    @property
    def prefix(self) -> str:
        """The characters that it begins with, bare dots as they are; empty where it has alternatives or no anchor."""
        if self.start is not End.ANCHORED or self.tokens[0].kind != "begin" or self._has_alternatives:
            return ""
        return _literal(self.tokens[1:])

    @property
    def suffix(self) -> str:
        """The characters that it ends with, likewise."""
        if self.end is not End.ANCHORED or self.tokens[-1].kind != "end" or self._has_alternatives:
            return ""
        return _literal(tuple(reversed(self.tokens[:-1])))[::-1]

    def after(self, mark: str) -> Iterator[str]:
        """What is written behind each `mark`, as far as it is literal."""
        for index, token in enumerate(self.tokens):
            if token == Token("literal", mark):
                yield _literal(self.tokens[index + 1 : index + 1 + _LITERAL_LIMIT])

    @property
    def _has_alternatives(self) -> bool:
        depth = 0
        for token in self.tokens:
            depth += {"open": 1, "close": -1}.get(token.kind, 0)
            if token.kind == "or" and depth == 0:
                return True
        return False


@functools.lru_cache(maxsize=256)
def read(expression: str) -> Shape:
    """The shape of an expression that compiles."""
    tokens = tuple(_tokens(expression))
    return Shape(*_ends(tokens), tokens)


def _tokens(expression: str) -> Iterator[Token]:
    position = 0
    while position < len(expression) and (match := _TOKEN.match(expression, position)):
        found = list(_pieces(match))
        position = match.end()
        if found and (quantifier := _QUANTIFIER.match(expression, position)):
            position = quantifier.end()
            found[-1] = _quantified(found[-1], quantifier)
        yield from found


def _pieces(match: re.Match[str]) -> Iterator[Token]:
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    if kind in ("quoted", "other"):
        yield from (Token(_KINDS[c]) if kind == "other" and c in _KINDS else Token("literal", c) for c in text)
    elif kind in ("braced", "hex"):
        yield Token("literal", chr(min(int(text, 16), 0x10FFFF)))
    elif kind == "escape":
        name = _ESCAPES.get(text, "literal")
        yield from [Token(name, text if name == "literal" else "")] if name else []
    elif kind in ("set", "category", "open"):
        yield Token("open" if kind == "open" else "set")


def _quantified(token: Token, quantifier: re.Match[str]) -> Token:
    kind, least = quantifier["kind"], quantifier["least"]
    optional = kind in "*?" or (least is not None and int(least) == 0)
    repeated = kind in "*+" or bool(quantifier["more"]) or (least is not None and int(least) > 1)
    return replace(token, optional=optional, repeated=repeated)


@dataclass(frozen=True)
class _Side:
    """One end of a token, a group or a whole: how it is held, whether it may be `.*`, and whether it may be empty."""

    held: End = End.OPEN
    free: bool = False
    empty: bool = False


_Item = tuple[_Side, _Side]
_SOMETHING = (_Side(), _Side())
_HELD, _EMPTY = _Side(End.ANCHORED, empty=True), _Side(empty=True)
_ANCHORS = {"begin": (_HELD, _EMPTY), "end": (_EMPTY, _HELD)}


def _ends(tokens: tuple[Token, ...]) -> tuple[End, End]:
    """Both ends, group by group, with a stack of our own: expressions nest deeper than Python may."""
    stack: list[list[list[_Item]]] = [[[]]]
    for token in tokens:
        if token.kind == "open":
            stack.append([[]])
        elif token.kind == "or":
            stack[-1].append([])
        elif token.kind == "close" and len(stack) > 1:
            start, end = _of_alternatives(stack.pop())
            stack[-1][-1].append((_loosened(start, token), _loosened(end, token)))
        else:
            stack[-1][-1].append(_of_token(token))
    start, end = _of_alternatives(stack[0])
    return start.held, end.held


def _of_token(token: Token) -> _Item:
    if token.kind == "dot" and token.repeated:
        side = _Side(End.FREE, free=True, empty=token.optional)
        return side, side
    start, end = _ANCHORS.get(token.kind, _SOMETHING)
    return (_loosened(start, token), _loosened(end, token)) if token.optional else (start, end)


def _loosened(side: _Side, token: Token) -> _Side:
    """What may be absent holds nothing."""
    if not token.optional:
        return side
    return _Side(End.FREE if side.held is End.FREE else End.OPEN, side.free, empty=True)


def _of_alternatives(alternatives: list[list[_Item]]) -> _Item:
    starts = [_of_sequence([start for start, _ in sequence]) for sequence in alternatives]
    ends = [_of_sequence([end for _, end in reversed(sequence)]) for sequence in alternatives]
    return _worst(starts), _worst(ends)


def _of_sequence(sides: list[_Side]) -> _Side:
    """From its first part; `^.*` is as free as `.*`, and so is `^a?.*`."""
    if not sides:
        return _EMPTY
    length = next((n for n, side in enumerate(sides) if not side.empty), len(sides) - 1) + 1
    free = any(side.free for side in sides[:length])
    return _Side(End.FREE if free else sides[0].held, free, empty=all(side.empty for side in sides))


def _worst(sides: list[_Side]) -> _Side:
    held = max(side.held for side in sides)
    return _Side(held, any(side.free for side in sides), empty=any(side.empty for side in sides))


def _literal(tokens: tuple[Token, ...]) -> str:
    characters = []
    for token in tokens:
        if not token.plain:
            break
        characters.append(token.text or ".")
    return "".join(characters)


def _dotted(tokens: tuple[Token, ...]) -> Iterator[str]:
    word, bare = "", False
    for before, token, after in zip((_STOP, *tokens), tokens, (*tokens[1:], _STOP), strict=False):
        if token.kind == "dot" and token.plain and _is_word(before) and _is_word(after):
            word, bare = word + r"\.", True
        elif _is_word(token) or token == Token("literal", "."):
            word += r"\." if token.text == "." else token.text
        else:
            yield from [word] if bare else []
            word, bare = "", False
    yield from [word] if bare else []


def _is_word(token: Token) -> bool:
    return token.kind == "literal" and _WORD.match(token.text) is not None
