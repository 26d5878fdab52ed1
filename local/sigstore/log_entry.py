"""One entry of a transparency log with what the log signed about it, and the forms in which it travels."""

from __future__ import annotations

from dataclasses import dataclass

from local.sigstore.protojson import Json, base64_text


@dataclass(frozen=True)
class InclusionProof:
    """That an entry is in the tree: its index there, the path to the root, and the log's signature over the root."""

    log_index: int
    tree_size: int
    root: bytes
    path: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True)
class LogEntry:
    """What a log answered. `promise` (the signed entry timestamp) and `integrated_time` are None in Rekor v2."""

    kind: str
    version: str
    body: bytes
    log_id: bytes
    log_index: int
    """counted over all shards, unlike the proof's"""
    proof: InclusionProof | None
    integrated_time: int | None = None
    """seconds since 1970"""
    promise: bytes | None = None

    def bundle_form(self) -> Json:
        """The protobuf JSON of `TransparencyLogEntry`, as bundles carry it."""
        form: Json = {
            "logIndex": str(self.log_index),
            "logId": {"keyId": base64_text(self.log_id)},
            "kindVersion": {"kind": self.kind, "version": self.version},
        }
        if self.integrated_time is not None:
            form["integratedTime"] = str(self.integrated_time)
        if self.promise is not None:
            form["inclusionPromise"] = {"signedEntryTimestamp": base64_text(self.promise)}
        if self.proof is not None:
            form["inclusionProof"] = _proof_in_bundle(self.proof)
        return {**form, "canonicalizedBody": base64_text(self.body)}

    def annotation_form(self) -> Json:
        """What cosign 2 writes into the annotation `dev.sigstore.cosign/bundle`: the promise, no proof."""
        return {
            "SignedEntryTimestamp": base64_text(self.promise or b""),
            "Payload": {
                "body": base64_text(self.body),
                "integratedTime": self.integrated_time,
                "logIndex": self.log_index,
                "logID": self.log_id.hex(),
            },
        }

    def response_form(self) -> Json:
        """What Rekor v1's API answers for one entry, `LogEntryAnon` in its OpenAPI document."""
        verification: Json = {"signedEntryTimestamp": base64_text(self.promise or b"")}
        if self.proof is not None:
            verification["inclusionProof"] = _proof_in_response(self.proof)
        return {
            "body": base64_text(self.body),
            "integratedTime": self.integrated_time,
            "logID": self.log_id.hex(),
            "logIndex": self.log_index,
            "verification": verification,
        }


def _proof_in_response(proof: InclusionProof) -> Json:
    return {
        "checkpoint": proof.checkpoint,
        "hashes": [step.hex() for step in proof.path],
        "logIndex": proof.log_index,
        "rootHash": proof.root.hex(),
        "treeSize": proof.tree_size,
    }


def _proof_in_bundle(proof: InclusionProof) -> Json:
    return {
        "logIndex": str(proof.log_index),
        "rootHash": base64_text(proof.root),
        "treeSize": str(proof.tree_size),
        "hashes": [base64_text(step) for step in proof.path],
        "checkpoint": {"envelope": proof.checkpoint},
    }
