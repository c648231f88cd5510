"""The Merkle tree: as RFC 6962 defines it, and what it proves."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.merkle import Frontier, head_of, included, inclusion_proof, leaf_hash, node_hash, tree_head

LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=40)
# The leaves and heads that the authors of RFC 6962 test their own implementation with.
KNOWN_LEAVES = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
KNOWN_LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
KNOWN_HEADS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def defined(leaves: list[bytes]) -> bytes:
    """Return the head as section 2.1 of the RFC words it."""
    if len(leaves) <= 1:
        return leaf_hash(leaves[0]) if leaves else hashlib.sha256().digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined(leaves[:split]), defined(leaves[split:]))


@pytest.mark.parametrize("size", range(9))
def test_the_heads_are_those_of_the_rfc(size: int) -> None:
    assert tree_head(KNOWN_LEAVES[:size]).hex() == KNOWN_HEADS[size]


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_head_is_what_the_rfc_defines(leaves: list[bytes]) -> None:
    assert tree_head(leaves) == defined(leaves)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_appending_one_by_one_leads_to_the_same_head(leaves: list[bytes]) -> None:
    frontier = Frontier()
    for size, leaf in enumerate(leaves):
        assert frontier.size == size
        assert frontier.head == tree_head(leaves[:size])
        frontier = frontier.appended(leaf)
    assert frontier.head == tree_head(leaves)
    assert len(frontier.heads) == len(leaves).bit_count()


def test_a_million_leaves_need_seven_hashes_to_append() -> None:
    assert (1_000_000).bit_count() == 7
    frontier = Frontier()
    for leaf in range(1023):
        frontier = frontier.appended(b"%d" % leaf)
    assert len(frontier.heads) == 10


@given(LEAVES, st.data())
def test_every_leaf_has_a_proof_and_no_other_leaf_passes_with_it(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    head = tree_head(leaves)
    proof = inclusion_proof([leaf_hash(leaf) for leaf in leaves], index)
    assert included(leaves[index], index, len(leaves), proof, head)
    assert not included(leaves[index] + b"!", index, len(leaves), proof, head)
    assert not included(leaves[index], index, len(leaves), (*proof, head), head)
    assert not included(leaves[index], index, len(leaves), proof, leaf_hash(head))
    if proof:
        assert not included(leaves[index], index, len(leaves), proof[:-1], head)
        broken = data.draw(st.integers(0, len(proof) - 1))
        assert not included(leaves[index], index, len(leaves), (*proof[:broken], bytes(32), *proof[broken + 1 :]), head)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40, unique=True), st.data())
def test_a_proof_holds_at_one_place_only(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    elsewhere = data.draw(st.integers(-2, len(leaves) + 2).filter(lambda place: place != index))
    proof = inclusion_proof([leaf_hash(leaf) for leaf in leaves], index)
    assert not included(leaves[index], elsewhere, len(leaves), proof, tree_head(leaves))


def test_a_thousand_leaves_are_proven_with_ten_hashes() -> None:
    hashes = [leaf_hash(b"%d" % leaf) for leaf in range(1000)]
    proof = inclusion_proof(hashes, 7)
    assert len(proof) == 10
    assert included(b"7", 7, 1000, proof, head_of(hashes))


@pytest.mark.parametrize("index", [-1, 3])
def test_a_leaf_that_is_not_there_has_no_proof(index: int) -> None:
    with pytest.raises(IndexError, match="no leaf"):
        inclusion_proof([bytes(32)] * 3, index)


def test_a_node_does_not_pass_for_a_leaf() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert tree_head([b"a", b"b"]) != tree_head([left + right])
