"""What each mechanism comes to on the same orders: volume, welfare, prices, gains."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.app.compare.mechanisms import Outcome
from gridpact.app.report.comparison.amounts import (
    energy_digits,
    nano,
    price_cell,
    share,
    starred,
)
from gridpact.app.report.comparison.plots import Range, ranges
from gridpact.app.report.comparison.rows import gain_cells
from gridpact.app.report.parts import Figure, Notes, Section, Table
from gridpact.app.report.text import Money, kwh
from gridpact.base.units import MICRO_PER_UNIT

IN_FORCE = "* in force when the run was made."
UNROUNDED = (
    "Money is added up before rounding; bills round every line to the minor unit, and their sums "
    "may differ by a little."
)


def section(found: Sequence[Outcome], remarks: tuple[str, ...], money: Money) -> Section:
    """Lay outcomes out as a table and their prices as a plot."""
    lead = (
        "Every mechanism clears the very orders that were placed. Where welfare is the same they "
        "differ in who gains, not in how much there is to gain."
    )
    labels = [each.name for each in found]
    prices = Figure(
        "prices",
        "Prices",
        f"What sellers get over all trades [{money.currency}/kWh].",
        ranges("prices", labels, [_range(each) for each in found], f"{money.currency}/kWh"),
    )
    said = (Notes(remarks),) if remarks else ()
    return Section("mechanisms", "Mechanisms", lead, (_table(found, money), prices, *said))


def _range(found: Outcome) -> Range | None:
    low, mean, high = (
        found.lowest_price_micro_per_kwh,
        found.mean_price_micro_per_kwh,
        found.highest_price_micro_per_kwh,
    )
    if low is None or mean is None or high is None:
        return None
    return Range(low / MICRO_PER_UNIT, mean / MICRO_PER_UNIT, high / MICRO_PER_UNIT)


def _table(found: Sequence[Outcome], money: Money) -> Table:
    short = [each.name for each in found if not each.proven]
    note = [IN_FORCE, UNROUNDED] if any(each.recorded for each in found) else []
    note += [f"Not proven to be the best there is: {', '.join(short)}."] if short else []
    digits = energy_digits(each.volume_wh for each in found)
    local = any(each.local_share_ppm is not None for each in found)
    return Table(
        "table",
        "Volume, welfare, prices and gains",
        _columns(money.currency, local=local),
        tuple(_row(each, money, digits, local=local) for each in found),
        groups=(("", 5 + local), (f"price [{money.currency}/kWh]", 3), ("", 5)),
        note=" ".join(note),
    )


def _columns(unit: str, *, local: bool) -> tuple[str, ...]:
    return (
        "mechanism",
        "traded [kWh]",
        "of asked [%]",
        "of offered [%]",
        *(("local share [%]",) if local else ()),
        f"welfare [{unit}]",
        "lowest",
        "mean",
        "highest",
        f"market fees [{unit}]",
        f"grid charges [{unit}]",
        f"members gain [{unit}]",
        "gain / lose",
        "Gini",
    )


def _row(found: Outcome, money: Money, digits: int, *, local: bool) -> tuple[str, ...]:
    return (
        starred(found.name, recorded=found.recorded),
        kwh(found.volume_wh, digits),
        share(found.share_of_asked_ppm),
        share(found.share_of_offered_ppm),
        *((share(found.local_share_ppm),) if local else ()),
        nano(money, found.welfare_nano),
        *_prices(found),
        *gain_cells(found, money),
    )


def _prices(found: Outcome) -> tuple[str, ...]:
    values = (
        found.lowest_price_micro_per_kwh,
        found.mean_price_micro_per_kwh,
        found.highest_price_micro_per_kwh,
    )
    return tuple(price_cell(value) for value in values)
