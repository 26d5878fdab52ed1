"""Bytes in a policy file, as Kubernetes has them: base64 in a text."""

from __future__ import annotations

import base64
import binascii

from registry_verifier.policy.fields import Field


def decoded(value: Field, *, limit: int) -> bytes:
    """The bytes of a base64 text, `limit` at most, line ends passed over; none where it is wrong, which is noted."""
    said = value.string()
    text = said.replace("\n", "").replace("\r", "")
    if len(text) > limit * 4 // 3 + 4:
        value.refuse(f"has {len(text)} characters (expected at most {limit} bytes in base64)")
        return b""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        value.refuse(f"is not base64: {error}")
        return b""
    if said and not content:
        value.refuse("is empty (expected bytes in base64)")
    return content
