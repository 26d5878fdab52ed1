"""The canonical bodies that Rekor stores for each kind of entry: what binds an entry to what was signed.

Who signed is in them as the certificate or the public key in PEM (`signer_pem`), or as Rekor v2's `Verifier`.
"""

from __future__ import annotations

import hashlib

from local.sigstore.protojson import Json, base64_text


def hashedrekord_v001(signer_pem: str, signature: bytes, artifact_sha256: str) -> Json:
    """Rekor v1 `hashedrekord` 0.0.1: a signature over the artifact with this SHA-256 in hex."""
    return _entry(
        "hashedrekord",
        "0.0.1",
        {
            "data": {"hash": {"algorithm": "sha256", "value": artifact_sha256}},
            "signature": {
                "content": base64_text(signature),
                "publicKey": {"content": base64_text(signer_pem.encode())},
            },
        },
    )


def dsse_v001(signer_pem: str, signature: bytes, envelope: bytes, payload: bytes) -> Json:
    """Rekor v1 `dsse` 0.0.1: hashes of the envelope as sent and of its payload, and the signature itself."""
    verifier = base64_text(signer_pem.encode())
    return _entry(
        "dsse",
        "0.0.1",
        {
            "envelopeHash": _sha256(envelope),
            "payloadHash": _sha256(payload),
            "signatures": [{"signature": base64_text(signature), "verifier": verifier}],
        },
    )


def intoto_v002(signer_pem: str, signature: bytes, envelope: bytes, payload: bytes, *, payload_type: str) -> Json:
    """Rekor v1 `intoto` 0.0.2: the signature in it is base64 of base64."""
    signer = {
        "publicKey": base64_text(signer_pem.encode()),
        "sig": base64_text(base64_text(signature).encode()),
    }
    return _entry(
        "intoto",
        "0.0.2",
        {
            "content": {
                "envelope": {"payloadType": payload_type, "signatures": [signer]},
                "hash": _sha256(envelope),
                "payloadHash": _sha256(payload),
            }
        },
    )


def intoto_v001(signer_pem: str, envelope: bytes, payload: bytes) -> Json:
    """Rekor v1 `intoto` 0.0.1: there is no signature in it, only the hash of the envelope binds."""
    content = {"hash": _sha256(envelope), "payloadHash": _sha256(payload)}
    return _entry("intoto", "0.0.1", {"content": content, "publicKey": base64_text(signer_pem.encode())})


def hashedrekord_v002(verifier: Json, signature: bytes, digest: bytes, *, algorithm: str = "SHA2_256") -> Json:
    """Rekor v2 `hashedrekord` 0.0.2; for a DSSE envelope the artifact is its pre-authentication encoding."""
    data = {"algorithm": algorithm, "digest": base64_text(digest)}
    record = {"data": data, "signature": _signature_v002(verifier, signature)}
    return _entry("hashedrekord", "0.0.2", {"hashedRekordV002": record})


def dsse_v002(verifier: Json, signature: bytes, payload: bytes) -> Json:
    """Rekor v2 `dsse` 0.0.2, which cosign 2.6 asks for and rekor-tiles 2.3 dropped."""
    payload_hash = {"algorithm": "SHA2_256", "digest": base64_text(hashlib.sha256(payload).digest())}
    record = {"payloadHash": payload_hash, "signatures": [_signature_v002(verifier, signature)]}
    return _entry("dsse", "0.0.2", {"dsseV002": record})


def _signature_v002(verifier: Json, signature: bytes) -> Json:
    return {"content": base64_text(signature), "verifier": verifier}


def _entry(kind: str, version: str, spec: Json) -> Json:
    return {"apiVersion": version, "kind": kind, "spec": spec}


def _sha256(content: bytes) -> Json:
    return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}
