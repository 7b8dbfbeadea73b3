"""Where a grid comes from: a file, or SimBench."""

from __future__ import annotations

from pathlib import Path

from gridpact.app.grids.reading import Grid, read_grid
from gridpact.base.errors import BadInput, Fault
from gridpact.connectors.simbench import package
from gridpact.connectors.simbench.codes import CODES, nearest
from gridpact.connectors.simbench.conversion import MISSING

SIMBENCH = "simbench:"


def open_grid(source: str) -> Grid:
    """Read a grid's file, or the SimBench grid whose code follows ``simbench:``.

    Raises BadInput as :func:`~gridpact.app.grids.reading.read_grid`; for a code that there is
    none of; or where the optional package is missing.
    """
    if not source.startswith(SIMBENCH):
        return read_grid(Path(source))
    code = source.removeprefix(SIMBENCH)
    if code not in CODES:
        problem = "this is no SimBench low-voltage grid"
        raise BadInput([Fault(code[:80], 0, "", problem, f"use one of {', '.join(nearest(code))}")])
    if not package.installed():
        fix = "run that command, or give a grid of your own as a file"
        raise BadInput([Fault(source, 0, "", MISSING, fix)])
    # imported here: it needs the package
    from gridpact.connectors.simbench.network import read_network

    return Grid(read_network(code))
