"""Base64 that has one spelling only, so that what is compared as text is equal as bytes and the other way round."""

from __future__ import annotations

import base64
import binascii

from registry_verifier.errors import EvidenceRejected
from registry_verifier.reasons import Reason


def decode(text: object, reason: Reason, name: str) -> bytes:
    """The bytes of canonical standard base64 (RFC 4648 section 4); EvidenceRejected(`reason`) otherwise."""
    try:
        if isinstance(text, str) and base64.b64encode(raw := base64.b64decode(text, validate=True)).decode() == text:
            return raw
    except (binascii.Error, ValueError) as error:
        raise EvidenceRejected(reason, f"{name} is not base64: {error}") from error
    raise EvidenceRejected(reason, f"{name} is missing or not canonical base64")


def write_url(raw: bytes) -> str:
    """Base64url without padding (RFC 4648 section 5), for paths and query strings."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_url(text: str) -> bytes:
    """The bytes of what `write_url` writes; ValueError for every other text."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if write_url(raw) != text:
        raise ValueError(f"not canonical base64url: {text[:40]!r}")
    return raw
