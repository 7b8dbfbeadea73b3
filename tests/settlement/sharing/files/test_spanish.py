from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.base.slots import Calendar, Slots
from gridpact.settlement.sharing.coefficients import in_parts
from gridpact.settlement.sharing.files.points import cau_problem, control_letters, cups_problem
from gridpact.settlement.sharing.files.spanish import (
    RULES,
    Rule,
    YearOfCoefficients,
    hours_of,
    over,
    read_year,
    write_year,
)

SIX, FOUR = RULES["spain-6.v1"], RULES["spain-4.v1"]
A, B, C = (
    f"ES{digits}{control_letters(digits)}0F"
    for digits in ("1234123456789012", "0031000000000001", "0031000000000002")
)
CAU = f"{A}A000"
NAME = f"{CAU}_2025.txt"


def faults(text, name=NAME, rule=SIX, known=None):
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(BadInput) as caught:
        read_year(data, name, rule, known)
    return [(each.line, each.where, each.problem) for each in caught.value.faults]


def test_the_control_letters_of_a_published_example():
    # remainder of 1234123456789012 by 529 is 305 = 13 × 23 + 6: J and Y
    assert control_letters("1234123456789012") == "JY"
    assert cups_problem("ES1234123456789012JY0F") is None
    assert cau_problem("ES1234123456789012JY0FA000") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ES1234123456789012JY", "not a CUPS"),
        ("ES1234123456789012JX0F", "do not belong"),
        ("es1234123456789012jy0f", "not a CUPS"),
        ("", "not a CUPS"),
    ],
)
def test_what_is_no_cups(text, words):
    assert words in cups_problem(text)[0]
    assert cau_problem(f"{text}A000")
    assert cau_problem(text)


def test_three_equal_consumers_byte_by_byte():
    year = YearOfCoefficients(CAU, 2025, (A, B, C), in_parts(np.ones(3, np.int64), 6))
    assert year.name == f"{CAU}_2025.txt"
    assert write_year(year, SIX) == f"{A};0,333334\n{B};0,333333\n{C};0,333333\n".encode()
    four = YearOfCoefficients(CAU, 2025, (A, B, C), in_parts(np.ones(3, np.int64), 4))
    assert write_year(four, FOUR) == f"{A};0,3334\n{B};0,3333\n{C};0,3333\n".encode()
    assert write_year(four, Rule(4, "\r\n")).endswith(f"{C};0,3333\r\n".encode())


def test_one_consumer_has_the_whole():
    year = YearOfCoefficients(CAU, 2025, (A,), np.array([1_000_000]))
    assert write_year(year, SIX) == f"{A};1,000000\n".encode()
    assert read_year(write_year(year, SIX), NAME, SIX).ppm.tolist() == [1_000_000]


@given(
    weights=st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any),
    year=st.sampled_from([2024, 2025]),
    rule=st.sampled_from([SIX, FOUR, Rule(6, "\r\n")]),
)
@settings(deadline=None, max_examples=8)
def test_hours_there_and_back(weights, year, rule):
    hours = hours_of(year)
    assert hours == (date(year + 1, 1, 1) - date(year, 1, 1)).days * 24
    some = [in_parts(np.roll(weights, turn), rule.decimals) for turn in range(3)]
    ppm = np.stack([some[hour % 3] for hour in range(hours)], axis=1)
    made = YearOfCoefficients(CAU, year, (A, B, C), ppm)
    data = write_year(made, rule)
    back = read_year(data, made.name, rule, (A, B, C))
    np.testing.assert_array_equal(back.ppm, ppm)
    assert (back.cau, back.year, back.consumers) == (CAU, year, (A, B, C))
    lines = data.decode().split(rule.line_end)[:-1]
    assert len(lines) == 3 * hours
    assert all(len(line) == 22 + 1 + 4 + 1 + 2 + rule.decimals for line in lines)
    by_hour = {}
    for line in lines:
        _, hour, value = line.split(";")
        by_hour[hour] = by_hour.get(hour, 0) + Decimal(value.replace(",", "."))
    assert len(by_hour) == hours
    assert set(by_hour.values()) == {1}
    assert next(iter(by_hour)) == "0001"


def test_every_fault_of_a_fixed_file_with_line_and_column():
    text = f"{A};0,5\n{B};0.250000\nES12;0,250000\n{A};0,250000\n{C};0,100000;1\n\n{C};x\n"
    assert faults(text, known=(A, B, C)) == [
        (1, "column 24", "'0,5' has 1 decimals"),
        (2, "column 24", "'0.250000' has a decimal point"),
        (3, "column 1", "'ES12' is not a CUPS of 22 characters"),
        (5, "column 1", "the line has 3 fields"),
        (6, "", "the line is empty"),
        (7, "column 24", "'x' is not a coefficient"),
    ]


def test_coefficients_that_do_not_add_up_and_consumers_that_are_unknown():
    assert faults(f"{A};0,500000\n{B};0,499999\n") == [
        (2, "", "the coefficients add up to 0,999999")
    ]
    assert faults(f"{A};0,500000\n{C};0,500000\n", known=(A, B)) == [
        (0, "", f"{B} has no coefficient"),
        (2, "column 1", f"{C} is no consumer of the operation"),
    ]
    assert faults(f"{A};0,500000\n{A};0,500000\n") == [(2, "column 1", f"{A} comes twice")]


