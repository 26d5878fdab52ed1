"""Sigstore bundles through sigstore-python's public interface: the only room that imports `sigstore`.

What that library leaves open is closed here: retired keys (`trusted_root.cut`), the payload's type and its
statement, one spelling of the JSON, and any exception that is not its own.
"""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from sigstore.errors import CertValidationError, VerificationError
from sigstore.hashes import Hashed
from sigstore.models import Bundle, ClientTrustConfig
from sigstore.verify import Verifier
from sigstore_models.common.v1 import HashAlgorithm

from registry_verifier import identity, statement, strict_json
from registry_verifier.errors import EvidenceRejected, TrustRootError
from registry_verifier.models import Digest, Identity, Statement
from registry_verifier.proof import bundle as bundles
from registry_verifier.proof import timestamp
from registry_verifier.proof.log_entry import one_of
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot

_SLICES_LIMIT = 64
_TIME_LIMIT = 1 << 40


class BundleVerifier:
    """Checks bundles against one trusted root; keeps sigstore's verifiers, one for each cut of the root."""

    def __init__(self, root: TrustedRoot) -> None:
        """TrustRootError where sigstore cannot read what `TrustedRoot` could."""
        self._root = root
        self._verifiers: OrderedDict[tuple[int, ...], Verifier] = OrderedDict()
        try:
            self._build(root.cut(())[1])
        except Exception as error:
            raise TrustRootError(f"sigstore cannot use the trusted root: {error}") from error

    def verify(self, raw: bytes, digest: Digest) -> Statement:
        """The statement or signature about `digest` in a bundle, by whoever its certificate names.

        Raises EvidenceRejected and nothing else, whatever the bytes are: (1) one reading of the JSON, (2) exactly one
        log entry of a kind that is supported, (3) a signed time, (4) sigstore's verification with the trusted root as
        it was at that time, (5) one identity, (6) what the payload says.
        """
        return self.verify_document(raw, bundles.parse(raw), digest)

    def verify_document(self, raw: bytes, document: Mapping[str, Any], digest: Digest) -> Statement:
        """The same for a bundle of which `document` is the one reading."""
        _require_certificate(document)
        entry = _log_entry(document)
        signer = _Signer()
        try:
            bundle = Bundle.from_json(raw)
            times = _signed_times(bundle, entry)
            verifier = self._at(times)
            payload = _verify(verifier, bundle, document, signer, digest)
        except EvidenceRejected:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a hostile bundle breaks is a rejection of that bundle
            raise _translated(error, document, signer, digest) from error
        found = {
            "identity": signer.identity,
            "log_index": int(entry["logIndex"]),
            "signed_at": self._signed_at(bundle, entry),
            "signature_id": identity.signature_id(bundle.signature, bundle.signing_certificate),
            "root_sha256": self._root.sha256,
        }
        return _statement(payload, digest, found)

    def _signed_at(self, bundle: Bundle, entry: Mapping[str, Any]) -> datetime:
        """The time that was proven: sigstore ignores timestamps that do not hold beside one that does."""
        if (integrated := _integrated_time(entry)) is not None:
            return integrated
        stamps = bundle.verification_material.timestamp_verification_data
        tokens = [stamp.as_bytes() for stamp in (stamps.rfc3161_timestamps if stamps else [])]
        return min(timestamp.read(tokens, bundle.signature, self._root))

    @staticmethod
    def hint(raw: bytes) -> tuple[bool, str | None]:
        """What a bundle that does not hold claims to be: whether a signature, and its predicate type. Nobody's word."""
        try:
            document = strict_json.parse_object(raw)
            if "messageSignature" in document:
                return True, None
            payload = strict_json.parse_object(base64.b64decode(document["dsseEnvelope"]["payload"]))
            predicate_type = payload["predicateType"]
        except (ValueError, KeyError, TypeError):
            return False, None
        if not isinstance(predicate_type, str):
            return False, None
        return predicate_type == statement.COSIGN_SIGN, predicate_type[: statement.PREDICATE_TYPE_LIMIT]

    def _at(self, times: list[datetime]) -> Verifier:
        key, document = self._root.cut(times)
        if not all(document[name] for name in ("tlogs", "ctlogs", "certificateAuthorities")):
            raise EvidenceRejected(
                Reason.CERT_INVALID, f"nothing in the trusted root was in use at {times[0].isoformat()}"
            )
        if key not in self._verifiers:
            self._verifiers[key] = self._build(document)
            while len(self._verifiers) > _SLICES_LIMIT:
                self._verifiers.popitem(last=False)
        return self._verifiers[key]

    @staticmethod
    def _build(document: Mapping[str, Any]) -> Verifier:
        # the public way to a trusted root that is not a file is a trust configuration around it
        signing = {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"}
        kind = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
        config = {"mediaType": kind, "trustedRoot": document, "signingConfig": signing}
        return Verifier(trusted_root=ClientTrustConfig.from_json(json.dumps(config)).trusted_root)


class _Signer:
    """A verification policy that lets everyone through and remembers who: policies are asked later, by us.

    sigstore asks it after the certificate's chain and log stamp held, so it also tells how far a refusal got.
    """

    def __init__(self) -> None:
        self.identity: Identity | None = None

    def verify(self, cert: x509.Certificate) -> None:
        self.identity = identity.read(cert)


def _require_certificate(document: Mapping[str, Any]) -> None:
    material = document.get("verificationMaterial")
    if isinstance(material, dict) and "publicKey" in material:  # GHSA-fx35-mq7g-6g98
        raise EvidenceRejected(Reason.CERT_INVALID, "bundle has no certificate: it is signed by a public key")


def _log_entry(document: Mapping[str, Any]) -> Mapping[str, Any]:
    material = document.get("verificationMaterial")
    material = material if isinstance(material, dict) else {}
    entry = one_of(material.get("tlogEntries"))
    if not entry.get("inclusionPromise") and not material.get("timestampVerificationData"):
        raise _timeless()
    return entry


def _signed_times(bundle: Bundle, entry: Mapping[str, Any]) -> list[datetime]:
    """The times that the log or a timestamp authority claims to have signed; the verification proves the claim."""
    integrated = _integrated_time(entry)
    times = [] if integrated is None else [integrated]
    stamps = bundle.verification_material.timestamp_verification_data
    times += [stamp.tst_info.gen_time for stamp in (stamps.rfc3161_timestamps if stamps else [])]
    if not times:
        raise _timeless()
    return times


def _integrated_time(entry: Mapping[str, Any]) -> datetime | None:
    """Without the log's promise this time is nobody's word: CVE-2024-55655, CVE-2026-48816."""
    seconds = int(entry.get("integratedTime") or 0) if entry.get("inclusionPromise") else 0
    return datetime.fromtimestamp(seconds, tz=UTC) if 0 < seconds < _TIME_LIMIT else None


def _verify(
    verifier: Verifier, bundle: Bundle, document: Mapping[str, Any], signer: _Signer, digest: Digest
) -> bytes | None:
    """The statement's bytes, or None where the bundle signs the image's manifest itself."""
    if "dsseEnvelope" in document:
        payload_type, payload = verifier.verify_dsse(bundle, signer)
        statement.require_payload_type(payload_type)
        return payload
    verifier.verify_artifact(_hashed(digest), bundle, signer)
    return None


def _statement(payload: bytes | None, digest: Digest, found: Mapping[str, Any]) -> Statement:
    if payload is None:
        return Statement(place="", format="bundle", is_signature=True, **found)
    document = statement.read(payload, digest)
    predicate_type = document["predicateType"]
    is_signature = predicate_type == statement.COSIGN_SIGN
    return Statement(
        place="", format="bundle", is_signature=is_signature, predicate_type=predicate_type, document=document, **found
    )


def _translated(error: Exception, document: Mapping[str, Any], signer: _Signer, digest: Digest) -> EvidenceRejected:
    """What sigstore raised as ours, by how far it got and not by its words."""
    text = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, CertValidationError | x509.ExtensionNotFound):
        return EvidenceRejected(Reason.CERT_INVALID, text)
    if not isinstance(error, VerificationError):
        return EvidenceRejected(Reason.BUNDLE_INVALID, text)
    if signer.identity is None:
        return EvidenceRejected(Reason.SCT_INVALID, text)
    return EvidenceRejected(
        Reason.TLOG_INVALID if _signature_holds(document, digest) else Reason.SIGNATURE_INVALID, text
    )


def _signature_holds(document: Mapping[str, Any], digest: Digest) -> bool:
    """Whether the bare signature fits, asked only to name the fault of a bundle that is refused already."""
    try:
        material = document["verificationMaterial"]
        certificate = x509.load_der_x509_certificate(base64.b64decode(material["certificate"]["rawBytes"]))
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        if "dsseEnvelope" in document:
            envelope = document["dsseEnvelope"]
            signature, payload = envelope["signatures"][0]["sig"], base64.b64decode(envelope["payload"])
            signed = statement.pre_authentication_encoding(payload, envelope["payloadType"])
            key.verify(base64.b64decode(signature), signed, ec.ECDSA(hashes.SHA256()))
        else:
            signature = base64.b64decode(document["messageSignature"]["signature"])
            key.verify(signature, _hashed(digest).digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    except (InvalidSignature, ValueError, KeyError, TypeError, IndexError):
        return False
    return True


def _hashed(digest: Digest) -> Hashed:
    return Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(digest.removeprefix("sha256:")))


def _timeless() -> EvidenceRejected:
    return EvidenceRejected(Reason.TIMESTAMP_MISSING, "bundle has neither a log's promise nor a timestamp")
