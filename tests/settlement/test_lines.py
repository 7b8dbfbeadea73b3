import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.settlement.lines import (
    COLUMNS,
    MEMBER,
    Head,
    Lines,
    digest,
    joined,
    minor_by_owner,
    negated,
    no_lines,
    nonzero,
    received,
)

HEADS = (
    Head("supply", "energy", "energy", MEMBER, "power-co", "EUR", "supplier:in"),
    Head("feed", "feed-in", "feed-in", "power-co", MEMBER, "EUR", "supplier:out"),
    Head("passed", "imbalance", "imbalance", "dso", "power-co", "CHF"),
)
OWNERS = ("bakery", "home", "school")


def lines_of(rows, heads=HEADS, owners=OWNERS):
    table = np.array(rows, dtype=np.int64).reshape(-1, len(COLUMNS))
    return Lines(heads, owners, *table.T)


ROW = st.tuples(
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(1, 3),
    *[st.integers(-(10**12), 10**12)] * 3,
)
LINES = st.lists(ROW, max_size=12).map(lines_of)


def as_sums(lines):
    found = {}
    for row in range(len(lines)):
        columns = [getattr(lines, name)[row] for name in COLUMNS]
        key = (lines.heads[columns[0]], lines.owners[columns[1]], *columns[2:4])
        before = found.get(key, (0, 0, 0))
        found[key] = tuple(a + int(b) for a, b in zip(before, columns[4:], strict=True))
    return found


@settings(deadline=None)
@given(LINES, LINES)
def test_owners_sums_are_those_of_their_lines_wherever_they_are(one, other):
    """Also where two parts name the same owners in another order."""
    turned = msgspec.structs.replace(
        other, owners=OWNERS[::-1], owner=len(OWNERS) - 1 - other.owner
    )
    expected = {}
    for part in (one, other):
        for row, minor in zip(part.owner.tolist(), part.minor.tolist(), strict=True):
            expected[OWNERS[row]] = expected.get(OWNERS[row], 0) + minor
    owners, sums = minor_by_owner([one, turned])
    assert owners == tuple(sorted(expected))
    assert dict(zip(owners, sums.tolist(), strict=True)) == expected


@settings(deadline=None)
@given(LINES, LINES, st.randoms(use_true_random=False))
def test_joining_adds_up_keys_and_knows_no_order(one, other, random):
    whole = joined([one, other])
    rows = [*range(len(one))]
    random.shuffle(rows)
    cut = len(rows) // 2
    parts = [other, one.where(np.array(rows[:cut], int)), one.where(np.array(rows[cut:], int))]
    assert digest(joined(parts)) == digest(whole) == digest(joined([whole]))
    both = {key: (0, 0, 0) for part in (one, other) for key in as_sums(part)}
    for part in (one, other):
        for key, sums in as_sums(part).items():
            both[key] = tuple(a + b for a, b in zip(both[key], sums, strict=True))
    assert as_sums(whole) == both
    assert len(whole) == len(both)


@settings(deadline=None)
@given(LINES)
def test_every_currency_sums_to_zero(lines):
    for exact in (True, False):
        for table in received(lines, exact=exact).values():
            assert sum(table.values()) == 0


@settings(deadline=None)
@given(LINES)
def test_what_is_taken_back_leaves_nothing(lines):
    assert len(nonzero(joined([lines, negated(lines)]))) == 0


def test_sides_of_a_line_are_named():
    lines = lines_of([(0, 1, 0, 9, 5, 70, 7), (1, 2, 0, 9, 5, 30, 3), (2, 0, 0, 9, 0, 10, 1)])
    assert [(lines.payer(row), lines.payee(row)) for row in range(3)] == [
        ("home", "power-co"),
        ("power-co", "school"),
        ("dso", "power-co"),
    ]
    assert received(lines) == {
        "EUR": {"home": -7, "power-co": 4, "school": 3},
        "CHF": {"dso": -1, "power-co": 1},
    }
    assert lines.of("school").minor.tolist() == [3]
    assert len(lines.of("nobody")) == 0
    assert HEADS[0].name == "supply.energy"


def test_the_digest_covers_every_column_head_and_owner():
    lines = lines_of([(0, 1, 0, 9, 5, 70, 7)])
    changed = [
        msgspec.structs.replace(lines, **{name: getattr(lines, name) + 1}) for name in COLUMNS[2:]
    ]
    changed += [lines_of([(0, 0, 0, 9, 5, 70, 7)]), lines_of([(1, 1, 0, 9, 5, 70, 7)])]
    changed.append(lines_of([(0, 1, 0, 9, 5, 70, 7)], owners=("bakery", "house", "school")))
    assert len({digest(each) for each in [lines, *changed]}) == len(changed) + 1


def test_sums_that_do_not_fit_are_refused():
    large = 2**62
    lines = lines_of([(0, 1, 0, 9, 0, large, large), (0, 1, 0, 9, 0, large, large)])
    with pytest.raises(NumberOverflow):
        joined([lines])
    with pytest.raises(NumberOverflow):
        received(lines)


def test_no_lines_are_lines():
    assert len(joined([])) == len(no_lines(("a",))) == 0
    assert received(no_lines()) == {}
    assert digest(no_lines()) == digest(joined([no_lines()]))
