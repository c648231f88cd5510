"""The Merkle tree of RFC 6962: one hash stands for many leaves, and a short proof shows that one is among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Leaves and inner nodes are told apart, so that nobody can pass off a node as a leaf.
_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf."""
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(_NODE + left + right).digest()


def tree_head(leaves: Iterable[bytes]) -> bytes:
    """Return the head of the tree over the leaves in their order."""
    return head_of([leaf_hash(leaf) for leaf in leaves])


def head_of(hashes: Sequence[bytes]) -> bytes:
    """Return the head of the tree over leaves that are hashed already."""
    level = hashes
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else hashlib.sha256().digest()


def inclusion_proof(hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes that lead from the leaf at `index`, counted from 0, up to the head."""
    if not 0 <= index < len(hashes):
        raise IndexError(f"there is no leaf {index} among {len(hashes)}")
    proof = []
    level = hashes
    while len(level) > 1:
        if (index ^ 1) < len(level):
            proof.append(level[index ^ 1])
        level, index = _above(level), index // 2
    return tuple(proof)


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], head: bytes) -> bool:
    """Tell whether the proof shows that the leaf stands at `index` of the `size` leaves under a head (RFC 9162)."""
    if not 0 <= index < size:
        return False
    last, reached = size - 1, leaf_hash(leaf)
    for beside in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            reached = node_hash(beside, reached)
            # Levels where the last node had no neighbour left nothing in the proof.
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            reached = node_hash(reached, beside)
        index, last = index >> 1, last >> 1
    return last == 0 and reached == head


@dataclass(frozen=True)
class Frontier:
    """What must be kept of a tree to append to it: the heads of its full parts, the largest first."""

    size: int = 0
    heads: tuple[bytes, ...] = ()

    def appended(self, leaf: bytes) -> Frontier:
        """Return the frontier with one more leaf."""
        heads, head, filled = list(self.heads), leaf_hash(leaf), self.size
        while filled & 1:
            head, filled = node_hash(heads.pop(), head), filled >> 1
        return Frontier(self.size + 1, (*heads, head))

    @property
    def head(self) -> bytes:
        """Return the head of the whole tree."""
        if not self.heads:
            return hashlib.sha256().digest()
        *larger, head = self.heads
        for left in reversed(larger):
            head = node_hash(left, head)
        return head


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Return the next level; a last node without a neighbour rises as it is."""
    pairs = [node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
