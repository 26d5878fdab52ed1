"""A Merkle tree of log entries and its inclusion proofs, RFC 6962 section 2.1."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """The hash over one or more leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return node_hash(root_hash(leaves[:split]), root_hash(leaves[split:]))


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root, lowest first."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_path(index, leaves[:split]), root_hash(leaves[split:])]
    return [*inclusion_path(index - split, leaves[split:]), root_hash(leaves[:split])]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


class MerkleTree:
    """A tree that only grows. It starts with some entries of strangers, as a real log is never empty."""

    def __init__(self, strangers: int) -> None:
        self._leaves = [leaf_hash(b"entry %d of somebody else" % number) for number in range(strangers)]

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self._leaves)

    def append(self, entry: bytes) -> int:
        """Add an entry and return its index."""
        self._leaves.append(leaf_hash(entry))
        return len(self._leaves) - 1

    def root(self) -> bytes:
        """The root hash over all entries."""
        return root_hash(self._leaves)

    def path(self, index: int) -> list[bytes]:
        """The inclusion proof of one entry in the tree as it is now."""
        return inclusion_path(index, self._leaves)
