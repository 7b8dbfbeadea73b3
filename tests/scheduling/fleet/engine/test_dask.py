"""The engine over Dask's executor, where Dask is installed: the same answer bit for bit."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve

distributed = pytest.importorskip(
    "distributed", reason="needs the extra: pip install 'gridpact[dask]'"
)


def test_dask_gives_the_same_answer_bit_for_bit(small):
    fleet, prices = small.fleet(3, prices="any")
    alone = solve(fleet, prices, Options(gap=1e-5, method="engine"))
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        options = Options(gap=1e-5, method="engine", executor=client.get_executor(), tasks=3)
        spread = solve(fleet, prices, options)
    assert (spread.lower_nano, spread.upper_nano) == (alone.lower_nano, alone.upper_nano)
    assert spread.rounds == alone.rounds
    np.testing.assert_array_equal(spread.net_wh, alone.net_wh)
    np.testing.assert_array_equal(spread.schedules().state_wh, alone.schedules().state_wh)
