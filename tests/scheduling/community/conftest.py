"""What the present optimiser finds, in real numbers, beside the engine's answer."""

import numpy as np
import pytest

from gridpact.scheduling.case import net_energy, zone_sums
from gridpact.scheduling.solve import optimum


@pytest.fixture(scope="session")
def present():
    """Least cost [nano-¤] of the present optimiser before rounding, and energy above limits [Wh].

    Cost is that of what differs from positions, by the meter's two prices.
    """

    def found(problem):
        case, draft = optimum(problem)
        net = net_energy(case, draft)
        open_wh = net - problem.position_wh
        price = np.where(open_wh > 0, problem.import_price, problem.export_price)
        sums, zones = zone_sums(case, net), problem.zones
        above = sum(
            np.where(limit >= 0, np.maximum(flow - limit, 0), 0).sum()
            for limit, flow in ((zones.import_limit_wh, sums), (zones.export_limit_wh, -sums))
        )
        return float((open_wh * price).sum()), float(above)

    return found
