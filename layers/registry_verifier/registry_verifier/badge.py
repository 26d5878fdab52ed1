"""What a badge says of an image, and the badge as an SVG and as shields.io's endpoint takes it.

Green is for what is known to hold now, never for what held once. The picture has no script, no style and nothing from
elsewhere; its texts are escaped.
Sources: shields.io, "Endpoint Badge"; WAI-ARIA Graphics Module, role `img`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from registry_verifier.listing import Sight
from registry_verifier.models import State
from registry_verifier.reasons import Status
from registry_verifier.shapes.asks import ShieldsBadge

LABEL = "signed"
CACHE_SECONDS = 300
_HEIGHT = 20
_PADDING = 6
_DARK = "#333333"
_COLORS = {"brightgreen": "#2c7a00", "red": "#c0392b", "grey": "#555555", "lightgrey": "#6b6b6b"}
"""shields.io's names, in shades on which white text has a contrast of 4.5 and more"""
_NARROW, _WIDE = frozenset("fijlrt.,:;|!' "), frozenset("mwMWABCDEFGHKNOPQRSUVXYZ%@")


@dataclass(frozen=True)
class Badge:
    """What a badge says."""

    message: str
    color: str
    """as shields.io names it"""


UNKNOWN = Badge("unknown", "lightgrey")
NOT_LATELY = Badge("not checked lately", "lightgrey")
_OTHERS = {
    Status.FAILED: Badge("failed", "red"),
    Status.PENDING: Badge("pending", "grey"),
    Status.NO_POLICY: Badge("no policy", "lightgrey"),
}


def of(state: State | None, sight: Sight, now: datetime, fresh: timedelta) -> Badge:
    """What to say of a digest's record (None: there is none), looked at last as `sight` says."""
    if state is None:
        return UNKNOWN
    if state.status is not Status.VERIFIED:
        return _OTHERS.get(state.status, UNKNOWN)
    looked_at = datetime.fromisoformat(state.document["verified_at"])
    if sight.checked_at:
        looked_at = max(looked_at, sight.checked_at)
    is_fresh = sight.unseen_since is None and now - fresh <= looked_at
    return Badge("verified", "brightgreen") if is_fresh else NOT_LATELY


def shields(badge: Badge) -> ShieldsBadge:
    """The badge for shields.io."""
    return {
        "schemaVersion": 1,
        "label": LABEL,
        "message": badge.message,
        "color": badge.color,
        "isError": False,
        "cacheSeconds": CACHE_SECONDS,
    }


def svg(badge: Badge) -> str:
    """The badge as a picture: label on the left, message on the right, both told to screen readers."""
    left, right = (_width(text) + 2 * _PADDING for text in (LABEL, badge.message))
    told = escape(f"{LABEL}: {badge.message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img"'
        f' aria-label="{told}"><title>{told}</title>'
        f'<rect width="{left}" height="{_HEIGHT}" fill="{_DARK}"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{_COLORS[badge.color]}"/>'
        '<g fill="#ffffff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(LABEL, left / 2, left)}{_text(badge.message, left + right / 2, right)}</g></svg>\n"
    )


def _text(text: str, middle: float, room: int) -> str:
    """A text around `middle`, squeezed or stretched to what was reckoned, whatever font the reader has."""
    return f'<text x="{middle:g}" y="14" textLength="{room - 2 * _PADDING}">{escape(text)}</text>'


def _width(text: str) -> int:
    """About how wide Verdana draws a text at 11 pixels."""
    return sum(4 if char in _NARROW else 10 if char in _WIDE else 7 for char in text)
