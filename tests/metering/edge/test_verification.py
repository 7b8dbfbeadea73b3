"""Streams of signed readings, and every kind of tampering with them."""

from hashlib import sha256

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.edge.records import (
    BODY,
    DOMAIN,
    MAGIC,
    RECORD,
    Signer,
    Stream,
    from_bytes,
    to_bytes,
)
from gridpact.metering.edge.statements import problems, state
from gridpact.metering.edge.verification import verify

STEP, COUNT = 900, 12


def key(number):
    return Ed25519PrivateKey.from_private_bytes(sha256(bytes([number])).digest())


def raw(private):
    return private.public_key().public_bytes_raw()


AUTHORITY, METER, OTHER, NEXT = map(key, range(4))
STATED = state(AUTHORITY, "bakery", raw(METER), 0)
STATED_OTHER = state(AUTHORITY, "school", raw(OTHER), 0)


def joined(*parts):
    return np.concatenate(parts).astype(RECORD)


def readings(private, statement, count=COUNT, first=0, sequence=0, previous=None):
    signer = Signer(private, statement.point, previous or statement.genesis, sequence)
    signed = [signer.sign((first + n) * STEP, STEP, 100 + n, n % 3) for n in range(count)]
    return joined(*signed)


GOOD = readings(METER, STATED)
OTHERS = readings(OTHER, STATED_OTHER)
BOTH = np.stack([GOOD, OTHERS], axis=1).ravel().astype(RECORD)


def found(records, *statements, **known):
    done = verify(Stream(records), statements or (STATED, STATED_OTHER), **known)
    return [(each.row, each.kind) for each in done.found]


def without(records, *rows):
    return np.delete(records, rows)


def test_a_good_stream_of_two_devices_has_no_findings():
    done = verify(Stream(BOTH), (STATED, STATED_OTHER))
    assert done.found == ()
    assert done.sound.all()
    assert [(head.point, head.sequence) for head in done.heads] == [("bakery", 11), ("school", 11)]
    assert done.heads[0].end_s == COUNT * STEP
    body = GOOD[-1:]["body"].tobytes()
    assert done.heads[0].digest == sha256(DOMAIN + body).digest()


def test_the_bytes_are_as_documented():
    body = GOOD[3]["body"]
    packed = GOOD[3:4]["body"].tobytes()
    assert (BODY.itemsize, RECORD.itemsize) == (164, 228)
    assert packed[:64] == b"bakery".ljust(64, b"\0")
    assert packed[64:96] == raw(METER)
    numbers = [packed[a:b] for a, b in ((96, 104), (104, 112), (112, 116), (116, 124), (124, 132))]
    assert [int.from_bytes(each, "big") for each in numbers] == [3, 2700, 900, 103, 0]
    assert packed[132:] == sha256(DOMAIN + GOOD[2:3]["body"].tobytes()).digest()
    METER.public_key().verify(bytes(GOOD[3]["signature"]), DOMAIN + packed)
    assert body["withdrawal_wh"] == 103


