"""What single structs, lists and functions say of a value, kept until all of them are known."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from registry_verifier.policy.cue.closedness import Extent
from registry_verifier.policy.cue.labels import Label, Scalar
from registry_verifier.policy.cue.nodes import Conjunct, Data, Demand
from registry_verifier.policy.cue.values import shown


@dataclass(frozen=True)
class Judge:
    """A demand on a whole list or struct, by the function of that name."""

    path: str
    argument: Scalar = None

    def __str__(self) -> str:
        return self.path + ("" if self.argument is None else f"({shown(self.argument)})")


@dataclass(frozen=True)
class Fields:
    """What one struct allows."""

    labels: Container[Label]
    patterns: tuple[Conjunct, ...]
    is_open: bool
    extent: Extent


@dataclass(frozen=True)
class Items:
    """What one list demands: its elements, and what follows."""

    items: Sequence[Demand]
    rest: Conjunct | None = None
    is_open: bool = False


@dataclass(frozen=True)
class Given(Sequence[Data]):
    """The elements of a list of the document."""

    data: Data

    def __len__(self) -> int:
        return len(self.data.value)

    def __getitem__(self, index: Any) -> Any:
        return self.data.part(index)
