"""Files whose rows are of several lengths: told with their line, never taken for gaps."""

from fractions import Fraction
from itertools import groupby, pairwise
from math import factorial

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.formats import lengths

WIDE = "time: t\nunit: Wh\ncolumns: [{column: a, point: a}]"
LONG = "time: t\nunit: Wh\npoint_column: p\nvalue_column: v"
# an optional column that the quick way leaves alone
SLOW = LONG + "\nquality_column: q\nqualities: {ok: measured}"


def stamp(minute):
    return f"2026-03-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}Z"


def table(rows, layout, until=False):
    """A CSV table of (minute, Wh) or of (minute, Wh, length), of one point."""
    head = {WIDE: "t,a", LONG: "t,p,v", SLOW: "t,p,v,q"}[layout] + (",e" if until else "")
    lines = [head]
    for minute, wh, *length in rows:
        cells = {WIDE: [wh], LONG: ["a", wh], SLOW: ["a", wh, "ok"]}[layout]
        end = [stamp(minute + length[0])] if until else []
        lines.append(",".join(map(str, [stamp(minute), *cells, *end])))
    return "\n".join(lines) + "\n"


HOURS_FIRST = [(60 * h, 4000) for h in range(24)] + [(1440 + 15 * q, 1000) for q in range(96)]
MOSTLY_HOURS = [(60 * h, 4000) for h in range(48)] + [(2880 + 15 * q, 1000) for q in range(8)]
AT_END = [(at + (60 if wh == 4000 else 15), wh) for at, wh in HOURS_FIRST]


@pytest.mark.parametrize("layout", [WIDE, LONG, SLOW])
@pytest.mark.parametrize("step", ["", "\nstep_s: 900", "\nstep_s: 3600"])
@pytest.mark.parametrize(
    ("rows", "stamped", "line", "apart"),
    [
        (HOURS_FIRST, "start", 3, 3600),
        (AT_END, "end", 3, 3600),
        (MOSTLY_HOURS, "start", 51, 900),
        ([(60 * h, 40) for h in range(9)] + [(495, 10), (540, 40)], "start", 11, 900),
        (
            [(60 * h, 40) for h in range(4)] + [(240 + 15 * q, 10) for q in range(9)],
            "start",
            3,
            3600,
        ),
    ],
)
def test_another_step_is_named_with_its_line(faults, layout, step, rows, stamped, line, apart):
    told = faults(table(rows, layout), f"{layout}\nstamp: {stamped}{step}")
    assert told[0][:2] == (line, "t")
    assert "mixed steps" in told[0][2]
    assert f"{apart} s after the one before it" in told[0][2]


@pytest.mark.parametrize("layout", [LONG, SLOW])
def test_rows_in_any_order(faults, layout):
    ((line, _, problem),) = faults(table(HOURS_FIRST[::-1], layout), layout)
    assert line == 120  # the second hour stands in the last line but one
    assert "from here 24 rows of a, each 3600 s" in problem


@pytest.mark.parametrize("layout", [WIDE, LONG, SLOW])
def test_a_length_that_is_claimed_wrongly_is_refused(faults, layout):
    (told,) = faults(table(HOURS_FIRST, layout), f"{layout}\ninterval_s: 900")
    assert told[0] == 3
    assert "from here 24 rows" in told[2]
    assert told[2].endswith("where intervals are 900 s long")
    ((line, _, problem),) = faults(table(HOURS_FIRST, layout), f"{layout}\ninterval_s: 3600")
    assert line == 27  # 00:15, within the hour that 00:00 would be
    assert problem.startswith("this interval begins before the one before it is over")


@pytest.mark.parametrize("layout", [WIDE, LONG, SLOW])
def test_gaps_stay_gaps(readings, rows, layout):
    """One row that lacks, several in a row, and every other one for a while where it is said."""
    there = [q for q in range(40) if q not in (5, 9, 10, 11, 20)]
    found = readings(table([(15 * q, q) for q in there], layout), layout)
    assert rows(found)["a withdrawal"] == " ".join(str(q) if q in there else "." for q in range(40))
    there = [q for q in range(40) if q not in (5, 7, 9)]
    told = f"{layout}\ninterval_s: 900"
    found = readings(table([(15 * q, q) for q in there], layout), told)
    assert rows(found)["a withdrawal"] == " ".join(str(q) if q in there else "." for q in range(40))


