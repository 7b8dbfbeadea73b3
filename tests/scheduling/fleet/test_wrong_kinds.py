"""What is given to a solve or a build and is of another kind is named, not stumbled over."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.assets import Battery, GridConnection, build
from gridpact.scheduling.fleet.columns import Curtailable, OneWay, Prices, Storage
from gridpact.scheduling.fleet.solve import solve

SLOTS = 24
HOME = (GridConnection("home"),)
FLAT = Prices(np.full(SLOTS, 1e5))
BATTERY = Battery("home", 9_000, 1_000, 500)


@pytest.mark.parametrize(
    ("fleet", "prices", "options", "where"),
    [
        (None, FLAT, None, {""}),
        (FLAT, None, None, {""}),
        ({}, FLAT, {"gap": 1}, {"", "options"}),
        ({"zones": None}, FLAT, None, {"zones"}),
        ({"slots": "8"}, FLAT, None, {"slots"}),
        ({"one_way": FLAT, "portfolio": [1]}, FLAT, None, {"one_way", "portfolio"}),
        ({"storage": Storage(0, 1.0, 1.0, 1.0, 9.0)}, FLAT, None, {"storage.zone"}),
        ({}, Prices([[1], [1, 2]]), None, {"prices.buy"}),
        ({"curtailable": Curtailable([0], [[1], [1, 2]])}, FLAT, None, {"curtailable.forecast_wh"}),
    ],
)
def test_things_of_another_kind_are_named(fleet, prices, options, where):
    if isinstance(fleet, dict) and where != {"", "options"}:
        fleet = msgspec.structs.replace(build(SLOTS, 3600, HOME, []), **fleet)
    with pytest.raises(BadInput) as caught:
        solve(fleet, prices, options)
    assert {fault.where for fault in caught.value.faults} == where


def test_what_is_not_several_objects_is_named():
    for connections, assets in ((None, None), (HOME[0], BATTERY), ("home", {"a": BATTERY})):
        with pytest.raises(BadInput) as caught:
            build(SLOTS, 3600, connections, assets)
        assert {fault.where for fault in caught.value.faults} == {"connections", "assets"}
    drawn = build(SLOTS, 3600, iter(HOME), (BATTERY for _ in range(2)))
    assert len(drawn.storage.zone) == 2


def test_a_budget_price_of_another_shape_is_told_how_to_be_given():
    one = np.array([0, 0])
    cars = OneWay(one, one, one + 9, one + 500.0, one + 900.0, budget_price=np.ones(SLOTS))
    fleet = msgspec.structs.replace(build(SLOTS, 3600, HOME, []), one_way=cars)
    with pytest.raises(BadInput, match=r"one per row \(2,\), or one per row and slot \(2, 24\)"):
        solve(fleet, FLAT)
