"""A JSON document as Go writes it again: policy-controller's conditions see numbers that have been 64-bit floats."""

from __future__ import annotations

from typing import Any

from registry_verifier.models import Json

_EXACT = 1 << 53
_PLAIN = 1e21  # encoding/json writes larger floats with an exponent
_DEPTH_LIMIT = 200


def as_go(document: Json) -> Json:
    """The document after json.Unmarshal and json.Marshal: `12.0` is 12. What is nested very deep is left as it is."""
    written = _written(document, _DEPTH_LIMIT)
    return written if isinstance(written, dict) else {}


def _written(value: Any, depth: int) -> Any:
    if isinstance(value, dict) and depth:
        return {name: _written(inner, depth - 1) for name, inner in value.items()}
    if isinstance(value, list) and depth:
        return [_written(inner, depth - 1) for inner in value]
    return _number(value) if type(value) in (int, float) else value


def _number(value: float) -> float:
    if isinstance(value, int) and -_EXACT <= value <= _EXACT:
        return value
    try:
        rounded = float(value)
    except OverflowError:
        return value
    return int(rounded) if rounded.is_integer() and abs(rounded) < _PLAIN else rounded
