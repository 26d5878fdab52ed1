"""The legacy layers of cosign 2: a blob, and annotations that carry signature, certificate and Rekor's promise."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.serialization import Encoding

from local.sigstore.dsse import Envelope
from local.sigstore.log_entry import LogEntry
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json, base64_text, compact
from local.sigstore.signing_key import Signatory, SigningKey

SIMPLE_SIGNING_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json"
SIMPLE_SIGNING_CLAIM = "cosign container image signature"

Layer = tuple[bytes, Json]
"""the blob, and its descriptor with annotations"""


def simple_signing_payload(
    image: str, digest: str, *, claim: str = SIMPLE_SIGNING_CLAIM, optional: Mapping[str, str] | None = None
) -> bytes:
    """The simple-signing document of cosign's `SIGNATURE_SPEC.md`; `claim` is its `critical.type`."""
    critical = {
        "identity": {"docker-reference": image},
        "image": {"docker-manifest-digest": digest},
        "type": claim,
    }
    return compact({"critical": critical, "optional": optional})


def payload_layer(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    payload: bytes,
    signature: bytes,
    entry: LogEntry | None,
    stamp: bytes | None = None,
) -> Layer:
    """The layer around any simple-signing payload with any signature and any log entry and timestamp, or none."""
    annotations = {"dev.cosignproject.cosign/signature": base64_text(signature), **proofs(sigstore, leaf, entry, stamp)}
    return payload, descriptor(SIMPLE_SIGNING_TYPE, payload, annotations)


def envelope_layer(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    envelope: Envelope,
    entry: LogEntry | None,
    *,
    predicate_type: str,
    stamp: bytes | None = None,
) -> Layer:
    """The layer around any envelope with any log entry; `predicate_type` is what the annotation claims."""
    blob = envelope.as_layer()
    annotations = {
        "dev.cosignproject.cosign/signature": "",
        **proofs(sigstore, leaf, entry, stamp),
        "predicateType": predicate_type,
    }
    return blob, descriptor(ENVELOPE_TYPE, blob, annotations)


def proofs(
    sigstore: PrivateSigstore, leaf: Signatory, entry: LogEntry | None, stamp: bytes | None = None
) -> dict[str, str]:
    """The annotations with the certificate and its chain, what Rekor promised, and the timestamp."""
    found = {"dev.sigstore.cosign/bundle": compact(entry.annotation_form()).decode()} if entry else {}
    if stamp is not None:
        timestamp = {"SignedRFC3161Timestamp": base64_text(stamp)}
        found["dev.sigstore.cosign/rfc3161timestamp"] = compact(timestamp).decode()
    if isinstance(leaf, SigningKey):
        return found
    chain = (sigstore.fulcio.intermediate, sigstore.fulcio.root)
    return {
        **found,
        "dev.sigstore.cosign/certificate": leaf.pem,
        "dev.sigstore.cosign/chain": "".join(a.certificate.public_bytes(Encoding.PEM).decode() for a in chain),
    }


def descriptor(media_type: str, content: bytes, annotations: Mapping[str, str] | None = None) -> Json:
    """An OCI content descriptor."""
    plain: Json = {
        "mediaType": media_type,
        "size": len(content),
        "digest": "sha256:" + hashlib.sha256(content).hexdigest(),
    }
    return {**plain, "annotations": dict(annotations)} if annotations else plain
