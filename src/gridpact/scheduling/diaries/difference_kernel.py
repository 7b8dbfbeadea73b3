"""Entries of two diaries beside each other, as machine code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.fleet.machine_code import machine_code


class Dates(NamedTuple):
    """Asset and instant of entries, sorted by both."""

    row: Ints
    at: Ints


class Pairs(NamedTuple):
    """Every entry of two diaries: asset, instant, its position in either; −1 where one lacks it."""

    row: Ints
    at_s: Ints
    before: Ints
    after: Ints


@machine_code
def matched(old: Dates, new: Dates) -> Pairs:
    """Pair the entries of two diaries of the same asset and instant."""
    most = len(old.row) + len(new.row)
    row, at = np.empty(most, np.int64), np.empty(most, np.int64)
    before, after = np.full(most, -1), np.full(most, -1)
    one, other, count = 0, 0, 0
    while one < len(old.row) or other < len(new.row):
        side = first_of(old, one, new, other)
        if side <= 0:
            row[count], at[count], before[count] = old.row[one], old.at[one], one
            one += 1
        if side >= 0:
            row[count], at[count], after[count] = new.row[other], new.at[other], other
            other += 1
        count += 1
    return Pairs(row[:count], at[:count], before[:count], after[:count])


@machine_code
def first_of(old: Dates, one: int, new: Dates, other: int) -> int:
    """Tell which of two entries comes first: −1 the old one, 1 the new one, 0 both at once."""
    if other == len(new.row):
        return -1
    if one == len(old.row):
        return 1
    if old.row[one] != new.row[other]:
        return -1 if old.row[one] < new.row[other] else 1
    if old.at[one] != new.at[other]:
        return -1 if old.at[one] < new.at[other] else 1
    return 0
