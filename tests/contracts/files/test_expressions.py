"""The grammar of expressions: what each spelling means, and where what is wrong is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.contracts.files.building import Meaning, build
from gridpact.contracts.files.grammar import parse_expression
from gridpact.contracts.files.tokens import ExpressionFault, Scanner, place, shown, spelled
from gridpact.contracts.formulas import (
    at_end,
    filled,
    highest,
    latch,
    maximum,
    minimum,
    muldiv,
    nominated,
    running,
    share,
    total,
    whole,
)
from gridpact.contracts.observables import Const, Observable, Op, Profile, Series
from gridpact.contracts.references import active, delivered, paid
from gridpact.contracts.times import Between, LocalTime

LOAD, GEN = Series("metered:load", "Wh"), Series("gen", "Wh")
SPOT, ODD = Series("spot", "micro/kWh"), Series("shared:in@key-1.v1", "Wh")
NOMINATION = nominated("n", "a", Const(5, "Wh"), 0)
NAMES = {
    "metered:load": Meaning(LOAD),
    "gen": Meaning(GEN),
    "spot": Meaning(SPOT),
    "shared:in@key-1.v1": Meaning(ODD),
    "n": Meaning(NOMINATION),
    "choice:n": Meaning(NOMINATION),
    "max": Meaning(GEN),
    "and": Meaning(GEN),
    "five": Meaning(5),
    "fee": Meaning(Const(1, "nano"), frozenset({"EUR"})),
    "faulty": Meaning(None),
}
BERLIN = "month@Europe/Berlin"
HIGH, LOW = SPOT >= 80_000, SPOT <= 0
EUR_MWH = "micro/kWh"


def built(text):
    found, faults = build(parse_expression(text), NAMES)
    assert not faults, faults
    return found.value


def wrong(text):
    """Every fault of an expression as (column, problem)."""
    try:
        _, faults = build(parse_expression(text), NAMES)
    except ExpressionFault as fault:
        faults = [fault]
    return [(fault.at + 1, fault.problem) for fault in faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80 EUR/MWh", Const(80_000, EUR_MWH)),
        ("12.5 ct/kWh", Const(125_000, EUR_MWH)),
        ("20 degC", Const(293_150, "mK")),
        ("-5 degC", Const(268_150, "mK")),
        ("25 %", Const(250_000, "ppm")),
        ("1h", Const(3600, "s")),
        ("5 [micro/kWh]", Const(5, EUR_MWH)),
        ("1_000 Wh", Const(1000, "Wh")),
        ("1 ¤", Const(10**9, "nano")),
        ("7", 7),
        ("(((7)))", 7),
        ("-7", -7),
        ("five", 5),
        ("gen", GEN),
        ("'shared:in@key-1.v1'", ODD),
        ("max", GEN),
        ("'and' + 1", GEN + 1),
        ("choice:n + n", NOMINATION + NOMINATION),
        ("gen + metered:load + 5", GEN + LOAD + 5),
        ("gen + (metered:load + 5)", GEN + (LOAD + 5)),
        ("gen - metered:load - 5", GEN - LOAD - 5),
        ("5 - gen", 5 - GEN),
        ("gen * spot", GEN * SPOT),
        ("2 * gen + 3 * gen", 2 * GEN + 3 * GEN),
        ("-gen * spot", -GEN * SPOT),
        ("-(gen * spot)", -(GEN * SPOT)),
        ("gen - -5 Wh", GEN - -5),
        ("- - gen", 0 - (0 - GEN)),
        ("five * gen", 5 * GEN),
        ("gen + five", GEN + 5),
        ("sum(gen, 5, gen)", Op("+", (GEN, Const(5, "Wh"), GEN))),
        ("product(2, gen, spot)", Op("*", (Const(2, "1"), GEN, SPOT))),
        ("spot >= 80 EUR/MWh", HIGH),
        ("spot <= 0", LOW),
        ("0 >= spot", LOW),
        ("80 EUR/MWh <= spot", HIGH),
        ("spot > 0", 1 - (SPOT <= 0)),
        ("spot < 80 EUR/MWh", 1 - HIGH),
        ("not spot >= 80 EUR/MWh", 1 - HIGH),
        ("spot >= 80 EUR/MWh and spot <= 0", HIGH * LOW),
        ("spot >= 80 EUR/MWh or spot <= 0", Op("max", (HIGH, LOW))),
        ("spot <= 0 or spot <= 0 and not spot <= 0", Op("max", (LOW, LOW * (1 - LOW)))),
        ("(spot <= 0 or spot <= 0) and 1", Op("max", (LOW, LOW)) * 1),
        ("(spot <= 0) * gen", LOW * GEN),
        ("min(gen, 20 kWh)", minimum(GEN, Const(20_000, "Wh"))),
        ("max(0, gen)", maximum(Const(0, "Wh"), GEN)),
        ("max(gen, 0, metered:load)", maximum(GEN, 0, LOAD)),
        ("muldiv(gen, 1, 2)", muldiv(GEN, Const(1, "1"), Const(2, "1"))),
        ("share(spot, 40 %)", share(SPOT, 400_000)),
        ("share(spot, 5)", share(SPOT, 5)),
        ("filled(gen, 0)", filled(GEN, 0)),
        ("total(gen)", total(GEN)),
        (f"total(gen, {BERLIN})", total(GEN, BERLIN)),
        ("running(gen, day@America/Port-au-Prince)", running(GEN, "day@America/Port-au-Prince")),
        ("latch(spot <= 0, all)", latch(LOW)),
        ("highest(gen, year@Etc/GMT+1)", highest(GEN, "year@Etc/GMT+1")),
        ("whole(5)", whole(Const(5, "1"))),
        ("at_end()", at_end()),
        (f"at_end( {BERLIN} )", at_end(BERLIN)),
        ("between(1970-01-01T00:00Z, 1970-01-01T02:00:10+01:00)", Between(0, 3610)),
        ("between(-5s, 9223372036854775807s)", Between(-5, 2**63 - 1)),
        ("local(UTC)", LocalTime("UTC", tuple(range(1, 13)), tuple(range(1, 8)), 0, 86_400)),
        (
            "local(Europe/Berlin, months 1 4-6 12, days 1-5, 17:00-24:00)",
            LocalTime("Europe/Berlin", (1, 4, 5, 6, 12), (1, 2, 3, 4, 5), 61_200, 86_400),
        ),
        (
            "local(UTC, 00:00:30-01:00)",
            LocalTime("UTC", tuple(range(1, 13)), tuple(range(1, 8)), 30, 3600),
        ),
        ("profile(1970-01-01T00:00Z, 15 min, [1, -2, 3], Wh)", Profile(0, 900, (1, -2, 3), "Wh")),
        ("profile(0s, 1 h, [0.5, 1], kWh)", Profile(0, 3600, (500, 1000), "Wh")),
        ("profile(0s, 1 h, [1.5,20], EUR/MWh)", Profile(0, 3600, (1500, 20_000), EUR_MWH)),
        ("profile(0s, 900, [7], micro/kWh)", Profile(0, 900, (7,), EUR_MWH)),
        ("profile(0s, 1 h, [7], [kWh])", Profile(0, 3600, (7,), "kWh")),
        ("profile(0s, 1 h, [1, 0], 1)", Profile(0, 3600, (1, 0), "1")),
        ("profile(0s, 1 h, [-1, 20], degC)", Profile(0, 3600, (272_150, 293_150), "mK")),
        ("active('grid-1')", active("grid-1")),
        ("paid('grid-1', 'fee')", paid("grid-1", "fee")),
        ("delivered('grid-1')", delivered("grid-1")),
        ("delivered('grid-1', 'capacity')", delivered("grid-1", "capacity")),
        ("series('a+b', micro/kWh)", Series("a+b", EUR_MWH)),
        ("series('7', 1)", Series("7", "1")),
        ("  gen\n  + 5 ", GEN + 5),
    ],
)
def test_an_expression_means_the_same_as_python(text, expected):
    assert built(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "expected a value, found the end"),
        ("gen +", 6, "expected a value, found the end"),
        ("gen 5", 5, "expected an operator or the end, found '5'"),
        ("gen (5)", 1, "there is no function 'gen'"),
        ("2 (5)", 3, "expected an operator or the end, found '('"),
        ("(gen", 5, "expected ')', found the end"),
        ("gen)", 4, "expected an operator or the end, found ')'"),
        ("gen / 2", 5, "there is no division"),
        ("5 kWh / 2", 7, "there is no division"),
        ("gen % 2", 5, "expected an operator or the end, found '%'"),
        ("gen == 2", 5, "expected an operator or the end, found '=='"),
        ("0 <= gen <= 5", 10, "comparisons do not chain"),
        ("min(gen)", 1, "min is given the wrong number of arguments"),
        ("share(gen, 1 %, 2)", 1, "share is given the wrong number of arguments"),
        ("min(gen gen)", 9, "expected ',', found 'gen'"),
        ("total(gen, )", 12, "expected a period such as month@Europe/Berlin, found ')'"),
        ("total(gen, fortnight@UTC)", 1, "period 'fortnight@UTC' is not all"),
        ("total(gen, day@Europe/Berln)", 1, "'Europe/Berln' is not a time zone"),
        ("latch(gen)", 1, "only a mask latches"),
        ("gen and spot", 5, "and, or and not join masks"),
        ("1 + not spot >= 0", 5, "not binds too loosely here"),
        ("not gen", 1, "and, or and not join masks"),
        ("between(2026-01-01, 2027-01-01)", 1, "'2026-01-01' is not an instant"),
        ("between(2026-13-01T00:00Z, 5s)", 1, "'2026-13-01T00:00Z' is not an instant"),
        ("between(2026-01-01T00:00, 5s)", 1, "'2026-01-01T00:00' is not an instant"),
        ("between(5s, 5s)", 1, "the end 5 is not after the start 5"),
        ("local(UTC, 22:00-06:00)", 1, "'22:00-06:00' does not end after it begins"),
        ("local(UTC, months 0-13)", 1, "months"),
        ("local(UTC, months 6-4)", 1, "'6-4' runs backwards"),
        ("local(UTC, hours 6)", 1, "'hours 6' is not months"),
        ("local(UTC, 10:75-11:00)", 1, "has more than 59"),
        ("profile(0s, 15 min, [1, x], Wh)", 1, "'x' is not a number"),
        ("profile(0s, 15 min, [0.5], Wh)", 1, "0.5 Wh is not a whole number of Wh"),
        ("profile(0s, 15 kWh, [1], Wh)", 1, "this is not a duration"),
        ("profile(7s, 15 min, [1], Wh)", 1, "starts on a whole step"),
        ("active(gen)", 8, "expected a name in single quotes, found 'gen'"),
        ("series('x', litres)", 1, "'litres' is not a unit of terms"),
        ("fee + 5 CHF", 7, "mixed currencies: CHF beside EUR"),
        ("profile(0s, 1 h, [1], CHF/MWh) + 0 EUR/MWh", 34, "mixed currencies: EUR beside CHF"),
        ("1e3 Wh", 1, "'1e3' is not a number"),
        ("007 Wh", 1, "'007' is not a number"),
        ("1.5 * gen", 1, "1.5 is not a whole number"),
        ("9" * 61, 1, "the number has too many digits"),
        ("9" * 20, 1, "does not fit 64 bits"),
        ('"gen"', 1, "is not part of an expression"),
        ("gen ≥ 5", 5, "is not part of an expression"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_column(text, column, problem):
    ((at, told),) = wrong(text)
    assert at == column
    assert problem in told


def test_every_unknown_name_is_told_and_what_hangs_on_one_is_not():
    assert [at for at, _ in wrong("min(lod, 5) * spto + lod")] == [5, 15, 22]
    assert wrong("faulty + 5 * spot") == []
    assert wrong("(faulty + 5) * max(faulty) - 1") == [
        (16, "max is given the wrong number of arguments")
    ]


def test_tokens_know_their_places():
    scanner = Scanner("a +\n  12.5 ct/kWh")
    tokens = [scanner.advance() for _ in range(4)]
    assert [(token.kind, token.text, token.unit) for token in tokens] == [
        ("name", "a", ""),
        ("symbol", "+", ""),
        ("number", "12.5", "ct/kWh"),
        ("end", "", ""),
    ]
    assert [place(scanner.text, token.at) for token in tokens] == [(1, 1), (1, 3), (2, 3), (2, 14)]
    assert shown("a + b", 4) == "column 5"
    assert shown(scanner.text, 6) == "line 2, column 3"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a:b.c_d@e", "a:b.c_d@e"),
        ("a-b", "'a-b'"),
        ("7", "'7'"),
        ("not", "'not'"),
        ("a/b", "'a/b'"),
    ],
)
def test_a_name_is_quoted_where_it_must_be(name, text):
    assert spelled(name) == text
    assert parse_expression(text).text == name


WORDS = [
    "gen",
    "spot",
    "5",
    "5_kWh",
    "80_EUR/MWh",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    ">=",
    "<",
    "/",
    "and",
    "or",
    "not",
    "max(",
    "share(",
    "total(",
    "local(",
    "between(",
    "profile(",
    "month@Europe/Berlin",
    "2026-01-01T00:00Z",
    "[1]",
    "'x'",
    "fee",
    "1_CHF",
    "Wh",
]


@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(WORDS)) | st.text().map(list))
def test_any_text_is_an_observable_or_has_faults(pieces):
    text = " ".join(pieces).replace("_", " ")
    try:
        found, faults = build(parse_expression(text), NAMES)
    except ExpressionFault as fault:
        found, faults = Meaning(None), [fault]
    assert faults or isinstance(found.value, Observable | int)
    assert all(0 <= fault.at <= len(text) for fault in faults)
