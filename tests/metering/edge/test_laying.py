"""Signed readings on slots: what each finding makes of a reading, against a plain loop."""

from hashlib import sha256

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.edge.laying import laid, problems
from gridpact.metering.edge.records import RECORD, Signer, Stream, bodies, digest
from gridpact.metering.edge.statements import state
from gridpact.metering.edge.verification import verify
from gridpact.metering.readings import Quality

DEVICES = ("bakery", "school")


def key(name):
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def raw(name):
    return key(name).public_key().public_bytes_raw()


STATED = {name: state(key("authority"), name, raw(name), 0) for name in DEVICES}


def signer(name, **more):
    return Signer(key(name), name, STATED[name].genesis, **more)


def chain(name, count=8, step=900):
    device = signer(name)
    return [device.sign(step * n, step, 100 + n, n % 3) for n in range(count)]


def done(records):
    stream = Stream(np.concatenate(records) if records else np.zeros(0, RECORD))
    return stream, verify(stream, list(STATED.values()))


def placed(records):
    return done(records)[1].placed


def table(intervals):
    """Values and marks by point, register and slot start, of all that is not missing."""
    return {
        (channel.point, channel.register, intervals.slots.start + intervals.slots.step * slot): (
            int(intervals.wh[row, slot]),
            Quality(intervals.quality[row, slot]).name,
            intervals.rules[intervals.rule[row, slot]],
        )
        for row, channel in enumerate(intervals.channels)
        for slot in range(intervals.slots.count)
        if intervals.quality[row, slot] != Quality.MISSING
    }


def expected(stream, verified):
    """The same, reading by reading: the first of a sequence holds it, in the order they came."""
    kinds = {}
    for each in verified.found:
        kinds.setdefault(each.row, set()).add(each.kind)
    kept, sides, found = {}, {}, {}
    for row, record in enumerate(stream.records):
        if kinds.get(row, set()) & {"bad-signature", "wrong-device", "replay"}:
            continue
        body, hashed = record["body"], digest(bodies(stream.records[row : row + 1])[0])
        chain, sequence = (body["point"], bytes(body["device"])), int(body["sequence"])
        before = sides.get((chain, sequence - 1), set())
        if (chain, sequence) in kept or bytes(body["previous"]) in before:
            sides.setdefault((chain, sequence), set()).add(hashed)
        else:
            kept[chain, sequence] = row
    for (chain, sequence), row in sorted(kept.items()):
        body, told = stream.records["body"][row], kinds.get(row, set())
        rule = next((f"{k}.v1" for k in ("clock-back", "broken-chain") if k in told), "")
        rule = "fork.v1" if (chain, sequence) in sides else rule
        for register in ("withdrawal", "injection"):
            at = (body["point"].decode(), register, int(body["slot_start"]))
            found.setdefault(at, []).append((int(body[f"{register}_wh"]), rule))
    merged = {}
    for at, readings in found.items():
        other = (at[0], "injection" if at[1] == "withdrawal" else "withdrawal", at[2])
        differ = len({wh for wh, _ in readings}) > 1 or len({wh for wh, _ in found[other]}) > 1
        rules = [rule for _, rule in readings if rule] + (["clock-back.v1"] if differ else [])
        merged[at] = (readings[0][0], "SUSPECT" if rules else "MEASURED", set(rules))
    return merged


def test_sound_readings_are_measured_and_gaps_missing():
    records = chain("bakery")
    found = laid(placed([records[0], records[1], records[4]])).intervals
    assert found.wh.tolist() == [[100, 101, 0, 0, 104], [0, 1, 0, 0, 1]]
    assert found.quality.tolist() == [[1, 1, 0, 0, 1]] * 2


def test_a_forged_value_is_left_out_and_a_fork_is_suspect():
    records = chain("bakery")
    records[2] = records[2].copy()
    records[2]["body"]["withdrawal_wh"] = 999
    other = signer("bakery", sequence=5)
    records.append(other.sign(5 * 900, 900, 500, 0))
    found = table(laid(placed(records)).intervals)
    assert ("bakery", "withdrawal", 1800) not in found
    assert found["bakery", "withdrawal", 4500] == (105, "SUSPECT", "fork.v1")
    assert found["bakery", "withdrawal", 5400][1] == "MEASURED"


STEPS = st.tuples(
    st.sampled_from(["change", "double", "drop", "move", "fork", "back", "break"]),
    st.integers(0, 30),
    st.integers(0, 30),
)


def tampered(steps):
    """Two chains, interleaved, with readings changed, doubled, left out, moved or told anew."""
    records = [one for pair in zip(chain("bakery"), chain("school"), strict=True) for one in pair]
    for what, one, two in steps:
        at, other = one % len(records), two % len(records)
        name = records[at]["body"]["point"][0].decode()
        sequence = int(records[at]["body"]["sequence"][0])
        start = int(records[at]["body"]["slot_start"][0])
        if what == "change":
            records[at] = records[at].copy()
            records[at]["body"]["withdrawal_wh"] += 1
        elif what == "double":
            records.insert(max(at, other), records[at])
        elif what == "drop" and len(records) > 1:
            del records[at]
        elif what == "move":
            records.insert(other, records.pop(at))
        else:
            moved = start - 900 if what == "back" else start
            again = signer(name, sequence=sequence if what == "fork" else 20 + sequence)
            records.append(again.sign(max(moved, 0), 900, other % 4 + 100, 1))
    return records


@settings(deadline=None, max_examples=150)
@given(st.lists(STEPS, max_size=5))
def test_marks_are_those_of_a_plain_loop(steps):
    stream, verified = done(tampered(steps))
    assert list(problems(verified.placed)) == []
    found, due = table(laid(verified.placed).intervals), expected(stream, verified)
    assert found.keys() == due.keys()
    for at, (wh, quality, rules) in due.items():
        assert found[at][:2] == (wh, quality)
        assert found[at][2] in (rules or {""})


@pytest.mark.parametrize(
    ("start", "step", "words"),
    [(0, 7, "7 s is no length"), (0, 7200, "7200 s is no length"), (450, 900, "no slot of 900 s"),
     (0, 0, "0 s is no length"), (20_000 * 86400 * 100, 900, "too many slots apart")],
)  # fmt: skip
def test_readings_on_no_slots_are_told_at_their_row(start, step, words):
    device = signer("bakery")
    records = [device.sign(0, 900, 1, 0), device.sign(start + 900, step, 1, 0)]
    if words.startswith("no slot"):
        records[1] = signer("bakery", sequence=1).sign(start + 900, step, 1, 0)
    found = list(problems(placed(records)))
    assert [row for row, _ in found] == [1]
    assert words in found[0][1]


def test_mixed_lengths_are_told_and_no_readings_are_no_slots():
    device = signer("bakery")
    ((row, words),) = problems(placed([device.sign(0, 900, 1, 0), device.sign(1800, 1800, 1, 0)]))
    assert (row, words) == (1, "readings have slots of 900 s and of 1800 s")
    assert laid(placed([])).intervals.wh.shape == (0, 0)
