"""Signs images as cosign does: bundles as cosign 3 writes them, layers as cosign 2 does. Bytes out, nothing is pushed.

The upper functions make what is right. To make what is wrong, put the parts together by hand: `seal` an envelope with
any payload and payload type, `record_envelope` it (or not), and `envelope_bundle` or `envelope_layer` with any entry.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Literal

from local.sigstore import rekor_entries
from local.sigstore.dsse import Envelope, pre_authentication_encoding, seal, statement
from local.sigstore.layers import Layer, envelope_layer, payload_layer, simple_signing_payload
from local.sigstore.log_entry import LogEntry
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json, base64_text, compact
from local.sigstore.signing_key import Signatory

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGNATURE_PREDICATE = "https://sigstore.dev/cosign/sign/v1"

EntryKind = Literal["dsse", "intoto-0.0.2", "intoto-0.0.1", "hashedrekord"]
"""what is logged; Rekor v2 knows `dsse` (as cosign 2.6 asks for) and `hashedrekord`, which is its default"""
RekorVersion = Literal[1, 2]


def record_envelope(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    envelope: Envelope,
    *,
    rekor: RekorVersion = 1,
    kind: EntryKind | None = None,
    at: datetime | None = None,
) -> LogEntry:
    """Log an envelope, as its writers do unless `kind` says otherwise. `at` defaults to the leaf's signing time."""
    encoding = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    if rekor == 2:
        verifier, signature, name = leaf.tiles_verifier, envelope.signature, leaf.hash_name
        if kind == "dsse":
            return sigstore.rekor_tiles.record(rekor_entries.dsse_v002(verifier, signature, envelope.payload))
        digest = hashlib.new(name.replace("SHA2_", "sha"), encoding).digest()
        return sigstore.rekor_tiles.record(rekor_entries.hashedrekord_v002(verifier, signature, digest, algorithm=name))
    return sigstore.rekor.record(_entry_v1(leaf, envelope, kind or "dsse", encoding), at=at or leaf.signing_time)


def _entry_v1(leaf: Signatory, envelope: Envelope, kind: EntryKind, encoding: bytes) -> Json:
    raw, payload, signature = envelope.as_layer(), envelope.payload, envelope.signature
    if kind == "dsse":
        return rekor_entries.dsse_v001(leaf.pem, signature, raw, payload)
    if kind == "intoto-0.0.2":
        return rekor_entries.intoto_v002(leaf.pem, signature, raw, payload, payload_type=envelope.payload_type)
    if kind == "intoto-0.0.1":
        return rekor_entries.intoto_v001(leaf.pem, raw, payload)
    return rekor_entries.hashedrekord_v001(leaf.pem, signature, hashlib.sha256(encoding).hexdigest())


