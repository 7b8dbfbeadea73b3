"""What is given to a solve and is of another kind: no fleet, no options, no table."""

from __future__ import annotations

import numpy as np

from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Portfolio,
    Runs,
    Storage,
    Zones,
)
from gridpact.scheduling.fleet.findings import Findings, as_array
from gridpact.scheduling.fleet.options import Options

TABLES: dict[str, type] = {
    "one_way": OneWay,
    "storage": Storage,
    "curtailable": Curtailable,
    "runs": Runs,
    "generators": Generators,
    "portfolio": Portfolio,
}
"""Kinds of the parts of a fleet that may be left out."""


def kind_findings(found: Findings, fleet: object, options: object) -> None:
    """Note what has no columns to look through; the rest takes the kinds for granted."""
    if options is not None and not isinstance(options, Options):
        found.add("options", f"{_kind(options)}, not Options", "give Options(...), or None")
    if not isinstance(fleet, Fleet):
        fix = "give a Fleet of columns, or what build(...) makes of objects"
        found.add("", f"{_kind(fleet)}, not a Fleet", fix)
        return
    for name in ("slots", "step_s"):
        value: object = getattr(fleet, name)
        if not isinstance(value, int | np.integer) or isinstance(value, bool):
            found.add(name, f"{value!r} is no whole number", "give a whole number, such as 96")
    for name, kind in {"zones": Zones, **TABLES}.items():
        table = getattr(fleet, name)
        if isinstance(table, kind):
            _rows(found, name, table)
        elif table is not None or kind is Zones:
            found.add(name, f"{_kind(table)}, not {kind.__name__}", f"give {kind.__name__}(...)")


def _rows(found: Findings, name: str, table: object) -> None:
    """Look at the columns that say how many rows there are."""
    columns = {"zones": ("parent",), "portfolio": Portfolio.__struct_fields__}.get(name, ("zone",))
    for column in columns:
        array = as_array(getattr(table, column))
        if array is None or array.ndim != 1:
            found.add(f"{name}.{column}", "is no column", "give an array with a row for each")


def _kind(value: object) -> str:
    return type(value).__name__
