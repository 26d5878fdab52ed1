"""Sigstore's trusted root as values: which key or authority vouched for what, and when it was good for that.

The file is protobuf JSON, `dev.sigstore.trustroot.v1.TrustedRoot` (sigstore/protobuf-specs). The deployment's own is
complete; the TrustRoot of a policy may have only the parts that the policy refers to.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from registry_verifier import strict_json
from registry_verifier.errors import TrustRootError
from registry_verifier.models import digest_of
from registry_verifier.signing_key import PublicKey

_ED25519 = ("PKIX_ED25519",)
_ECDSA = ("PKIX_ECDSA_P256_SHA_256", "PKIX_ECDSA_P384_SHA_384", "PKIX_ECDSA_P521_SHA_512")
_RSA = ("PKIX_RSA_PKCS1V15_2048_SHA256", "PKIX_RSA_PKCS1V15_3072_SHA256", "PKIX_RSA_PKCS1V15_4096_SHA256")
_SIZE_LIMIT = 1 << 20
_LISTS = ("tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities")
_MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"


@dataclass(frozen=True)
class Window:
    """The time in which a key or an authority was in use; both ends count, an absent end is open."""

    start: datetime
    end: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` lies in it."""
        return self.start <= moment and (self.end is None or moment <= self.end)


@dataclass(frozen=True)
class LogKey:
    """The key of a transparency log (Rekor v1, or a certificate transparency log), which signs over SHA-256."""

    key: PublicKey
    window: Window


@dataclass(frozen=True)
class TilesKey:
    """The Ed25519 key of a transparency log (Rekor v2), which signs checkpoints only."""

    key: ed25519.Ed25519PublicKey
    window: Window


@dataclass(frozen=True)
class Authority:
    """A certificate authority or a timestamp authority: the root last, before it whatever it vouches for."""

    certificates: tuple[x509.Certificate, ...]
    window: Window

    @property
    def stamps(self) -> bool:
        """Whether it can vouch for a timestamp: the certificate that signs it comes first, and its root last."""
        return len(self.certificates) > 1 and not _issues(self.certificates[0])


