"""Which shared limits bind, at which price, and what they come to."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.app.schedules.model import Solved
from gridpact.base.units import Floats

LEAST_PRICE = 1.0
"""µ¤/kWh: cheaper limits count as free; a whole kWh under them is worth a millionth."""


class TightLimit(msgspec.Struct, frozen=True):
    """A limit with a price: of a zone and a side, or a row of the portfolio.

    ``slots`` is in how many slots it has a price, ``first`` the position of the first of them.
    ``worth_nano`` is what its energy is worth at its price, summed over these slots: about what a
    limit larger by its own size would save, as long as prices stay.
    """

    name: str
    kind: str
    slots: int
    first: int
    highest_micro_per_kwh: float
    mean_micro_per_kwh: float
    worth_nano: float


def tight_limits(solved: Solved) -> tuple[TightLimit, ...]:
    """List limits with a price, zone by zone, then those of the portfolio."""
    zones, prices = solved.fleet.zones, solved.solution.prices
    shape = prices.imports.shape
    found = []
    for row, name in enumerate(solved.names.zones):
        for kind, price, limit in (
            ("import", prices.imports, zones.import_limit_w),
            ("export", prices.exports, zones.export_limit_w),
        ):
            watts = np.asarray(limit, np.float64)
            watts = np.broadcast_to(watts[:, None] if watts.ndim == 1 else watts, shape)[row]
            found.append(_tight((name, kind), price[row], watts * solved.fleet.hours))
    return (*(each for each in found if each), *_rows(solved))


def _tight(named: tuple[str, str], price: Floats, limit_wh: Floats) -> TightLimit | None:
    """Sum up the slots in which a limit has a price; None where it has none."""
    on = np.flatnonzero(price > LEAST_PRICE)
    if not on.size:
        return None
    worth = float((price[on] * limit_wh[on]).sum())
    return TightLimit(
        *named, len(on), int(on[0]), float(price.max()), float(price[on].mean()), worth
    )


def _rows(solved: Solved) -> tuple[TightLimit, ...]:
    portfolio, prices = solved.fleet.portfolio, solved.solution.prices
    if portfolio is None:
        return ()
    found = []
    for row, (first, end) in enumerate(zip(portfolio.first, portfolio.end, strict=True)):
        for kind, price, bound in (
            ("upper", float(prices.upper[row]), float(portfolio.upper_wh[row])),
            ("lower", float(prices.lower[row]), float(portfolio.lower_wh[row])),
        ):
            if price > LEAST_PRICE:
                slots, worth = int(end - first), price * bound
                named = f"portfolio[{row}]", kind
                found.append(TightLimit(*named, slots, int(first), price, price, worth))
    return tuple(found)
