r"""CUE literals: numbers, `"…"` with escapes, `#"…"#` with other escapes, and blocks of several lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from registry_verifier.policy.cue.problem import CueProblem

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "/": "/",
    "\\": "\\",
    '"': '"',
}
_CODE_POINT = re.compile(r"u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}")
_SURROGATE_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_LAST_LINE = re.compile(r"\n([ \t]*)\Z")
_WHOLE = re.compile(r"(0|[1-9](?:_?[0-9])*)(?:([KMGTP])(i?))?\Z")
_BASES = re.compile(r"0x[0-9a-fA-F](?:_?[0-9a-fA-F])*\Z|0o[0-7](?:_?[0-7])*\Z|0b[01](?:_?[01])*\Z")
_FRACTION = re.compile(r"(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?\Z|(?:0|[1-9][0-9]*)[eE][+-]?[0-9]{1,3}\Z")
_DIGITS_LIMIT = 100
_PRECISION = 34  # what CUE's own decimals keep


@dataclass(frozen=True)
class Quote:
    """How a string is quoted: the number of `#`, and whether it has several lines."""

    hashes: int
    block: bool = False

    @property
    def closing(self) -> str:
        """What ends it."""
        return ('"""' if self.block else '"') + "#" * self.hashes

    @property
    def escape(self) -> str:
        """What an escape begins with."""
        return "\\" + "#" * self.hashes


def number(text: str, at: int) -> int | Decimal:
    """The value of a number; CueProblem for a form that is not taken."""
    whole = _WHOLE.match(text)
    if whole and len(whole[1]) <= _DIGITS_LIMIT:
        power = "KMGTP".index(whole[2]) + 1 if whole[2] else 0
        return int(whole[1].replace("_", "")) * int((1024 if whole[3] else 1000) ** power)
    if _BASES.match(text) and len(text) <= _DIGITS_LIMIT:
        return int(text.replace("_", ""), 0)
    if _FRACTION.match(text) and len(re.split("[eE]", text)[0]) <= _PRECISION:
        return Decimal(text)
    raise CueProblem(at, f"number {text[:80]!r} is not supported (expected up to {_DIGITS_LIMIT} plain digits)")


def piece(text: str, start: int, quote: Quote) -> tuple[str, int, bool]:
    """The string from `start` up to its end or to an interpolation; the offset behind that, and whether it ended.

    Raises CueProblem for an unknown escape, what is not Unicode, and a string that never ends.
    """
    at, parts = start, list[str]()
    while not text.startswith(quote.closing, at):
        if at >= len(text) or (not quote.block and text[at] in "\r\n"):
            raise CueProblem(start, "string does not end" + ("" if quote.block else " on its line"))
        if text.startswith(quote.escape + "(", at):
            if quote.block:
                raise CueProblem(at, "interpolation in strings of several lines is not supported")
            return _unicode("".join(parts), start), at + len(quote.escape) + 1, False
        escaped = text.startswith(quote.escape, at)
        part, at = _escaped(text, at, len(quote.escape)) if escaped else (text[at], at + 1)
        parts.append(part)
    return _unicode("".join(parts), start), at + len(quote.closing), True


def block(text: str, start: int, quote: Quote) -> tuple[str, int]:
    """The value of a string of several lines, whose own lines begin at `start`, and the offset behind it.

    The white space before the closing quotes is taken from the beginning of each line.
    """
    end = text.find(quote.closing, start)
    raw = text[start:end] if end >= 0 else ""
    last = _LAST_LINE.search("\n" + raw)
    if end < 0 or last is None or "\r" in raw:
        raise CueProblem(start, "string of several lines does not end on a line of its own")
    lines = ("\n" + raw)[: last.start()].split("\n")[1:]
    if any(line and not line.startswith(last[1]) for line in lines):
        raise CueProblem(start, "string of several lines is indented less than its closing quotes")
    body = "\n".join(line.removeprefix(last[1]) for line in lines)
    value, _, _ = piece(body + quote.closing, 0, quote)
    return value, end + len(quote.closing)


def _escaped(text: str, at: int, length: int) -> tuple[str, int]:
    """The character that the escape at `at` stands for, and the offset behind it."""
    behind = at + length
    letter = text[behind : behind + 1]
    if letter in _SIMPLE:
        return _SIMPLE[letter], behind + 1
    if code := _CODE_POINT.match(text, behind):
        return _character(int(code[0][1:], 16), at), code.end()
    raise CueProblem(at, f"unknown escape {text[at : behind + 1]!r} in a string (a backslash itself is written twice)")


def _character(code_point: int, at: int) -> str:
    if code_point > 0x10FFFF:
        raise CueProblem(at, f"no character has the number {code_point:x}")
    return chr(code_point)


def _unicode(value: str, start: int) -> str:
    paired = _SURROGATE_PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), value)
    if any("\ud800" <= character <= "\udfff" for character in paired):
        raise CueProblem(start, "string has half of a surrogate pair")
    return paired
