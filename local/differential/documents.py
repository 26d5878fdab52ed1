"""Documents that are made up from a seed: small, of few names and values, so that conditions often nearly hold."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

NAMES = ("a", "b", "c", "d", "e")
TOP = "predicate"
"""the one field of most documents: a word that no other has, hence all in it can be named from anywhere"""
_UNUSUAL = ("f", "#a", "_a", "x y", "\u00e9", "")
_PLAIN: tuple[Any, ...] = (0, 1, 2, 5, -1, 1.0, 1.5, 2.5, "", "x", "y", "xy", "v1.2", True, False, None)
_RARE: tuple[Any, ...] = (
    "2022-04-15T17:10:27Z",
    "2022-04-15T19:10:27.50+02:00",
    "X y",
    "\u00e9t\u00e9",
    "\U0001f600",
    "a\nb\\",
    "10",
    12345678901234567890123,
    -(2**63),
    0.1,
    -0.0,
    1e21,
    2.5e-7,
    300,
)
_DEPTH = 3


def scalar(dice: Random) -> Any:
    """A value without parts."""
    return dice.choice(_RARE if dice.random() < 0.25 else _PLAIN)


def document(dice: Random) -> dict[str, Any]:
    """An object of objects, lists and values."""
    found = {name: value(dice, 1) for name in dice.sample(NAMES, dice.randint(2, 4))}
    if dice.random() < 0.05:
        found[dice.choice(_UNUSUAL)] = scalar(dice)
    return {TOP: found} if dice.random() < 0.8 else found


def value(dice: Random, depth: int) -> Any:
    """A value, seldom deep."""
    turn = dice.random()
    if depth >= _DEPTH or turn < 0.5:
        return scalar(dice)
    if turn < 0.75:
        return {name: value(dice, depth + 1) for name in dice.sample(NAMES, dice.randint(0, 3))}
    if turn < 0.9:
        return [value(dice, depth + 1) for _ in range(dice.randint(0, 3))]
    return [{"a": scalar(dice), "b": scalar(dice)} for _ in range(dice.randint(1, 3))]


def changed(dice: Random, original: dict[str, Any]) -> dict[str, Any]:
    """The same with one or two things changed."""
    result = copy.deepcopy(original)
    for _ in range(dice.randint(1, 2)):
        _change(dice, result)
    return result


def _change(dice: Random, top: dict[str, Any]) -> None:
    place: Any = top
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys or dice.random() < 0.15:
            _add(dice, place)
            return
        key = dice.choice(keys)
        if not isinstance(place[key], dict | list) or (place is not top and dice.random() < 0.35):
            _replace(dice, place, key)
            return
        place = place[key]


def _add(dice: Random, place: Any) -> None:
    if isinstance(place, dict):
        place[dice.choice((*NAMES, *_UNUSUAL))] = value(dice, 2)
    else:
        place.append(value(dice, 2))


def _replace(dice: Random, place: Any, key: Any) -> None:
    if dice.random() < 0.4:
        del place[key]
    else:
        place[key] = value(dice, 2)
