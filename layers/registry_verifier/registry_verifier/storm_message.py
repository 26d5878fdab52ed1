"""A storm as one Slack message: how many incidents there are, how many are over, and the newest by name."""

from __future__ import annotations

from registry_verifier import mrkdwn
from registry_verifier.message import Payload
from registry_verifier.mrkdwn import code
from registry_verifier.storm import LISTED, Listed, Summary


def write(summary: Summary) -> Payload:
    """The message as it is to be now."""
    since = summary.began[11:16]
    headline = f"{summary.opened} more {_noun(summary.opened)} since {since} UTC"
    if summary.ended:
        headline += f", {summary.ended} over"
    lines = [_line(one) for one in reversed(summary.newest)]
    more = summary.opened - len(lines)
    blocks = [
        mrkdwn.header(headline),
        *(mrkdwn.section(title, part) for title, part in _parts(lines)),
        mrkdwn.context(f"{more} before these · each has its verdict in the API" if more > 0 else _WHY),
    ]
    return {
        "text": mrkdwn.sentence(headline, mrkdwn.TEXT_LIMIT),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


_WHY = "so many at once are told in one message · each has its verdict in the API"
_HALF = LISTED // 2


def _parts(lines: list[str]) -> list[tuple[str, list[str]]]:
    """In two sections: one would be too long for Slack."""
    halves = [("The newest", lines[:_HALF]), ("Before them", lines[_HALF:])]
    return [(title, part) for title, part in halves if part]


def _line(one: Listed) -> str:
    state = "" if one.is_open else " · over"
    name = one.image.partition("/")[2] or one.image
    return f"• {code(name, 350)} {code(one.what, 100)}{state}"


def _noun(count: int) -> str:
    return "incident" if count == 1 else "incidents"