@given(row=st.integers(0, COUNT - 1), bit=st.integers(0, 8 * RECORD.itemsize - 1))
@settings(deadline=None, max_examples=300)
def test_any_bit_edited_is_found_at_its_reading(row, bit):
    data = bytearray(to_bytes(GOOD))
    data[len(MAGIC) + row * RECORD.itemsize + bit // 8] ^= 1 << bit % 8
    kinds = dict(found(from_bytes(bytes(data)).records))
    assert kinds.pop(row) in ("bad-signature", "wrong-device")
    assert kinds == ({row + 1: "gap"} if row + 1 < COUNT else {})


@given(first=st.integers(0, COUNT - 2), many=st.integers(1, COUNT - 1))
@settings(deadline=None)
def test_dropped_readings_are_a_gap_before_the_next(first, many):
    many = min(many, COUNT - 1 - first)
    assert found(without(GOOD, *range(first, first + many))) == [(first, "gap")]


@given(row=st.integers(0, COUNT - 1), to=st.integers(0, COUNT))
@settings(deadline=None)
def test_a_replay_is_found_where_it_comes_again(row, to):
    again = np.insert(GOOD, to, GOOD[row])
    later = max(to, row + (to <= row))
    kinds = found(again)
    assert (later, "replay") in kinds
    others = {at for at, kind in kinds if kind != "replay"}
    assert all(kind in ("replay", "out-of-order") for _, kind in kinds)
    assert others <= set(range(min(to, row), max(to, row) + 2))


@given(row=st.integers(0, COUNT - 2))
@settings(deadline=None)
def test_swapped_readings_are_out_of_order_and_no_gap(row):
    swapped = GOOD.copy()
    swapped[[row, row + 1]] = swapped[[row + 1, row]]
    assert found(swapped) == [(row + 1, "out-of-order")]


@given(row=st.integers(1, COUNT - 1), inserted=st.booleans())
@settings(deadline=None)
def test_a_fork_is_found_where_the_device_signs_otherwise(row, inserted):
    parent = sha256(DOMAIN + GOOD[row - 1 : row]["body"].tobytes()).digest()
    other = Signer(METER, "bakery", parent, row).sign(row * STEP, STEP, 9999, 0)
    if inserted:
        assert found(np.insert(GOOD, row + 1, other)) == [(row + 1, "fork")]
        return
    replaced = GOOD.copy()
    replaced[row] = other[0]
    assert found(replaced) == ([(row + 1, "broken-chain")] if row + 1 < COUNT else [])


def test_the_side_of_a_fork_that_came_second_is_told_once_with_all_that_goes_on_from_it():
    parent = sha256(DOMAIN + GOOD[4:5]["body"].tobytes()).digest()
    side = readings(METER, STATED, 3, 5, 5, parent)
    side["body"]["withdrawal_wh"] += 1
    for n in range(3):
        _signed_again(side[n : n + 1], METER, side[n - 1 : n] if n else None)
    late = [(8, "fork"), (8, "out-of-order"), (9, "fork"), (9, "out-of-order")]
    beyond = [(row, "fork") for row in range(10, 15)]
    assert found(joined(GOOD[:5], side, GOOD[5:])) == late + beyond
    first = [(row, kind) for row in (12, 13, 14) for kind in ("fork", "out-of-order")]
    assert found(joined(GOOD, side)) == first


def _signed_again(record, private, before):
    if before is not None:
        link = sha256(DOMAIN + before["body"].tobytes()).digest()
        record["body"]["previous"] = np.frombuffer(link, "V32")
    signature = private.sign(DOMAIN + record["body"].tobytes())
    record["signature"] = np.frombuffer(signature, "V64")
    return record


@given(row=st.integers(0, COUNT - 1))
@settings(deadline=None)
def test_signed_again_by_another_key_is_found(row):
    record = GOOD.copy()
    _signed_again(record[row : row + 1], NEXT, None)
    gap = [(row + 1, "gap")] if row + 1 < COUNT else []
    assert found(record) == [(row, "bad-signature"), *gap]
    record["body"]["device"][row] = np.frombuffer(raw(OTHER), "V32")
    _signed_again(record[row : row + 1], OTHER, None)
    assert found(record) == [(row, "wrong-device"), *gap]


def test_a_clock_that_goes_back_is_found():
    signer = Signer(METER, "bakery", STATED.genesis)
    starts = [0, 900, 1800, 900, 2700]
    assert found(joined(*(signer.sign(at, STEP, 1, 0) for at in starts))) == [(3, "clock-back")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ((900, 0, 1, 0), "0 s is no length of a slot"),
        ((900, 77, 1, 0), "77 s is no length of a slot"),
        ((907, STEP, 1, 0), "no slot of 900 s begins then"),
        ((900, STEP, -5, 0), "a withdrawal of -5 Wh would have run the register back"),
        ((900, STEP, 1, -1), "an injection of -1 Wh would have run the register back"),
        ((900, STEP, 10**15, 0), "beyond any connection"),
    ],
)
def test_what_no_meter_measures_is_not_sound(content, words):
    signer = Signer(METER, "bakery", STATED.genesis)
    records = joined(signer.sign(0, STEP, 1, 0), signer.sign(*content))
    done = verify(Stream(records), (STATED,))
    (each,) = done.found
    assert (each.row, each.kind) == (1, "impossible")
    assert words in each.words
    assert done.sound.tolist() == [True, False]


