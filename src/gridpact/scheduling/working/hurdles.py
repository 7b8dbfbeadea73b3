"""Hurdle prices: work now, or wait for a better price, at the least expected cost.

With ``H`` slots of the window left and ``L`` of work, and the signal ``s`` just revealed,

    V(H, L | s) = min{ P(s) + V(H−1, L−1), V(H−1, L) },

``V(H, L)`` its expectation over signals. So work is done in this slot exactly where

    P(s) ≤ V(H−1, L) − V(H−1, L−1),

the hurdle price. For a price independent of later ones the expectation is that of ``min(P, c)`` at
the hurdle ``c``: ``Σ_{x ≤ c} p(x) x + c · P(P > c)``. In a chain of signals all expectations are
those given the last one revealed. Where ``H = L`` every slot left is needed, and the hurdle is
infinite. The programme is exact under the distribution stated. Recursion and hurdle price are those
of Liu and Small (forward contracts in microgrids, 2020).
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Values
from gridpact.scheduling.working.columns import Appliances, Worked, price_table, refuse_faults
from gridpact.scheduling.working.hurdle_kernels import (
    Due,
    Tables,
    chain_hurdles,
    follow,
    independent_hurdles,
)
from gridpact.scheduling.working.signals import Chain, Independent


class Hurdles(msgspec.Struct, frozen=True):
    """Hurdle prices of appliances, one table for all of the same zone and end.

    - ``table`` [appliances]: the table of each.
    - ``price`` [tables, slots, signals, longest + 1]: work with ``l`` slots of it left is done in a
      slot if the price is at most this, µ¤/kWh. −∞ where there is no work, ∞ where it must be done.
    - ``value`` (same shape): expected sum of the prices still to be paid, µ¤/kWh, once the signal
      of the slot is known. For independent prices, which have one signal here, before it is known.
    - ``expected_nano`` [appliances]: expected cost before anything is revealed.
    """

    table: Ints
    zone: Ints
    end: Ints
    price: Floats
    value: Floats
    expected_nano: Floats


def hurdles(appliances: Appliances, signals: Independent | Chain) -> Hurdles:
    """Hurdle prices of every window, slot, signal and amount of work left.

    A table holds ``slots × signals × (longest + 1)`` numbers, and there is one for each distinct
    pair of zone and end. Raises :class:`~gridpact.base.errors.BadInput` of faulty columns.
    """
    zones, slots, _ = signals.price.shape
    refuse_faults(appliances, zones, slots)
    first = np.asarray(appliances.first, np.int64)
    pairs = np.asarray(appliances.zone) * (slots + 1) + appliances.end
    kept, table = np.unique(pairs, return_inverse=True)
    earliest = np.full(len(kept), slots)
    np.minimum.at(earliest, table, first)
    tables = Tables(kept // (slots + 1), kept % (slots + 1), earliest)
    longest = int(appliances.length.max(initial=1))
    length = np.asarray(appliances.length, np.int64)
    if isinstance(signals, Chain):
        price, value = chain_hurdles(tables, signals.price, signals.transition, longest)
        seen = signals.marginal()[appliances.zone, first]
        total = np.einsum("as,as->a", seen, value[table, first, :, length])
    else:
        bounds = independent_hurdles(tables, signals.price, signals.probability, longest)
        price, value = (array[:, :, None] for array in bounds)
        total = value[table, first, 0, length]
    expected = total * appliances.energy()
    return Hurdles(table, tables.zone, tables.end, price, value, expected)


def work_by_hurdle(
    appliances: Appliances, found: Hurdles, prices: Values, signals: Ints | None = None
) -> Worked:
    """Work wherever the price revealed is at most the hurdle.

    Parameters
    ----------
    appliances : Appliances
        Those that the hurdle prices were found for.
    found : Hurdles
        As :func:`hurdles` finds them.
    prices : [slots] or [zones, slots]
        µ¤/kWh, as revealed; those of later slots are not looked at before.
    signals : [slots] or [zones, slots], None for independent prices
        Positions of the signals revealed, of a chain.

    Raises
    ------
    BadInput
        Of prices or signals that do not go with the hurdle prices.
    """
    table = price_table("prices", prices)
    refuse_faults(appliances, *table.shape)
    _refuse_others(appliances, found)
    _, slots, states, _ = found.price.shape
    state = np.zeros(table.shape, np.int64) if signals is None else np.atleast_2d(signals)
    wrong = state.shape != table.shape or not np.all((state >= 0) & (state < states))
    if table.shape[1] != slots or wrong or (signals is None and states > 1):
        problem = f"have shape {state.shape} for prices {table.shape}, or are not 0…{states - 1}"
        fix = f"give a price and a signal of 0…{states - 1} for each of {slots} slots"
        raise BadInput([Fault("appliances", 0, "signals", problem, fix)])
    kept = Tables(found.zone, found.end, np.zeros(len(found.end), np.int64))
    first, length = (np.asarray(x, np.int64) for x in (appliances.first, appliances.length))
    due = Due(found.table, first, length)
    works, total = follow(due, kept, found.price, np.ascontiguousarray(state), table)
    return Worked(works, total * appliances.energy())


def _refuse_others(appliances: Appliances, found: Hurdles) -> None:
    """Refuse appliances with windows or work that the hurdle prices were not found for."""
    same = len(found.table) == len(appliances.zone)
    same = same and np.array_equal(found.zone[found.table], appliances.zone)
    same = same and np.array_equal(found.end[found.table], appliances.end)
    if not same or int(appliances.length.max(initial=0)) >= found.price.shape[3]:
        problem, fix = "are not those of the hurdle prices", "find hurdle prices for these"
        raise BadInput([Fault("appliances", 0, "appliances", problem, fix)])


def works_now(
    found: Hurdles, slot: int, left: Ints, price: Values, signal: Ints | int = 0
) -> Bools:
    """Which appliances work in this slot [appliances], given its price and their work ``left``.

    For devices that decide slot by slot; ``price`` and ``signal`` are one number or [appliances].
    """
    return np.asarray(np.asarray(price) <= found.price[found.table, slot, signal, left])
