"""A certificate transparency log that signs certificate timestamps for precertificates, RFC 6962 section 3.2."""

from __future__ import annotations

import hashlib
import struct
from datetime import datetime

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from local.sigstore.keys import key_id, subject_public_key_info

_V1, _CERTIFICATE_TIMESTAMP, _PRECERT_ENTRY = 0, 0, 1
_SHA256_ECDSA = b"\x04\x03"  # RFC 5246 section 7.4.1.4.1


class CTLog:
    """One log with one P-256 key. It keeps nothing: only its promises are ever looked at."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self.key = key
        self.log_id = key_id(key.public_key())

    def promise(self, precertificate: x509.Certificate, issuer: ec.EllipticCurvePublicKey, at: datetime) -> bytes:
        """The serialized SCT for a certificate that has no SCT list yet, signed by `issuer`'s key."""
        milliseconds = int(at.timestamp() * 1000)
        tbs = precertificate.tbs_certificate_bytes
        signed = (
            struct.pack("!BBQH", _V1, _CERTIFICATE_TIMESTAMP, milliseconds, _PRECERT_ENTRY)
            + hashlib.sha256(subject_public_key_info(issuer)).digest()
            + len(tbs).to_bytes(3, "big")
            + tbs
            + struct.pack("!H", 0)
        )
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        head = bytes([_V1]) + self.log_id + struct.pack("!QH", milliseconds, 0)
        return head + _SHA256_ECDSA + struct.pack("!H", len(signature)) + signature


def sct_list(*promises: bytes) -> x509.UnrecognizedExtension:
    """The certificate extension that carries SCTs, RFC 6962 section 3.3."""
    entries = b"".join(struct.pack("!H", len(promise)) + promise for promise in promises)
    value = core.OctetString(struct.pack("!H", len(entries)) + entries).dump()
    return x509.UnrecognizedExtension(ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS, value)
