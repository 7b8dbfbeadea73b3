"""What a comparison found: the same month on each ledger, with what the month asks."""

from __future__ import annotations

import msgspec

from gridpact.app.ledgers.comparing.month import DAY_S, Month
from gridpact.app.ledgers.comparing.running import Taken, wh_per_mwh
from gridpact.app.ledgers.comparing.trust import Need, needs

BUSIEST_S = 60.0
"""The month's busiest minute is taken as a whole day's work handed in at once."""


class LedgersCompared(msgspec.Struct, frozen=True):
    """Ledgers side by side. ``watts`` is the stated power of a processor that works [W]."""

    members: int
    days: int
    settled_wh: int
    watts: float
    taken: tuple[Taken, ...]
    left_out: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether all ledgers hold the same entries but for keys and signatures."""
        return len({(each.operations, each.blocks) for each in self.taken}) == 1

    @property
    def peak(self) -> float:
        """Operations a second that the work asks, were a day's handed in within a minute."""
        return self.taken[0].operations / self.days / BUSIEST_S

    @property
    def mean(self) -> float:
        """Operations a second over the whole month."""
        return self.taken[0].operations / (self.days * DAY_S)

    @property
    def needs(self) -> tuple[Need, ...]:
        """Which ledger answers which need."""
        return needs(self.taken, self.peak)

    def energy_wh(self, taken: Taken) -> float:
        """Energy spent for a megawatt-hour settled [Wh]: measured seconds at the stated power."""
        return wh_per_mwh(taken.joules(self.watts), self.settled_wh)


def compared(
    month: Month, watts: float, taken: list[Taken], left_out: list[str]
) -> LedgersCompared:
    """Lay the runs of a month side by side."""
    return LedgersCompared(
        month.members, month.days, month.energy_wh, watts, tuple(taken), tuple(left_out)
    )
