"""A webhook delivery from GitHub: whether it is authentic, and what it says.

`authenticate` comes before anything reads the body. `X-GitHub-Event` and `X-GitHub-Delivery` are not under the
signature, so they choose how the signed body is read and nothing more.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from registry_verifier import publish_event, strict_json
from registry_verifier.errors import DeliveryRejected
from registry_verifier.models import PublishEvent
from registry_verifier.publish_event import Ignored

SIGNATURE_HEADER = "X-Hub-Signature-256"
BODY_LIMIT = 1 << 20
"""bytes; GitHub's deliveries about packages have some 20 thousand"""

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})\Z")
_FORM_FIELDS = 8


class SignatureMismatch(DeliveryRejected):
    """A well-formed signature that none of the secrets makes; a secret newer than ours might."""


def header(headers: Mapping[str, str], name: str) -> str | None:
    """The value of a header, whatever the case of its name; None where it is missing."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)


def authenticate(body: bytes, *, signature: str | None, secrets: Sequence[bytes]) -> None:
    """Check `X-Hub-Signature-256` over the raw body (GitHub docs, "Validating webhook deliveries").

    Any one of `secrets` will do, so that an old and a new one are valid during a rotation; all are tried, so that the
    time taken tells nothing about which. Raises DeliveryRejected: 413 for a body over `BODY_LIMIT`, 401 for all else,
    for no secrets and an empty secret too, with which anybody could sign. A mismatch is a SignatureMismatch.
    """
    _check_size(body)
    match = _SIGNATURE.match(signature or "")
    if not match:
        raise DeliveryRejected(401, f"{SIGNATURE_HEADER} is missing or malformed (expected sha256= and 64 hex digits)")
    if not secrets or not all(secrets):
        raise DeliveryRejected(401, "there is no secret to check the signature with")
    equal = [hmac.compare_digest(_signed(body, secret), match[1]) for secret in secrets]
    if not any(equal):
        raise SignatureMismatch(401, f"{SIGNATURE_HEADER} does not match the body")


def read(body: bytes, *, headers: Mapping[str, str], received_at: datetime) -> PublishEvent | Ignored:
    """Read an authentic delivery, sent as JSON or as a form with the field `payload`.

    Raises DeliveryRejected: 413 for a body over `BODY_LIMIT`, 400 for what cannot be a delivery.
    """
    _check_size(body)
    event = header(headers, "X-GitHub-Event")
    if not event:
        raise DeliveryRejected(400, "the delivery has no X-GitHub-Event")
    delivery = _delivery(headers)
    payload = _payload(body, header(headers, "Content-Type") or "")
    if event == "ping":
        return Ignored("ping")
    if event not in publish_event.EVENTS:
        return Ignored("event-not-handled")
    return publish_event.read(event, payload, delivery=delivery, received_at=received_at)


def _check_size(body: bytes) -> None:
    if len(body) > BODY_LIMIT:
        raise DeliveryRejected(413, f"the body has {len(body)} bytes (expected at most {BODY_LIMIT})")


def _signed(body: bytes, secret: bytes) -> str:
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def _delivery(headers: Mapping[str, str]) -> str:
    try:
        return publish_event.parse_delivery(header(headers, "X-GitHub-Delivery") or "")
    except ValueError:
        raise DeliveryRejected(400, "the delivery has no usable X-GitHub-Delivery") from None


def _payload(body: bytes, content_type: str) -> dict[str, Any]:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("application/json", "application/x-www-form-urlencoded"):
        raise DeliveryRejected(400, "the content type is neither application/json nor a form")
    try:
        text = body if media_type == "application/json" else _form_payload(body)
        return strict_json.parse_object(text, half_characters=True)  # GitHub may cut a description in an emoji
    except ValueError:  # its text may quote the body, which belongs into no log and no answer
        raise DeliveryRejected(400, "the body is not a json object that can be read in one way only") from None


def _form_payload(body: bytes) -> str:
    """The field `payload`; ValueError where there is not exactly one, or the rest is no form in UTF-8."""
    text = body.decode("ascii")
    fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_FORM_FIELDS)
    (payload,) = (value for name, value in fields if name == "payload")
    return payload
