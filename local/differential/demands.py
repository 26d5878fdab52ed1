"""Demands on values without parts, that a given one probably meets: types, limits, expressions, functions."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

_MOMENTS = ("2022-04-15T17:10:27Z", "2049-10-09T17:10:27Z", "2001-01-01T00:00:00.5+01:00")


def literal(value: Any) -> str:
    """A value as CUE has it."""
    return json.dumps(value, ensure_ascii=False)


def on_scalar(dice: Random, value: Any) -> str:
    """A demand on a value."""
    if value is None or isinstance(value, bool):
        return dice.choice((literal(value), literal(value), "_", "null" if value is None else "bool"))
    return _on_text(dice, value) if isinstance(value, str) else _on_number(dice, value)


def _on_text(dice: Random, value: str) -> str:
    quoted = literal(value)
    turn = dice.randrange(12)
    if turn == 0:
        return f"strings.{dice.choice(('MinRunes', 'MaxRunes'))}({dice.randint(0, 3)})"
    if turn == 1:
        return f"strings.{dice.choice(('HasPrefix', 'HasSuffix', 'Contains'))}({literal(value[:1])})"
    if turn == 2:
        return dice.choice(("time.Time", f"<{_moment(dice)}", f">={_moment(dice)}"))
    if turn == 3:
        return dice.choice((f">={quoted}", f"<={quoted}", f"!={literal(dice.choice(('x', 'z')))}", '<"y"'))
    if turn == 4:
        return _on_text_by_expression(dice, value)
    if turn == 5:
        return dice.choice((f"strings.ToLower({quoted})", f"strings.TrimSpace({quoted})", f'"" + {quoted}'))
    return dice.choice(("string", "_", *(quoted,) * 4))


def _moment(dice: Random) -> str:
    return f'time.Parse(time.RFC3339, "{dice.choice(_MOMENTS)}")'


def _on_text_by_expression(dice: Random, value: str) -> str:
    start = literal("^" + re.escape(value[:1]))
    return dice.choice(
        (f"=~{start}", f"!~{start}", '!~"z"', '=~"^(x|y|v.*)?$"', '=~"[0-9]"', '=~"(?i)^X"', '=~#"^\\w*$"#')
    )


def _on_number(dice: Random, value: float) -> str:
    text = literal(value)
    kind = "int" if isinstance(value, int) else "float"
    limits = (
        f">={text}",
        f"<={text}",
        f">{dice.choice((0, 1, 2))}",
        f"<{dice.choice((1.5, 2, 6))}",
        f"!={dice.choice((0, 1, 1.0))}",
    )
    turn = dice.randrange(9)
    if turn < 2:
        return dice.choice(limits)
    if turn == 2:
        return f"{dice.choice(limits)} & {dice.choice((*limits, kind, 'number'))}"
    if turn == 3:
        return dice.choice(
            (
                f"({text} + 0)",
                f"-({literal(-value)})",
                f"{text} * 1",
                f"{text} / 1",
                f"{dice.choice(('div', 'mod'))}({round(value)}, 1)",
            )
        )
    return dice.choice((kind, "number", "uint8", "int64", *(text,) * 4))


def on_whole_list(dice: Random, scalar: str) -> str:
    """A demand on a list by a function."""
    return dice.choice(
        (
            f"list.MinItems({dice.randint(0, 3)})",
            f"list.MaxItems({dice.randint(0, 3)})",
            "list.UniqueItems",
            f"list.Contains({scalar})",
        )
    )


def question(dice: Random, path: str, value: Any) -> str:
    """A boolean about the value at a path."""
    if isinstance(value, dict | list):
        return f"len({path}) {dice.choice(('<', '>', '==', '>=', '!='))} {dice.randint(0, 3)}"
    if isinstance(value, bool):
        return dice.choice((path, f"!{path}", f"{path} == true"))
    if value is None or dice.random() < 0.1:
        return f"{path} {dice.choice(('==', '!='))} {dice.choice(('null', '_|_'))}"
    if isinstance(value, str) and dice.random() < 0.4:
        return _question_of_text(dice, path)
    return f"{path} {dice.choice(('==', '!=', '<', '>='))} {literal(value)}"


def _question_of_text(dice: Random, path: str) -> str:
    return dice.choice(
        (
            f'strings.HasPrefix({path}, "x")',
            f'strings.Contains({path}, "x")',
            f'{path} =~ "^[xv]"',
            f'{path} !~ "y$"',
            f'regexp.Match("x.?", {path})',
            f'list.Contains(["x", "y"], {path})',
        )
    )
