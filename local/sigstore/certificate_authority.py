"""Certificate authorities with P-384 keys: what Fulcio and the timestamp authority are built on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.sigstore.keys import KeySource

ORGANIZATION = "private.sigstore.test"
LIFETIME = timedelta(days=3650)
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def key_usage(*wanted: str) -> x509.KeyUsage:
    """The key usage extension with only the named bits set."""
    return x509.KeyUsage(**{usage: usage in wanted for usage in _USAGES})


def distinguished_name(common_name: str) -> x509.Name:
    """The name of an authority: our organization and this common name."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@dataclass(frozen=True)
class Authority:
    """A key that signs certificates, and the certificate that says so."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Sign `builder`, which already names this authority as its issuer."""
        return builder.sign(self.key, hashes.SHA384(), ecdsa_deterministic=True)

    def issuing(self, builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        """Name this authority in `builder`, by name and by key id."""
        key_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return builder.issuer_name(self.certificate.subject).add_extension(key_identifier, critical=False)


def root_authority(keys: KeySource, name: str, *, since: datetime) -> Authority:
    """A self-signed authority that may have one authority under it."""
    key = keys.p384(name)
    builder = _authority_builder(keys, name, since, path_length=1).issuer_name(distinguished_name(name))
    return Authority(key, builder.sign(key, hashes.SHA384(), ecdsa_deterministic=True))


def intermediate_authority(
    keys: KeySource, name: str, *, under: Authority, since: datetime, usage: x509.ObjectIdentifier
) -> Authority:
    """An authority that issues leaves only, limited to the extended key usage `usage`."""
    builder = under.issuing(_authority_builder(keys, name, since, path_length=0))
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return Authority(keys.p384(name), under.sign(builder))


def _authority_builder(keys: KeySource, name: str, since: datetime, *, path_length: int) -> x509.CertificateBuilder:
    public_key = keys.p384(name).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(distinguished_name(name))
        .public_key(public_key)
        .serial_number(keys.serial(name))
        .not_valid_before(since)
        .not_valid_after(since + LIFETIME)
        .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
