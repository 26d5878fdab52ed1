"""Fulcio: issues short-lived signing certificates to OIDC identities, each with a promise of a CT log inside.

Extensions are those of Fulcio's `docs/oid-info.md`: 1.3.6.1.4.1.57264.1.1 to .6 hold raw UTF-8, .8 to .22 a DER
UTF8String. Every parameter of `Fulcio.issue` after `claims` is there to make certificates that must be refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from local.sigstore.certificate_authority import Authority, intermediate_authority, key_usage, root_authority
from local.sigstore.ct_log import CTLog, sct_list
from local.sigstore.keys import KeySource
from local.sigstore.leaf import Leaf

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
EXTENSION_ARC = "1.3.6.1.4.1.57264.1."
LIFETIME = timedelta(minutes=10)
_LAST_RAW_EXTENSION = 6


@dataclass(frozen=True)
class Profile:
    """Everything that is in a certificate besides its key and serial number."""

    names: Sequence[x509.GeneralName]
    claims: Mapping[str, bytes]
    begins: datetime
    ends: datetime
    usages: Sequence[ObjectIdentifier] = (ExtendedKeyUsageOID.CODE_SIGNING,)
    key_usages: Sequence[str] = ("digital_signature",)
    is_authority: bool = False

    def builder(self, authority: Authority, key: ec.EllipticCurvePublicKey, serial: int) -> x509.CertificateBuilder:
        """The certificate to be signed, without an SCT list."""
        builder = authority.issuing(
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
        )
        for extension, critical in self._extensions(key):
            builder = builder.add_extension(extension, critical)
        return builder

    def _extensions(self, key: ec.EllipticCurvePublicKey) -> Iterable[tuple[x509.ExtensionType, bool]]:
        yield key_usage(*self.key_usages), True
        if self.usages:
            yield x509.ExtendedKeyUsage(self.usages), False
        yield x509.SubjectKeyIdentifier.from_public_key(key), False
        if self.is_authority:
            yield x509.BasicConstraints(ca=True, path_length=None), True
        if self.names:
            yield x509.SubjectAlternativeName(self.names), True
        for suffix, value in self.claims.items():
            yield x509.UnrecognizedExtension(ObjectIdentifier(EXTENSION_ARC + suffix), value), False


class Fulcio:
    """A root, an intermediate that issues, and the CT log that the intermediate submits to."""

    def __init__(self, keys: KeySource, ct_log: CTLog, *, since: datetime, now: datetime) -> None:
        self.ct_log = ct_log
        self.now = now
        self.root = root_authority(keys, "fulcio root", since=since)
        self.intermediate = intermediate_authority(
            keys, "fulcio intermediate", under=self.root, since=since, usage=ExtendedKeyUsageOID.CODE_SIGNING
        )

    def issue(
        self,
        subject: str,
        *,
        at: datetime | None = None,
        issuer: str = GITHUB_ISSUER,
        claims: Mapping[str, str | bytes | None] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        email: bool = False,
        other_subjects: Sequence[str] = (),
        no_subject: bool = False,
        lifetime: timedelta = LIFETIME,
        sct: bool = True,
        ct_log: CTLog | None = None,
        usages: Sequence[ObjectIdentifier] = (ExtendedKeyUsageOID.CODE_SIGNING,),
        key_usages: Sequence[str] = ("digital_signature",),
        is_authority: bool = False,
    ) -> Leaf:
        """Issue a certificate that begins at `at` (default: this Sigstore's now).

        `claims` are Fulcio's extensions by the last number of their OID; the issuer is in "1" and "8" unless `claims`
        says otherwise; None leaves an extension out, bytes are taken as the raw value. `ct_log` is another log to
        promise inclusion; `sct=False` leaves the promise out.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        profile = replace(
            self.profile(subject, at=at, issuer=issuer, claims=claims, email=email, lifetime=lifetime),
            usages=usages,
            key_usages=key_usages,
            is_authority=is_authority,
        )
        names = () if no_subject else (*profile.names, *map(x509.UniformResourceIdentifier, other_subjects))
        log = (ct_log or self.ct_log) if sct else None
        return Leaf(key, self.certify(replace(profile, names=names), key.public_key(), log))

    def profile(
        self,
        subject: str,
        *,
        at: datetime | None = None,
        issuer: str = GITHUB_ISSUER,
        claims: Mapping[str, str | bytes | None] | None = None,
        email: bool = False,
        lifetime: timedelta = LIFETIME,
    ) -> Profile:
        """What a right certificate holds; parameters as of `issue`."""
        begins = at or self.now
        return Profile(
            names=(x509.RFC822Name(subject) if email else x509.UniformResourceIdentifier(subject),),
            claims=_encoded({"1": issuer, "8": issuer, **(claims or {})}),
            begins=begins,
            ends=begins + lifetime,
        )

    def certify(self, profile: Profile, key: ec.EllipticCurvePublicKey, ct_log: CTLog | None) -> x509.Certificate:
        """Sign `profile` for this key; with a log, its promise about the same certificate is embedded."""
        builder = profile.builder(self.intermediate, key, x509.random_serial_number())
        certificate = self.intermediate.sign(builder)
        if ct_log is None:
            return certificate
        promise = ct_log.promise(certificate, self.intermediate.key.public_key(), profile.begins)
        return self.intermediate.sign(builder.add_extension(sct_list(promise), critical=False))


def _encoded(claims: Mapping[str, str | bytes | None]) -> dict[str, bytes]:
    return {suffix: _extension_value(suffix, value) for suffix, value in claims.items() if value is not None}


def _extension_value(suffix: str, value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    if int(suffix) <= _LAST_RAW_EXTENSION:
        return value.encode()
    encoded: bytes = core.UTF8String(value).dump()
    return encoded
