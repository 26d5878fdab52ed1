"""The legacy layers of cosign 2: a blob, and annotations that carry signature, certificate and Rekor's promise."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.serialization import Encoding

from local.sigstore.dsse import Envelope
from local.sigstore.leaf import Leaf
from local.sigstore.log_entry import LogEntry
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json, base64_text, compact

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


def payload_layer(sigstore: PrivateSigstore, leaf: Leaf, payload: bytes, signature: bytes, entry: LogEntry) -> Layer:
    """The layer around any simple-signing payload with any signature and any log entry."""
    annotations = {"dev.cosignproject.cosign/signature": base64_text(signature), **proofs(sigstore, leaf, entry)}
    return payload, descriptor(SIMPLE_SIGNING_TYPE, payload, annotations)


def envelope_layer(
    sigstore: PrivateSigstore, leaf: Leaf, envelope: Envelope, entry: LogEntry, *, predicate_type: str
) -> Layer:
    """The layer around any envelope with any log entry; `predicate_type` is what the annotation claims."""
    blob = envelope.as_layer()
    annotations = {
        "dev.cosignproject.cosign/signature": "",
        **proofs(sigstore, leaf, entry),
        "predicateType": predicate_type,
    }
    return blob, descriptor(ENVELOPE_TYPE, blob, annotations)


def proofs(sigstore: PrivateSigstore, leaf: Leaf, entry: LogEntry) -> dict[str, str]:
    """The annotations with the certificate, its chain and what Rekor promised."""
    chain = (sigstore.fulcio.intermediate, sigstore.fulcio.root)
    return {
        "dev.sigstore.cosign/bundle": compact(entry.annotation_form()).decode(),
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
