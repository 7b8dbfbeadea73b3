"""Work that may be interrupted: at once, in the cheapest slots, or whenever the price is low.

With ``a_t = 1`` in slots of work and ``Σ a_t = L``, the cost is ``Σ a_t P_t`` times the energy of a
slot. *Normal* work is done at once; by *prediction* in the slots with the least expected prices; by
*price acceptance* in each slot with ``P_t ≤ P_max``. Where prices are uncertain and revealed slot
by slot, hurdle prices do better than any of these; see :mod:`.hurdles`.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.columns import Runs, Values, per_asset
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.run_programmes import RunOracle
from gridpact.scheduling.working.columns import (
    Appliances,
    Worked,
    WorkFindings,
    price_table,
    refuse_faults,
)
from gridpact.scheduling.working.pattern_kernels import below_price, cheapest_slots
from gridpact.scheduling.working.uninterruptible import start_at_once, windows_of

ROWS = 8192
"""Plans of so many rows are energies at a time, before they are marks."""


def work_at_once(appliances: Appliances, prices: Values) -> Worked:
    """Work from the first slot of the window on until done (normal).

    ``prices`` [slots] or [zones, slots], µ¤/kWh. Raises :class:`~gridpact.base.errors.BadInput` as
    all others here, of columns or prices out of range, or work that does not fit its window.
    """
    starts = start_at_once(appliances, prices)
    return Worked(starts.works(appliances, np.shape(prices)[-1]), starts.cost_nano)


def work_cheapest(appliances: Appliances, expected: Values) -> Worked:
    """Work in the slots of the least expected prices, the earlier of equals (prediction).

    ``expected`` [slots] or [zones, slots], µ¤/kWh.
    """
    table = price_table("expected", expected)
    refuse_faults(appliances, *table.shape)
    order = np.argsort(table, axis=1, kind="stable")
    works, total = cheapest_slots(windows_of(appliances), order, table)
    return Worked(works, total * appliances.energy())


def work_below(
    appliances: Appliances, prices: Values, most: Values, *, must: bool = True
) -> Worked:
    """Work in each slot whose price is at most ``most``, until done (price acceptance).

    Parameters
    ----------
    appliances : Appliances
        Windows and work.
    prices : [slots] or [zones, slots]
        µ¤/kWh; each needs to be known only in its own slot.
    most : one number or [appliances]
        ``P_max`` [µ¤/kWh].
    must : bool
        Work also whenever every slot left is needed; otherwise some of the work may stay undone.
    """
    table = price_table("prices", prices)
    refuse_faults(appliances, *table.shape)
    limit = per_asset(most, len(appliances.zone))
    works, total = below_price(windows_of(appliances), table, limit, must)
    return Worked(works, total * appliances.energy())


def work_in_stretches(
    appliances: Appliances, expected: Values, min_on: int, min_off: int
) -> Worked:
    """Work at the least expected cost in stretches and pauses of least lengths.

    Exact by the dynamic programme of :mod:`gridpact.scheduling.fleet.run_programmes`. ``expected``
    is [slots] or [zones, slots], µ¤/kWh; each stretch lasts ``min_on`` slots or more, each pause
    between two ``min_off`` or more.
    """
    table = price_table("expected", expected)
    refuse_faults(appliances, *table.shape)
    _refuse_lengths(appliances, min_on, min_off, table.shape[1])
    rows = np.argsort(appliances.zone, kind="stable")
    first = np.searchsorted(appliances.zone[rows], np.arange(len(table) + 1))
    oracle = RunOracle.build(
        Runs(
            appliances.zone,
            appliances.first,
            appliances.end,
            appliances.length,
            np.ones((len(rows), 1)),  # interruptible runs have the power of their first step
            True,
            min_on,
            min_off,
        ),
        Layout(rows, first),
        table.shape[1],
        1.0,
    )
    works = np.zeros((len(rows), table.shape[1]), np.bool_)
    for zone, prices in enumerate(table):
        own = oracle.part(slice(zone, zone + 1))
        for begin in range(0, first[zone + 1] - first[zone], ROWS):
            taken = np.arange(begin, min(begin + ROWS, first[zone + 1] - first[zone]))
            works[rows[first[zone] + taken]] = own.plans(taken, prices)[:, 0] > 0
    return Worked(works, cost_of(appliances, works, table))


def cost_of(appliances: Appliances, works: Bools, prices: Values) -> Floats:
    """What work [appliances, slots] costs at other prices than it was planned by, nano-¤."""
    table, energy = price_table("prices", prices), appliances.energy()
    cost = np.zeros(len(energy))
    for begin in range(0, len(energy), ROWS):
        part = slice(begin, begin + ROWS)
        cost[part] = np.einsum("as,as->a", works[part], table[appliances.zone[part]])
    return cost * energy


def _refuse_lengths(appliances: Appliances, min_on: int, min_off: int, slots: int) -> None:
    found = WorkFindings()
    for name, value in (("min_on", min_on), ("min_off", min_off)):
        if not 1 <= value <= slots:
            found.add(name, f"{value} slots", f"give a number from 1 to {slots}")
    found.rows(
        np.asarray(appliances.length < min_on),
        "length[{}]",
        "{length} slots of work are shorter than the least stretch",
        "lengthen the work or shorten the least stretch",
        length=appliances.length,
    )
    found.refuse()
