"""Sigstore's trusted root as values: which key or authority vouched for what, and when it was good for that.

The file is protobuf JSON, `dev.sigstore.trustroot.v1.TrustedRoot` (sigstore/protobuf-specs).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from registry_verifier import strict_json
from registry_verifier.errors import TrustRootError
from registry_verifier.models import digest_of

_P256 = "PKIX_ECDSA_P256_SHA_256"
_SIZE_LIMIT = 1 << 20


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
    """The P-256 key of a transparency log (Rekor v1, or a certificate transparency log)."""

    key: ec.EllipticCurvePublicKey
    window: Window


@dataclass(frozen=True)
class Authority:
    """A Fulcio certificate authority: intermediates first, the root last."""

    certificates: tuple[x509.Certificate, ...]
    window: Window


class TrustedRoot:
    """One trusted root file, read once per process."""

    def __init__(self, raw: bytes) -> None:
        """Read the file's bytes; TrustRootError where they are no trusted root, or one that can verify nothing."""
        if len(raw) > _SIZE_LIMIT:
            raise TrustRootError(f"trusted root has {len(raw)} bytes (at most {_SIZE_LIMIT})")
        try:
            self._document = strict_json.parse_object(raw)
            self.rekor_keys = _log_keys(self._document["tlogs"])
            """Rekor v1 keys by log id; Rekor v2 signs with Ed25519 and never promises inclusion"""
            self.ct_keys = _log_keys(self._document["ctlogs"])
            self.authorities = tuple(map(_authority, self._document["certificateAuthorities"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrustRootError(f"not a trusted root: {type(error).__name__}: {error}") from error
        if not (self._document["tlogs"] and self.ct_keys and self.authorities):
            raise TrustRootError("trusted root lacks a transparency log, a certificate log or a certificate authority")
        self.sha256 = digest_of(raw).removeprefix("sha256:")

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


def _log_keys(logs: Iterable[Mapping[str, Any]]) -> dict[bytes, LogKey]:
    return dict(_log_key(log) for log in logs if log["publicKey"]["keyDetails"] == _P256)


def _log_key(log: Mapping[str, Any]) -> tuple[bytes, LogKey]:
    der = _bytes(log["publicKey"]["rawBytes"])
    key = serialization.load_der_public_key(der)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError(f"log key is no elliptic curve key: {type(key).__name__}")  # noqa: TRY004 - one error for the file
    # RFC 6962 section 3.2: a log's id is the hash of its key; what the file calls it is not asked
    return bytes.fromhex(digest_of(der).removeprefix("sha256:")), LogKey(key, _key_window(log))


def _authority(entry: Mapping[str, Any]) -> Authority:
    chain = [x509.load_der_x509_certificate(_bytes(c["rawBytes"])) for c in entry["certChain"]["certificates"]]
    return Authority(tuple(chain), _window(entry))


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
