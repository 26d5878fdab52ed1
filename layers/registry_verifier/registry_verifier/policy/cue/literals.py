r"""CUE string literals: `"…"` with escapes, and `#"…"#` where a backslash is a backslash unless `#` follows it."""

from __future__ import annotations

import re

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


def read(text: str, start: int, hashes: int) -> tuple[str, int]:
    """The value of the literal whose `#…"` begins at `start` with so many hashes, and the offset behind it.

    Raises CueProblem for interpolation, several lines, an unknown escape, and what is not Unicode.
    """
    closing, escape = '"' + "#" * hashes, "\\" + "#" * hashes
    if text.startswith('"""', start + hashes):
        raise CueProblem(start, "strings of several lines are not supported yet")
    at, parts = start + hashes + 1, list[str]()
    while not text.startswith(closing, at):
        if at >= len(text) or text[at] in "\r\n":
            raise CueProblem(start, "string does not end on its line")
        part, at = _escaped(text, at, len(escape)) if text.startswith(escape, at) else (text[at], at + 1)
        parts.append(part)
    return _unicode("".join(parts), start), at + len(closing)


def _escaped(text: str, at: int, length: int) -> tuple[str, int]:
    """The character that the escape at `at` stands for, and the offset behind it."""
    behind = at + length
    letter = text[behind : behind + 1]
    if letter in _SIMPLE:
        return _SIMPLE[letter], behind + 1
    if code := _CODE_POINT.match(text, behind):
        return _character(int(code[0][1:], 16), at), code.end()
    if letter == "(":
        raise CueProblem(at, "interpolation is not supported yet")
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
