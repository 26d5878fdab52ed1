"""Templates to text: what the templates can call, and the environment in which they are read.

Every value is escaped, and one that is missing is an error. Addresses are made here, of names and digests that have
their form, and of nothing that strangers wrote.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from registry_verifier.status_page.chart import in_words
from registry_verifier.status_page.difference import differing
from registry_verifier.status_page.visible import address, visible

_AGES = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
_ICONS = {"VERIFIED": "✓", "FAILED": "✕", "PENDING": "…", "UNKNOWN": "?", "NO_POLICY": "–"}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_IMAGE = re.compile(r"ghcr\.io/([a-z0-9._-]+(?:/[a-z0-9._-]+)+)\Z")


def page(template: str, now: datetime, values: Mapping[str, Any]) -> str:
    """The page that a template makes of these values; `now` is the time to which ages are told."""
    return _environment().get_template(template).render(now=now, **values)


def file(name: str) -> str:
    """A file beside the templates, as it is: `style.css` or `icon.svg`."""
    return _loader().get_source(_environment(), name)[0]


@functools.cache
def _loader() -> PackageLoader:
    return PackageLoader("registry_verifier.status_page")


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=_loader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"visible": visible, "address": address, "short": short, "icon": _ICONS.get}
    made.filters |= {"ago": ago, "minute": minute, "in_words": in_words}
    made.globals |= {"differing": differing, "to_image": to_image, "to_digest": to_digest}
    return made


def to_image(root: str, image: str) -> str | None:
    """The way to an image's page; None where there is none."""
    found = _IMAGE.match(image)
    return f"{root}images/{found[1]}" if found and ".." not in image else None


def to_digest(root: str, image: str, digest: str) -> str | None:
    """The way to a digest's page; None where there is none."""
    way = to_image(root, image)
    return f"{way}/digests/{digest}" if way and _DIGEST.match(digest) else None


def short(digest: str) -> str:
    """A digest as people compare it: the first twelve digits."""
    return digest.removeprefix("sha256:")[:12]


def minute(moment: str) -> str:
    """`2026-11-22 10:01` of an RFC 3339 time in UTC."""
    return moment[:16].replace("T", " ")


def ago(moment: str, now: datetime) -> str:
    """How long ago an RFC 3339 time is, in one unit; how long it takes until then where it is to come."""
    left = now - datetime.fromisoformat(moment)
    for unit, name in _AGES:
        if (count := abs(left) // unit) > 0:
            words = f"{count} {name}{'' if count == 1 else 's'}"
            return f"{words} ago" if left > timedelta() else f"in {words}"
    return "just now"
