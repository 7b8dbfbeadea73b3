import hashlib
import hmac

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gridpact.ledger import leaves as lv
from gridpact.ledger.merkle import Tree, leaf_hash, verify_inclusion

texts = st.text(st.characters(codec="ascii"), max_size=12)
arrays = hnp.arrays(np.int64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
rows = hnp.arrays(np.int64, st.tuples(st.integers(0, 5), st.just(2), st.integers(0, 4)))


@settings(deadline=None)
@given(rows, texts, texts, st.integers(0, 9))
def test_the_vector_form_equals_hashing_one_by_one(values, kind, period, seed):
    subjects = [f"m{row}" for row in range(len(values))]
    secrets = lv.demonstration_secrets(seed, subjects)
    expected = [
        lv.leaf(
            lv.salt(secrets[who], kind, who, period),
            lv.encode(lv.LeafBody(kind, who, period, row)),
        )
        for who, row in zip(subjects, values, strict=True)
    ]
    assert lv.leaves(kind, period, subjects, secrets, values) == expected


def test_a_leaf_is_what_its_page_says():
    body = lv.LeafBody("readings", "ada", "2026-06-15", np.array([[1, -2], [3, 4]]))
    header = b"\x08readings\x0a2026-06-15\x03ada"
    shape = b"\x02\x02\x00\x00\x00\x02\x00\x00\x00"
    data = b"".join(int(n).to_bytes(8, "little", signed=True) for n in (1, -2, 3, 4))
    salt = hmac.new(b"s" * 32, header, hashlib.sha256).digest()
    assert lv.encode(body) == b"gridpact leaf 1\n" + header + shape + data
    assert lv.salt(b"s" * 32, *body[:3]) == salt
    assert lv.leaf(salt, lv.encode(body)) == hashlib.sha256(salt + lv.encode(body)).digest()


@settings(deadline=None)
@given(texts, texts, texts, arrays)
def test_bodies_read_back(kind, subject, period, values):
    data = lv.encode(lv.LeafBody(kind, subject, period, values))
    read = lv.decode(data)
    assert read[:3] == (kind, subject, period)
    assert read.values.shape == values.shape
    assert (read.values == values).all()
    for broken in (data[:-1], data + b"\0", data[1:]):
        with pytest.raises(ValueError, match="leaf body"):
            lv.decode(broken)


@settings(deadline=None)
@given(st.tuples(texts, texts, texts), st.tuples(texts, texts, texts))
def test_salts_differ_wherever_a_word_does(one, other):
    secret = b"s" * 32
    assert (lv.salt(secret, *one) == lv.salt(secret, *other)) == (one == other)


def test_erasing_one_member_leaves_the_root_and_the_others():
    subjects = ["ada", "bob", "cyd"]
    secrets = lv.demonstration_secrets(7, subjects)
    values = np.arange(3 * 2 * 4, dtype=np.int64).reshape(3, 2, 4)
    kept = lv.leaves("readings", "2026-06-15", subjects, secrets, values)
    tree = Tree(map(leaf_hash, kept))
    del secrets["bob"]

    assert Tree(map(leaf_hash, kept)).root() == tree.root()
    again = lv.leaf(
        lv.salt(secrets["cyd"], "readings", "cyd", "2026-06-15"),
        lv.encode(lv.LeafBody("readings", "cyd", "2026-06-15", values[2])),
    )
    assert verify_inclusion(leaf_hash(again), 2, 3, tree.inclusion(2), tree.root())
    with pytest.raises(ValueError, match="without a secret: \\['bob'\\]"):
        lv.leaves("readings", "2026-06-15", subjects, secrets, values)
    # Not even the exact data and every other secret give the erased leaf again.
    body = lv.encode(lv.LeafBody("readings", "bob", "2026-06-15", values[1]))
    tried = [lv.salt(each, "readings", "bob", "2026-06-15") for each in secrets.values()]
    assert kept[1] not in [lv.leaf(salt, body) for salt in [*tried, bytes(32)]]


def test_wrong_shapes_and_types_are_refused():
    secrets = lv.demonstration_secrets(7, ["a", "b"])
    with pytest.raises(ValueError, match="int64"):
        lv.leaves("k", "p", ["a"], secrets, np.zeros((1, 2)))
    with pytest.raises(ValueError, match="1 subjects for 2 rows"):
        lv.leaves("k", "p", ["a"], secrets, np.zeros((2, 2), dtype=np.int64))
    with pytest.raises(ValueError, match="2 subjects"):
        lv.leaves("k", "p", ["a", "a"], secrets, np.zeros((2, 2), dtype=np.int64))
    with pytest.raises(ValueError, match="32 bytes"):
        lv.leaf(b"short", b"")
    with pytest.raises(ValueError, match="at most 255"):
        lv.salt(b"s" * 32, "k" * 256, "a", "p")
