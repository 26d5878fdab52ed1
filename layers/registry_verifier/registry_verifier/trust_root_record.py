"""What is remembered of the refreshed trusted root, as JSON: which one is the newest, when it was proven, and by what.

One record says it all, so that one write puts it in force.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry_verifier import strict_json
from registry_verifier.verdict_document import timestamp

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TUF_FILES_LIMIT = 1000


@dataclass(frozen=True)
class Record:
    """The newest trusted root, and what stands behind it."""

    sha256: str
    """of the trusted root that was proven last; empty before any was"""
    checked_at: datetime
    """when it was proven the last time; before any was, when that was first tried"""
    packaged_sha256: str
    """the trusted root of the deployment that it takes the place of; it is none for a deployment with another one"""
    tuf: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """the state of the TUF client, by file name"""

    def stands_for(self, packaged_sha256: str) -> bool:
        """Whether a deployment with this trusted root is to use the one that was proven."""
        return bool(self.sha256) and self.packaged_sha256 == packaged_sha256


@dataclass(frozen=True)
class Stored:
    """A record as it was read."""

    record: Record | None
    """None where it cannot be read; the next one replaces it"""
    etag: str
    """by which the store knows it again"""


def write(record: Record) -> bytes:
    """The record as JSON; ValueError where a file of the TUF client is no text."""
    document = {
        "sha256": record.sha256,
        "checked_at": timestamp(record.checked_at),
        "packaged_sha256": record.packaged_sha256,
        "tuf": {name: content.decode() for name, content in sorted(record.tuf.items())},
    }
    return json.dumps(document, indent=1).encode()


def read(raw: bytes) -> Record:
    """The record in these bytes; ValueError where there is none."""
    document = strict_json.parse_object(raw)
    tuf = document.get("tuf")
    if not isinstance(tuf, dict) or not all(isinstance(content, str) for content in tuf.values()):
        raise ValueError("tuf has no texts by file name")
    if len(tuf) > _TUF_FILES_LIMIT:
        raise ValueError(f"tuf has {len(tuf)} files (at most {_TUF_FILES_LIMIT})")
    return Record(
        sha256=_sha256(document, "sha256") if document.get("sha256") != "" else "",
        checked_at=_moment(document),
        packaged_sha256=_sha256(document, "packaged_sha256"),
        tuf={name: content.encode() for name, content in tuf.items()},
    )


def _sha256(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError(f"{name} is {str(value)[:80]!r} (expected 64 hexadecimal digits)")
    return value


def _moment(document: Mapping[str, Any]) -> datetime:
    text = document.get("checked_at")
    moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"checked_at is {str(text)[:80]!r} (expected a time with its zone)")
    return moment
