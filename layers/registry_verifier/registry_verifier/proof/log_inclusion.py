"""That an entry is in a log: the path from its leaf to a tree head (RFC 9162 section 2.1.3.2) that the log signed.

The signed tree head is a note with a checkpoint in it (C2SP signed-note and tlog-checkpoint): three lines of origin,
size and root hash, an empty line, and signatures of which the log's own must hold.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from registry_verifier import signing_key
from registry_verifier.canonical_base64 import decode
from registry_verifier.errors import EvidenceRejected
from registry_verifier.proof.log_entry import LogEntry
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import LogKey, TilesKey, TrustedRoot

_PATH_LIMIT = 64  # a tree cannot be higher: sizes have 64 bits
_CHECKPOINT_LIMIT = 16 * 1024
_HEAD_LINES = 3
_HINT = 4
_SIGNATURE = re.compile("\N{EM DASH} [^ \n]{1,255} ([A-Za-z0-9+/=]{8,4096})\n")


def require(entry: LogEntry, moments: Sequence[datetime], root: TrustedRoot) -> None:
    """Raise EvidenceRejected(TLOG_INVALID) unless the entry is in a log that was in use at each of `moments`."""
    proof = entry.proof
    if proof is None:
        raise _invalid("log entry has no inclusion proof")
    log = root.rekor_keys.get(entry.log_id) or root.tiles_keys.get(entry.log_id)
    if log is None:
        raise _invalid(f"log {entry.log_id.hex()!r:.80} is not in the trusted root")
    if not all(map(log.window.holds, moments)):
        raise _invalid(f"log {entry.log_id.hex()} was not in use at {', '.join(m.isoformat() for m in moments)}")
    index, size = _number(proof.get("logIndex", "0")), _number(proof.get("treeSize"))
    if isinstance(log, TilesKey) and index != entry.log_index:  # no promise covers it, as one does in Rekor v1
        raise _invalid(f"log entry is {entry.log_index} and its inclusion proof is about {index}")
    tree_head = _climb(hashlib.sha256(b"\x00" + entry.raw).digest(), index, size, _path(proof))
    if (size, tree_head) != _signed_tree_head(proof, entry.log_id, log):
        raise _invalid("the log's tree head is not the one that the inclusion proof leads to")


def _path(proof: Mapping[str, Any]) -> list[bytes]:
    listed = proof.get("hashes", [])
    if not isinstance(listed, list) or len(listed) > _PATH_LIMIT:
        raise _invalid(f"inclusion proof has no list of at most {_PATH_LIMIT} hashes")
    return [decode(text, Reason.TLOG_INVALID, "inclusion proof") for text in listed]


def _climb(node: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root hash of the tree in which `node` is the leaf at `index`, by the names of the RFC."""
    if index >= size:
        raise _invalid(f"inclusion proof is about entry {index} of {size}")
    first, last = index, size - 1
    for sibling in path:
        if last == 0:
            raise _invalid("inclusion proof is longer than the tree is high")
        if first & 1 or first == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        first, last = first >> 1, last >> 1
    if last:
        raise _invalid("inclusion proof does not reach the root of the tree")
    return node


def _signed_tree_head(proof: Mapping[str, Any], log_id: bytes, log: LogKey | TilesKey) -> tuple[int, bytes]:
    checkpoint = proof.get("checkpoint")
    text = checkpoint.get("envelope") if isinstance(checkpoint, dict) else None
    if not isinstance(text, str) or len(text) > _CHECKPOINT_LIMIT or text.count("\n\n") != 1:
        raise _invalid("inclusion proof has no checkpoint")
    head, _, signatures = text.partition("\n\n")
    lines = head.split("\n")
    if len(lines) < _HEAD_LINES:
        raise _invalid("checkpoint has no origin, size and root hash")
    if not any(_made_by(log, log_id, signature, f"{head}\n".encode()) for signature in _signatures(signatures)):
        raise _invalid("the log's signature over its tree head does not hold")
    return _number(lines[1]), decode(lines[2], Reason.TLOG_INVALID, "root hash of the checkpoint")


def _signatures(text: str) -> list[bytes]:
    found = _SIGNATURE.findall(text)[:_PATH_LIMIT]
    return [decode(each, Reason.TLOG_INVALID, "checkpoint signature") for each in found]


def _made_by(log: LogKey | TilesKey, log_id: bytes, signature: bytes, note: bytes) -> bool:
    return signature[:_HINT] == log_id[:_HINT] and signing_key.signed(log.key, signature[_HINT:], note)


def _number(text: object) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII):
        raise _invalid(f"inclusion proof says {text!r:.80} (expected a whole number in a text)")
    return int(text)


def _invalid(text: str) -> EvidenceRejected:
    return EvidenceRejected(Reason.TLOG_INVALID, text)
