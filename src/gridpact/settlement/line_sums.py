"""Lines summed over their owners: what each kind of cash flow comes to for a community."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints, checked_sum
from gridpact.settlement.lines import Lines


class Sums(msgspec.Struct, frozen=True):
    """Lines of one kind in sum: who pays whom, the energy behind them [Wh], the minor units.

    ``rate_ppm`` is that of a tax, None for what is no tax.
    """

    line: str
    payer: str
    payee: str
    energy: str
    lines: int
    energy_wh: int
    minor: int
    rate_ppm: int | None = None


def by_head(lines: Lines) -> list[Sums]:
    """Return sums of lines by head; raises NumberOverflow where one does not fit 64 bits."""
    found = []
    for row, head in enumerate(lines.heads):
        mine = lines.where(lines.head == row)
        sums = (len(mine), int(checked_sum(mine.energy_wh)), int(checked_sum(mine.minor)))
        rate = head.rate_ppm if head.category == "tax" else None
        found.append(Sums(head.name, head.payer, head.payee, head.energy, *sums, rate))
    return found


def energy_by_owner(lines: Lines, heads: list[int], owners: tuple[str, ...]) -> Ints:
    """Return the energy of some heads' lines of each owner [Wh] [owners], 0 for who has none."""
    place = {name: row for row, name in enumerate(owners)}
    rows = np.array([place.get(name, len(owners)) for name in lines.owners], np.int64)
    mine = np.isin(lines.head, heads)
    found = np.zeros(len(owners) + 1, np.int64)
    np.add.at(found, rows[lines.owner[mine]], lines.energy_wh[mine])
    return found[:-1]
