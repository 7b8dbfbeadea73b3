"""The binary form: every column comes back whole, and equal values have equal bytes."""

from typing import ClassVar

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gridpact.base.units import Bools, Floats, Ints
from gridpact.kernel.codec import Codec, decode, digest, encode, tag_of
from gridpact.kernel.messages import Message

shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
wholes = hnp.arrays(
    st.sampled_from([np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32]), shapes
)


class Column(Message, tag="column"):
    values: Ints


class Named(Message, tag="named"):
    name: str
    parts: tuple[int, ...] = ()
    keep: ClassVar[int] = 3


def back(array):
    return decode(encode(array), np.ndarray)


@given(wholes)
@settings(deadline=None, max_examples=300)
def test_whole_numbers_of_every_width_come_back_as_int64(array):
    got = back(array)
    assert got.dtype == np.int64
    assert got.shape == array.shape
    assert np.array_equal(got, array)
    assert got.flags.writeable


@given(wholes, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=300)
def test_equal_columns_have_equal_bytes_whatever_their_width_and_layout(array, random):
    wide = array.astype(np.int64)
    assert encode(wide) == encode(array)
    assert encode(np.array(wide, order="F")) == encode(array)
    assert encode(wide.astype(">i8")) == encode(array)
    assert encode(np.repeat(wide.ravel(), 2)[::2].reshape(wide.shape)) == encode(array)
    assert encode(back(array)) == encode(array)
    if array.size:
        wide.flat[random.randrange(array.size)] ^= 1
        assert encode(wide) != encode(array)


@pytest.mark.parametrize("bits", [7, 8, 15, 16, 31, 32, 63])
def test_limits_of_each_width(bits):
    for edge in (2**bits - 1, -(2**bits), 2 ** min(bits, 62), -(2**bits) + 1):
        column = np.array([0, edge], dtype=np.int64)
        assert back(column).tolist() == [0, edge]
    assert len(encode(np.full(100, 127))) < len(encode(np.full(100, 128)))


@given(hnp.arrays(np.bool_, shapes))
@settings(deadline=None)
def test_masks_come_back(mask):
    got = back(mask)
    assert got.dtype == np.bool_
    assert got.shape == mask.shape
    assert np.array_equal(got, mask)


@given(hnp.arrays(st.sampled_from([np.float32, np.float64]), shapes))
@settings(deadline=None)
def test_real_numbers_come_back_bit_by_bit(array):
    got = back(array)
    assert got.dtype == np.float64
    assert got.shape == array.shape
    assert got.tobytes() == array.astype(np.float64).tobytes()
    assert encode(array) == encode(array.astype(np.float64))


@pytest.mark.parametrize(
    "array",
    [
        np.array([2**63], dtype=np.uint64),
        np.array(["a"]),
        np.array(["2026-01-01"], dtype="M8[s]"),
        np.array([1], dtype="m8[s]"),
        np.array([1j]),
        np.array([1], dtype=object),
        np.array([], dtype=object),
    ],
)
def test_other_columns_are_refused(array):
    with pytest.raises(TypeError, match="cannot store"):
        encode(array)


@pytest.mark.parametrize("value", [{1, 2}.__iter__(), np.int64(3), np.float64(1), object()])
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match="cannot store"):
        encode(value)


def test_the_order_of_keys_does_not_matter():
    one, other = {"b": 1, "a": {"y": 2, "x": 3}}, {"a": {"x": 3, "y": 2}, "b": 1}
    assert encode(one) == encode(other)
    assert digest(one) == digest(other)
    assert list(decode(encode(one), dict[str, int | dict[str, int]])) == ["a", "b"]


@given(st.dictionaries(st.text(max_size=3), st.integers(-5, 5)))
def test_maps_come_back_and_have_one_form(value):
    assert encode(dict(reversed(value.items()))) == encode(value)
    assert decode(encode(value), dict[str, int]) == value


def test_keys_that_are_not_text_are_refused():
    with pytest.raises(TypeError, match="str keys"):
        encode({1: "a"})


def test_known_bytes():
    """Journals written today must be read tomorrow."""
    assert encode(np.array([[1, -2], [300, 0]])).hex() == (
        "c71501" + "32" + "02000000" + "02000000" + "02000000" + "0100feff2c010000"
    )
    assert (
        encode(np.array([True, False, True])).hex() == "c70a01" + "62" + "0100000003000000" + "a0"
    )
    assert digest({"a": 1}).hex() == (
        "ac22adafdfd6421b711ba440b6910ae1e4516fdc7d6210629d885caeb92ce11e"
    )


def test_messages_come_back_by_their_tag():
    codec = Codec([Column, Named])
    got = codec.decode(codec.encode(Column(values=np.arange(4, dtype=np.int8))))
    assert type(got) is Column
    assert got.values.dtype == np.int64
    assert got.values.tolist() == [0, 1, 2, 3]
    named = Named(name="a", parts=(1, 2))
    assert codec.decode(codec.encode(named)) == named
    assert tag_of(named) == tag_of(Named) == "named"


def test_unknown_tags_and_wrong_shapes_are_refused():
    codec = Codec([Named, Column])
    with pytest.raises(msgspec.ValidationError):
        Codec([Column]).decode(codec.encode(Named(name="a")))
    for body in (
        {"type": "named"},
        {"type": "named", "name": 3},
        {"type": "column", "values": [1]},
    ):
        with pytest.raises(msgspec.ValidationError):
            codec.decode(encode(body))
    with pytest.raises(msgspec.DecodeError):
        codec.decode(codec.encode(Named(name="a"))[:-1])


def test_unknown_extensions_are_refused():
    with pytest.raises(ValueError, match="unknown extension"):
        decode(msgspec.msgpack.encode(msgspec.msgpack.Ext(9, b"")), np.ndarray)


class State(msgspec.Struct, frozen=True):
    counts: dict[str, int]
    load: Ints
    share: Floats
    known: Bools


def test_a_state_comes_back():
    state = State({"b": 1, "a": 2}, np.arange(3), np.array([0.5]), np.array([True]))
    got = decode(encode(state), State)
    assert encode(got) == encode(state)
    assert (got.counts, got.load.tolist(), got.share.tolist()) == (state.counts, [0, 1, 2], [0.5])
    assert got.known.tolist() == [True]
