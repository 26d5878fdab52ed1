"""What an error text must not show: a private key that was pasted where it does not belong.

A key is known by the words of its PEM marker (RFC 7468 section 10), or as a long run of base64 in which small and
capital letters and digits stand mixed. Its marker may be shown, and nothing of what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_RUN = 41
_GRAM = 6
_VALUE_LIMIT = 1 << 18  # what is shown of a value is near its beginning
_MARKER = re.compile(r"(?:PRIVATE KEY|-(?i:[a-z ]{0,60}private key))[- ]{0,8}(?P<rest>.*?)(?=--|\Z)", re.DOTALL)
_MARKED_TEXT = re.compile(r"((?i:private key)-{2,}+)[^'\"…]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]{16,}(?:\s+[A-Za-z0-9+/=]+)*")
_RUN_OF_BASE64 = re.compile(rf"[A-Za-z0-9+/=]{{{_RUN},}}")
_SEPARATOR = re.compile("[/_-]")
_WORD = 12  # characters between separators: base64 has one in 64, or two, an address or a path many
_MIXED = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))
_HEX = re.compile(r"[0-9A-Fa-f]+\Z")


def without_keys(text: str, value: str = "") -> str:
    """`text` without what is private in it or in `value`, of which it tells."""
    hidden = "\n".join(_secrets(value[:_VALUE_LIMIT]))
    if hidden:
        text = _without(text, hidden + repr(hidden))
    text = _MARKED_TEXT.sub(r"\1…", text)
    return _RUN_OF_BASE64.sub(lambda run: "…" if _is_base64(run[0]) else run[0], text)


def holds_private_key(value: str) -> bool:
    """Whether a text has the marker of a private key in it."""
    return _MARKER.search(value) is not None


def _secrets(value: str) -> Iterator[str]:
    yield from (f"\n{marked['rest']}" for marked in _MARKER.finditer(value))
    yield from (f"\n{block[0]}" for block in _BASE64.finditer(value) if _is_base64(block[0]))


def _is_base64(text: str) -> bool:
    if len(text) < _RUN or len(_SEPARATOR.findall(text)) * _WORD > len(text) or _HEX.match(text):
        return False
    return all(kind.search(text) for kind in _MIXED)


def _without(text: str, hidden: str) -> str:
    """`text` with an ellipsis for each part that stands in `hidden`, down to six characters."""
    private = [False] * len(text)
    for start in range(len(text) - _GRAM + 1):
        if text[start : start + _GRAM] in hidden:
            private[start : start + _GRAM] = [True] * _GRAM
    kept = zip(text, private, [False, *private], strict=False)
    return "".join("" if now and before else "…" if now else letter for letter, now, before in kept)
