"""GitHub's artifact attestations: bundles by digest, in the answer itself or behind a URL as a block of raw snappy.

Source: docs.github.com/rest, "List attestations". Since July 2026 GitHub leaves `bundle` null and signs a URL instead.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

import cramjam

FILES = "/attestation-files/"


@dataclass(frozen=True)
class _Attestation:
    owner: str
    digest: str
    bundle: bytes
    inline: bool
    file: str


class AttestationList:
    """All of them, newest last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[_Attestation] = []
        self.files: dict[str, bytes] = {}
        """what is behind each URL, by its path"""

    def add(self, owner: str, digest: str, bundle: bytes, *, inline: bool = False, file: bytes | None = None) -> None:
        """Keep a bundle; `file` is what the URL answers with instead of the bundle in snappy."""
        with self._lock:
            path = f"{FILES}{len(self._kept) + 1}.json.sn"
            self._kept.append(_Attestation(owner.lower(), digest, bundle, inline, path))
            self.files[path] = bytes(cramjam.snappy.compress_raw(bundle)) if file is None else file

    def rows(self, owner: str, digest: str, url: str) -> list[dict[str, Any]]:
        """What is known about a digest, newest first; `url` is where this API is reached."""
        with self._lock:
            found = [one for one in self._kept if (one.owner, one.digest) == (owner.lower(), digest)]
        return [
            {
                "bundle": json.loads(one.bundle) if one.inline else None,
                "repository_id": 5001,
                "bundle_url": f"{url}{one.file}?se=soon&sig=of-no-use",
                "initiator": "user",
            }
            for one in reversed(found)
        ]
