"""Text from strangers in Slack's markup: what they chose is shown, and does nothing.

Slack reads `<…>` as a link or a mention, backticks as code, `*` and `~` as formatting and `:name:` as an emoji.
Source: Slack's documentation, "Formatting message text" (escaping) and "Block Kit" (limits).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

Block = dict[str, Any]

SECTION_LIMIT = 2200
"""characters of one section; Slack takes 3000, and about 13,000 over all blocks of a message"""
HEADER_LIMIT = 150
TEXT_LIMIT = 3000
_BUTTON_URL_LIMIT = 3000

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, bidi and zero-width, surrogates, unassigned, separators
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_FORMATTING = str.maketrans({"*": "\N{ASTERISK OPERATOR}", "~": "\N{TILDE OPERATOR}"})
_EMOJI = re.compile(r":(?=[\w+'-]{1,100}:)")


def plain(value: str, limit: int) -> str:
    """`value` on one line of at most `limit` characters, without what cannot be seen and without backticks."""
    kept = (" " if unicodedata.category(c) in _UNSEEN else c for c in value[: 4 * limit] if c != "`")
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def escape(value: str, limit: int) -> str:
    """`plain`, with `&`, `<` and `>` as entities; at most `limit` characters after that, no entity cut in two."""
    pieces = [_ENTITIES.get(c, c) for c in plain(value, limit)]
    length = 0
    for index, piece in enumerate(pieces):
        length += len(piece)
        if length > limit:
            return "".join(pieces[: max(index - 1, 0)]) + "…"
    return "".join(pieces)


def sentence(value: str, limit: int = 400) -> str:
    """A sentence with words of strangers in it, escaped; formatting and emoji marks look alike and do nothing."""
    return _EMOJI.sub("\N{RATIO}", escape(value, limit).translate(_FORMATTING))


def code(value: str, limit: int = 300) -> str:
    """A value as Slack shows code, escaped; a dash where nothing is left of it."""
    inner = escape(value, limit)
    return f"`{inner}`" if inner else "–"


def header(value: str) -> Block:
    """A headline in plain text, where Slack reads no markup."""
    return {"type": "header", "text": {"type": "plain_text", "text": plain(value, HEADER_LIMIT), "emoji": False}}


def section(title: str, lines: Iterable[str]) -> Block:
    """A bold title and whole lines beneath it, as many as fit; the lines must be escaped already."""
    return {"type": "section", "text": _text(_fit([f"*{title}*", *lines], SECTION_LIMIT))}


def code_block(title: str, lines: Iterable[str]) -> Block | None:
    """Lines to be copied from a message, exactly as they are, or None.

    A command that was shortened might check less, so a line that does not fit or that Slack could not show unchanged
    is left out.
    """
    whole = [escape(line, SECTION_LIMIT) for line in lines if line and plain(line, SECTION_LIMIT) == line]
    room = SECTION_LIMIT - len(title) - 50
    kept: list[str] = []
    for line in whole:
        if len(line) < room and not line.endswith("…"):
            kept.append(line)
            room -= len(line) + 1
    if not kept:
        return None
    return {"type": "section", "text": _text(f"*{title}*\n```{chr(10).join(kept)}```")}


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Up to ten titled values in two columns; the values must be escaped already."""
    return {"type": "section", "fields": [_text(f"*{title}*\n{value}") for title, value in list(pairs)[:10]]}


def context(text: str) -> Block:
    """Small print; the text must be escaped already."""
    return {"type": "context", "elements": [_text(text)]}


def buttons(links: Iterable[tuple[str, str]]) -> Block | None:
    """Buttons that open a link each, or None where there is none."""
    elements = [
        {"type": "button", "text": {"type": "plain_text", "text": plain(label, 75)}, "url": url}
        for label, url in links
        if len(url) <= _BUTTON_URL_LIMIT
    ]
    return {"type": "actions", "elements": elements} if elements else None


def fitting(blocks: Iterable[Block | None], limit: int) -> list[Block]:
    """As many sections from the front as have at most `limit` characters together."""
    kept: list[Block] = []
    for block in filter(None, blocks):
        limit -= len(block["text"]["text"])
        if limit < 0:
            break
        kept.append(block)
    return kept


def _text(text: str) -> Block:
    # verbatim: Slack makes no links of bare URLs and names
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fit(lines: list[str], limit: int) -> str:
    """The lines that fit, and how many do not."""
    kept: list[str] = []
    room = limit - 20
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    left = len(lines) - len(kept)
    return "\n".join([*kept, f"and {left} more"] if left else kept)
