"""A signing certificate: profile, chain at the time of signing, certificate log stamp.

For everything that sigstore-python does not prove: legacy layers, and bundles without a log entry or without a stamp.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.certificate_transparency import LogEntryType, SignedCertificateTimestamp
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from registry_verifier import signing_key
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import digest_of
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import Authority, TrustedRoot

_SIZE_LIMIT = 64 * 1024
_SCT_LIMIT = 8
_UNREADABLE = (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError)


def load_pem(pem: object) -> x509.Certificate:
    """The one certificate in a PEM text, with the profile of a Fulcio leaf; else EvidenceRejected(CERT_INVALID)."""
    if not isinstance(pem, str) or not pem or len(pem) > _SIZE_LIMIT:
        raise _invalid("layer has no certificate")
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except (ValueError, x509.InvalidVersion) as error:
        raise _invalid(f"certificate cannot be read: {error}") from error
    if len(certificates) != 1:
        raise _invalid(f"layer has {len(certificates)} certificates (must be exactly one)")
    _require_profile(certificates[0])
    return certificates[0]


def load_der(der: bytes) -> x509.Certificate:
    """The certificate in a bundle, with the profile of a Fulcio leaf; else EvidenceRejected(CERT_INVALID)."""
    if len(der) > _SIZE_LIMIT:
        raise _invalid(f"certificate has {len(der)} bytes (at most {_SIZE_LIMIT})")
    try:
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as error:
        raise _invalid(f"certificate cannot be read: {error}") from error
    _require_profile(certificate)
    return certificate


def public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """Its key, which is an elliptic curve key in every certificate that is let through here."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise _invalid(f"certificate key is {type(key).__name__} (expected an elliptic curve key)")
    return key


def _require_profile(leaf: x509.Certificate) -> None:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        public_key(leaf)
    except (*_UNREADABLE, UnsupportedAlgorithm) as error:
        raise _invalid(f"certificate cannot be used: {error}") from error
    if not usage.digital_signature or usage.key_cert_sign:
        raise _invalid("certificate is not a leaf for digital signatures")
    if ExtendedKeyUsageOID.CODE_SIGNING not in extended:
        raise _invalid("certificate is not for code signing")


def require_chain(leaf: x509.Certificate, moment: datetime, root: TrustedRoot) -> x509.Certificate:
    """The issuer of `leaf`, an authority of the trusted root that was in use and vouched for it at `moment`.

    Intermediates count as trust anchors, since the trusted root names them; the chain that a layer
    brings along is never looked at. Raises EvidenceRejected(CERT_INVALID).
    """
    error = f"no certificate authority of the trusted root was in use at {moment.isoformat()}"
    for authority in root.authorities:
        if authority.window.holds(moment):
            try:
                return _chain(leaf, moment, authority)
            except (VerificationError, x509.UnsupportedGeneralNameType) as refused:
                error = str(refused)
    raise _invalid(f"certificate does not chain to the trusted root at {moment.isoformat()}: {error}")


def _chain(leaf: x509.Certificate, moment: datetime, authority: Authority) -> x509.Certificate:
    # the default end-entity policy demands the client-authentication usage; that of code signing was demanded above
    ca = ExtensionPolicy.webpki_defaults_ca().may_be_present(x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, None)
    ee = ExtensionPolicy.webpki_defaults_ee().require_present(x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, None)
    policy = PolicyBuilder().store(Store(list(authority.certificates))).time(moment)
    verifier = policy.extension_policies(ca_policy=ca, ee_policy=ee).build_client_verifier()
    return verifier.verify(leaf, []).chain[1]


def require_sct(leaf: x509.Certificate, issuer: x509.Certificate, root: TrustedRoot) -> None:
    """Raise EvidenceRejected(SCT_INVALID) unless a known certificate log stamped the leaf (RFC 6962 section 3.2)."""
    try:
        stamps = list(leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError) as error:
        raise EvidenceRejected(Reason.SCT_INVALID, f"certificate has no log stamp: {error}") from error
    if not any(_stamp_holds(stamp, leaf, issuer, root) for stamp in stamps[:_SCT_LIMIT]):
        raise EvidenceRejected(Reason.SCT_INVALID, "no certificate log of the trusted root stamped the certificate")


def _stamp_holds(
    stamp: SignedCertificateTimestamp, leaf: x509.Certificate, issuer: x509.Certificate, root: TrustedRoot
) -> bool:
    log = root.ct_keys.get(stamp.log_id)
    if log is None or not log.window.holds(stamp.timestamp.replace(tzinfo=UTC)):
        return False
    if stamp.entry_type != LogEntryType.PRE_CERTIFICATE or not isinstance(
        stamp.signature_hash_algorithm, hashes.SHA256
    ):
        return False
    return signing_key.signed(log.key, stamp.signature, _signed_by_log(stamp, leaf, issuer))


def _signed_by_log(stamp: SignedCertificateTimestamp, leaf: x509.Certificate, issuer: x509.Certificate) -> bytes:
    spki = issuer.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    issuer_hash = bytes.fromhex(digest_of(spki).removeprefix("sha256:"))
    certificate, extensions = leaf.tbs_precertificate_bytes, stamp.extension_bytes
    milliseconds = round(stamp.timestamp.replace(tzinfo=UTC).timestamp() * 1000)
    head = struct.pack("!BBQH", 0, 0, milliseconds, 1)
    length = len(certificate).to_bytes(3, "big")
    return head + issuer_hash + length + certificate + struct.pack("!H", len(extensions)) + extensions


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.CERT_INVALID, text)
