"""A solved fleet in a folder: written for other programs, and read back to be shown or audited."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gridpact.app import folder
from gridpact.app.schedules.limits import tight_limits
from gridpact.app.schedules.model import Names, Solved
from gridpact.app.schedules.outcome import outcome
from gridpact.app.schedules.tables import kept_schedules, prices_table, schedules_table
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import write_whole
from gridpact.base.slots import Slots
from gridpact.kernel.codec import decode, encode
from gridpact.scheduling.fleet import columns
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio, Prices, Zones
from gridpact.scheduling.fleet.solution import (
    LimitPrices,
    Missed,
    Round,
    Solution,
    Status,
)

if TYPE_CHECKING:
    import polars as pl

FLEET, SCHEDULES, PRICES, OUTCOME = (
    "fleet.msgpack",
    "schedules.parquet",
    "prices.parquet",
    "outcome.json",
)
_PARTS = (columns.OneWay, columns.Storage, columns.Curtailable, columns.Runs, columns.Generators)


def write(place: Path, solved: Solved) -> None:
    """Write fleet, schedules, prices and outcome; StoreError where that fails."""
    folder.make(place)
    document = {name: getattr(solved, name) for name in Solved.__struct_fields__}
    solution = {
        name: getattr(solved.solution, name)
        for name in Solution.__struct_fields__
        if name != "source"
    }
    _write(place / FLEET, encode({**document, "solution": solution}))
    _write(place / SCHEDULES, _parquet(schedules_table(solved)))
    _write(place / PRICES, _parquet(prices_table(solved)))
    folder.write_json(place / OUTCOME, outcome(solved, tight_limits(solved)))


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def _parquet(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out)
    return out.getvalue()


def is_kept(place: Path) -> bool:
    """Whether a folder holds a solved fleet."""
    return (place / FLEET).is_file()


def may_hold(place: Path) -> bool:
    """Whether schedules may be written here without harm: into an empty folder, or over others."""
    return place.is_dir() and (is_kept(place) or not any(place.iterdir()))


def read(place: Path) -> Solved:
    """Read a solved fleet back, its schedules from their table; BadInput for anything else."""
    if not is_kept(place):
        problem = "there are no schedules in it" if place.is_dir() else "there is no such folder"
        fix = "name a folder that 'gridpact schedule solve --out' wrote"
        raise BadInput([Fault(str(place), 0, "", problem, fix)])
    try:
        return _solved(place)
    except OSError as error:
        raise StoreError(f"cannot read {place}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
        fix = "put back the files as gridpact wrote them"
        raise BadInput([Fault(str(place), 0, "", f"cannot be read: {error}", fix)]) from error


def _solved(place: Path) -> Solved:
    document = decode((place / FLEET).read_bytes(), dict[str, Any])
    names = msgspec.convert(document["names"], Names)
    fleet = _fleet(document["fleet"])
    solution = document["solution"]
    return Solved(
        **{name: document[name] for name in ("title", "session", "currency", "timezone")},
        slots=msgspec.convert(document["slots"], Slots),
        names=names,
        fleet=fleet,
        prices=Prices(**document["prices"]),
        solution=_solution(solution, place, fleet, names),
    )


def _fleet(found: dict[str, Any]) -> Fleet:
    tables = {
        name: kind(**found[name])
        for name, kind in zip(TABLES, _PARTS, strict=True)
        if found[name] is not None
    }
    portfolio = found["portfolio"]
    return Fleet(
        slots=found["slots"],
        step_s=found["step_s"],
        zones=Zones(**found["zones"]),
        portfolio=None if portfolio is None else Portfolio(**portfolio),
        **tables,
    )


def _solution(found: dict[str, Any], place: Path, fleet: Fleet, names: Names) -> Solution:
    import polars as pl

    sizes = [len(getattr(names, name)) for name in TABLES]
    try:
        table = pl.read_parquet(place / SCHEDULES)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{SCHEDULES}: {error}") from error
    return Solution(
        **{
            **found,
            "status": Status(found["status"]),
            "prices": LimitPrices(**found["prices"]),
            "missed": tuple(Missed(**one) for one in found["missed"]),
            "rounds": tuple(Round(**one) for one in found["rounds"]),
            "source": kept_schedules(fleet, sizes, table),
        }
    )
