"""JSON by strangers: an object, or nothing."""

from __future__ import annotations

import json
from typing import Any


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; an empty one where it is anything else, or can be read in two ways."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
