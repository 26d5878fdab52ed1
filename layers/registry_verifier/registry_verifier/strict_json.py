"""JSON from strangers: one reading only, so that two parsers cannot see two documents."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

_VALUES_LIMIT = 400_000  # an SBOM of 16 MB has 150,000; each takes a hundred bytes of memory and more
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(raw: bytes | str, *, half_characters: bool = False) -> Any:
    """Read UTF-8 JSON; ValueError for duplicate keys, NaN and infinities, or nesting too deep.

    Lone surrogates are refused too, unless `half_characters` says that texts may have been cut anywhere.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        if text.count("[") + text.count("{") > _VALUES_LIMIT:
            raise ValueError(f"json has more than {_VALUES_LIMIT} lists and objects")
        value = json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_refuse, parse_float=_finite)
        if not half_characters and _SURROGATE.search(
            text
        ):  # half a character: what cannot be written cannot be compared or stored either
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except RecursionError:
        raise ValueError("json is nested too deep") from None


def parse_object(raw: bytes | str, *, half_characters: bool = False) -> dict[str, Any]:
    """Read a JSON object; ValueError where it is anything else."""
    value = parse(raw, half_characters=half_characters)
    if not isinstance(value, dict):
        raise ValueError(f"expected a json object, got {type(value).__name__}")
    return value


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"json key stands twice: {key[:80]!r}")
        result[key] = value
    return result


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"json number is out of range: {text[:80]}")
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"json has no {constant}")
