"""Everything that is wrong with a fleet and its prices, named together before anything is solved.

Also an asset whose own needs cannot be met whatever the others do is named here, in closed form:
the energy reachable in a window, the states reachable after each slot.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.asset_faults import asset_findings
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio, Prices
from gridpact.scheduling.fleet.findings import Findings, as_array
from gridpact.scheduling.fleet.kind_faults import kind_findings
from gridpact.scheduling.fleet.option_faults import begin_findings, option_findings
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.zone_faults import zone_findings

INFINITY = float("inf")
MOST_SETS = 10_000
"""Portfolio sets are dense columns inside the engine."""
LARGEST = 1e15
"""Energies [Wh], powers [W] and prices [µ¤/kWh] beyond this lose whole units in float64."""


def refuse_faults(
    fleet: Fleet,
    prices: Prices,
    options: Options | None = None,
    warm: object = None,
    passed: object = 0,
) -> None:
    """Raise :class:`~gridpact.base.errors.BadInput` with every fault of what is to be solved."""
    found = Findings()
    kind_findings(found, fleet, options)
    found.refuse()  # what is no fleet has nothing to look through
    found.faults.extend(fleet.flaws)
    if options is not None:
        option_findings(found, options)
    begin_findings(found, fleet, warm, passed)
    if fleet.slots < 1 or fleet.step_s < 1:
        found.add("", f"{fleet.slots} slots of {fleet.step_s} s", "give at least one of each")
        found.refuse()
    zones = len(fleet.zones.parent)
    if not fleet.flaws:  # else all was looked through when the fleet was built from objects
        zone_findings(found, fleet.zones, fleet.slots)
        asset_findings(found, fleet, zones)
    if fleet.portfolio is not None:
        _portfolio(found, fleet, fleet.portfolio)
    _prices(found, fleet, prices)
    found.refuse()


def _portfolio(found: Findings, fleet: Fleet, portfolio: Portfolio) -> None:
    rows, slots = len(portfolio.set_of_row), fleet.slots
    found.whole("portfolio[{}].set_of_row", portfolio.set_of_row, rows, (0, MOST_SETS - 1))
    first = found.whole("portfolio[{}].first", portfolio.first, rows, (0, slots - 1))
    end = found.whole("portfolio[{}].end", portfolio.end, rows, (1, slots))
    if first is not None and end is not None:
        found.rows(
            end <= first,
            "portfolio[{}].end",
            "ends at slot {end}, begins at {first}",
            "end after the first slot",
            end=end,
            first=first,
        )
    _row_bounds(found, portfolio, rows)
    _members(found, fleet, portfolio)


def _row_bounds(found: Findings, portfolio: Portfolio, rows: int) -> None:
    either = (-INFINITY, INFINITY)
    lower = found.number("portfolio[{}].lower_wh", portfolio.lower_wh, (rows,), either)
    upper = found.number("portfolio[{}].upper_wh", portfolio.upper_wh, (rows,), either)
    if lower is None or upper is None:
        return
    wrong = (lower > upper) | (lower == INFINITY) | (upper == -INFINITY)
    found.rows(
        wrong,
        "portfolio[{}].lower_wh",
        "{lower} is above the upper bound {upper}",
        "give lower ≤ upper",
        lower=lower,
        upper=upper,
    )


def _members(found: Findings, fleet: Fleet, portfolio: Portfolio) -> None:
    pairs = len(portfolio.zone_set)
    zones, sound = len(fleet.zones.parent), True
    for name, like in (("zone", "zone_set"), ("asset_table", "asset_set"), ("asset", "asset_set")):
        count, wanted = len(getattr(portfolio, name)), len(getattr(portfolio, like))
        if count != wanted:
            found.add(f"portfolio.{name}", f"has {count} entries", f"give {wanted}, as {like}")
            sound = False
    if not sound:
        return
    found.whole("portfolio.zone_set[{}]", portfolio.zone_set, pairs, (0, MOST_SETS - 1))
    found.whole("portfolio.zone[{}]", portfolio.zone, pairs, (0, zones - 1))
    sets, filled = np.asarray(portfolio.set_of_row), (portfolio.zone_set, portfolio.asset_set)
    found.rows(
        ~np.isin(sets, np.concatenate([np.asarray(each).ravel() for each in filled])),
        "portfolio[{}].set_of_row",
        "set {number} has no members",
        "name zones or assets of the set, or leave the row out",
        number=sets,
    )
    pairs = len(portfolio.asset_set)
    found.whole("portfolio.asset_set[{}]", portfolio.asset_set, pairs, (0, MOST_SETS - 1))
    table = found.whole(
        "portfolio.asset_table[{}]", portfolio.asset_table, pairs, (0, len(TABLES) - 1)
    )
    asset = found.whole("portfolio.asset[{}]", portfolio.asset, pairs, (0, 2**62))
    if table is not None and asset is not None:
        sizes = np.array([table_size(fleet, name) for name in TABLES])
        found.rows(
            (asset >= sizes[table]) & (np.asarray(portfolio.asset_table) == table),
            "portfolio.asset[{}]",
            "asset {asset} is not in its table",
            "name a row of the table",
            asset=asset,
        )


def table_size(fleet: Fleet, name: str) -> int:
    """Assets in a table, named as in :data:`~gridpact.scheduling.fleet.columns.TABLES`."""
    table = getattr(fleet, name)
    return 0 if table is None else len(table.zone)


def _prices(found: Findings, fleet: Fleet, prices: object) -> None:
    if not isinstance(prices, Prices):
        problem = f"{type(prices).__name__}, not Prices"
        found.add("prices", problem, "give Prices(buy), or Prices(buy, sell)")
        return
    zones = len(fleet.zones.parent)
    buy = _price(found, "prices.buy", prices.buy, (zones, fleet.slots))
    if prices.sell is None or buy is None:
        return
    sell = _price(found, "prices.sell", prices.sell, (zones, fleet.slots))
    if sell is None or not zones:
        return
    above = np.zeros(zones, np.bool_)
    parent = np.asarray(fleet.zones.parent)
    above[parent[(parent >= 0) & (parent < zones)]] = True
    found.rows(
        above & np.any(buy != sell, axis=1),
        "prices[{}].sell",
        "differs from the buying price in a zone with zones below",
        "settle at meters: the smallest zones",
    )


def _price(
    found: Findings, where: str, price: Floats | Ints, shape: tuple[int, int]
) -> Floats | None:
    """Read a price [slots] or [zones, slots]; a [zones] array is no price."""
    array = as_array(price)
    if array is None or array.dtype.kind not in "iuf":
        kind = "rows of unequal length" if array is None else f"{array.dtype}, not numbers"
        found.add(where, f"holds {kind}", "give int64 or float64")
        return None
    given = np.asarray(price, np.float64)
    if given.ndim not in (1, 2) or given.shape[-1] != shape[1]:
        found.add(where, f"has shape {given.shape}", f"give [{shape[1]}] or {shape}")
        return None
    if given.ndim == 1:
        if found.number(f"{where}[{{}}]", given, (shape[1],), (-LARGEST, LARGEST)) is None:
            return None
        return np.broadcast_to(given, shape)
    if given.shape[0] == 1:  # one row for all zones
        given = np.broadcast_to(given, shape)
    return found.number(f"{where}[{{}}]", given, shape, (-LARGEST, LARGEST))
