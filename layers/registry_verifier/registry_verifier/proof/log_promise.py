"""Rekor v1's promise to include an entry, the signed entry timestamp: a signature over body, time, index and log."""

from __future__ import annotations

import base64
from datetime import datetime

import rfc8785

from registry_verifier import signing_key
from registry_verifier.errors import EvidenceRejected
from registry_verifier.proof.log_entry import LogEntry
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot


def require(entry: LogEntry, root: TrustedRoot) -> datetime:
    """When the log says that it took the entry in, with its signature over that checked.

    Raises EvidenceRejected(TLOG_INVALID) where it is no promise of a log of the trusted root made while that log's
    key was in use. An integrated time without a promise is nobody's word: CVE-2024-55655, CVE-2026-48816.
    """
    if entry.integrated_time is None or entry.promise is None:
        raise _invalid("log entry has no promise of its log")
    log = root.rekor_keys.get(entry.log_id)
    if log is None:
        raise _invalid(f"log {entry.log_id.hex()!r:.80} is not in the trusted root")
    if not log.window.holds(entry.integrated_time):
        raise _invalid(f"log {entry.log_id.hex()} was not in use at {entry.integrated_time.isoformat()}")
    signed: dict[str, str | int] = {
        "body": base64.b64encode(entry.raw).decode(),
        "integratedTime": int(entry.integrated_time.timestamp()),
        "logID": entry.log_id.hex(),
        "logIndex": entry.log_index,
    }
    if not signing_key.signed(log.key, entry.promise, rfc8785.dumps(signed)):
        raise _invalid("the log's signature over its entry does not hold")
    return entry.integrated_time


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TLOG_INVALID, text)
