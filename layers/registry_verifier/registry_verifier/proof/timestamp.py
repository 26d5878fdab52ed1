"""RFC 3161 timestamps: when a signature existed, on the word of a timestamp authority of the trusted root.

`rfc3161-client` proves the token; that the authority was in use at that time is checked here, both ends of its window.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from registry_verifier.errors import EvidenceRejected
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import Authority, TrustedRoot

STAMPS_LIMIT = 8
_SIZE_LIMIT = 64 * 1024


def read(stamps: Sequence[bytes], signature: bytes, root: TrustedRoot) -> list[datetime]:
    """The times of all stamps over `signature` that hold; what does not hold says nothing about the others.

    Raises EvidenceRejected: TIMESTAMP_MISSING where there is none, TIMESTAMP_INVALID where none holds, where there are
    too many, or one stands there twice.
    """
    if not stamps:
        raise EvidenceRejected(Reason.TIMESTAMP_MISSING, "there is no timestamp")
    if len(stamps) > STAMPS_LIMIT or len(set(stamps)) != len(stamps):
        raise _invalid(f"there are {len(stamps)} timestamps (at most {STAMPS_LIMIT}, each once)")
    times, error = [], _invalid("no timestamp holds")
    for stamp in stamps:
        try:
            times.append(_time(stamp, signature, root))
        except EvidenceRejected as refused:
            error = refused
    if not times:
        raise error
    return times


def _time(stamp: bytes, signature: bytes, root: TrustedRoot) -> datetime:
    if len(stamp) > _SIZE_LIMIT:
        raise _invalid(f"timestamp has {len(stamp)} bytes (at most {_SIZE_LIMIT})")
    try:
        response = decode_timestamp_response(stamp)
        moment = response.tst_info.gen_time
    except Exception as error:
        raise _invalid(f"timestamp cannot be read: {type(error).__name__}") from error
    in_use = [authority for authority in root.timestamp_authorities if authority.window.holds(moment)]
    text = f"no timestamp authority of the trusted root was in use at {moment.isoformat()}"
    for authority in in_use:
        refusal = _refusal(response, signature, authority)
        if refusal is None:
            return moment
        text = f"timestamp does not hold: {refusal}"
    raise _invalid(text)


def _refusal(response: TimeStampResponse, signature: bytes, authority: Authority) -> str | None:
    """Why `authority` did not make this timestamp, or None where it did.

    The signing certificate is the first of the chain and no other: a token may bring certificates along, and those
    are never trusted.
    """
    leaf, *above = authority.certificates
    if not above:
        return "timestamp authority has no root certificate"
    builder = VerifierBuilder(tsa_certificate=leaf, intermediates=above[:-1], roots=above[-1:])
    try:
        builder.build().verify_message(response, signature)
    except VerificationError as error:
        return str(error)[:200]
    except Exception as error:  # noqa: BLE001 - whatever a hostile token breaks is a refusal of that token
        return type(error).__name__
    return None


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TIMESTAMP_INVALID, text)
