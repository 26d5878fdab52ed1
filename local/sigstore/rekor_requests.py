"""What Rekor's APIs are asked to log, and the canonical entries that they make of it once the signatures hold."""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from local.sigstore import rekor_entries
from local.sigstore.dsse import pre_authentication_encoding
from local.sigstore.protojson import Json


class EntryRefused(Exception):
    """A proposed entry that Rekor answers with 400."""


def canonical_entry_v1(proposed: Json) -> Json:
    """The entry to be stored for a `ProposedEntry` of Rekor v1's API; EntryRefused where it does not hold."""
    makers = {
        ("hashedrekord", "0.0.1"): _hashedrekord,
        ("dsse", "0.0.1"): _dsse,
        ("intoto", "0.0.1"): _intoto_v001,
        ("intoto", "0.0.2"): _intoto_v002,
    }
    kind = (proposed["kind"], proposed["apiVersion"])
    if kind not in makers:
        raise EntryRefused(f"no such kind of entry: {kind[0]} {kind[1]}")
    return makers[kind](proposed["spec"])


def canonical_entry_v2(request: Json) -> Json:
    """The entry to be stored for a `CreateEntryRequest` of Rekor v2's API; EntryRefused where it does not hold."""
    if "hashedRekordRequestV002" in request:
        return _hashedrekord_v002(request["hashedRekordRequestV002"])
    if "dsseRequestV002" in request:
        return _dsse_v002(request["dsseRequestV002"])
    raise EntryRefused(f"no such kind of entry: {', '.join(request)}")


def _hashedrekord(spec: Json) -> Json:
    digest = spec["data"]["hash"]["value"]
    signature, pem = _decoded(spec["signature"]["content"]), _decoded(spec["signature"]["publicKey"]["content"])
    _check_signature(x509.load_pem_x509_certificate(pem), signature, bytes.fromhex(digest))
    return rekor_entries.hashedrekord_v001(pem.decode(), signature, digest)


def _dsse(spec: Json) -> Json:
    raw, pem = spec["proposedContent"]["envelope"].encode(), _decoded(spec["proposedContent"]["verifiers"][0])
    payload, signature = _opened(json.loads(raw), x509.load_pem_x509_certificate(pem))
    return rekor_entries.dsse_v001(pem.decode(), signature, raw, payload)


def _intoto_v001(spec: Json) -> Json:
    raw, pem = spec["content"]["envelope"].encode(), _decoded(spec["publicKey"])
    payload, _ = _opened(json.loads(raw), x509.load_pem_x509_certificate(pem))
    return rekor_entries.intoto_v001(pem.decode(), raw, payload)


def _intoto_v002(spec: Json) -> Json:
    """The envelope's fields come base64 encoded once more, and the envelope's hash is the client's word."""
    sent, signer = spec["content"]["envelope"], spec["content"]["envelope"]["signatures"][0]
    pem = _decoded(signer["publicKey"])
    envelope = {
        "payloadType": sent["payloadType"],
        "payload": _decoded(sent["payload"]).decode(),
        "signatures": [{"sig": _decoded(signer["sig"]).decode()}],
    }
    payload, signature = _opened(envelope, x509.load_pem_x509_certificate(pem))
    entry = rekor_entries.intoto_v002(pem.decode(), signature, b"", payload, payload_type=sent["payloadType"])
    entry["spec"]["content"]["hash"] = spec["content"]["hash"]
    return entry


def _hashedrekord_v002(request: Json) -> Json:
    signature, digest = _decoded(request["signature"]["content"]), _decoded(request["digest"])
    der = _decoded(request["signature"]["verifier"]["x509Certificate"]["rawBytes"])
    _check_signature(x509.load_der_x509_certificate(der), signature, digest)
    return rekor_entries.hashedrekord_v002(der, signature, digest)


def _dsse_v002(request: Json) -> Json:
    der = _decoded(request["verifiers"][0]["x509Certificate"]["rawBytes"])
    payload, signature = _opened(request["envelope"], x509.load_der_x509_certificate(der))
    return rekor_entries.dsse_v002(der, signature, payload)


def _opened(envelope: Json, certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """The payload and the one signature of an envelope; EntryRefused unless the signature holds."""
    payload, signature = _decoded(envelope["payload"]), _decoded(envelope["signatures"][0]["sig"])
    encoding = pre_authentication_encoding(envelope["payloadType"], payload)
    _check_signature(certificate, signature, hashlib.sha256(encoding).digest())
    return payload, signature


def _check_signature(certificate: x509.Certificate, signature: bytes, digest: bytes) -> None:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise EntryRefused(f"expected an elliptic curve key, got {type(key).__name__}")
    try:
        key.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    except InvalidSignature as error:
        raise EntryRefused("signature does not hold") from error


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
