"""Runs that cannot be are named together."""

import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.columns import Fleet, Prices, Runs, Zones
from gridpact.scheduling.fleet.faults import refuse_faults


def test_runs_that_do_not_fit():
    runs = Runs(
        zone=np.zeros(5, np.int64),
        first=np.array([0, 0, 0, 6, 0]),
        end=np.array([8, 8, 8, 8, 8]),
        length=np.array([3, 2, 3, 3, 2]),
        power_w=np.full((5, 3), 100.0),
        interruptible=np.array([True, False, True, False, False]),
        min_on=np.array([1, 1, 4, 1, 1]),
        times=np.array([2, 3, 1, 1, 3]),
        pause=np.array([0, 2, 0, 0, 1]),
        value=np.array([np.inf, 5.0, 0.0, np.inf, 1.0]),
    )
    fleet = Fleet(slots=8, step_s=900, zones=Zones(parent=np.array([-1])), runs=runs)
    with pytest.raises(BadInput) as refused:
        refuse_faults(fleet, Prices(np.full(8, 100_000)))
    where = [fault.where for fault in refused.value.faults]
    assert where == ["runs[0].times", "runs[1].end", "runs[2].min_on", "runs[3].end"]
    assert "10 slots in all do not fit between slots 0 and 8" in str(refused.value)
