"""A TrustRoot document that names the keys of a private Sigstore, as policy-controller's `sigstoreKeys` wants them."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.sigstore.certificate_authority import ORGANIZATION
from local.sigstore.private_sigstore import DOMAIN, PrivateSigstore
from local.sigstore.protojson import Json, base64_text


def trust_root(sigstore: PrivateSigstore, name: str = "private", *, rekor_tiles: bool = False) -> Json:
    """The document. Rekor v2's Ed25519 key is left out: policy-controller refuses every other one with it."""
    fulcio, tsa = sigstore.fulcio, sigstore.tsa
    logs = [_log("rekor", sigstore.rekor.key.public_key())]
    if rekor_tiles:
        logs.append(_log("tiles", sigstore.rekor_tiles.key.public_key()))
    keys = {
        "certificateAuthorities": [_authority("fulcio", [fulcio.intermediate.certificate, fulcio.root.certificate])],
        "tLogs": logs,
        "ctLogs": [_log("ctfe", sigstore.ct_log.key.public_key())],
        "timestampAuthorities": [_authority("tsa", [tsa.certificate, tsa.root.certificate])],
    }
    return {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "TrustRoot",
        "metadata": {"name": name},
        "spec": {"sigstoreKeys": keys},
    }


def _authority(host: str, chain: Sequence[x509.Certificate]) -> Json:
    pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
    return {
        "subject": {"organization": ORGANIZATION, "commonName": host},
        "uri": f"https://{host}.{DOMAIN}",
        "certChain": base64_text(pem),
    }


def _log(host: str, key: PublicKeyTypes) -> Json:
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {"baseURL": f"https://{host}.{DOMAIN}", "hashAlgorithm": "sha-256", "publicKey": base64_text(pem)}
