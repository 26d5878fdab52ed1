"""The certificates of an authority: in order, each issued by the next, and the time in which all of them are valid.

Source: the comments of policy-controller's TrustRoot type (the root is the last entry and self-signed), RFC 5280
section 6.1.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

_CERTIFICATES_LIMIT = 10
_MARKER = b"-----BEGIN"
# what cryptography raises for a certificate whose parts it cannot read, or whose signature it cannot check
_FOREIGN = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


@dataclass(frozen=True)
class Chain:
    """An authority's certificates in DER, the root last, and when all of them are valid."""

    certificates: tuple[bytes, ...]
    start: datetime
    end: datetime


def read(pem: bytes, *, leaf: bool = False) -> Chain:
    """Read PEM certificates; `leaf` allows the first to be no authority. ValueError where they are no chain."""
    if not 0 < pem.count(_MARKER) <= _CERTIFICATES_LIMIT:
        raise ValueError(f"has {pem.count(_MARKER)} certificates (expected 1 to {_CERTIFICATES_LIMIT} in pem)")
    certificates = _loaded(pem)
    try:
        _require_authorities(certificates, leaf)
        _require_order(certificates)
        return _chain(certificates)
    except _FOREIGN as error:
        raise ValueError(str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}") from error


def _loaded(pem: bytes) -> list[x509.Certificate]:
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except _FOREIGN as error:
        raise ValueError(f"certificates cannot be read: {str(error)[:120]}") from error
    if len(certificates) != pem.count(_MARKER):
        raise ValueError(f"has {pem.count(_MARKER)} pem blocks, of which {len(certificates)} are certificates")
    return certificates


def _chain(certificates: Sequence[x509.Certificate]) -> Chain:
    start = max(each.not_valid_before_utc for each in certificates)
    end = min(each.not_valid_after_utc for each in certificates)
    if start >= end:
        raise ValueError(f"certificates are never valid together: one begins {start:%Y-%m-%d}, one ends {end:%Y-%m-%d}")
    return Chain(tuple(each.public_bytes(Encoding.DER) for each in certificates), start, end)


def _require_authorities(certificates: Sequence[x509.Certificate], leaf: bool) -> None:
    leaves = [n for n, each in enumerate(certificates, 1) if not _is_authority(each)]
    if len(leaves) > 1:
        raise ValueError(f"has {len(leaves)} certificates that are no authority (expected at most {int(leaf)})")
    if leaves and (leaves != [1] or not leaf):
        raise ValueError(f"certificate {leaves[0]} is no authority" + (" (expected it first)" if leaf else ""))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _require_order(certificates: Sequence[x509.Certificate]) -> None:
    for n, (issued, issuer) in enumerate(pairwise(certificates), 1):
        _require_issuer(issued, issuer, f"certificate {n}", f"certificate {n + 1}")
    _require_issuer(certificates[-1], certificates[-1], "the last certificate", "itself")


def _require_issuer(issued: x509.Certificate, issuer: x509.Certificate, what: str, by: str) -> None:
    try:
        issued.verify_directly_issued_by(issuer)  # compares the names as they are written, with none made of them
    except InvalidSignature as error:
        raise ValueError(f"{what} is not signed by {by}") from error
    except ValueError as error:
        raise ValueError(f"{what} is not issued by {by} (expected the root last)") from error
