"""The digest by which policy-controller names an attestation: that of its layer, or of the envelope in its bundle.

cosign 2.5 (pkg/cosign/verify.go) makes a layer of a bundle's envelope, in the JSON that Go's encoding/json writes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from registry_verifier.candidate import Candidate
from registry_verifier.models import Digest, digest_of

_ESCAPED = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
"""what Go escapes besides what JSON demands"""


def of(candidate: Candidate) -> Digest | None:
    """The digest; None for what is no attestation, or an envelope that nobody can read."""
    if candidate.format == "dsse":
        return digest_of(candidate.content)
    if candidate.format != "bundle":
        return None
    try:
        return digest_of(_as_go(json.loads(candidate.content)["dsseEnvelope"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _as_go(envelope: Mapping[str, Any]) -> bytes:
    """The envelope in the order of its Go type, without what is empty."""
    signatures = [_filled(sig=_bytes(one["sig"]), keyid=one.get("keyid")) for one in envelope["signatures"]]
    payload, kind = _bytes(envelope["payload"]), envelope["payloadType"]
    written = _filled(payload=payload, payloadType=kind, signatures=signatures)
    text = json.dumps(written, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPED).encode()


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _bytes(text: str) -> str:
    return base64.b64encode(base64.b64decode(text)).decode()
