"""RE2, the regular expressions of Go: linear in time, and `$` is the end of the text only."""

from __future__ import annotations

import re
from typing import Protocol, cast

import re2

_MEMORY = 1 << 20
_LENGTH_LIMIT = 4096
_ONE_BYTE = re.compile(r"(?:[^\\]|\\[^C])*\\C", re.DOTALL)


class Pattern(Protocol):
    """A compiled expression."""

    pattern: str

    def search(self, text: str) -> object | None:
        """A match anywhere in the text, or None."""
        ...


def compile(pattern: str) -> Pattern:  # noqa: A001 - the library's own word for it
    """Compile `pattern`; ValueError where Go refuses it, or where it is empty: an empty pattern never matches all."""
    if not pattern:
        raise ValueError("regular expression is empty")
    if len(pattern) > _LENGTH_LIMIT:
        raise ValueError(f"regular expression has {len(pattern)} characters (expected at most {_LENGTH_LIMIT})")
    if _ONE_BYTE.match(pattern):
        raise ValueError(r"regular expression has \C, which Go does not take")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return cast(Pattern, re2.compile(pattern, options))
    except UnicodeEncodeError as error:
        raise ValueError(f"regular expression {pattern[:80]!r} is not Unicode") from error
    except re2.error as error:
        raise ValueError(f"regular expression {pattern[:80]!r} is refused by RE2: {_said(error)}") from error


def is_unicode(value: str) -> bool:
    """Whether a string can be searched: it has no half of a surrogate pair, which JSON can hold and Go cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _said(error: Exception) -> str:
    """The text of an RE2 error, which comes as bytes."""
    text = error.args[0] if error.args else ""
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))[:120]
