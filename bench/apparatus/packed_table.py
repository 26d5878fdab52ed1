"""The simulated table with a million items in it: an item is its values alone, and what they are called is shared."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, Self

from local.simulation.table import INDEXES, Item, Key, Table, index_keys

_LAST = "\U0010ffff"
_SHAPES: dict[tuple[tuple[str, str], ...], Mapping[str, tuple[int, str]]] = {}


class Packed(Mapping[str, Any]):
    """An item in a third of the memory."""

    __slots__ = ("_places", "_values")

    def __init__(self, item: Mapping[str, Any]) -> None:
        parts = [(name, *next(iter(value.items()))) for name, value in item.items()]
        shape = tuple((name, kind) for name, kind, _ in parts)
        if shape not in _SHAPES:
            _SHAPES[shape] = {name: (number, kind) for number, (name, kind) in enumerate(shape)}
        self._places = _SHAPES[shape]
        self._values = tuple(plain for _, _, plain in parts)

    def texts(self) -> Iterator[tuple[int, str]]:
        """The values that are texts, with their places."""
        for number, kind in self._places.values():
            if kind == "S":
                yield number, self._values[number]

    def copy(self, texts: Mapping[int, str]) -> Self:
        """The same with other texts in some places."""
        values = list(self._values)
        for place, text in texts.items():
            values[place] = text
        made = object.__new__(type(self))
        made._places, made._values = self._places, tuple(values)
        return made

    def __getitem__(self, name: str) -> Any:
        number, kind = self._places[name]
        return {kind: self._values[number]}

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class PackedTable(Table):
    """As the simulated table; a partition is put in order once, and a query looks at no more than it asks for."""

    def __init__(self) -> None:
        super().__init__()
        self._ordered: dict[tuple[str | None, str], list[tuple[str, Key]]] = {}

    def add(self, item: Packed) -> None:
        """Keep an item that was not there before, at no cost."""
        kept: Any = item
        key = item["PK"]["S"], item["SK"]["S"]
        self._partitions[key[0]][key[1]] = kept
        for index in INDEXES:
            if f"{index}PK" in item:
                self._indexes[index, item[f"{index}PK"]["S"]][key] = 0.0

    def _stored(self, item: Item) -> Packed:
        self._ordered.clear()
        return Packed(item)

    def _listed(self, index: str | None, partition: str, how: Mapping[str, Any]) -> list[Item]:
        """The items that can be in the answer: near its bounds, and little more than its limit."""
        values = {name: value["S"] for name, value in how["ExpressionAttributeValues"].items()}
        low = next((values[name] for name in (":low", ":after", ":since", ":prefix") if name in values), "")
        high = next((values[name] for name in (":high", ":before") if name in values), _LAST)
        places = self._in_order(index, partition)
        inside = places[bisect_left(places, (low,)) : bisect_right(places, (high, (_LAST, _LAST)))]
        found = (self._find(key) for _, key in _near(inside, how))
        return [index_keys(item, index) if index else item for item in found if item]

    def _in_order(self, index: str | None, partition: str) -> list[tuple[str, Key]]:
        if (index, partition) not in self._ordered:
            keys = self._indexes.get((index, partition), ()) if index else self._own_keys(partition)
            sort_key = f"{index}SK" if index else "SK"
            found = ((item[sort_key]["S"], key) for key in keys if (item := self._find(key)))
            self._ordered[index, partition] = sorted(found)
        return self._ordered[index, partition]

    def _own_keys(self, partition: str) -> Iterator[Key]:
        return ((partition, sort_key) for sort_key in self._partitions.get(partition, ()))


def _near(places: list[tuple[str, Key]], how: Mapping[str, Any]) -> list[tuple[str, Key]]:
    """The places that a query reads, and two more: a bound that is left out, and one that says that there is more."""
    if "Limit" not in how or "ExclusiveStartKey" in how:
        return places
    room = how["Limit"] + 2
    return places[:room] if how.get("ScanIndexForward", True) else places[-room:]
