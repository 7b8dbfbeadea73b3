"""Rows, zones and assets added to a fleet: bounds that members keep, whatever was there before."""

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.fleet.additions import Row, joined, joined_runs, with_rows, with_zones
from gridpact.scheduling.fleet.columns import (
    TABLES,
    Generators,
    Portfolio,
    Runs,
    Storage,
    Zones,
    per_slot,
)

NUMBERS = st.integers(0, 4)
MEMBERS = st.tuples(
    st.lists(NUMBERS, unique=True, max_size=3).map(tuple),
    st.dictionaries(st.sampled_from(TABLES), st.lists(NUMBERS, unique=True, max_size=3)).map(
        lambda parts: tuple((name, np.array(rows, np.int64)) for name, rows in parts.items())
    ),
)
ROWS = st.lists(
    st.tuples(MEMBERS, NUMBERS, NUMBERS).map(
        lambda drawn: Row(*drawn[0], drawn[1], drawn[1] + 1, -1.0 - drawn[2], 1.0 + drawn[2])
    ),
    max_size=4,
)


def said(portfolio):
    """What each row bounds, read off the columns one by one."""
    found = []
    for row in range(0 if portfolio is None else len(portfolio.set_of_row)):
        own = portfolio.set_of_row[row]
        zones = portfolio.zone[portfolio.zone_set == own]
        mine = portfolio.asset_set == own
        assets = zip(portfolio.asset_table[mine], portfolio.asset[mine], strict=True)
        bounds = (portfolio.lower_wh[row], portfolio.upper_wh[row])
        window = (portfolio.first[row], portfolio.end[row])
        found.append((set(zones.tolist()), set(assets), window, bounds))
    return found


def meant(row):
    assets = {(TABLES.index(name), one) for name, rows in row.assets for one in rows.tolist()}
    return set(row.zones), assets, (row.first, row.end), (row.lower_wh, row.upper_wh)


@settings(deadline=None)
@given(before=ROWS, more=ROWS)
def test_rows_say_what_was_meant_beside_those_that_were_there(before, more):
    portfolio = with_rows(with_rows(None, before), more)
    assert said(portfolio) == [meant(row) for row in [*before, *more]]


def test_rows_about_the_same_members_share_a_set():
    cars = ("one_way", np.array([0, 2]))
    rows = [Row((1,), (cars,), slot, slot + 1, 0.0, 5.0) for slot in range(3)]
    portfolio = with_rows(None, [*rows, Row((1,), (), 0, 1, 0.0, 5.0)])
    assert portfolio.set_of_row.tolist() == [0, 0, 0, 1]
    assert (portfolio.zone_set.size, portfolio.asset_set.size) == (2, 2)


def test_added_sets_are_none_of_those_that_name_members_alone():
    none = np.zeros(0, np.int64)
    unused = Portfolio(none, none, none, none, none, np.array([7]), np.array([0]), none, none, none)
    assert with_rows(unused, [Row((1,), (), 0, 1, 0.0, 1.0)]).set_of_row.tolist() == [8]


def test_nothing_added_changes_nothing():
    portfolio = with_rows(None, [Row((0,), (), 0, 1, 0.0, 1.0)])
    assert with_rows(portfolio, []) is portfolio
    assert with_rows(None, []) is None


def test_added_zones_are_at_the_top_without_limits():
    zones = Zones(np.array([-1, 0]), import_limit_w=np.array([9.0, 3.0]), load_wh=2.0)
    more = with_zones(zones, np.array([[5.0, 6.0, 7.0]]))
    assert more.parent.tolist() == [-1, 0, -1]
    assert more.import_limit_w.tolist() == [[9.0] * 3, [3.0] * 3, [np.inf] * 3]
    assert np.isinf(more.export_limit_w).all()
    assert more.load_wh.tolist() == [[2.0] * 3, [2.0] * 3, [5.0, 6.0, 7.0]]


def test_a_column_that_varies_in_one_table_does_in_both():
    one = Generators(np.array([0]), max_w=5.0, min_up=np.array([3]))
    more = Generators(np.array([1, 2]), max_w=np.array([[1.0, 2.0], [3.0, 4.0]]), min_w=0.5)
    both = joined(one, more, 2)
    assert both.max_w.tolist() == [[5.0, 5.0], [1.0, 2.0], [3.0, 4.0]]
    assert both.min_w.tolist() == [0.0, 0.5, 0.5]
    assert both.min_up.tolist() == [3, 1, 1]
    assert both.min_up.dtype == np.int64
    assert joined(None, more, 2) is more


@settings(deadline=None)
@given(counts=st.tuples(st.integers(1, 3), st.integers(1, 3)), wide=st.tuples(*[st.booleans()] * 2))
def test_each_row_of_joined_storage_keeps_its_values(counts, wide):
    tables = [
        Storage(
            np.arange(count),
            initial_wh=np.arange(count) + 10.0 * at,
            charge_w=np.arange(count * 4.0).reshape(count, 4) if varies else 7.0 + at,
            discharge_w=1.0,
            hi_wh=100.0 + at,
        )
        for at, (count, varies) in enumerate(zip(counts, wide, strict=True))
    ]
    both, first = joined(*tables, 4), 0
    for table in tables:
        own = slice(first, first + len(table.zone))
        for name in Storage.__struct_fields__:
            values = per_slot(getattr(both, name), sum(counts), 4)[own]
            assert np.array_equal(values, per_slot(getattr(table, name), len(table.zone), 4))
        first = own.stop


def test_shorter_programmes_of_joined_runs_are_filled_up():
    one = Runs(np.array([0]), np.array([0]), np.array([4]), np.array([1]), np.array([[3.0]]))
    more = msgspec.structs.replace(one, length=np.array([2]), power_w=np.array([[1.0, 2.0]]))
    for pair, power in (((one, more), [[3, 0], [1, 2]]), ((more, one), [[1, 2], [3, 0]])):
        both = joined_runs(*pair)
        assert both.power_w.tolist() == power
        assert both.end.tolist() == [4, 4]
    assert joined_runs(None, one) is one
