"""A timestamp authority: RFC 3161 responses, signed by a P-384 key under its own root."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from local.sigstore.certificate_authority import (
    LIFETIME,
    Authority,
    distinguished_name,
    intermediate_authority,
    key_usage,
    root_authority,
)
from local.sigstore.keys import KeySource

_POLICY = "1.3.6.1.4.1.57264.2"


class TimestampAuthority:
    """One signing key. What it stamps is the hash of a signature."""

    def __init__(self, keys: KeySource, *, since: datetime, intermediate: bool = False) -> None:
        """`intermediate` puts an authority between root and signing certificate, as GitHub has it."""
        self.root = root_authority(keys, "timestamp root", since=since)
        self.key = keys.p384("timestamp")
        above = [self.root]
        if intermediate:
            usage = ExtendedKeyUsageOID.TIME_STAMPING
            name = "timestamp intermediate"
            above.insert(0, intermediate_authority(keys, name, under=self.root, since=since, usage=usage))
        self.certificate = _signing_certificate(keys, above[0], since)
        self.chain = [self.certificate, *(authority.certificate for authority in above)]

    def stamp(self, message: bytes, *, at: datetime) -> bytes:
        """A DER TimeStampResp over SHA-256 of `message`, with the signing certificate in it and no nonce."""
        return self.stamp_imprint(hashlib.sha256(message).digest(), at=at)

    def stamp_imprint(self, imprint: bytes, *, at: datetime, nonce: int | None = None, certified: bool = True) -> bytes:
        """A DER TimeStampResp over a SHA-256 digest; `certified` embeds the signing certificate."""
        moment = at.astimezone(UTC).replace(microsecond=0)
        info = _token_info(imprint, moment, nonce).dump()
        token = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
                "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
                "certificates": [self._certificate()] if certified else None,
                "signer_infos": [self._signer_info(info, moment)],
            }
        )
        response = tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": {"content_type": "signed_data", "content": token}}
        )
        encoded: bytes = response.dump()
        return encoded

    def answer(self, request: bytes, *, at: datetime) -> bytes:
        """A DER TimeStampResp to a DER TimeStampReq, RFC 3161 section 2.4.1; ValueError where it is none."""
        asked = tsp.TimeStampReq.load(request, strict=True)
        imprint = asked["message_imprint"]
        if imprint["hash_algorithm"]["algorithm"].native != "sha256":
            raise ValueError("message imprint is not SHA-256")
        certified = bool(asked["cert_req"].native)
        return self.stamp_imprint(
            imprint["hashed_message"].native, at=at, nonce=asked["nonce"].native, certified=certified
        )

    def _certificate(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))

    def _signer_info(self, info: bytes, moment: datetime) -> cms.SignerInfo:
        certificate = self._certificate()
        attributes = _signed_attributes(certificate, info, moment)
        serial = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
        return cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier("issuer_and_serial_number", serial),
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
            }
        )


def _token_info(imprint: bytes, moment: datetime, nonce: int | None) -> tsp.TSTInfo:
    """What is stamped, RFC 3161 section 2.4.2."""
    return tsp.TSTInfo(
        {
            "version": "v1",
            "policy": _POLICY,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": imprint},
            "serial_number": int.from_bytes(imprint[:12], "big"),
            "gen_time": moment,
            "accuracy": {"seconds": 1},
            "ordering": False,
            "nonce": nonce,
        }
    )


def _signed_attributes(certificate: asn1_x509.Certificate, info: bytes, moment: datetime) -> cms.CMSAttributes:
    """What the signature is over, RFC 5652 section 5.3, with the certificate pinned as RFC 5816 demands."""
    issuer = [asn1_x509.GeneralName("directory_name", certificate.issuer)]
    pinned = {
        "cert_hash": hashlib.sha256(certificate.dump()).digest(),
        "issuer_serial": {"issuer": issuer, "serial_number": certificate.serial_number},
    }
    values = {
        "content_type": "tst_info",
        "signing_time": cms.Time({"utc_time": moment}),
        "message_digest": hashlib.sha256(info).digest(),
        "signing_certificate_v2": tsp.SigningCertificateV2({"certs": [pinned]}),
    }
    return cms.CMSAttributes([cms.CMSAttribute({"type": name, "values": [value]}) for name, value in values.items()])


def _signing_certificate(keys: KeySource, root: Authority, since: datetime) -> x509.Certificate:
    public_key = keys.p384("timestamp").public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(distinguished_name("timestamp"))
        .public_key(public_key)
        .serial_number(keys.serial("timestamp"))
        .not_valid_before(since)
        .not_valid_after(since + LIFETIME)
        .add_extension(key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    return root.sign(root.issuing(builder))
