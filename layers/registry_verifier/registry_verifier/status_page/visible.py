"""Text that strangers wrote, made fit for people's eyes: escaped, bounded, and with nothing in it that is not seen.

Bidirectional and other control characters can make a text look like another one (Unicode Technical Report 36,
section 2.10; CVE-2021-42574), and so can what takes no room, so they are shown as the code points that they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, islice

from markupsafe import Markup, escape

LIMIT = 1000
"""characters of one text"""
_UNSEEN_LIMIT = 60
"""code points that are spelled out in one text: each takes forty characters of the page"""
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""what is printable by its category and shows nothing: `Default_Ignorable_Code_Point`, and braille's blank"""
_TO_THE_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""the blocks of scripts that are written to the left (Unicode Standard Annex 9, table 4)"""
_UNSEEN = Markup('<span class="unseen">U+{:04X}</span>')
_BREAK = re.compile(r"(?<=[/@])(?<!//)(?![/@]|\Z)")


def visible(text: object, limit: int = LIMIT) -> Markup:
    """The text for a page; `U+202E` in a box stands for a character that would not be seen."""
    return _isolated(*_kept(str(text), limit), breaks=False)


def address(text: object) -> Markup:
    """The same of a URL: its lines end where its parts do."""
    return _isolated(*_kept(str(text), LIMIT), breaks=True)


def _kept(text: str, limit: int) -> tuple[str, Markup]:
    """As much of it as is shown, and what is said of the rest."""
    kept = text[:limit]
    if not _is_seen(kept):
        unseen = (at for at, character in enumerate(kept) if not _is_seen(character))
        kept = kept[: next(islice(unseen, _UNSEEN_LIMIT, None), None)]
    if len(kept) == len(text):
        return kept, Markup()
    return kept, Markup('<span class="cut">… ({} characters)</span>').format(len(text))


def _isolated(text: str, cut: Markup, *, breaks: bool) -> Markup:
    """What stands beside a text must not turn with the letters in it that are written to the left."""
    whole = Markup().join(_pieces(text, breaks)) + cut
    return Markup('<bdi dir="ltr">{}</bdi>').format(whole) if _TO_THE_LEFT.search(text) else whole


def _pieces(text: str, breaks: bool) -> Iterator[Markup]:
    """The whole text at once where all of it is seen, which is nearly always."""
    for is_seen, run in [(True, text)] if _is_seen(text) else groupby(text, _is_seen):
        if is_seen:
            piece = "".join(run)
            yield Markup("<wbr>").join(_BREAK.split(piece)) if breaks else escape(piece)
        else:
            yield from (_UNSEEN.format(ord(character)) for character in run)


def _is_seen(text: str) -> bool:
    """Whether all of it is; to Python, what is no letter, mark, number, sign or plain space is not printable."""
    return text.isprintable() and not _IGNORABLE.search(text)
