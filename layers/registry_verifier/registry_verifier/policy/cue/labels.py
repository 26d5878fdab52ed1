"""What fields are called, and what values have no parts."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

Scalar = str | int | Decimal | bool | None
"""a value without parts; Decimal is CUE's float, exactly as written"""


class Hidden(NamedTuple):
    """The label of a definition or of a hidden field: no key of a document is equal to it."""

    name: str

    @property
    def is_definition(self) -> bool:
        """Whether what it holds is closed."""
        return self.name.startswith(("#", "_#"))


Label = str | Hidden