def test_hours_that_are_missing_or_repeated_or_beyond_the_year():
    def text(hours, value="1,000000"):
        return "".join(f"{A};{hour:04d};{value}\n" for hour in hours)

    assert faults(text(range(1, 8760))) == [(0, "", f"{A} lacks an hour, the first 8760")]
    assert faults(text(range(1, 8762)))[0] == (8761, "column 24", "'8761' is not an hour of 2025")
    again = faults(text([*range(1, 8761), 7]))
    assert again == [(8761, "column 1", f"hour 0007 of {A} comes twice")]
    mixed = text(range(1, 8760)) + f"{A};8760;0,999999\n"
    assert faults(mixed) == [(8760, "", "the coefficients in hour 8760 add up to 0,999999")]
    leap = f"{CAU}_2024.txt"
    assert faults(text(range(1, 8761)), leap) == [(0, "", f"{A} lacks 24 hours, the first 8761")]
    assert read_year(text(range(1, 8785)).encode(), leap, SIX).ppm.shape == (1, 8784)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (f"{A};1,000000".encode(), "cut short"),
        (f"{A};1,000000\n".encode()[:-3], "cut short"),
        (b"\xef\xbb\xbf" + f"{A};1,000000\n".encode(), "byte-order mark"),
        (f"{A};1,000000\n".encode("utf-16"), "binary"),
        (f"{A};1,000000\n".encode() + b"\xff\n", "not UTF-8"),
        (f"{A};2,000000\n".encode(), "more than the whole"),
        (f"{A};-1,00000\n".encode(), "not a coefficient"),
        (f"{A};٠,٠٠٠٠٠٠\n".encode(), "not a coefficient"),
    ],
)
def test_files_that_are_none(data, words):
    assert any(words in problem for _, _, problem in faults(data))


def test_names_of_files():
    assert "not named" in faults(f"{A};1,000000\n", "betas.txt")[0][2]
    assert (
        "control letters" in faults(f"{A};1,000000\n", f"{CAU.replace('JY', 'JX')}_2025.txt")[0][2]
    )


@pytest.mark.parametrize(
    ("year", "words"),
    [
        (YearOfCoefficients(CAU, 2025, (A, B), np.array([500_000, 400_000])), "add up to 0,9000"),
        (YearOfCoefficients(CAU, 2025, (A, A), np.array([500_000, 500_000])), "comes twice"),
        (YearOfCoefficients(CAU, 2025, (A, "x"), np.array([500_000, 500_000])), "not a CUPS"),
        (YearOfCoefficients("x", 2025, (A,), np.array([1_000_000])), "not a CAU"),
        (YearOfCoefficients(CAU, 2025, (A, B), np.array([1_500_000, -500_000])), "negative"),
        (YearOfCoefficients(CAU, 2025, (A,), np.full((1, 8784), 1_000_000)), "8,784 hours"),
    ],
)
def test_what_is_not_written(year, words):
    with pytest.raises(BadInput, match=words):
        write_year(year, SIX)


def test_too_many_decimals_for_the_rule():
    year = YearOfCoefficients(CAU, 2025, (A, B, C), in_parts(np.ones(3, np.int64), 6))
    with pytest.raises(BadInput, match="more than 4 decimals"):
        write_year(year, FOUR)


def test_hours_elapse_whatever_the_clock_does():
    hours = hours_of(2025)
    ppm = np.stack([np.arange(hours), 1_000_000 - np.arange(hours)])
    year = YearOfCoefficients(CAU, 2025, (A, B), ppm)
    local = Calendar("Europe/Madrid", 900)
    march, october = (local.day(date(2025, *day)) for day in ((3, 30), (10, 26)))
    assert (march.count, october.count) == (92, 100)
    begin = int(datetime(2024, 12, 31, 23, tzinfo=UTC).timestamp())
    for day in (march, october):
        laid = over([year], (A, B), day, "Europe/Madrid")
        assert laid[0].tolist() == [(start - begin) // 3600 for start in day.starts().tolist()]
        assert set(laid.sum(axis=0).tolist()) == {1_000_000}
    last = local.day(date(2025, 12, 31))
    assert over([year], (A, B), last, "Europe/Madrid")[0, -1] == hours - 1


def test_years_side_by_side_and_years_that_lack():
    years = [
        YearOfCoefficients(CAU, 2024, (A,), np.array([1_000_000])),
        YearOfCoefficients(CAU, 2025, (A, B), np.array([250_000, 750_000])),
    ]
    start = Calendar("Europe/Madrid", 3600).midnight(date(2025, 1, 1))
    around = Slots(start - 7200, 3600, 4)
    assert over(years, (A, B), around, "Europe/Madrid").tolist() == [
        [1_000_000, 1_000_000, 250_000, 250_000],
        [0, 0, 750_000, 750_000],
    ]
    with pytest.raises(BadInput, match="no file speaks of this slot"):
        over(years[1:], (A, B), around, "Europe/Madrid")
