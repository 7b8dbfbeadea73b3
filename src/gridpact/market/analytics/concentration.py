"""Concentration: whether a market's energy is in few hands.

With s_i the share of member i in what was sold (or bought), the Herfindahl–Hirschman index is
HHI = Σ s_i², between 1 ÷ members and 1, and the concentration ratio CR_k is the sum of the k
largest shares. Written in points, as competition authorities do, HHI is out of 10,000: 1 % is 100
points. (Hirschman, The Paternity of an Index, 1964; thresholds: U.S. Department of Justice and
Federal Trade Commission, Merger Guidelines, 2023, guideline 1: above 1,800 points is highly
concentrated.)
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import round_half_even
from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.market.clearing.matched import total_by
from gridpact.market.orders import Orders, Side

PPM_PER_POINT = 100
"""An HHI of 1 is 10,000 points."""
HIGHLY_CONCENTRATED_PPM = 1_800 * PPM_PER_POINT


class Concentration(msgspec.Struct, frozen=True):
    """One side of a market: energy, how many members share in it, HHI, CR1 and CR4 [ppm]."""

    energy_wh: int
    members: int
    hhi_ppm: int
    cr1_ppm: int
    cr4_ppm: int


def concentration(energy_wh: Ints) -> Concentration | None:
    """Measure how energy is divided among members; None where there is none.

    ``energy_wh`` [members] is what each sold, or bought; not negative, or ValueError. Exact:
    every figure is a ratio of whole numbers, rounded half to even once. O(n log n).
    """
    if np.any(energy_wh < 0):
        raise ValueError("energy must not be negative")
    shares = sorted(energy_wh[energy_wh > 0].tolist(), reverse=True)
    if not shares:
        return None
    total, squares = sum(shares), sum(each * each for each in shares)
    return Concentration(
        total,
        len(shares),
        round_half_even(MICRO_PER_UNIT * squares, total * total),
        round_half_even(MICRO_PER_UNIT * shares[0], total),
        round_half_even(MICRO_PER_UNIT * sum(shares[:4]), total),
    )


def energy_of_side(orders: Orders, accepted_wh: Ints, side: Side, members: int) -> Ints:
    """What every member bought, or sold, over all slots [members] in Wh.

    Raises :class:`~gridpact.base.errors.NumberOverflow` where a sum does not fit 64 bits.
    """
    rows = np.flatnonzero(orders.side == side)
    return total_by(orders.member[rows], accepted_wh[rows], members)
