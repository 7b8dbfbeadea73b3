"""Against published values of Certificate Transparency and the RFC's own recursive definitions."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.ledger import merkle

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(leaves):
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = largest_power_below(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def largest_power_below(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m, leaves):
    """RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, known):
    """RFC 9162, 2.1.4.1."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def flip(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


bodies = st.lists(st.binary(max_size=8), min_size=1, max_size=40)
bits = st.integers(0, 255)


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size):
    leaves = [merkle.leaf_hash(body) for body in INPUTS]
    edge = merkle.Edge()
    for leaf in leaves[:size]:
        edge.append(leaf)
    assert merkle.root(INPUTS[:size]).hex() == ROOTS[size]
    assert merkle.Tree(leaves).root(size).hex() == edge.root().hex() == ROOTS[size]


def test_published_paths():
    tree = merkle.Tree(map(merkle.leaf_hash, INPUTS))
    of_first = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    of_six = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [step.hex() for step in tree.inclusion(0)] == of_first
    assert [step.hex() for step in tree.consistency(1)] == of_first
    assert [step.hex() for step in tree.consistency(6)] == of_six


@settings(deadline=None)
@given(bodies, st.lists(st.integers(1, 40), max_size=4))
def test_growing_in_any_steps_gives_the_recursive_roots(bodies, cuts):
    leaves = [merkle.leaf_hash(body) for body in bodies]
    tree, edge = merkle.Tree(), merkle.Edge()
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), 40], strict=True):
        tree.extend(leaves[start:stop])
    for size, leaf in enumerate(leaves, 1):
        edge = merkle.Edge(edge.size, edge.subtrees)
        edge.append(leaf)
        assert tree.root(size) == edge.root() == mth(bodies[:size])


@settings(deadline=None)
@given(bodies, st.lists(st.integers(0, 40), max_size=4))
def test_adding_many_at_once_gives_the_nodes_that_it_makes(bodies, cuts):
    leaves = [merkle.leaf_hash(body) for body in bodies]
    tree, edge, found = merkle.Tree(leaves), merkle.Edge(), set()
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), 40], strict=True):
        for level, (first, roots) in enumerate(edge.extend(leaves[start:stop]), 1):
            for place, root in enumerate(roots, first):
                assert root == tree.node(level, place)
                assert (level, place) not in found
                found.add((level, place))
        assert edge.root() == mth(bodies[: min(stop, len(bodies))])
    assert len(found) == sum(len(bodies) >> level for level in range(1, 6))


@settings(deadline=None)
@given(bodies, st.data())
def test_inclusion_proofs_verify_and_no_altered_bit_does(bodies, data):
    size = len(bodies)
    index = data.draw(st.integers(0, size - 1))
    tree = merkle.Tree(map(merkle.leaf_hash, bodies))
    proof, leaf, root = list(tree.inclusion(index)), merkle.leaf_hash(bodies[index]), tree.root()
    assert proof == path(index, bodies)
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    bit, at = data.draw(bits), data.draw(st.integers(0, max(len(proof) - 1, 0)))
    assert not merkle.verify_inclusion(flip(leaf, bit), index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, proof, flip(root, bit))
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
    assert not merkle.verify_inclusion(leaf, -1, size, proof, root)
    assert not merkle.verify_inclusion(leaf, size, size, proof, root)
    if proof:
        changed = [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]]
        assert not merkle.verify_inclusion(leaf, index, size, changed, root)
        assert not merkle.verify_inclusion(leaf, index, size, proof[:-1], root)
        joined = [proof[0] + b"\x00", *proof[1:]]
        assert not merkle.verify_inclusion(leaf, index, size, joined, root)


@settings(deadline=None)
@given(bodies, st.data())
def test_consistency_proofs_verify_and_no_altered_bit_does(bodies, data):
    size = len(bodies)
    old = data.draw(st.integers(1, size))
    tree = merkle.Tree(map(merkle.leaf_hash, bodies))
    proof, before, after = list(tree.consistency(old)), tree.root(old), tree.root()
    assert proof == subproof(old, bodies, True)
    assert merkle.verify_consistency(old, before, size, after, proof)
    bit = data.draw(bits)
    assert not merkle.verify_consistency(old, flip(before, bit), size, after, proof)
    assert not merkle.verify_consistency(old, before, size, flip(after, bit), proof)
    assert not merkle.verify_consistency(old, before, size, after, [*proof, after])
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]]
        assert not merkle.verify_consistency(old, before, size, after, changed)
        assert not merkle.verify_consistency(old, before, size, after, proof[:-1])


@settings(deadline=None)
@given(bodies, st.data())
def test_a_rewritten_past_has_no_consistency_proof(bodies, data):
    size = len(bodies)
    old = data.draw(st.integers(1, size))
    edited = data.draw(st.integers(0, old - 1))
    rewritten = [*bodies[:edited], bodies[edited] + b"!", *bodies[edited + 1 :]]
    tree = merkle.Tree(map(merkle.leaf_hash, rewritten))
    proof = tree.consistency(old)
    assert not merkle.verify_consistency(old, mth(bodies[:old]), size, tree.root(), proof)


def test_the_empty_tree_is_a_prefix_of_all():
    tree = merkle.Tree(map(merkle.leaf_hash, INPUTS))
    assert tree.consistency(0) == ()
    assert merkle.verify_consistency(0, merkle.EMPTY_ROOT, 8, tree.root(), ())
    assert not merkle.verify_consistency(0, tree.root(), 8, tree.root(), ())


def test_sizes_out_of_range_are_named():
    tree = merkle.Tree([merkle.leaf_hash(b"")])
    with pytest.raises(ValueError, match="leaf 1 is not among the first 1"):
        tree.inclusion(1)
    with pytest.raises(ValueError, match="no prefix of 2"):
        tree.consistency(2)
    with pytest.raises(ValueError, match="1 leaves, not 2"):
        tree.root(2)
    with pytest.raises(ValueError, match="1 subtrees do not make a tree of 3"):
        merkle.Edge(3, [bytes(32)])
