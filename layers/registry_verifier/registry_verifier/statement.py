"""What a signed payload says: in-toto statements and simple-signing payloads, and whether they are about a digest.

Sources: in-toto attestation framework, spec/v1/statement.md; cosign specs/SIGNATURE_SPEC.md.
sigstore-python's own statement reader is not used: it refuses version 0.1, subjects without a name and digests
of other algorithms, all of which cosign and GitHub write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_verifier import strict_json
from registry_verifier.canonical_base64 import decode
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Digest, Json
from registry_verifier.reasons import Reason

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_TYPE_LIMIT = 1024
COSIGN_SIGN = "https://sigstore.dev/cosign/sign/v1"

_STATEMENT_TYPES = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
_SIMPLE_SIGNING_TYPE = "cosign container image signature"
_SUBJECT_LIMIT = 1024  # sigstore-go's bound, CVE-2024-45395


def require_payload_type(payload_type: object) -> None:
    """Raise EvidenceRejected(ENVELOPE_INVALID) unless a DSSE envelope holds an in-toto statement."""
    if payload_type != PAYLOAD_TYPE:
        raise EvidenceRejected(Reason.ENVELOPE_INVALID, f"payload type is {payload_type!r} (expected {PAYLOAD_TYPE!r})")


def open_envelope(document: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The payload and the one signature of a DSSE envelope with an in-toto statement; else ENVELOPE_INVALID."""
    require_payload_type(document.get("payloadType"))
    signatures = document.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise EvidenceRejected(Reason.ENVELOPE_INVALID, "envelope has not exactly one signature")
    payload = decode(document.get("payload"), Reason.ENVELOPE_INVALID, "envelope payload")
    return payload, decode(signatures[0].get("sig"), Reason.ENVELOPE_INVALID, "envelope signature")


def pre_authentication_encoding(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """What a DSSE signature is made over (secure-systems-lab/dsse, protocol.md)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def read(payload: bytes, digest: Digest) -> Json:
    """The in-toto statement about `digest`.

    Raises EvidenceRejected: STATEMENT_INVALID when it is none, SUBJECT_DIGEST_MISMATCH when it is about something
    else. One subject of several is enough; only a lower-case `sha256` entry names an image.
    """
    document = _object(payload)
    if document.get("_type") not in _STATEMENT_TYPES:
        raise _invalid(f"statement type is {document.get('_type')!r} (expected in-toto Statement v1 or v0.1)")
    predicate_type = document.get("predicateType")
    if not isinstance(predicate_type, str) or not 0 < len(predicate_type) <= PREDICATE_TYPE_LIMIT:
        raise _invalid(f"predicate type is {predicate_type!r:.80} (expected a uri)")
    digests = _subject_digests(document.get("subject"))
    if digest.removeprefix("sha256:") not in digests:
        raise _other_subject(digest, ", ".join(map(str, digests[:3])))
    return document


def require_simple_signing(payload: bytes, digest: Digest, *, any_type: bool = False) -> None:
    """Raise EvidenceRejected unless `payload` is a simple-signing payload about `digest`.

    Its type is checked as well, which cosign leaves out: a payload of another type is not a signature.
    """
    critical = _object(payload).get("critical")
    image = critical.get("image") if isinstance(critical, dict) else None
    if not isinstance(critical, dict) or not isinstance(image, dict):
        raise _invalid("payload has no critical.image")
    if not any_type and critical.get("type") != _SIMPLE_SIGNING_TYPE:
        raise _invalid(f"payload type is {critical.get('type')!r} (expected {_SIMPLE_SIGNING_TYPE!r})")
    if image.get("docker-manifest-digest") != digest:
        raise _other_subject(digest, str(image.get("docker-manifest-digest")))


def _object(payload: bytes) -> dict[str, Any]:
    try:
        return strict_json.parse_object(payload)
    except ValueError as error:
        raise _invalid(f"payload cannot be read: {error}") from error


def _subject_digests(subjects: object) -> list[object]:
    if not isinstance(subjects, list) or not 1 <= len(subjects) <= _SUBJECT_LIMIT:
        raise _invalid(f"statement has no subjects, or more than {_SUBJECT_LIMIT}")
    digests = [s.get("digest") if isinstance(s, dict) else None for s in subjects]
    if not all(isinstance(d, dict) for d in digests):
        raise _invalid("a subject of the statement has no digest")
    return [d.get("sha256") for d in digests if isinstance(d, dict)]


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.STATEMENT_INVALID, text)


def _other_subject(digest: Digest, found: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.SUBJECT_DIGEST_MISMATCH, f"it is about {found[:220]} (expected {digest})")
