"""What DynamoDB charges for: write units of 1 KB, read units of 4 KB, and a write for each index that changes.

Amazon DynamoDB Developer Guide, "Read and write capacity units" and "Item sizes and formats".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Item = Mapping[str, Any]

_WRITE = 1024
_READ = 4096


class Stored(dict[str, Any]):
    """An item as the table keeps it, weighed once."""

    def __init__(self, item: Item) -> None:
        super().__init__(item)
        self.bytes = size(item)


@dataclass
class Bill:
    """Units so far, by what they were for."""

    written: Counter[str] = field(default_factory=Counter)
    """write units, by the first word of the sort key, and by the index's name"""
    read: Counter[str] = field(default_factory=Counter)
    """read units in halves: an eventually consistent read of 4 KB is one"""
    calls: Counter[str] = field(default_factory=Counter)

    def write(self, items: Iterable[Item | None], *, times: int = 1) -> None:
        """One write of an item, by the larger of what was and what is; a transaction costs twice."""
        found = [item for item in items if item]
        units = max(math.ceil(size(item) / _WRITE) for item in found)
        self.written[word(found[0])] += units * times

    def index(self, name: str, count: int) -> None:
        """Writes to an index that holds keys only."""
        self.written[name] += count

    def look(self, name: str, items: Iterable[Item], *, consistent: bool, together: bool = False) -> None:
        """Reads; the items of a query count together, those of other calls each for itself, what is missing as one."""
        sizes = [size(item) for item in items]
        units = math.ceil(sum(sizes) / _READ) or 1 if together else sum(math.ceil(one / _READ) for one in sizes)
        self.read[name] += units * (2 if consistent else 1)

    @property
    def write_units(self) -> int:
        """All of them."""
        return self.written.total()

    @property
    def read_units(self) -> float:
        """All of them."""
        return self.read.total() / 2


def word(item: Item) -> str:
    """What kind of item it is: the first word of its sort key, or its partition where that holds one kind only."""
    partition, sort_key = item["PK"]["S"], item["SK"]["S"]
    return str(sort_key if partition.startswith("IMG#") else f"{partition}#{sort_key}").partition("#")[0]


def size(item: Item) -> int:
    """The bytes of an item, names included."""
    return item.bytes if isinstance(item, Stored) else sum(len(name) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, plain),) = value.items()
    if kind == "S":
        return len(plain) if plain.isascii() else len(plain.encode())
    if kind == "N":
        return len(plain) // 2 + 2
    if kind == "L":
        return 3 + sum(1 + _size(one) for one in plain)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _size(one) for name, one in plain.items())
    if kind in ("BOOL", "NULL"):
        return 1
    return len(plain)
