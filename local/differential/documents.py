"""Documents that are made up from a seed: small, of few names and values, so that conditions often nearly hold."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

NAMES = ("a", "b", "c", "d", "e")
SCALARS: tuple[Any, ...] = (
    0,
    1,
    2,
    5,
    -1,
    1.0,
    1.5,
    2.5,
    "",
    "x",
    "y",
    "xy",
    "v1.2",
    True,
    False,
    None,
    "2022-04-15T17:10:27Z",
)
_DEPTH = 3


def document(dice: Random) -> dict[str, Any]:
    """An object of objects, lists and values."""
    return {name: value(dice, 1) for name in dice.sample(NAMES, dice.randint(2, 4))}


def value(dice: Random, depth: int) -> Any:
    """A value, seldom deep."""
    turn = dice.random()
    if depth >= _DEPTH or turn < 0.5:
        return dice.choice(SCALARS)
    if turn < 0.75:
        return {name: value(dice, depth + 1) for name in dice.sample(NAMES, dice.randint(0, 3))}
    if turn < 0.9:
        return [value(dice, depth + 1) for _ in range(dice.randint(0, 3))]
    return [{"a": dice.choice(SCALARS), "b": dice.choice(SCALARS)} for _ in range(dice.randint(1, 3))]


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
        if not isinstance(place[key], dict | list) or dice.random() < 0.35:
            _replace(dice, place, key)
            return
        place = place[key]


def _add(dice: Random, place: Any) -> None:
    if isinstance(place, dict):
        place[dice.choice((*NAMES, "f", "#a", "_a"))] = value(dice, 2)
    else:
        place.append(value(dice, 2))


def _replace(dice: Random, place: Any, key: Any) -> None:
    if dice.random() < 0.4:
        del place[key]
    else:
        place[key] = value(dice, 2)
