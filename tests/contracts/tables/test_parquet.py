"""Parquet is held to the same rules, and hostile files stay cheap."""

import time

import numpy as np
import polars as pl
import pytest

from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.contracts.evaluate import Known
from gridpact.contracts.tables import read_world, write_world

HEAD = "slot_start,metered:generation [Wh],spot [micro/kWh],choice:exercise\n"
HOURS = Slots(1781481600, 3600, 3)
MEGA = 10_000_000
HOSTILE = {
    "commas": b"," * MEGA,
    "lines": b"\n" * MEGA,
    "short lines": b"a\n" * (MEGA // 2),
    "quotes": b'"' * MEGA,
    "quoted nothing": b'""' + b',""' * (MEGA // 3),
    "no instants": b"slot_start,x\n" + b"x,y\n" * (MEGA // 4),
    "one slot": b"slot_start,x\n" + b"2026-01-01T00:00Z,1\n" * (MEGA // 20),
    "ragged": b"slot_start,x\n" + b"1,2,3\n" * (MEGA // 6),
    "a long number": b"slot_start,x\n2026-01-01T00:00Z," + b"9" * MEGA + b"\n",
    "a long header": b"slot_start," + b"x" * MEGA + b"\n2026-01-01T00:00Z,1\n",
    "brackets": b"slot_start," + b"[" * MEGA + b"\n",
    "spaces": b"slot_start,a" + b" " * MEGA + b"x\n",
    "one name": b"slot_start" + b",spot" * 4000 + b"\n",
    "binary": b"\0" * MEGA,
    "parquet": b"PAR1" + b"\x15" * MEGA + b"PAR1",
}


def hours(zone="UTC"):
    text = pl.Series(["2026-06-15T00:00:00", "2026-06-15T01:00:00"])
    return text.str.to_datetime(time_zone=zone)


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        (
            pl.Series([1.0, float("nan")]),
            [": x: the column holds Float64", ":2: x: 'nan' is not a finite number"],
        ),
        (
            pl.Series([0.5, float("inf")]),
            [
                ": x: the column holds Float64",
                ":1: x: '0.5' is not a whole number",
                ":2: x: 'inf' is not a finite number",
            ],
        ),
        (pl.Series([1, 2**63], dtype=pl.UInt64), [":2: x: 9223372036854775808 does not fit"]),
        (pl.Series([1, -(2**63)]), [":2: x: -9223372036854775808 does not fit"]),
        (pl.Series([True, False]), [": x: the column holds Boolean"]),
        (pl.Series(["1", "2.5"]), [":2: x: '2.5' is not a whole number"]),
    ],
)
def test_parquet_columns(tmp_path, values, problems, refused, parquet):
    data = parquet(pl.DataFrame({"slot_start": hours(), "x": values}))
    faults = refused(tmp_path, data, None)
    assert len(faults) == len(problems)
    assert all(fault.startswith(problem) for fault, problem in zip(faults, problems, strict=True))


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        (hours(None), ": slot_start: the instants have no time zone"),
        (pl.Series([0, 3600]), ": slot_start: the column holds Int64, not instants"),
        (hours().dt.offset_by("1ms"), ":1: slot_start: 2026-06-15 00:00:00.001000+00:00 is not"),
    ],
)
def test_parquet_instants(tmp_path, column, problem, refused, parquet):
    faults = refused(tmp_path, parquet(pl.DataFrame({"slot_start": column, "x": [1, 2]})), None)
    assert faults[0].startswith(problem)


def test_a_zone_of_parquet_is_a_way_to_write_utc(tmp_path, written, parquet):
    data = parquet(pl.DataFrame({"slot_start": hours("Europe/Berlin"), "x": [1, 2]}))
    _, slots = read_world(written(tmp_path, data, "t.parquet"))
    assert slots == Slots(1781474400, 3600, 2)


def test_parquet_that_was_cut_or_altered_is_refused(tmp_path, written, refused, parquet):
    frame = pl.DataFrame({"slot_start": hours(), "x": [1, 2]})
    data = parquet(frame)
    random = np.random.Generator(np.random.PCG64(1))
    for _ in range(150):
        spoilt = bytearray(data)
        spoilt[int(random.integers(4, len(data)))] ^= 1 << int(random.integers(8))
        path = written(tmp_path, bytes(spoilt), "t.parquet")
        try:
            world, slots = read_world(path)
        except BadInput:
            continue
        assert slots.count == 2  # a flipped bit in a value, or in what nobody reads
        assert set(map(type, world.values())) <= {np.ndarray, Known}
    for end in range(4, len(data), 97):
        assert len(refused(tmp_path, data[:end], None)) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_stay_cheap(tmp_path, name, refused):
    begin = time.process_time()
    faults = refused(tmp_path, HOSTILE[name])
    assert time.process_time() - begin < 15  # a second or two; a quadratic step takes hours
    assert len(faults) < 100
    assert len("\n".join(faults)) < 20_000


def test_too_many_bytes_are_not_read(tmp_path, monkeypatch, refused):
    monkeypatch.setattr("gridpact.contracts.tables.reading.MAX_BYTES", 20)
    (fault,) = refused(tmp_path, HEAD)
    assert "20 are read at most" in fault


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_world(tmp_path / "none.csv")


def test_only_tables_of_slots_are_written():
    for shape in ((2,), (1, 2, 3)):
        with pytest.raises(ValueError, match=r"\[slots\] or \[paths, slots\]|broadcast"):
            write_world({"x": np.zeros(shape, dtype=np.int64)}, HOURS)
    assert write_world({}, HOURS).count("\n") == 4
