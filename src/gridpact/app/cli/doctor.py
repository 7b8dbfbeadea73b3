"""``gridpact doctor`` tells whether a machine is fit to run gridpact."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec
import numpy as np

from gridpact import __version__
from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.base.errors import ended
from gridpact.base.solver import OPTIMAL, LinearProgramme, load, quiet_solver, run

NEEDED = ("numpy", "polars", "highspy", "pvlib", "demandlib", "cryptography", "matplotlib")
SPACE = 100_000_000
"""Free bytes that a folder needs for runs of ordinary size."""
EXTRAS = {
    "dask": ("distributed", "fleets over a cluster: pip install 'gridpact[dask]'"),
    "evm": ("web3", "ledgers on a chain: pip install 'gridpact[evm]'"),
    "grid": ("power_grid_model", "power flow: pip install 'gridpact[grid]'"),
    "invoices": ("drafthorse", "e-invoices: pip install 'gridpact[invoices]'"),
    "payments": ("sepaxml", "SEPA payments: pip install 'gridpact[payments]'"),
    "postgres": ("pg8000", "ledgers on PostgreSQL: pip install 'gridpact[postgres]'"),
    "s3": ("s3fs", "stores of readings on S3: pip install 'gridpact[s3]'"),
    "simbench": ("simbench", "SimBench grids: pip install 'gridpact[simbench]'"),
    "web": ("fastapi", "the web service: pip install 'gridpact[web]'"),
}
"""By extra, the module that it brings, and what it is for and how it is had."""
_PROBE = LinearProgramme(
    cost=np.array([1.0, 2.0]),
    lower=np.zeros(2),
    upper=np.full(2, 10.0),
    whole=np.zeros(2, np.bool_),
    row_lower=np.ones(1),
    row_upper=np.full(1, np.inf),
    start=np.arange(3, dtype=np.int32),
    index=np.zeros(2, np.int32),
    value=np.ones(2),
)
"""min x + 2y where x + y ≥ 1: 1."""


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at; ``fix`` says what to do where it is not fit."""

    name: str
    fit: bool
    detail: str
    fix: str = ""


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fit = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("Python", fit, version, "use Python 3.11, 3.12 or 3.13")


def _library(name: str) -> Finding:
    """Import a library, since one that is there may still not load."""
    try:
        importlib.import_module(name)
        return Finding(name, True, importlib.metadata.version(name))
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == name
        detail = "missing" if missing else f"does not load: {error}"
        return Finding(name, False, detail, "install gridpact and its libraries again")


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    fit = sqlite3.sqlite_version_info >= (3, 24)
    return Finding("SQLite", fit, version, "use a Python built with SQLite 3.24 or later")


def _zones() -> Finding:
    try:
        return Finding("time zones", True, f"{ZoneInfo('Europe/Berlin')}")
    except (OSError, ZoneInfoNotFoundError):
        return Finding("time zones", False, "missing", "pip install tzdata")


def _disk() -> Finding:
    """Write, sync and reopen a database where runs would be written."""
    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
            database = sqlite3.connect(Path(place) / "probe.db")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE probe (x)")
            database.close()
        free = shutil.disk_usage(Path.cwd()).free
        fix = "free space, or run gridpact in a folder on another disk"
        return Finding("this folder", free >= SPACE, f"{free / 1e9:.1f} GB free", fix)
    except (OSError, sqlite3.Error) as error:
        return Finding("this folder", False, str(error), "run gridpact in a writable folder")


def _solver() -> Finding:
    """Solve one linear programme whose answer is known."""
    fix = "install highspy again"
    try:
        importlib.import_module("highspy")
    except ImportError as error:
        return Finding("HiGHS", False, f"does not load: {error}", fix)
    highs = quiet_solver()
    load(highs, _PROBE)
    status = run(highs)
    fit = status == OPTIMAL and bool(np.isclose(highs.getInfo().objective_function_value, 1.0))
    detail = "solves" if fit else f"does not find a known optimum: {status}"
    return Finding("HiGHS", fit, f"{detail} ({highs.version()})", fix)


def findings() -> list[Finding]:
    """Look at everything that a run needs."""
    looks: list[Callable[[], Finding]] = [_python, _sqlite, _zones, _disk, _solver]
    return [look() for look in looks] + [_library(name) for name in NEEDED]


@click.command(
    short_help="Check that this machine can run gridpact.",
    epilog="\b\nExample:\n  gridpact doctor",
)
@output_options
def doctor(as_json: bool, quiet: bool) -> None:
    """Check that this machine can run gridpact, and say how to mend what is not fit."""
    found = findings()
    extras = {
        name: importlib.util.find_spec(module) is not None for name, (module, _) in EXTRAS.items()
    }
    if as_json:
        say_json({"gridpact": __version__, "findings": found, "extras": extras})
    else:
        _print(found, extras, quiet=quiet)
    sys.exit(0 if all(finding.fit for finding in found) else 1)


def _print(found: list[Finding], extras: dict[str, bool], *, quiet: bool) -> None:
    for finding in found:
        if quiet and finding.fit:
            continue
        hint = "" if finding.fit else f". Fix: {ended(finding.fix)}"
        say(f"{mark(good=finding.fit)} {finding.name:<14} {finding.detail}{hint}")
    for name, there in extras.items():
        if not quiet:
            say(f"{'✓' if there else '-'} {name:<14} {'installed' if there else EXTRAS[name][1]}")
