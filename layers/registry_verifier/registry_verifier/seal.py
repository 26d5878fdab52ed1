"""A seal on what goes out and comes back: cursors, and requests that are asked after.

A sealed text is base64url of a tag and JSON: HMAC-SHA256 over purpose and JSON, cut to 16 bytes, so that nobody can
make one for a place or a purpose that this API did not name. It is no secret what is in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from registry_verifier import canonical_base64
from registry_verifier.errors import BadRequest

LIMIT = 2000
"""characters"""
_TAG_BYTES = 16


@dataclass(frozen=True)
class Seal:
    """The keys that seal: the first writes, all read (two while the key is rotated)."""

    keys: tuple[bytes, ...] = field(repr=False)

    def write(self, purpose: str, value: Any) -> str:
        """`value` (anything that JSON can hold), sealed for this purpose, such as `list <what>` or `request`."""
        content = json.dumps(value, separators=(",", ":")).encode()
        return canonical_base64.write_url(_tag(self.keys[0], purpose, content) + content)

    def read(self, purpose: str, text: str, *, name: str) -> Any:
        """The value again; BadRequest, with `name` for the text, for what `write` did not make for this purpose."""
        raw = _decoded(text)
        tag, content = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not any(hmac.compare_digest(tag, _tag(key, purpose, content)) for key in self.keys):
            raise BadRequest(f"{name} is not one of this API, or of another list: {text[:40]!r}")
        return json.loads(content)


def _tag(key: bytes, purpose: str, content: bytes) -> bytes:
    """The length of the purpose is in it, so that no other purpose and content come to the same bytes."""
    name = purpose.encode()
    return hmac.digest(key, len(name).to_bytes(4, "big") + name + content, hashlib.sha256)[:_TAG_BYTES]


def _decoded(text: str) -> bytes:
    """The bytes; none for what is not exactly how this module writes them."""
    try:
        return canonical_base64.read_url(text) if len(text) <= LIMIT else b""
    except ValueError:
        return b""
