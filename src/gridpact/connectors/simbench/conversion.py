"""From a SimBench code to a folder with a scenario and its profiles."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import in_the_way
from gridpact.base.units import Ints
from gridpact.connectors.simbench import package
from gridpact.connectors.simbench.clock import STEP_S, YEAR
from gridpact.connectors.simbench.codes import CODES, nearest
from gridpact.connectors.simbench.document import (
    PROFILES,
    TIME,
    load_columns,
    member_buses,
    scenario_text,
)
from gridpact.connectors.simbench.energy import whole_wh
from gridpact.connectors.simbench.feeders import trace
from gridpact.connectors.simbench.grid import Grid

SUMMER_DAY = date(YEAR, 6, 15)
SCENARIO = "scenario.yaml"
MISSING = "SimBench grids need the extra: pip install 'gridpact[simbench]'"


class Converted(msgspec.Struct, frozen=True):
    """What a conversion wrote; energies of the whole year."""

    code: str
    scenario: str
    profiles: str
    members: int
    zones: int
    loads: int
    plants: int
    batteries: int
    load_wh: int
    pv_wh: int


def convert(
    code: str,
    out: Path,
    first_day: date = SUMMER_DAY,
    *,
    force: bool = False,
    reading: Callable[[], None] = lambda: None,
) -> Converted:
    """Write ``out/profiles.parquet`` and ``out/scenario.yaml`` of a low-voltage grid.

    Parameters
    ----------
    code
        Such as ``1-LV-rural1--0-sw``.
    out
        The folder, made where it is not there.
    first_day
        Day of 2016 that the scenario runs.
    force
        Replace an earlier conversion instead of refusing.
    reading
        Called before the grid is read, which takes seconds.

    Raises
    ------
    BadInput
        Lists all of: an unknown code, a day outside 2016, a folder with an earlier conversion;
        or says that the optional package is missing.
    StoreError
        Where a file cannot be written.
    """
    if not package.installed():
        fix = "run that command, then convert again"
        raise BadInput([Fault("simbench", 0, "", MISSING, fix)])
    _check(code, out, first_day, force=force)
    reading()
    grid, profiles = package.read(code)
    layout = trace(grid)
    load_wh, pv_wh = (whole_wh(power, STEP_S) for power in (profiles.load_w, profiles.plant_w))
    _write(
        out, scenario_text(grid, layout, first_day), _columns(grid, load_wh, pv_wh), profiles.start
    )
    return Converted(
        code=code,
        scenario=str(out / SCENARIO),
        profiles=str(out / PROFILES),
        members=len(member_buses(grid)),
        zones=len(layout.feeders) + 1,
        loads=len(grid.loads),
        plants=len(grid.plants),
        batteries=len(grid.stores),
        load_wh=int(load_wh.sum()),
        pv_wh=int(pv_wh.sum()),
    )


def _check(code: str, out: Path, first_day: date, *, force: bool) -> None:
    faults = []
    if code not in CODES:
        problem = "this is no SimBench low-voltage grid"
        faults.append(Fault(code, 0, "", problem, f"use one of {', '.join(nearest(code))}"))
    if first_day.year != YEAR:
        problem = f"{first_day} is not in SimBench's year"
        faults.append(Fault(code, 0, "--date", problem, f"name a day of {YEAR}"))
    there = [name for name in (SCENARIO, PROFILES) if (out / name).exists()]
    if there and not force:
        problem = f"the folder already holds {' and '.join(there)}"
        fix = "run it, name another folder, or replace it with --force"
        faults.append(Fault(str(out), 0, "--out", problem, fix))
    if faults:
        raise BadInput(faults)


def _columns(grid: Grid, load_wh: Ints, pv_wh: Ints) -> dict[str, Ints]:
    """Each load's and plant's energy [slots] by identifier, and the sums of shared buses."""
    columns = {load.id: load_wh[row] for row, load in enumerate(grid.loads)}
    columns |= {plant.id: pv_wh[row] for row, plant in enumerate(grid.plants)}
    sums = {name: load_wh[rows].sum(axis=0) for name, rows in load_columns(grid).items()}
    return columns | sums


def _write(out: Path, text: str, columns: dict[str, Ints], start: int) -> None:
    """Write both files, each whole or not at all; the scenario last, since it names the other."""
    import polars as pl

    count = len(next(iter(columns.values())))
    starts = (start + STEP_S * np.arange(count, dtype=np.int64)) * 1000
    stamps = pl.Series(TIME, starts).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    frame = pl.DataFrame([stamps, *(pl.Series(name, wh) for name, wh in columns.items())])
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {out}: {error.strerror or error}") from error
    _whole(out / PROFILES, lambda path: frame.write_parquet(path, compression="zstd"))
    _whole(out / SCENARIO, lambda path: _write_text(path, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write beside the file and put it in place when it is all there."""
    partial = path.with_name(path.name + ".partial")
    try:
        if kind := in_the_way(path):
            raise OSError(errno.EEXIST, f"it is {kind}, which is not replaced")
        write(partial)
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error
