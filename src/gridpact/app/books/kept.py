"""Runs as a book keeps them: what they were made of, and what they came to.

``runs/0001`` holds ``run.json``; ``lines.parquet``, all lines of the run; ``booked.parquet``, those
that it added to the runs before it; ``rules.json``, ``members.parquet`` and ``series.parquet`` with
the rules and series that it was made of, ``sharing`` with copies of the sharing rules. It is there
whole or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.books.kept_members import ROWS, KeptRules, write_rules
from gridpact.base.errors import StoreError
from gridpact.base.files import synced
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.evaluate import Known
from gridpact.settlement.lines import COLUMNS, Head, Lines
from gridpact.settlement.periods.energy import SOURCES
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Run


class Made(msgspec.Struct, frozen=True):
    """A run with all that it was made of and came to.

    ``prices`` and ``own`` are series on the period's slots; ``readings`` is where the rules say
    that readings are, ``sharing`` the files of sharing rules, the first of them the rules.
    ``energy_wh`` [sources, members] says where energy came from and went.
    """

    run: Run
    rules: Rules
    readings: str
    prices: dict[str, Known]
    own: dict[str, Known]
    sharing: tuple[Path, ...]
    lines: Lines
    booked: Lines
    energy_wh: Ints


class Heading(msgspec.Struct, frozen=True):
    """What ``run.json`` holds: the run, its hash, and what its columns are about."""

    run: Run
    hash: str
    readings: str
    sharing: str
    heads: tuple[Head, ...]
    owners: tuple[str, ...]
    booked_heads: tuple[Head, ...]
    booked_owners: tuple[str, ...]


def folder_of(runs: Path, number: int) -> Path:
    """Return the folder of a run."""
    return runs / f"{number:04d}"


def write_run(runs: Path, made: Made) -> Path:
    """Write a run's folder in place of one that was never booked; StoreError where it cannot be."""
    folder = folder_of(runs, made.run.number)
    partial = runs / f".{folder.name}.partial"
    try:
        runs.mkdir(exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        _write(partial, made)
        shutil.rmtree(folder, ignore_errors=True)  # written, and killed before it was booked
        partial.rename(folder)
        synced(runs)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        reason = error.strerror or error
        raise StoreError(f"{folder}: {reason}; what was booked before is intact") from error
    return folder


def _write(folder: Path, made: Made) -> None:
    heading = Heading(
        made.run, made.run.hash, made.readings, made.sharing[0].name if made.sharing else "",
        made.lines.heads, made.lines.owners, made.booked.heads, made.booked.owners,
    )  # fmt: skip
    (folder / "run.json").write_bytes(_pretty(heading))
    write_rules(folder, made.rules)
    _columns({name: getattr(made.lines, name) for name in COLUMNS}, folder / "lines.parquet")
    _columns({name: getattr(made.booked, name) for name in COLUMNS}, folder / "booked.parquet")
    _columns(dict(zip(SOURCES, made.energy_wh, strict=True)), folder / "energy.parquet")
    _series(made, folder / "series.parquet")
    if made.sharing:
        base = made.sharing[0].parent
        for path in made.sharing:
            target = folder / "sharing" / path.relative_to(base)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for path in sorted(folder.rglob("*")):
        synced(path)
    synced(folder)


def _pretty(value: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _columns(columns: dict[str, Ints], path: Path) -> None:
    import polars as pl

    pl.DataFrame(columns).write_parquet(
        path, compression="zstd", row_group_size=ROWS, statistics=False
    )


def _series(made: Made, path: Path) -> None:
    """Write series by slot, one of a member as ``plan:net/bakery``; absent values are null."""
    import polars as pl

    count = (made.run.end_s - made.run.first_s) // made.rules.step_s
    found = {"slot_start": Slots(made.run.first_s, made.rules.step_s, count).starts()}
    masks = {}
    for name, known in made.prices.items():
        found[name], masks[name] = known.values, known.present
    for name, known in made.own.items():
        for row, member in enumerate(made.rules.members):
            column = f"{name}/{member.id}"
            found[column], masks[column] = known.values[row], known.present[row]
    frame = pl.DataFrame(found)
    for name, present in masks.items():
        frame = frame.with_columns(pl.when(pl.Series(present)).then(pl.col(name)).alias(name))
    frame.write_parquet(path, compression="zstd", statistics=False)


def read_run(folder: Path) -> Made:
    """Read a run back; StoreError where a part of it is missing or damaged."""
    import polars as pl

    with damage_told(folder):
        heading, rules, booked = _read_booked(folder)
        lines = _lines(folder / "lines.parquet", heading.heads, heading.owners)
        energy = pl.read_parquet(folder / "energy.parquet").to_numpy().T.astype(np.int64)
        prices, own = _read_series(folder / "series.parquet", rules)
    sharing = sharing_of(folder, heading.sharing)
    return Made(heading.run, rules, heading.readings, prices, own, sharing, lines, booked, energy)


def sharing_of(folder: Path, name: str) -> tuple[Path, ...]:
    """Return the sharing rules that a run kept, by their name."""
    return (folder / "sharing" / name,) if name else ()


def read_booked(folder: Path) -> tuple[Run, Rules, Lines]:
    """Read of a run only its rules and what it booked; raises as :func:`read_run`."""
    with damage_told(folder):
        heading, rules, booked = _read_booked(folder)
    return heading.run, rules, booked


def _read_booked(folder: Path) -> tuple[Heading, Rules, Lines]:
    heading = msgspec.json.decode((folder / "run.json").read_bytes(), type=Heading)
    rules = KeptRules(folder).whole
    booked = _lines(folder / "booked.parquet", heading.booked_heads, heading.booked_owners)
    return heading, rules, booked


@contextmanager
def damage_told(folder: Path) -> Iterator[None]:
    """Tell that a part of a run is missing or damaged."""
    import polars as pl

    try:
        yield
    except (OSError, msgspec.DecodeError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{folder}: the run is damaged: {reason}") from error


def _lines(path: Path, heads: tuple[Head, ...], owners: tuple[str, ...]) -> Lines:
    import polars as pl

    frame = pl.read_parquet(path)
    return Lines(heads, owners, *(frame[name].to_numpy().astype(np.int64) for name in COLUMNS))


def _read_series(path: Path, rules: Rules) -> tuple[dict[str, Known], dict[str, Known]]:
    prices, rows = read_series(path)
    order = [member.id for member in rules.members]
    own = {
        series: Known(
            np.stack([some[member].values for member in order]),
            np.stack([some[member].present for member in order]),
        )
        for series, some in rows.items()
    }
    return prices, own


def read_series(
    path: Path, member: str | None = None
) -> tuple[dict[str, Known], dict[str, dict[str, Known]]]:
    """Return series that are the same for all, and those of members by name: of all, or of one."""
    import polars as pl

    prices: dict[str, Known] = {}
    rows: dict[str, dict[str, Known]] = {}
    wanted = {name: name.rpartition("/") for name in [*pl.read_parquet_schema(path)][1:]}
    if member is not None:
        wanted = {n: told for n, told in wanted.items() if not told[0] or told[2] == member}
    frame = pl.read_parquet(path, columns=[*wanted])
    for name, (series, _, owner) in wanted.items():
        column = frame[name]
        known = Known(column.fill_null(0).to_numpy(), column.is_not_null().to_numpy())
        if series:
            rows.setdefault(series, {})[owner] = known
        else:
            prices[name] = known
    return prices, rows
