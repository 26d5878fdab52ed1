"""Reading a policy's metadata: its name, and what Kubernetes does not know about it.

The latter are annotations under `registry-verifier/`, read strictly; those of others are taken as they are.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from registry_verifier.policy.fields import Field
from registry_verifier.policy.model import DEFAULT_GRACE
from registry_verifier.results import CHILDREN, INDEX

PREFIX = "registry-verifier"

_KNOWN = ("require-signature", "grace-period", "require-provenance-match", "children", "slack-channel")
_DURATION = re.compile(r"(?=[0-9])(?:([0-9]{1,3})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?\Z")
_GRACE_LIMIT = timedelta(hours=72)
_ALIKE = 0.85
_CHANNEL = re.compile(r"(?:#[a-z0-9_-]{1,79}|[CG][A-Z0-9]{8,20})\Z")
"""a channel's name, or its id (docs.slack.dev, "Conversations API": ids begin with C, private ones with G too)"""
ROUTING = (f"{PREFIX}/slack-channel",)
"""annotations that say who hears of a verdict, and nothing about images"""


_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")
# what the Kubernetes API server writes into an object; it says nothing about images
_BOOKKEEPING = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "finalizers")


@dataclass(frozen=True)
class Metadata:
    """A policy's name, all its annotations, and what ours among them say."""

    name: str
    annotations: Mapping[str, str] = field(default_factory=dict)
    require_signature: bool = True
    """whether the image signature is demanded beside listed attestations"""
    grace: timedelta = DEFAULT_GRACE
    """how long evidence may be missing"""
    require_provenance_match: bool = False
    """whether a provenance that contradicts its certificate counts for nothing"""
    children: str = INDEX
    """who needs the evidence of an index: one of `CHILDREN`"""
    slack_channel: str = ""
    """who hears about it; empty: the deployment's own channel"""


def read(metadata: Field) -> Metadata:
    """Read `metadata`; what is wrong is noted, and the value is of no use then."""
    fields = metadata.fields(("name", "labels", "annotations", *_BOOKKEEPING), need=("name",))
    name = _name(fields["name"]) if "name" in fields else ""
    if "labels" in fields:
        fields["labels"].strings()
    if "annotations" not in fields:
        return Metadata(name)
    entries = fields["annotations"].entries()
    ours = {key: entry for key, entry in entries.items() if _is_ours(key, entry)}
    for key, entry in ours.items():
        _refuse_unknown(key, entry)
    return Metadata(
        name,
        fields["annotations"].strings(),
        require_signature=_switch(ours, "require-signature", default=True),
        grace=_grace(ours),
        require_provenance_match=_switch(ours, "require-provenance-match", default=False),
        children=_children(ours),
        slack_channel=_channel(ours),
    )


def _name(value: Field) -> str:
    name = value.string()
    if name and not _NAME.match(name):
        value.refuse(f"is {name[:80]!r} (expected at most 253 lower-case letters, digits, '-' and '.')")
    return name


def duration(text: str) -> timedelta:
    """Read `1h30m`, `90s` or the like, from 0s to 72h; ValueError otherwise."""
    parts = _DURATION.match(text)
    period = timedelta(**dict(zip(("hours", "minutes", "seconds"), _numbers(parts), strict=True))) if parts else None
    if period is None or period > _GRACE_LIMIT:
        raise ValueError(f"is {text[:80]!r} (expected a duration such as 30m, 90s or 1h30m, from 0s to 72h)")
    return period


def _numbers(parts: re.Match[str]) -> list[int]:
    return [int(part or 0) for part in parts.groups()]


def _is_ours(name: str, entry: Field) -> bool:
    """Whether it is one of ours; a prefix that is nearly ours is refused, for it would go unheeded."""
    prefix, separator, _ = name.partition("/")
    if separator and prefix != PREFIX and _is_alike(prefix[:80]):
        entry.refuse(f"unknown prefix (did you mean '{PREFIX}/'?)")
    return bool(separator) and prefix == PREFIX


@functools.lru_cache(maxsize=1000)
def _is_alike(prefix: str) -> bool:
    """Whether a prefix is nearly ours; what can be told by length and letters is told without comparing their order."""
    compared = difflib.SequenceMatcher(None, prefix, PREFIX)
    bounds = (compared.real_quick_ratio, compared.quick_ratio, compared.ratio)
    return all(ratio() > _ALIKE for ratio in bounds)


def _refuse_unknown(name: str, entry: Field) -> None:
    word = name.partition("/")[2]
    if word not in _KNOWN and not entry.notes.is_full:
        near = difflib.get_close_matches(word[:80], _KNOWN, 1)
        hint = f"did you mean '{PREFIX}/{near[0]}'?" if near else f"expected {' or '.join(_KNOWN)}"
        entry.refuse(f"unknown annotation ({hint})")


def _switch(ours: Mapping[str, Field], name: str, *, default: bool) -> bool:
    entry = ours.get(f"{PREFIX}/{name}")
    return default if entry is None else entry.choice("true", "false") == "true"


def _children(ours: Mapping[str, Field]) -> str:
    entry = ours.get(f"{PREFIX}/children")
    return INDEX if entry is None else entry.choice(*CHILDREN)


def _channel(ours: Mapping[str, Field]) -> str:
    entry = ours.get(f"{PREFIX}/slack-channel")
    if entry is None or not (text := entry.string()):
        return ""
    if not _CHANNEL.match(text):
        entry.refuse(f"is {text[:80]!r} (expected a channel such as '#releases' or 'C0123456789')")
    return text


def _grace(ours: Mapping[str, Field]) -> timedelta:
    entry = ours.get(f"{PREFIX}/grace-period")
    if entry is None or not (text := entry.string()):
        return DEFAULT_GRACE
    try:
        return duration(text)
    except ValueError as error:
        entry.refuse(str(error))
        return DEFAULT_GRACE
