"""A Slack message as a person sees it, in plain text: what is markup to Slack becomes visible as such.

Links show where they lead, and mentions stand out, so that a message that pings or misleads is seen here first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_WIDTH = 76
_ANGLE = re.compile(r"<([^<>]*)>")
_CODE = re.compile(r"```(.*?)```|`([^`\n]*)`", re.DOTALL)
_BOLD = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")


def rendered(message: Mapping[str, Any]) -> str:
    """The whole message in a box; only its text where it has no blocks."""
    blocks = message.get("blocks") or []
    lines = [line for block in blocks for line in _block(block)] or [mrkdwn(message.get("text", ""))]
    where = f"{message.get('channel') or 'webhook'}" + (" (in a thread)" if message.get("thread_ts") else "")
    where += " (updated)" if message.get("edited") else ""
    body = "\n".join(f"| {line}" for chunk in lines for line in chunk.split("\n"))
    return f"+-- {where} {'-' * max(1, _WIDTH - len(where))}\n{body}\n+{'-' * (_WIDTH + 3)}"


def mrkdwn(text: str) -> str:
    """Slack's markup as text: mentions as `@@…@@`, links as `label [-> url]`, bold in capitals, entities as signs."""
    pieces, position = [], 0
    for code in _CODE.finditer(text):
        pieces.append(_BOLD.sub(lambda match: match[1].upper(), _ANGLE.sub(_angle, text[position : code.start()])))
        pieces.append(_ANGLE.sub(_angle, code[1] if code[1] is not None else code[2]))
        position = code.end()
    pieces.append(_BOLD.sub(lambda match: match[1].upper(), _ANGLE.sub(_angle, text[position:])))
    return "".join(pieces).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "header":
            yield f"## {block['text']['text']}"
        case "section":
            yield from _section(block)
        case "context":
            yield "  ".join(_text(element) for element in block["elements"])
        case "actions":
            for button in block["elements"]:
                yield f"[{button['text']['text']}] -> {button.get('url', '')}"
        case "divider":
            yield "-" * _WIDTH


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    if "text" in block:
        yield _text(block["text"])
    fields = [_text(field).split("\n") for field in block.get("fields", [])]
    for left, right in zip(fields[::2], [*fields[1::2], [""]], strict=False):
        yield from _side_by_side(left, right)


def _side_by_side(left: list[str], right: list[str]) -> Iterator[str]:
    if max(map(len, left)) > _WIDTH // 2:
        yield from (*left, *right)
        return
    height = max(len(left), len(right))
    for a, b in zip(left + [""] * (height - len(left)), right + [""] * (height - len(right)), strict=True):
        yield f"{a:{_WIDTH // 2}} {b}".rstrip()


def _text(text: Mapping[str, Any]) -> str:
    return str(text["text"]) if text["type"] == "plain_text" else mrkdwn(text["text"])


def _angle(match: re.Match[str]) -> str:
    inner = match[1]
    if inner.startswith(("!", "@", "#")):
        return f"@@{inner[1:]}@@"
    url, _, label = inner.partition("|")
    return f"{label or url} [-> {url}]"
