import csv
import io
from datetime import date, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.base.slots import Calendar, Slots
from gridpact.settlement.sharing.coefficients import POOL, Coefficients
from gridpact.settlement.sharing.files.monthly import LAYOUTS, Wanted, read_table, write_table

ZONE = "Europe/Paris"
NIGHT = Slots(Calendar(ZONE, 900).midnight(date(2026, 10, 25)) + 7200, 900, 8)  # 02:00 comes twice
LONG, WIDE = LAYOUTS["long.v1"], LAYOUTS["wide-percent.v1"]


def wanted(consumers=("bakery", "school"), producers=(POOL,), slots=NIGHT):
    return Wanted(producers, consumers, slots)


def made(ppm, want):
    return Coefficients(want.producers, want.consumers, want.slots, np.asarray(ppm, np.int64))


def faults(text, layout, want):
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(BadInput) as caught:
        read_table(data, "k.csv", layout, want)
    return [(each.line, each.where, each.problem) for each in caught.value.faults]


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_there_and_back(data, coefficients):
    producers = data.draw(st.sampled_from([(POOL,), ("park", "roof")]))
    want = wanted(("bakery", "school", "shop")[: data.draw(st.integers(1, 3))], producers)
    shape = (len(want.consumers), NIGHT.count)
    ppm = np.stack([data.draw(coefficients(shape)) for _ in producers])
    for layout in LAYOUTS.values():
        text = write_table(made(ppm, want), layout, ZONE)
        np.testing.assert_array_equal(read_table(text, "k.csv", layout, want).ppm, ppm)
        np.testing.assert_array_equal(
            read_table(text.replace(b"\n", b"\r\n"), "k.csv", layout, want).ppm, ppm
        )


