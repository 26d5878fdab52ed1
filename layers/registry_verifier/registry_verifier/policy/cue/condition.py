"""A condition on a signed statement: read once when the policy is loaded, checked on each statement."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from registry_verifier.models import Json
from registry_verifier.policy.cue import syntax
from registry_verifier.policy.cue.demands import Demand, Struct, shown

_PLAIN_NAME = re.compile(r"[A-Za-z$][A-Za-z0-9_$]{0,80}\Z")
_MISSING = object()


@dataclass(frozen=True)
class CueCondition:
    """A condition in CUE; equal to another where the text is the same. `read` makes one."""

    text: str
    demands: Struct = field(repr=False, compare=False)

    @classmethod
    def read(cls, text: str) -> CueCondition:
        """Compile it; CueProblem where a part cannot be evaluated."""
        return cls(text, syntax.parse(text))

    def check(self, statement: Json) -> str | None:
        """None where the statement meets every demand, else a sentence about the first that it does not.

        A field that is named here and missing there fails, which is stricter than CUE (see the package).
        """
        return _unmet(self.demands, statement, "")


def _unmet(demand: Demand, value: object, path: str) -> str | None:
    if value is _MISSING:
        return f"{path} is missing (expected {demand})"
    if isinstance(demand, Struct):
        return _unmet_field(demand, value, path)
    failed = next((check for check in demand.checks if not check.holds(value)), None)
    return None if failed is None else f"{path} is {shown(value)} (expected {failed})"


def _unmet_field(demand: Struct, value: object, path: str) -> str | None:
    if not isinstance(value, Mapping):
        return f"{path or 'statement'} is {shown(value)} (expected an object)"
    unmet = (_unmet(inner, value.get(name, _MISSING), _join(path, name)) for name, inner in demand.fields.items())
    return next(filter(None, unmet), None)


def _join(path: str, name: str) -> str:
    word = name if _PLAIN_NAME.match(name) else json.dumps(name[:80])
    return f"{path}.{word}" if path else word
