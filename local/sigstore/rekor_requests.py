"""What Rekor's APIs are asked to log, and the canonical entries that they make of it once the signatures hold."""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from local.sigstore import rekor_entries
from local.sigstore.dsse import pre_authentication_encoding
from local.sigstore.protojson import Json

_HASHES = {h.digest_size: h for h in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())}


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
    _check_signature(_from_pem(pem), signature, bytes.fromhex(digest))
    return rekor_entries.hashedrekord_v001(pem.decode(), signature, digest)


def _dsse(spec: Json) -> Json:
    raw, pem = spec["proposedContent"]["envelope"].encode(), _decoded(spec["proposedContent"]["verifiers"][0])
    payload, signature = _opened(json.loads(raw), _from_pem(pem))
    return rekor_entries.dsse_v001(pem.decode(), signature, raw, payload)


def _intoto_v001(spec: Json) -> Json:
    raw, pem = spec["content"]["envelope"].encode(), _decoded(spec["publicKey"])
    payload, _ = _opened(json.loads(raw), _from_pem(pem))
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
    payload, signature = _opened(envelope, _from_pem(pem))
    entry = rekor_entries.intoto_v002(pem.decode(), signature, b"", payload, payload_type=sent["payloadType"])
    entry["spec"]["content"]["hash"] = spec["content"]["hash"]
    return entry


def _hashedrekord_v002(request: Json) -> Json:
    signature, digest = _decoded(request["signature"]["content"]), _decoded(request["digest"])
    verifier = request["signature"]["verifier"]
    _check_signature(_from_verifier(verifier), signature, digest)
    return rekor_entries.hashedrekord_v002(verifier, signature, digest, algorithm=f"SHA2_{len(digest) * 8}")


def _dsse_v002(request: Json) -> Json:
    verifier = request["verifiers"][0]
    payload, signature = _opened(request["envelope"], _from_verifier(verifier))
    return rekor_entries.dsse_v002(verifier, signature, payload)


def _opened(envelope: Json, key: PublicKeyTypes) -> tuple[bytes, bytes]:
    """The payload and the one signature of an envelope; EntryRefused unless the signature holds."""
    payload, signature = _decoded(envelope["payload"]), _decoded(envelope["signatures"][0]["sig"])
    encoding = pre_authentication_encoding(envelope["payloadType"], payload)
    _check_signature(key, signature, hashlib.sha256(encoding).digest())
    return payload, signature


def _from_pem(pem: bytes) -> PublicKeyTypes:
    """The key of a certificate, or a bare one."""
    if b"CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem).public_key()
    return load_pem_public_key(pem)


def _from_verifier(verifier: Json) -> PublicKeyTypes:
    if "publicKey" in verifier:
        return load_der_public_key(_decoded(verifier["publicKey"]["rawBytes"]))
    return x509.load_der_x509_certificate(_decoded(verifier["x509Certificate"]["rawBytes"])).public_key()


def _check_signature(key: PublicKeyTypes, signature: bytes, digest: bytes) -> None:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise EntryRefused(f"expected an elliptic curve key, got {type(key).__name__}")
    try:
        key.verify(signature, digest, ec.ECDSA(Prehashed(_HASHES[len(digest)])))
    except InvalidSignature as error:
        raise EntryRefused("signature does not hold") from error


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
