"""What Slack refuses in a message: its limits for text and blocks (Slack's "Block Kit" reference), as error names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BLOCKS_LIMIT = 50
TEXT_LIMIT = 40_000
TOTAL_LIMIT = 13_200
"""characters over all blocks: undocumented, seen by users as `msg_blocks_too_long`"""


def refusal(message: Mapping[str, Any]) -> tuple[str, str] | None:
    """The error that Slack answers to this message with, and why; None where Slack takes it."""
    text, blocks = message.get("text"), message.get("blocks", [])
    if not blocks and not text:
        return "no_text", "neither text nor blocks"
    if not isinstance(text, str) or not text or len(text) > TEXT_LIMIT:
        return "no_text", f"text must have 1 to {TEXT_LIMIT} characters"  # stricter: notifications would be empty
    if not isinstance(blocks, list) or len(blocks) > BLOCKS_LIMIT:
        return "invalid_blocks", f"more than {BLOCKS_LIMIT} blocks"
    for number, block in enumerate(blocks):
        if why := _block(block):
            return "invalid_blocks", f"blocks[{number}]: {why}"
    total = sum(map(_characters, blocks))
    return ("msg_blocks_too_long", f"{total} characters in blocks") if total > TOTAL_LIMIT else None


def _block(block: Any) -> str | None:
    if not isinstance(block, dict):
        return "not an object"
    match block.get("type"):
        case "header":
            return _text(block.get("text"), 150, ("plain_text",))
        case "section":
            return _section(block)
        case "context":
            return _several(block.get("elements"), 10, lambda part: _text(part, 3000))
        case "actions":
            return _several(block.get("elements"), 25, _button)
        case "divider":
            return None
    return f"unknown type {block.get('type')!r}"


def _section(block: Mapping[str, Any]) -> str | None:
    if "text" not in block and "fields" not in block:
        return "a section needs text or fields"
    if "text" in block and (why := _text(block["text"], 3000)):
        return why
    return _several(block["fields"], 10, lambda part: _text(part, 2000)) if "fields" in block else None


def _several(parts: Any, limit: int, check: Any) -> str | None:
    if not isinstance(parts, list) or not 1 <= len(parts) <= limit:
        return f"expected 1 to {limit} parts"
    return next(filter(None, map(check, parts)), None)


def _text(text: Any, limit: int, types: tuple[str, ...] = ("plain_text", "mrkdwn")) -> str | None:
    if not isinstance(text, dict) or text.get("type") not in types:
        return f"expected a text object of type {' or '.join(types)}"
    if not isinstance(text.get("text"), str) or not 1 <= len(text["text"]) <= limit:
        return f"expected 1 to {limit} characters"
    if text["type"] == "plain_text" and "verbatim" in text or text["type"] == "mrkdwn" and "emoji" in text:
        return "a switch of the other text type"
    return None


def _button(button: Any) -> str | None:
    if not isinstance(button, dict) or button.get("type") != "button":
        return "expected a button"
    url = button.get("url", "https://example.com")
    if not isinstance(url, str) or len(url) > 3000 or not url.startswith(("https://", "http://")):
        return f"url cannot be opened: {url!r:.80}"
    return _text(button.get("text"), 75, ("plain_text",))


def _characters(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_characters(part) for name, part in value.items() if name not in ("type", "url"))
    if isinstance(value, list):
        return sum(map(_characters, value))
    return len(value) if isinstance(value, str) else 0