def test_a_pause_is_told_and_is_no_fault():
    signer = Signer(METER, "bakery", STATED.genesis)
    starts = [900, 1800, 1800 + 30 * 86400]
    records = joined(*(signer.sign(at, STEP, 1, 0) for at in starts))
    done = verify(Stream(records), (STATED,))
    assert done.found == ()
    assert [(each.row, each.kind, each.point) for each in done.pauses] == [(2, "pause", "bakery")]
    assert "1970-01-01T00:45:00Z to 1970-01-31T00:30:00Z" in done.pauses[0].words
    first = verify(Stream(records[:2]), (STATED,))
    later = verify(Stream(records[2:]), (STATED,), heads=first.heads)
    assert [each.row for each in later.pauses] == [0]


@given(kept=st.integers(0, COUNT - 1))
@settings(deadline=None)
def test_an_end_cut_off_is_found_by_those_who_know_more(kept):
    heads = verify(Stream(GOOD), (STATED,)).heads
    assert found(GOOD[:kept]) == []
    assert found(GOOD[:kept], due=heads) == [(kept, "cut-off")]
    assert found(GOOD, due=heads) == []
    other = msgspec.structs.replace(heads[0], digest=bytes(32))
    assert found(GOOD, due=(other,)) == [(COUNT - 1, "fork")]


@given(cut=st.integers(0, COUNT))
@settings(deadline=None)
def test_a_stream_goes_on_from_where_it_was_left(cut):
    first = verify(Stream(GOOD[:cut]), (STATED,))
    rest = verify(Stream(GOOD[cut:]), (STATED,), heads=first.heads)
    assert rest.found == ()
    assert rest.heads == verify(Stream(GOOD), (STATED,)).heads
    if 0 < cut < COUNT:
        assert found(GOOD[cut - 1 :], heads=first.heads) == [(0, "replay")]
        assert found(GOOD[cut:]) == [(0, "gap")]


def test_an_exchange_of_the_device_begins_a_new_chain():
    stated = state(AUTHORITY, "bakery", raw(NEXT), 6 * STEP)
    new = readings(NEXT, stated, 6, 6)
    both = joined(GOOD[:6], new)
    assert found(both, STATED, stated) == []
    late = joined(GOOD, new)
    assert found(late, STATED, stated) == [(row, "wrong-device") for row in range(6, 12)]
    early = readings(NEXT, stated, 2, 5)
    assert found(early, STATED, stated) == [(0, "wrong-device"), (1, "gap")]
    unlinked = readings(NEXT, stated, 2, 6, previous=bytes(32))
    assert found(unlinked, STATED, stated) == [(0, "broken-chain")]


def test_statements_must_be_the_authoritys():
    again = state(AUTHORITY, "bakery", raw(METER), 900)
    forged = state(OTHER, "gym", raw(NEXT), 0)
    short = msgspec.structs.replace(STATED_OTHER, device=b"short")
    clash = state(AUTHORITY, "bakery", raw(NEXT), 0)
    told = problems([STATED, again, forged, short, clash], raw(AUTHORITY))
    assert [place for place, _ in told] == [1, 2, 3, 4]
    assert problems([STATED, STATED_OTHER], raw(AUTHORITY)) == []


def test_files():
    stream = from_bytes(to_bytes(BOTH))
    assert np.array_equal(stream.records, BOTH)
    cut = from_bytes(to_bytes(GOOD)[:-5])
    assert (len(cut.records), cut.left_over) == (COUNT - 1, RECORD.itemsize - 5)
    assert [each.kind for each in verify(cut, (STATED,)).found] == ["left-over"]
    assert verify(from_bytes(MAGIC), ()).found == ()
    for data in (b"", b"slot_start,wh\n"):
        with pytest.raises(ValueError, match="does not begin"):
            from_bytes(data)
    with pytest.raises(ValueError, match="1 to 64 bytes"):
        Signer(METER, "x" * 65, bytes(32))
