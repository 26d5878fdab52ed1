"""Rekor v1: a transparency log that promises inclusion (SET), proves it, and signs checkpoints with ECDSA P-256."""

from __future__ import annotations

from datetime import datetime

import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from local.sigstore.keys import key_id
from local.sigstore.log_entry import InclusionProof, LogEntry
from local.sigstore.merkle import MerkleTree
from local.sigstore.protojson import Json, base64_text, compact

_OLDER_SHARDS = 1_000_000
_TREE_ID = 1193050959916656506


class Rekor:
    """One log with one key. `host` is the origin in its checkpoints."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, *, host: str) -> None:
        self.key = key
        self.host = host
        self.log_id = key_id(key.public_key())
        self.tree_id = _TREE_ID
        self.tree = MerkleTree(strangers=5)

    def record(self, entry: Json, *, at: datetime) -> LogEntry:
        """Store a canonical entry and return it with promise and proof, integrated at that time."""
        body = compact(entry, sort_keys=True)
        position, seconds = self.tree.append(body), int(at.timestamp())
        index = _OLDER_SHARDS + position
        return LogEntry(
            kind=entry["kind"],
            version=entry["apiVersion"],
            body=body,
            log_id=self.log_id,
            log_index=index,
            proof=self._proof(position, seconds),
            integrated_time=seconds,
            promise=self.promise(body, seconds, index),
        )

    def promise(self, body: bytes, integrated_time: int, log_index: int) -> bytes:
        """The signed entry timestamp: a signature over the canonical JSON (RFC 8785) of these four fields."""
        signed: dict[str, str | int] = {
            "body": base64_text(body),
            "integratedTime": integrated_time,
            "logID": self.log_id.hex(),
            "logIndex": log_index,
        }
        return self._sign(rfc8785.dumps(signed))

    def checkpoint(self, *, seconds: int) -> str:
        """The signed tree head as a C2SP signed note."""
        head = f"{self.host} - {self.tree_id}\n{self.tree.size}\n{base64_text(self.tree.root())}\n"
        note = f"{head}Timestamp: {seconds * 10**9}\n"
        signature = base64_text(self.log_id[:4] + self._sign(note.encode()))
        return f"{note}\n\N{EM DASH} {self.host} {signature}\n"

    def _proof(self, position: int, seconds: int) -> InclusionProof:
        return InclusionProof(
            log_index=position,
            tree_size=self.tree.size,
            root=self.tree.root(),
            path=tuple(self.tree.path(position)),
            checkpoint=self.checkpoint(seconds=seconds),
        )

    def _sign(self, message: bytes) -> bytes:
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))
