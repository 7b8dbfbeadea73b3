"""What not knowing the prices cost: a plan settled at true prices, against perfect foresight."""

from __future__ import annotations

import msgspec

from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.scenarios.money import settled_cost


class Regret(msgspec.Struct, frozen=True):
    """What a plan costs at true prices, and what perfect foresight would have [nano-¤].

    The plan costs ``planned_nano``; the best schedule at true prices costs between
    ``foresight_lower_nano`` and ``foresight_upper_nano``. ``missed_wh`` and
    ``foresight_missed_wh`` is what each misses of shared limits; where they differ, the costs are
    not those of the same task.
    """

    planned_nano: float
    foresight_lower_nano: float
    foresight_upper_nano: float
    missed_wh: float
    foresight_missed_wh: float

    @property
    def least_nano(self) -> float:
        """Regret that a schedule at hand proves [nano-¤]."""
        return self.planned_nano - self.foresight_upper_nano

    @property
    def most_nano(self) -> float:
        """Regret is at most this [nano-¤]."""
        return self.planned_nano - self.foresight_lower_nano


def regret(fleet: Fleet, prices: Prices, truth: Prices, options: Options | None = None) -> Regret:
    """Plan a fleet at forecast ``prices``, settle it at ``truth``, and compare with foresight.

    Raises
    ------
    BadInput
        What is wrong with the fleet or either prices.
    """
    plan, foresight = solve(fleet, prices, options), solve(fleet, truth, options)
    missed = [sum(one.missing_wh for one in found.missed) for found in (plan, foresight)]
    without = foresight.penalty * missed[1]
    return Regret(
        planned_nano=settled_cost(fleet.zones.parent, plan, prices, truth),
        foresight_lower_nano=foresight.lower_nano - without,
        foresight_upper_nano=foresight.upper_nano - without,
        missed_wh=missed[0],
        foresight_missed_wh=missed[1],
    )
