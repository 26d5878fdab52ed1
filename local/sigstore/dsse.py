"""DSSE envelopes and the in-toto statements inside them, as the writers of evidence make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.sigstore.protojson import Json, base64_text, compact
from local.sigstore.signing_key import Signatory

IN_TOTO_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Envelope:
    """A DSSE envelope with one signature."""

    payload: bytes
    payload_type: str
    signature: bytes

    def as_bundle_content(self) -> Json:
        """The envelope as bundles carry it."""
        return {
            "payload": base64_text(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"sig": base64_text(self.signature)}],
        }

    def as_layer(self) -> bytes:
        """The envelope as cosign 2 stores it in a layer, and as Rekor v1 hashes it."""
        signature = {"keyid": "", "sig": base64_text(self.signature)}
        return compact(
            {"payloadType": self.payload_type, "payload": base64_text(self.payload), "signatures": [signature]}
        )


def statement(
    digest: str, predicate_type: str, predicate: Any, *, version: str = "v1", name: str | None = None
) -> bytes:
    """An in-toto statement about the image with this digest; `version` is `v1` or `v0.1`."""
    subject: Json = {"digest": {"sha256": digest.removeprefix("sha256:")}}
    return compact(
        {
            "_type": f"https://in-toto.io/Statement/{version}",
            "subject": [subject if name is None else {"name": name, **subject}],
            "predicateType": predicate_type,
            "predicate": predicate,
        }
    )


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What a DSSE signature is over: DSSE protocol v1, "PAE"."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(leaf: Signatory, payload: bytes, *, payload_type: str = IN_TOTO_TYPE) -> Envelope:
    """Sign `payload` as it is."""
    return Envelope(payload, payload_type, leaf.sign(pre_authentication_encoding(payload_type, payload)))
