"""What Fulcio's API is asked: a public key, proof that the asker holds its private half, and an identity token."""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from local.sigstore.fulcio import Fulcio
from local.sigstore.github_claims import certificate_claims, certificate_subject
from local.sigstore.protojson import Json


class RequestRefused(Exception):
    """A request that Fulcio answers with 400."""


def chain_for(fulcio: Fulcio, request: Json, identity: Json, *, at: datetime) -> list[str]:
    """The certificate for a request of API v1 or v2, and those above it, in PEM; RequestRefused where it is wrong."""
    key = _requested_key(request, _subject(identity))
    if "job_workflow_ref" in identity:
        subject, claims = certificate_subject(identity), certificate_claims(identity)
    else:
        subject, claims = identity["email"], {}
    certificate = fulcio.certify(
        fulcio.profile(subject, at=at, issuer=identity["iss"], claims=claims, email="email" in identity),
        key,
        fulcio.ct_log,
    )
    chain = (certificate, fulcio.intermediate.certificate, fulcio.root.certificate)
    return [each.public_bytes(Encoding.PEM).decode() for each in chain]


def _subject(identity: Json) -> str:
    """What the asker signs: the e-mail address where there is one, else the token's subject."""
    return str(identity.get("email") or identity["sub"])


def _requested_key(request: Json, subject: str) -> ec.EllipticCurvePublicKey:
    if request.get("certificateSigningRequest"):
        return _key_of_csr(base64.b64decode(request["certificateSigningRequest"]))
    if "publicKeyRequest" in request:
        asked = request["publicKeyRequest"]
        pem, proof = asked["publicKey"]["content"].encode(), asked["proofOfPossession"]
    else:
        pem, proof = base64.b64decode(request["publicKey"]["content"]), request["signedEmailAddress"]
    key = _elliptic(load_pem_public_key(pem))
    try:
        key.verify(base64.b64decode(proof), subject.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise RequestRefused(f"proof of possession is not over {subject!r}") from error
    return key


def _key_of_csr(pem: bytes) -> ec.EllipticCurvePublicKey:
    request = x509.load_pem_x509_csr(pem)
    if not request.is_signature_valid:
        raise RequestRefused("certificate signing request is not signed by its own key")
    return _elliptic(request.public_key())


def _elliptic(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise RequestRefused(f"expected an elliptic curve key, got {type(key).__name__}")
    return key
