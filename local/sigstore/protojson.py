"""The few ways in which Sigstore writes values into JSON: base64 text, compact bytes, RFC 3339 times."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def base64_text(content: bytes) -> str:
    """Standard base64 with padding, as protobuf's JSON mapping writes bytes."""
    return base64.b64encode(content).decode()


def compact(document: Any, *, sort_keys: bool = False) -> bytes:
    """JSON without white space, as Go's encoding/json writes it; `sort_keys` for what Rekor canonicalises."""
    return json.dumps(document, separators=(",", ":"), sort_keys=sort_keys, ensure_ascii=False).encode()


def rfc3339(moment: datetime) -> str:
    """A time in UTC with whole seconds, such as `2026-01-02T03:04:05Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
