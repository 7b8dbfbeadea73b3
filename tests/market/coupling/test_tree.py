import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.market.coupling.tree import (
    NO_LIMIT,
    Market,
    levels,
    locate,
    of_zones,
    subtree,
    tree,
    written_out,
)
from gridpact.registry.model import Zones


def faults(work):
    with pytest.raises(BadInput) as raised:
        work()
    return [str(fault) for fault in raised.value.faults]


def test_columns():
    markets = [
        Market("village", "region", 500, (700, 0), 20, 30),
        Market("region"),
        Market("street", "village"),
    ]
    found = tree(markets, 2)
    assert found.ids == ("village", "region", "street")
    assert found.parent.tolist() == [1, -1, 0]
    assert found.import_limit_wh.tolist() == [[500], [NO_LIMIT], [NO_LIMIT]]
    assert found.export_limit_wh.tolist() == [[700, 0], [NO_LIMIT] * 2, [NO_LIMIT] * 2]
    assert found.import_fee_micro_per_kwh.tolist() == [[20], [0], [0]]
    assert found.export_fee_micro_per_kwh.tolist() == [[30], [0], [0]]


def test_all_faults_are_listed():
    markets = [
        Market("a", "b"),
        Market("b", "c"),
        Market("c", "b", -1, (1, -2, 3)),
        Market("d", "nowhere", import_fee_micro_per_kwh=-5),
        Market(""),
        Market("a", export_limit_wh=3),
        Market("e", "e"),
        Market("f", "e", 2**61),
    ]
    found = faults(lambda: tree(markets, 2, "region.yaml"))
    expected = [
        "region.yaml:2: b.parent: is part of a circle",
        "region.yaml:3: c.export_limit_wh: has 3 numbers for 2 slots",
        "region.yaml:3: c.export_limit_wh: is negative",
        "region.yaml:3: c.import_limit_wh: is negative",
        "region.yaml:3: c.parent: is part of a circle",
        "region.yaml:4: d.import_fee_micro_per_kwh: is negative",
        "region.yaml:4: d.parent: 'nowhere' is not known",
        "region.yaml:5: (no id).id: is empty",
        "region.yaml:6: a.export_limit_wh: is that of a link which a root does not have",
        "region.yaml:6: a.id: is taken by an earlier market",
        "region.yaml:7: e.parent: is part of a circle",
        f"region.yaml:8: f.import_limit_wh: is beyond {2**60}",
    ]
    assert [fault.split(". Fix: ")[0] for fault in found] == expected
    assert all(fault.split(". Fix: ")[1] for fault in found)


def test_orders_in_unknown_markets_are_all_listed():
    found = tree([Market("a"), Market("b", "a")], 1)
    assert locate(found, ["b", "a", "b"]).tolist() == [1, 0, 1]
    assert locate(found, []).size == 0
    listed = faults(lambda: locate(found, ["b", "x", "a", "y"], "orders.csv"))
    assert [fault.split(". ")[0] for fault in listed] == [
        "orders.csv:2: market: 'x' is not known",
        "orders.csv:4: market: 'y' is not known",
    ]


@given(st.lists(st.integers(-1, 7), min_size=8, max_size=8))
@settings(deadline=None, max_examples=200)
def test_circles_are_what_no_walk_to_a_root_leaves(parents):
    markets = [Market(str(row), None if at < 0 else str(at)) for row, at in enumerate(parents)]

    def returns(row):
        at = parents[row]
        for _ in parents:
            if at in (row, -1):
                break
            at = parents[at]
        return at == row

    circle = [row for row in range(8) if returns(row)]
    if not circle:
        way = levels(tree(markets, 1))
        depth = {int(row): at for at, rows in enumerate(way) for row in rows}
        assert depth == {row: 0 if at < 0 else depth[at] + 1 for row, at in enumerate(parents)}
        return
    listed = faults(lambda: tree(markets, 1))
    assert [fault.split(":")[1] for fault in listed] == [str(row + 1) for row in circle]


def test_zones_become_markets():
    zones = Zones(
        ("dso", "feeder"), np.array([-1, 0]), np.array([-1, 9_999]), np.array([-1, 4_000])
    )
    found = of_zones(zones, 900, np.array([0, 7]), np.array([0, 8]))
    assert found.ids == ("dso", "feeder")
    assert found.import_limit_wh.tolist() == [[NO_LIMIT], [2_499]]  # 2499.75 Wh, never above
    assert found.export_limit_wh.tolist() == [[NO_LIMIT], [1_000]]
    assert found.import_fee_micro_per_kwh.tolist() == [[0], [7]]
    assert found.export_fee_micro_per_kwh.tolist() == [[0], [8]]


def test_subtree_keeps_what_is_below():
    whole = tree(
        [
            Market("leaf", "b", 1),
            Market("root"),
            Market("b", "root", 2, 3, 4),
            Market("c", "root"),
            Market("tip", "leaf", 5),
        ],
        1,
    )
    part, rows = subtree(whole, 2)
    assert part.ids == ("leaf", "b", "tip")
    assert rows.tolist() == [0, 2, 4]
    assert part.parent.tolist() == [1, -1, 0]
    assert part.import_limit_wh.tolist() == [[1], [2], [5]]
    assert subtree(whole, 1)[0].ids == whole.ids


def test_written_out_slots():
    full = written_out(
        tree([Market("a"), Market("b", "a", (1, 2, 3), 0, 9, (4, 5, 6))], 3), 3, 1, 3
    )
    assert full.import_limit_wh[1].tolist() == [2, 3]
    assert full.export_limit_wh[1].tolist() == [0, 0]
    assert full.import_fee_micro_per_kwh[1].tolist() == [9, 9]
    assert full.export_fee_micro_per_kwh[1].tolist() == [5, 6]
    assert full.import_limit_wh[0].min() > 2**60