class TrustedRoot:
    """One trusted root file, read once per process."""

    def __init__(self, raw: bytes, *, complete: bool = True) -> None:
        """Read the file's bytes; TrustRootError where they are no trusted root, or one that can verify nothing.

        `complete` demands a transparency log, a certificate log and a certificate authority; else one part will do.
        """
        if len(raw) > _SIZE_LIMIT:
            raise TrustRootError(f"trusted root has {len(raw)} bytes (at most {_SIZE_LIMIT})")
        try:
            self._document = _with_every_list(strict_json.parse_object(raw), complete=complete)
            self.rekor_keys = _log_keys(self._document["tlogs"], _ECDSA)
            """Rekor v1 keys by log id; Rekor v2 signs with Ed25519 and never promises inclusion"""
            self.tiles_keys = dict(map(_tiles_key, _with_details(self._document["tlogs"], _ED25519)))
            """Rekor v2 keys by log id"""
            self.ct_keys = _log_keys(self._document["ctlogs"], _ECDSA + _RSA)
            self.authorities = tuple(map(_authority, self._document["certificateAuthorities"]))
            self.timestamp_authorities = tuple(map(_authority, self._document["timestampAuthorities"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrustRootError(f"not a trusted root: {type(error).__name__}: {error}") from error
        self._require_parts(complete=complete)
        self.sha256 = digest_of(raw).removeprefix("sha256:")

    def _require_parts(self, *, complete: bool) -> None:
        parts = (self._document["tlogs"], self.ct_keys, self.authorities)
        if complete and not all(parts):
            raise TrustRootError("trusted root lacks a transparency log, a certificate log or a certificate authority")
        if not any((*parts, self.timestamp_authorities)):
            raise TrustRootError("trusted root has no log and no authority")

    @classmethod
    def compose(cls, authorities: TrustedRoot, logs: TrustedRoot, stamps: TrustedRoot) -> TrustedRoot:
        """A root of parts: certificate authorities and their logs, transparency logs, timestamp authorities."""
        if authorities is logs is stamps:
            return authorities
        document = {
            "mediaType": _MEDIA_TYPE,
            "tlogs": logs._document["tlogs"],
            "ctlogs": authorities._document["ctlogs"],
            "certificateAuthorities": authorities._document["certificateAuthorities"],
            "timestampAuthorities": stamps._document["timestampAuthorities"],
        }
        if not any(document[name] for name in _LISTS):
            raise TrustRootError("trusted roots have none of the parts that are asked of them")
        return cls(json.dumps(document).encode(), complete=False)

    @property
    def is_complete(self) -> bool:
        """Whether sigstore-python can use it: it has logs and authorities of each sort but for timestamps."""
        return bool(self._document["tlogs"] and self.ct_keys and self.authorities)

    def has(self, part: str) -> bool:
        """Whether something of a part can be used, by the name that a TrustRoot has for it, such as `tLogs`."""
        parts = {
            "certificateAuthorities": self.authorities,
            "ctLogs": self.ct_keys,
            "tLogs": self.rekor_keys or self.tiles_keys,
            "timestampAuthorities": [one for one in self.timestamp_authorities if one.stamps],
        }
        return bool(parts[part])

    def cut(self, moments: Sequence[datetime]) -> tuple[tuple[int, ...], dict[str, Any]]:
        """The same document with only the logs and authorities that were in use at every one of `moments`.

        sigstore-python looks at the start of a validity window and not at its end, so that a key that was
        retired, perhaps because it was stolen, would go on vouching. Comes with a short key for caching.
        """
        document, key = dict(self._document), []
        for name, window_of in (("tlogs", _key_window), ("ctlogs", _key_window), ("certificateAuthorities", _window)):
            entries = self._document[name]
            kept = [i for i, entry in enumerate(entries) if all(map(window_of(entry).holds, moments))]
            document[name] = [entries[i] for i in kept]
            key += [-1, *kept]
        return tuple(key), document


def _with_every_list(document: dict[str, Any], *, complete: bool) -> dict[str, Any]:
    """Protobuf's JSON leaves empty lists out; the deployment's own root has no empty ones but for timestamps."""
    absent = ("timestampAuthorities",) if complete else _LISTS
    return {**{name: [] for name in absent}, **document}


def _with_details(logs: Iterable[Mapping[str, Any]], details: Sequence[str]) -> list[Mapping[str, Any]]:
    return [log for log in logs if log["publicKey"]["keyDetails"] in details]


def _log_keys(logs: Iterable[Mapping[str, Any]], details: Sequence[str]) -> dict[bytes, LogKey]:
    return dict(map(_log_key, _with_details(logs, details)))


def _log_key(log: Mapping[str, Any]) -> tuple[bytes, LogKey]:
    der = _bytes(log["publicKey"]["rawBytes"])
    key = serialization.load_der_public_key(der)
    if isinstance(key, rsa.RSAPublicKey) is not (log["publicKey"]["keyDetails"] in _RSA):
        raise ValueError(f"log key is not what the file says: {type(key).__name__}")
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise ValueError(f"log key is no elliptic curve key: {type(key).__name__}")  # noqa: TRY004 - one error for the file
    # RFC 6962 section 3.2: a log's id is the hash of its key; what the file calls it is not asked
    return bytes.fromhex(digest_of(der).removeprefix("sha256:")), LogKey(key, _key_window(log))


def _tiles_key(log: Mapping[str, Any]) -> tuple[bytes, TilesKey]:
    key = serialization.load_der_public_key(_bytes(log["publicKey"]["rawBytes"]))
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise ValueError(f"log key is no ed25519 key: {type(key).__name__}")  # noqa: TRY004 - one error for the file
    return _bytes(log["logId"]["keyId"]), TilesKey(key, _key_window(log))


def _authority(entry: Mapping[str, Any]) -> Authority:
    chain = [x509.load_der_x509_certificate(_bytes(c["rawBytes"])) for c in entry["certChain"]["certificates"]]
    if not chain:
        raise ValueError("authority has no certificate")
    return Authority(tuple(chain), _window(entry))


def _issues(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def _key_window(log: Mapping[str, Any]) -> Window:
    return _window(log["publicKey"])


def _window(entry: Mapping[str, Any]) -> Window:
    valid_for = entry["validFor"]
    end = valid_for.get("end")
    return Window(datetime.fromisoformat(valid_for["start"]), datetime.fromisoformat(end) if end else None)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"bad base64: {error}") from error