@pytest.mark.parametrize("layout", [WIDE, LONG, SLOW])
def test_one_row_has_the_length_that_is_told(readings, rows, layout):
    found = readings(table([(60, 7)], layout), f"{layout}\ninterval_s: 900\nstep_s: 900")
    assert rows(found)["a withdrawal"] == "7"
    assert found.intervals.slots.step == 900


@pytest.mark.parametrize("layout", [WIDE, LONG, SLOW])
def test_rows_that_tell_their_end_are_of_any_length(readings, faults, layout):
    whole = [(at, wh, 60 if wh == 4000 else 15) for at, wh in HOURS_FIRST]
    told = f"{layout}\nuntil: e"
    found = readings(table(whole, layout, until=True), f"{told}\nstep_s: 900").intervals
    assert found.wh.tolist() == [[1000] * 192]
    found = readings(table(whole, layout, until=True), f"{told}\nstep_s: 3600").intervals
    assert found.wh.tolist() == [[4000] * 48]
    ((line, _, problem),) = faults(table(whole, layout, until=True), told)
    assert (line, problem) == (26, "the intervals have several lengths: 900 s, 3600 s")
    longer = [(0, 5, 30), (15, 5, 15), (30, 5, 15)]
    ((line, _, problem),) = faults(table(longer, layout, until=True), f"{told}\nstep_s: 900")
    assert line == 3
    assert "before the one before it is over" in problem
    back = [(0, 5, 15), (15, 5, -15)]
    assert faults(table(back, layout, until=True), told) == [
        (3, "e", "the interval ends before it began")
    ]


def test_parquet_and_every_point_apart(readings, faults, tmp_path):
    frame = pl.DataFrame(
        {
            "t": [stamp(at) for at, _ in HOURS_FIRST] + [stamp(15 * q) for q in range(192)],
            "p": ["a"] * 120 + ["b"] * 192,
            "v": [wh for _, wh in HOURS_FIRST] + [1000] * 192,
        }
    )
    frame.write_parquet(tmp_path / "made.parquet")
    content = (tmp_path / "made.parquet").read_bytes()
    ((line, _, problem),) = faults(content, LONG, "readings.parquet")
    assert line == 2
    assert "24 rows of a, each 3600 s" in problem
    frame.filter(pl.col("p") == "b").write_parquet(tmp_path / "made.parquet")
    whole = readings((tmp_path / "made.parquet").read_bytes(), LONG, "readings.parquet")
    assert whole.intervals.wh.sum() == 192_000


def test_distances_of_which_none_is_usual(faults):
    for layout in (WIDE, LONG, SLOW):
        told = faults(table([(at, 5) for at in (0, 15, 45, 105, 110)], layout), layout)
        assert "mixed steps" in told[0][2]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("interval_s: -900", "is no length of an interval"),
        ("interval_s: 7", "is no length of an interval"),
        ("interval_s: 900\nuntil: e", "says how long intervals are, as interval_s does"),
        ("until: e\nstamp: end", "is the end, so that time is the beginning"),
        ("interval_s: 900\nvalues: cumulative", "is of interval values"),
        ("until: e\nvalues: cumulative", "is of interval values"),
    ],
)
def test_claims_that_contradict_themselves(faults, keys, problem):
    assert any(problem in each for _, _, each in faults("t,a\n", f"{WIDE}\n{keys}"))


def plain_runs(at, step):
    """Runs of distances (far, how many) of sorted stamps, in plain Python."""
    apart = [later - before for before, later in pairwise(at)]
    return [(far, len(list(same))) for far, same in groupby(apart)]


def plainly_changed(points, step, claimed):
    """Whether a distance is part of the step, or a longer one comes more often than by chance.

    In plain fractions: of a stretch of k, n·pᵏ are expected of each point, and c of them at most
    (n·pᵏ)ᶜ/c! likely.
    """
    runs = [plain_runs(at, step) for at in points]
    if not claimed and any(far < step and step % far == 0 for own in runs for far, _ in own):
        return True
    usual = [sum(size for far, size in own if far == step) for own in runs]
    begun = [
        sum(far > step and (place == 0 or own[place - 1][0] <= step) for place, (far, _) in each)
        for each, own in ((list(enumerate(own)), own) for own in runs)
    ]
    longer = [[size for far, size in own if far > step and far % step == 0] for own in runs]
    every = Fraction(max(sum(begun) - 1, 0), max(sum(usual), 1))
    for size in sorted({each for own in longer for each in own}):
        if size < (lengths.MANY if claimed else lengths.FEW):
            continue
        expected = Fraction(0)
        for own, plain, first in zip(longer, usual, begun, strict=True):
            share = min(max(Fraction(max(first - 1, 0), max(plain, 1)), every), 1)
            expected += (plain + sum(own)) * share**size
        count = sum(each >= size for own in longer for each in own)
        if expected**count / factorial(count) < Fraction(1, 10**6):
            return True
    return False