def test_every_number_and_instant_by_the_csv_module():
    want = wanted(producers=("park", "roof"))
    ppm = np.arange(32).reshape(2, 2, 8) * 31_250
    found = list(
        csv.DictReader(io.StringIO(write_table(made(ppm // 2, want), LONG, ZONE).decode()))
    )
    assert len(found) == 32
    for row in found:
        slot = NIGHT.index(int(datetime.fromisoformat(row["slot_start"]).timestamp()))
        place = want.producers.index(row["producer"]), want.consumers.index(row["consumer"]), slot
        assert Fraction(row["coefficient"]) * 10**6 == int((ppm // 2)[place])


def test_both_layouts_as_text():
    want = wanted(slots=Slots(NIGHT.start, 900, 2))
    ppm = [[[250_000, 0], [500_000, 1]]]
    assert write_table(made(ppm, want), LONG, ZONE).decode() == (
        "slot_start,consumer,coefficient\n"
        "2026-10-25T02:00:00+02:00,bakery,0.250000\n"
        "2026-10-25T02:00:00+02:00,school,0.500000\n"
        "2026-10-25T02:15:00+02:00,bakery,0.000000\n"
        "2026-10-25T02:15:00+02:00,school,0.000001\n"
    )
    assert write_table(made(ppm, want), WIDE, ZONE).decode() == (
        "slot_start;bakery;school\n"
        "2026-10-25T02:00:00+02:00;25,0000;50,0000\n"
        "2026-10-25T02:15:00+02:00;0,0000;0,0001\n"
    )


TWO = Slots(NIGHT.start, 900, 2)
FIRST, SECOND = "2026-10-25T02:00:00+02:00", "2026-10-25T02:15:00+02:00"


NO_COEFFICIENT = "has no coefficient in a slot, the first 2026-10-25T00:00:00Z"


def test_every_fault_of_a_long_table():
    text = "\n".join(
        [
            "slot_start,consumer,coefficient",
            f"{FIRST},bakery,0.600000",
            f"{FIRST},school,0.500000",
            f"{SECOND},bakry,0.1",
            f"{SECOND},school,0,1",
            f"{SECOND},school,2",
            "2026-10-25T02:15:00,school,0.1",
            "2026-10-26T02:15:00+01:00,school,0.1",
            "yesterday,school,0.1",
            f"{FIRST},school,0.1",
            f"{SECOND},school,0.12345678",
            "",
        ]
    )
    assert faults(text, LONG, wanted(slots=TWO)) == [
        (0, "", "bakery has no coefficient in a slot, the first 2026-10-25T00:15:00Z"),
        (0, "", "school has no coefficient in a slot, the first 2026-10-25T00:15:00Z"),
        (3, "", "the coefficients of this slot add up to 1.100000"),
        (4, "column 27", "'bakry' is no consumer of the operation"),
        (5, "column 1", "the line has 4 fields, the header 3"),
        (6, "column 34", "'2' is more than the whole"),
        (7, "column 1", "'2026-10-25T02:15:00' has no offset from UTC"),
        (8, "column 1", "2026-10-26T02:15:00+01:00 begins no slot of the period"),
        (9, "column 1", "'yesterday' is not an instant"),
        (10, "column 34", "school in this slot comes twice"),
        (11, "column 34", "'0.12345678' is not a whole number of millionths"),
    ]  # fmt: skip


def test_every_fault_of_a_wide_table():
    text = f"slot_start;bakery;shop;bakery\n{FIRST};25.5;1,0000;0\n{SECOND};100,0001;;0\n"
    assert faults(text, WIDE, wanted(slots=TWO)) == [
        (0, "", "bakery has no coefficient in 2 slots, the first 2026-10-25T00:00:00Z"),
        (1, "", "there is no column school"),
        (1, "column 19", "'shop' is no consumer of the operation"),
        (1, "column 24", "bakery comes twice"),
        (2, "column 27", "'25.5' has a decimal point"),
        (3, "column 27", "'100,0001' is more than the whole"),
    ]


def test_a_missing_month():
    month = Calendar(ZONE, 900)
    both = Slots(
        month.midnight(date(2026, 2, 1)),
        900,
        (month.midnight(date(2026, 4, 1)) - month.midnight(date(2026, 2, 1))) // 900,
    )
    february = Slots(both.start, 900, 28 * 96)
    want = wanted(("bakery",), slots=february)
    text = write_table(made(np.ones((1, 1, february.count)), want), LONG, ZONE)
    assert faults(text, LONG, wanted(("bakery",), slots=both)) == [
        (0, "", "bakery has no coefficient in 2,972 slots, the first 2026-02-28T23:00:00Z")
    ]


def test_producers_are_known_and_each_has_at_most_the_whole():
    want = wanted(("bakery",), ("park", "roof"), Slots(NIGHT.start, 900, 1))
    head = "slot_start,producer,consumer,coefficient\n"
    good = head + f"{FIRST},park,bakery,1\n{FIRST},roof,bakery,1\n"
    assert read_table(good.encode(), "k.csv", LONG, want).ppm.ravel().tolist() == [10**6] * 2
    assert faults(good.replace("roof", "wind"), LONG, want) == [
        (0, "", f"bakery of producer roof {NO_COEFFICIENT}"),
        (3, "column 27", "'wind' is no producer of the operation"),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"a;b\n", "the header does not begin with slot_start,consumer"),
        (f"slot_start,consumer,coefficient\n{FIRST},bakery,0.1".encode(), "cut short"),
        ("slot_start,consumer,coefficient\n".encode("utf-16"), "binary"),
    ],
)
def test_tables_that_are_none(data, words):
    assert any(words in problem for _, _, problem in faults(data, LONG, wanted(slots=TWO)))


def test_a_byte_order_mark_is_tolerated():
    want = wanted(("bakery",), slots=Slots(NIGHT.start, 900, 1))
    text = f"slot_start,consumer,coefficient\n{FIRST},bakery,0.1\n"
    assert read_table(b"\xef\xbb\xbf" + text.encode(), "k", LONG, want).ppm.item() == 100_000


def test_faults_without_end_are_counted():
    head = "slot_start,consumer,coefficient\n"
    text = head + "".join(f"{FIRST},nobody{number},0.1\n" for number in range(500))
    found = faults(text, LONG, wanted(slots=TWO))
    assert len(found) == 201
    assert any("302 more faults are not shown" in problem for _, _, problem in found)


def test_a_wrong_name_on_many_lines_is_told_once():
    text = "slot_start,consumer,coefficient\n" + f"{FIRST},nobody,0.1\n" * 801
    (name,) = [fault for fault in faults(text, LONG, wanted(slots=TWO)) if fault[0]]
    told = "'nobody' is no consumer of the operation (and on 800 more lines)"
    assert name == (2, "column 27", told)
