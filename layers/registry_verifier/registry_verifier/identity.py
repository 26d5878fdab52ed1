"""Who signed: what a Fulcio certificate says of its holder, and whether that is who a policy demands.

Source: fulcio/docs/oid-info.md, certificate extensions under 1.3.6.1.4.1.57264.1.
"""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Identity
from registry_verifier.reasons import Reason

_FULCIO = "1.3.6.1.4.1.57264.1."
_ISSUER_RAW, _ISSUER_DER = "1", "8"
_BARE_CLAIMS = {
    "2": "github_workflow_trigger",
    "3": "github_workflow_sha",
    "4": "github_workflow_name",
    "5": "github_workflow_repository",
    "6": "github_workflow_ref",
}
_CLAIMS = {
    **_BARE_CLAIMS,
    "9": "build_signer_uri",
    "10": "build_signer_digest",
    "11": "runner_environment",
    "12": "source_repository_uri",
    "13": "source_repository_digest",
    "14": "source_repository_ref",
    "15": "source_repository_id",
    "16": "source_repository_owner_uri",
    "17": "source_repository_owner_id",
    "18": "build_config_uri",
    "19": "build_config_digest",
    "20": "build_trigger",
    "21": "run_invocation_uri",
    "22": "source_repository_visibility",
}
_BARE = (_ISSUER_RAW, *_BARE_CLAIMS)
_KNOWN = (_ISSUER_RAW, _ISSUER_DER, *_CLAIMS)
_SUBJECT_NAMES = "2.5.29.17"
_VALUE_LIMIT = 4096
_UTF8_STRING = 0x0C


def read(certificate: x509.Certificate) -> Identity:
    """The one identity in a signing certificate.

    Raises EvidenceRejected(IDENTITY_AMBIGUOUS) unless there is exactly one subject alternative name, a URI
    or an e-mail address, and at least one issuer extension, all present ones equal. cosign takes any of
    several names and the last issuer; here nothing is chosen for the signer.
    """
    try:
        found = {extension.oid.dotted_string: extension.value for extension in certificate.extensions}
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError) as error:
        raise _ambiguous(f"certificate extensions cannot be read: {error}") from error
    texts = {suffix: _text(found[_FULCIO + suffix], suffix) for suffix in _KNOWN if _FULCIO + suffix in found}
    issuers = {texts.pop(suffix) for suffix in (_ISSUER_RAW, _ISSUER_DER) if suffix in texts}
    if len(issuers) != 1:
        raise _ambiguous(f"certificate names {len(issuers)} issuers (must be exactly one): {sorted(issuers)}")
    claims = {_CLAIMS[suffix]: text for suffix, text in texts.items()}
    return Identity(_subject(found.get(_SUBJECT_NAMES)), issuers.pop(), claims)


def signature_id(signature: bytes, certificate: x509.Certificate | None) -> str:
    """A hash of a signature and its certificate, by which policy-controller tells signatures apart."""
    pem = certificate.public_bytes(Encoding.PEM) if certificate else b""
    return hashlib.sha256(signature + pem).hexdigest()


def _subject(names: object) -> str:
    listed = list(names) if isinstance(names, x509.SubjectAlternativeName) else []
    if len(listed) != 1 or not isinstance(listed[0], x509.UniformResourceIdentifier | x509.RFC822Name):
        raise _ambiguous(f"certificate has {len(listed)} subject alternative names (must be one uri or e-mail address)")
    if not listed[0].value:
        raise _ambiguous("certificate has an empty subject alternative name")
    return listed[0].value


def _text(extension: x509.ExtensionType, suffix: str) -> str:
    raw = extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""
    if suffix not in _BARE:  # up to .6 the text stands there bare, from .8 on as a DER UTF8String
        raw = _utf8_string(raw, suffix)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _ambiguous(f"certificate extension .{suffix} is not utf-8") from error
    if len(text) > _VALUE_LIMIT:
        raise _ambiguous(f"certificate extension .{suffix} has {len(text)} characters (at most {_VALUE_LIMIT})")
    return text


def _utf8_string(raw: bytes, suffix: str) -> bytes:
    """The content of a DER UTF8String that fills `raw` exactly (X.690 sections 8.1.3 and 10.1)."""
    for head in (2, 3, 4):
        content = raw[head:]
        if raw[:head] == _header(len(content)):
            return content
    raise _ambiguous(f"certificate extension .{suffix} is not a utf-8 string in der")


def _header(length: int) -> bytes:
    if length < 0x80:
        return bytes([_UTF8_STRING, length])
    octets = length.to_bytes(1 if length < 0x100 else 2, "big") if length < 0x10000 else b""
    return bytes([_UTF8_STRING, 0x80 | len(octets)]) + octets


def _ambiguous(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.IDENTITY_AMBIGUOUS, text)