HOPS = st.lists(st.sampled_from([1] * 12 + [2] * 4 + [3, 4]), min_size=1, max_size=60)
RUNS = st.lists(st.tuples(st.sampled_from([1, 2, 2, 3]), st.integers(1, 14)), max_size=8)


@given(
    points=st.lists(HOPS | RUNS.map(lambda r: [h for h, n in r for _ in range(n)]), max_size=4),
    claimed=st.booleans(),
    step=st.sampled_from([1, 2, 4]),
)
@settings(deadline=None, max_examples=500)
def test_stretches_are_found_wherever_they_are(points, claimed, step):
    points = [np.concatenate(([0], np.cumsum(hops))).astype(np.int64) for hops in [[], *points]]
    at, channel = np.concatenate(points), np.repeat(np.arange(len(points)), [*map(len, points)])
    shuffled = np.random.default_rng(len(at)).permutation(len(at))
    rows = lengths.Stamped(at[shuffled], channel[shuffled], np.full(len(at), step), claimed)
    expected = plainly_changed([each.tolist() for each in points], step, claimed)
    assert (len(lengths.changes(rows)[1]) > 0) == expected
    if step == 1:
        there = np.zeros((len(points), int(at.max()) + 1), dtype=np.bool_)
        there[channel, at] = True
        assert lengths.uneven(there, claimed=claimed) == expected


def by_chance(share, points, slots, seed):
    """Rows of points [points, slots] of which a share lacks by chance."""
    there = np.random.default_rng(seed).random((points, slots)) >= share
    there[:, 0] = True
    return there


def changed(there):
    """Number, first places and sizes of stretches of a table of rows that are there."""
    channel, at = np.nonzero(there)
    rows = lengths.Stamped(at, channel, np.ones(len(at), dtype=np.int64), claimed=False)
    order, _, bounds = lengths.changes(rows)
    assert lengths.uneven(there, claimed=False) == (len(bounds) > 0)
    return [(int(channel[order[a]]), int(at[order[a]]), int(b - a + 1)) for a, b in bounds]


@given(
    share=st.floats(0.0, 0.4),
    points=st.integers(1, 60),
    slots=st.integers(2, 2000),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=150)
def test_rows_that_lack_by_chance_are_gaps(share, points, slots, seed):
    assert changed(by_chance(share, points, slots, seed)) == []


@given(
    share=st.floats(0.0, 0.1),
    points=st.integers(1, 20),
    hours=st.integers(14, 200),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=150)
def test_another_step_is_found_among_rows_that_lack_by_chance(share, points, hours, seed):
    """One point goes over to every other place; others lack by chance, and itself before."""
    there = by_chance(share, points, 500, seed)
    there[-1, 498:] = True
    there = np.pad(there, ((0, 0), (0, 2 * hours)), constant_values=True)
    there[-1, 500::2] = False  # 499 is there, then 501, 503 and so on
    (found,) = changed(there)
    assert found == (points - 1, 501, hours)


def test_many_short_stretches_are_no_chance_either():
    """Four hours a day of each of many points: seldom enough for one, not for all."""
    there = np.ones((300, 96), dtype=np.bool_)
    there[:, 41:49:2] = False
    assert len(changed(there)) == 300


@pytest.mark.parametrize("layout", [LONG, SLOW])
def test_one_point_of_another_step_has_its_length_told(readings, faults, layout):
    name = layout.split("\n")[2:]
    head, more = ("t,p,v,q", ",ok") if name[2:] else ("t,p,v", "")
    quarters = [f"{stamp(15 * q)},a,10{more}" for q in range(96)]
    halves = [f"{stamp(30 * h)},b,20{more}" for h in range(48)]
    text = "\n".join([head, *quarters, *halves]) + "\n"
    ((line, _, problem),) = faults(text, layout)
    assert (line, problem) == (98, "the intervals have several lengths: 900 s, 1800 s")
    assert readings(text, f"{layout}\nstep_s: 1800").intervals.wh.tolist() == [[20] * 48] * 2
