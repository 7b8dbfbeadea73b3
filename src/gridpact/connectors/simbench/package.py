"""The ``simbench`` package: a grid of it as plain values, and its own absolute profiles.

The package is heavy (some 400 MB with what it needs, seconds to read a grid) and optional.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gridpact.base.units import Floats
from gridpact.connectors.simbench.clock import check_stamps, start_of_year
from gridpact.connectors.simbench.grid import Grid, Profiles
from gridpact.connectors.simbench.tables import WATT_PER_MW, column, grid_of, used

if TYPE_CHECKING:
    import pandas as pd

    from gridpact.connectors.simbench.tables import Tables

    Series: TypeAlias = Mapping[tuple[str, str], pd.DataFrame]


def installed() -> bool:
    """Tell whether the optional package is there."""
    return importlib.util.find_spec("simbench") is not None


def read(code: str) -> tuple[Grid, Profiles]:
    """Read a grid and the absolute profiles that the package itself makes for it.

    Raises
    ------
    BadInput
        Where a plant is not photovoltaic, or the profiles are not the year's quarter-hours.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what libraries below announce of their own future
        import simbench

        net = simbench.get_simbench_net(code)
        series = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    check_stamps(code, [str(stamp) for stamp in net["profiles"]["load"]["time"]])
    powers = {table: _powers(net, series, table) for table in ("load", "sgen")}
    return grid_of(code, net), Profiles(start_of_year(), powers["load"], powers["sgen"])


def _powers(net: Tables, series: Series, table: str) -> Floats:
    """Absolute power [W] of the units in service, float64 [units, slots]."""
    rows = used(net, table)
    frame = series[table, "p_mw"][rows]
    scaling = column(net[table], "scaling", rows)
    return np.asarray(frame.to_numpy(dtype=np.float64).T * scaling[:, None] * WATT_PER_MW)
