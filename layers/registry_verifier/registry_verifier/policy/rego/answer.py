"""Reading what `isCompliant` says, as policy-controller does: true, or entries with result, warning and error.

A warning is told, and what it is told about does not hold. Names of an entry's members count in any case, and null is
as good as absent: so reads Go's encoding/json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry_verifier.policy.rego.problem import shown

_KINDS = {"result": bool, "warning": str, "error": str}


@dataclass(frozen=True)
class Entry:
    """One entry of a list that `isCompliant` may say."""

    result: bool = False
    warning: str = ""
    error: str = ""


def unmet(answers: Sequence[Any]) -> str | None:
    """None where the answer is a yes, else one sentence. No answer is an undefined one."""
    if not answers:
        return "isCompliant is undefined (expected true)"
    answer = answers[0]
    if isinstance(answer, list):
        return _unmet_entries(answer)
    return None if answer is True else f"isCompliant is {_cut(answer)} (expected true)"


def _unmet_entries(entries: Sequence[Any]) -> str | None:
    """The first entry whose result is true decides; otherwise the last one says why."""
    sentence = "isCompliant has no entry (expected one whose result is true)"
    for value in entries:
        entry = _entry(value)
        if entry is None:
            return f"isCompliant has the entry {_cut(value)} (expected result, warning and error)"
        if entry.result:
            return f"isCompliant warns: {shown(entry.warning)}" if entry.warning else None
        sentence = f"isCompliant says: {shown(entry.error) or 'result is false'}"
    return sentence


def _entry(value: Any) -> Entry | None:
    """The entry; None where it is no object, or a member of it has another type."""
    if not isinstance(value, Mapping):
        return None
    members = [(name.casefold(), member) for name, member in sorted(value.items()) if member is not None]
    known = [(name, member) for name, member in members if name in _KINDS]
    if any(not isinstance(member, _KINDS[name]) for name, member in known):
        return None
    return Entry(**dict(known))


def _cut(value: Any) -> str:
    return json.dumps(value)[:80]
