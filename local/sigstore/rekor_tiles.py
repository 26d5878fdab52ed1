"""Rekor v2 (rekor-tiles): Ed25519 checkpoints and inclusion proofs, but no promise and no time of its own."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.sigstore.log_entry import InclusionProof, LogEntry
from local.sigstore.merkle import MerkleTree
from local.sigstore.protojson import Json, base64_text, compact

_ED25519_NOTE = b"\n\x01"  # C2SP signed-note: key id is SHA-256(name, newline, type, key)


class RekorTiles:
    """One log with one key. `host` is the origin in its checkpoints, and part of the log's id."""

    def __init__(self, key: ed25519.Ed25519PrivateKey, *, host: str) -> None:
        self.key = key
        self.host = host
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.log_id = hashlib.sha256(host.encode() + _ED25519_NOTE + raw).digest()
        self.tree = MerkleTree(strangers=11)

    def record(self, entry: Json) -> LogEntry:
        """Store a canonical entry and return it with its proof."""
        body = compact(entry, sort_keys=True)
        position = self.tree.append(body)
        proof = InclusionProof(
            log_index=position,
            tree_size=self.tree.size,
            root=self.tree.root(),
            path=tuple(self.tree.path(position)),
            checkpoint=self.checkpoint(),
        )
        return LogEntry(entry["kind"], entry["apiVersion"], body, self.log_id, position, proof)

    def checkpoint(self) -> str:
        """The signed tree head as a C2SP signed note."""
        note = f"{self.host}\n{self.tree.size}\n{base64_text(self.tree.root())}\n"
        signature = base64_text(self.log_id[:4] + self.key.sign(note.encode()))
        return f"{note}\n\N{EM DASH} {self.host} {signature}\n"
