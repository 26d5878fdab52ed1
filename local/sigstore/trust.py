"""The two documents that tell others about a private Sigstore: its trusted root, and its signing configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from local.sigstore.certificate_authority import ORGANIZATION
from local.sigstore.keys import subject_public_key_info
from local.sigstore.protojson import Json, base64_text, rfc3339

TRUSTED_ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
SIGNING_CONFIG_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
ECDSA_P256 = "PKIX_ECDSA_P256_SHA_256"
ED25519 = "PKIX_ED25519"


@dataclass(frozen=True)
class Window:
    """From when a key is trusted, and until when, where it was retired."""

    start: datetime
    end: datetime | None = None

    def as_json(self) -> Json:
        """The protobuf JSON of `TimeRange`."""
        return {"start": rfc3339(self.start)} | ({"end": rfc3339(self.end)} if self.end else {})


def log_instance(host: str, key: PublicKeyTypes, log_id: bytes, window: Window, *, key_details: str) -> Json:
    """The protobuf JSON of `TransparencyLogInstance`, for Rekor and CT logs."""
    public_key = {
        "rawBytes": base64_text(subject_public_key_info(key)),
        "keyDetails": key_details,
        "validFor": window.as_json(),
    }
    return {
        "baseUrl": f"https://{host}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": public_key,
        "logId": {"keyId": base64_text(log_id)},
    }


def authority_instance(host: str, chain: Sequence[x509.Certificate], window: Window) -> Json:
    """The protobuf JSON of `CertificateAuthority`; `chain` ends with the root."""
    return {
        "subject": {"organization": ORGANIZATION, "commonName": host},
        "uri": f"https://{host}",
        "certChain": {"certificates": [{"rawBytes": base64_text(c.public_bytes(Encoding.DER))} for c in chain]},
        "validFor": window.as_json(),
    }


def signing_config(
    *, fulcio: str, oidc: str, rekor: Sequence[tuple[str, int]], tsa: Sequence[str], since: datetime
) -> Json:
    """A signing configuration v0.2: services by URL; `rekor` with the major version of its API."""

    def service(url: str, version: int = 1) -> Json:
        window = Window(since, since + timedelta(days=3650))
        return {"url": url, "majorApiVersion": version, "validFor": window.as_json(), "operator": ORGANIZATION}

    return {
        "mediaType": SIGNING_CONFIG_TYPE,
        "caUrls": [service(fulcio)],
        "oidcUrls": [service(oidc)],
        "rekorTlogUrls": [service(url, version) for url, version in rekor],
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaUrls": [service(f"{url}/api/v1/timestamp") for url in tsa],
        "tsaConfig": {"selector": "ANY"},
    }