def bundle(leaf: Signatory, content: Json, entries: list[LogEntry], stamps: list[bytes]) -> bytes:
    """A Sigstore bundle v0.3 around `content` (`dsseEnvelope` or `messageSignature`) with these proofs of time."""
    material: Json = {**leaf.material, "tlogEntries": [entry.bundle_form() for entry in entries]}
    if stamps:
        timestamps = [{"signedTimestamp": base64_text(stamp)} for stamp in stamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": timestamps}
    return compact({"mediaType": BUNDLE_TYPE, "verificationMaterial": material, **content})


def envelope_bundle(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    envelope: Envelope,
    *,
    rekor: RekorVersion = 1,
    tsa: bool | None = None,
    at: datetime | None = None,
    entry: LogEntry | None = None,
    log: bool = True,
) -> bytes:
    """A bundle around an envelope. `entry` replaces the one of its own; `tsa` defaults to Rekor v2 only."""
    if log and entry is None:
        entry = record_envelope(sigstore, leaf, envelope, rekor=rekor, at=at)
    stamps = _stamps(sigstore, leaf, envelope.signature, rekor == 2 if tsa is None else tsa, at)
    return bundle(leaf, {"dsseEnvelope": envelope.as_bundle_content()}, [entry] if entry else [], stamps)


def _stamps(
    sigstore: PrivateSigstore, leaf: Signatory, signature: bytes, wanted: bool, at: datetime | None
) -> list[bytes]:
    return [sigstore.tsa.stamp(signature, at=at or leaf.signing_time)] if wanted else []


def bundle_signature(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    digest: str,
    *,
    rekor: RekorVersion = 1,
    tsa: bool | None = None,
    at: datetime | None = None,
    log: bool = True,
) -> bytes:
    """What `cosign sign` 3 writes: a bundle with a nameless statement of the signature predicate."""
    envelope = seal(leaf, statement(digest, SIGNATURE_PREDICATE, {}))
    return envelope_bundle(sigstore, leaf, envelope, rekor=rekor, tsa=tsa, at=at, log=log)


def bundle_attestation(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    digest: str,
    predicate_type: str,
    predicate: Any,
    *,
    rekor: RekorVersion = 1,
    tsa: bool | None = None,
    at: datetime | None = None,
    statement_version: str = "v0.1",
    name: str | None = "ghcr.io/acme/app",
    log: bool = True,
) -> bytes:
    """What `cosign attest` 3 writes (statement v0.1), or `actions/attest` (v1)."""
    payload = statement(digest, predicate_type, predicate, version=statement_version, name=name)
    return envelope_bundle(sigstore, leaf, seal(leaf, payload), rekor=rekor, tsa=tsa, at=at, log=log)


def message_bundle(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    artifact: bytes,
    *,
    rekor: RekorVersion = 1,
    tsa: bool | None = None,
    at: datetime | None = None,
    log: bool = True,
) -> bytes:
    """A bundle with a bare signature over the bytes of a manifest, as `cosign sign-blob` writes it."""
    signature, digest = leaf.sign(artifact), hashlib.sha256(artifact)
    if rekor == 2:
        entry = sigstore.rekor_tiles.record(
            rekor_entries.hashedrekord_v002(leaf.tiles_verifier, signature, digest.digest())
        )
    else:
        record = rekor_entries.hashedrekord_v001(leaf.pem, signature, digest.hexdigest())
        entry = sigstore.rekor.record(record, at=at or leaf.signing_time)
    message = {
        "messageDigest": {"algorithm": "SHA2_256", "digest": base64_text(digest.digest())},
        "signature": base64_text(signature),
    }
    stamps = _stamps(sigstore, leaf, signature, rekor == 2 if tsa is None else tsa, at)
    return bundle(leaf, {"messageSignature": message}, [entry] if log else [], stamps)


def simple_signing_layer(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    image: str,
    digest: str,
    *,
    at: datetime | None = None,
    payload: bytes | None = None,
    entry: LogEntry | None = None,
    log: bool = True,
    tsa: bool = False,
) -> Layer:
    """A layer of `sha256-<hex>.sig`. `payload` and `entry` replace what would be made."""
    payload = payload if payload is not None else simple_signing_payload(image, digest)
    signature = leaf.sign(payload)
    if log and entry is None:
        entry = record_payload(sigstore, leaf, payload, signature, at=at)
    stamp = sigstore.tsa.stamp(signature, at=at or leaf.signing_time) if tsa else None
    return payload_layer(sigstore, leaf, payload, signature, entry, stamp)


def record_payload(
    sigstore: PrivateSigstore, leaf: Signatory, payload: bytes, signature: bytes, *, at: datetime | None = None
) -> LogEntry:
    """Log a simple-signing payload as a hashedrekord."""
    record = rekor_entries.hashedrekord_v001(leaf.pem, signature, hashlib.sha256(payload).hexdigest())
    return sigstore.rekor.record(record, at=at or leaf.signing_time)


def dsse_layer(
    sigstore: PrivateSigstore,
    leaf: Signatory,
    digest: str,
    predicate_type: str,
    predicate: Any,
    *,
    kind: EntryKind = "dsse",
    at: datetime | None = None,
    statement_version: str = "v0.1",
    name: str | None = "ghcr.io/acme/app",
    log: bool = True,
    tsa: bool = False,
) -> Layer:
    """A layer of `sha256-<hex>.att`; `kind` is the sort of Rekor entry, which changed with cosign 2.2.3.

    A timestamp is over the whole envelope, as cosign has it, and not over the signature.
    """
    envelope = seal(leaf, statement(digest, predicate_type, predicate, version=statement_version, name=name))
    entry = record_envelope(sigstore, leaf, envelope, kind=kind, at=at) if log else None
    stamp = sigstore.tsa.stamp(envelope.as_layer(), at=at or leaf.signing_time) if tsa else None
    return envelope_layer(sigstore, leaf, envelope, entry, predicate_type=predicate_type, stamp=stamp)
