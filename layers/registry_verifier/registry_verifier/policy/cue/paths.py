"""Paths of fields, for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from registry_verifier.policy.cue.labels import Hidden, Label

_PLAIN_NAME = re.compile(r"[A-Za-z$][A-Za-z0-9_$]{0,80}\Z")


def join(steps: Iterable[Label | int]) -> str:
    """`a.b[0]."c d"`, each part shortened and escaped."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += ("." if path else "") + _word(step)
    return path


def _word(label: Label) -> str:
    if isinstance(label, Hidden):
        return label.name[:80]
    return label if _PLAIN_NAME.match(label) else json.dumps(label[:80])
