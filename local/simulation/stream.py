"""The table's stream with the one function behind it: in order for each key, again and again until it is told.

AWS Lambda Developer Guide, "Process DynamoDB records with Lambda"; the numbers are those of `template.yaml`.
"""

from __future__ import annotations

import zlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from local.simulation.guard import Guard, Killed
from local.simulation.loop import VirtualLoop
from local.simulation.table import Item, nothing

SHARDS = 4
BATCH = 10
AGE_LIMIT = 72_000.0
_SLOWEST = 60.0


@dataclass(frozen=True)
class Change:
    """One record of the stream."""

    old: Item | None
    new: Item
    at: float


Consumer = Callable[[Sequence[Change]], int]
"""takes a batch of one shard and returns how many it told, from the first on"""


class Stream:
    """Records of changed states, by shard."""

    def __init__(self, loop: VirtualLoop, rng: Random, guard: Guard, *, doubled: float = 0.0) -> None:
        self.counts: Counter[str] = Counter()
        self.dead: list[Change] = []
        self.consumer: Consumer | None = None
        self.killed: Callable[[], None] = nothing
        """what happens when the process is killed that had a batch in hand"""
        self._loop, self._rng, self._guard, self._doubled = loop, rng, guard, doubled
        self._shards = [deque[Change]() for _ in range(SHARDS)]
        self._failures = [0] * SHARDS
        self._awake = [False] * SHARDS

    def changed(self, old: Item | None, new: Item) -> None:
        """What the table says of each write; the filter of the template lets states through."""
        if new["SK"]["S"] != "STATE":
            return
        number = zlib.crc32(new["PK"]["S"].encode()) % SHARDS
        self._shards[number].append(Change(old, new, self._loop.time()))
        self._wake(number, self._rng.uniform(0.2, 1.5))

    @property
    def waiting(self) -> int:
        """Records that nobody took yet."""
        return sum(map(len, self._shards))

    def _consumed(self, batch: Sequence[Change]) -> int:
        """How many records are told; none of them where the process was killed, whatever it did."""
        assert self.consumer
        try:
            done = self.consumer(batch)
            return self._guard.write("answer to the stream", lambda: done)
        except Killed:
            self.killed()
            return 0

    def _wake(self, number: int, seconds: float) -> None:
        if not self._awake[number]:
            self._awake[number] = True
            self._loop.call_later(seconds, self._take, number)

    def _take(self, number: int) -> None:
        self._awake[number] = False
        shard = self._shards[number]
        while shard and self._loop.time() - shard[0].at > AGE_LIMIT:
            self.dead.append(shard.popleft())
        if not shard:
            return
        batch = list(shard)[:BATCH]
        done = self._consumed(batch)
        self.counts["batches"] += 1
        if done == len(batch) and self._rng.random() < self._doubled:
            self.counts["doubled"] += 1  # the function was ended after its work, before Lambda heard of it
            self._wake(number, 1)
            return
        for _ in range(done):
            shard.popleft()
        self._failures[number] = 0 if done == len(batch) else self._failures[number] + 1
        self.counts["came back"] += done < len(batch)
        if shard:
            self._wake(number, min(2.0 ** self._failures[number], _SLOWEST) if self._failures[number] else 0.2)
