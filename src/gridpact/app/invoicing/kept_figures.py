"""Figures of bills as a book keeps them.

``invoices/0001``, named by the run that was invoiced, holds ``figures.json`` and
``members.parquet`` with a row for each member. The journal has their hash.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.app.books.folder import Book
from gridpact.base.errors import StoreError
from gridpact.base.files import synced
from gridpact.base.units import Ints
from gridpact.settlement.invoices.figures import Figures, Last, Shown, digest

if TYPE_CHECKING:
    import polars as pl

INVOICES = "invoices"
_AMOUNTS = ("prepaid_minor", "billed_minor", "deposit_minor")


class _Heading(msgspec.Struct, frozen=True):
    """What ``figures.json`` holds beside the columns."""

    edges_s: tuple[int, ...]
    displays: tuple[str, ...]
    supplier_only: bool
    last: str | None


def write_figures(book: Book, run: int, figures: Figures) -> None:
    """Write figures in place of some that were never booked; StoreError where it cannot be."""
    import polars as pl

    folder = book.folder / INVOICES / f"{run:04d}"
    partial = folder.with_name(f".{folder.name}.partial")
    only, last = figures.supplier_only_minor, figures.last
    heading = _Heading(
        figures.edges_s, tuple(figures.displays), only is not None, last.period if last else None
    )
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        told = msgspec.json.format(msgspec.json.encode(heading), indent=1)
        (partial / "figures.json").write_bytes(told + b"\n")
        frame = pl.DataFrame(_columns(figures))
        frame.write_parquet(partial / "members.parquet", compression="zstd", statistics=False)
        for path in (*partial.iterdir(), partial):
            synced(path)
        shutil.rmtree(folder, ignore_errors=True)  # written, and killed before it was booked
        partial.rename(folder)
        synced(folder.parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        reason = error.strerror or error
        raise StoreError(f"{folder}: {reason}; what was booked before is intact") from error


def _columns(figures: Figures) -> dict[str, object]:
    found: dict[str, object] = {"member": figures.members}
    found["withdrawn_wh"], found["injected_wh"] = (
        np.ascontiguousarray(each.T) for each in figures.by_part_wh
    )
    for name, shown in figures.displays.items():
        found[f"{name} wh"], found[f"{name} at_s"] = shown.wh, shown.at_s
        found[f"{name} meter"] = shown.meter
    for name in _AMOUNTS:
        found[name] = getattr(figures, name)
    if figures.supplier_only_minor is not None:
        found["supplier_only_minor"] = figures.supplier_only_minor
    if (last := figures.last) is not None:
        found["last there"], found["last owed_minor"] = last.there, last.owed_minor
        found["last withdrawn_wh"], found["last injected_wh"] = last.withdrawn_wh, last.injected_wh
    return found


def read_figures(book: Book, run: int, booked: str) -> Figures:
    """Read figures back; StoreError where they are not those that were ``booked`` by their hash."""
    import polars as pl

    folder = book.folder / INVOICES / f"{run:04d}"
    try:
        heading = msgspec.json.decode((folder / "figures.json").read_bytes(), type=_Heading)
        found = _read(pl.read_parquet(folder / "members.parquet"), heading)
    except (OSError, msgspec.DecodeError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{folder}: figures of bills are damaged: {reason}") from error
    if digest(found) != booked:
        raise StoreError(f"{folder}: figures of bills are not as they were issued")
    return found


def _read(frame: pl.DataFrame, heading: _Heading) -> Figures:
    def ints(name: str) -> Ints:
        return np.asarray(frame[name].to_numpy(), np.int64)

    displays = {
        name: Shown(
            ints(f"{name} wh"), ints(f"{name} at_s"), tuple(frame[f"{name} meter"].to_list())
        )
        for name in heading.displays
    }
    last = None
    if heading.last is not None:
        names = ("there", "withdrawn_wh", "injected_wh", "owed_minor")
        last = Last(heading.last, *(ints(f"last {name}") for name in names))
    return Figures(
        members=tuple(frame["member"].to_list()),
        edges_s=heading.edges_s,
        by_part_wh=np.stack([ints("withdrawn_wh").T, ints("injected_wh").T]),
        displays=displays,
        **{name: ints(name) for name in _AMOUNTS},
        supplier_only_minor=ints("supplier_only_minor") if heading.supplier_only else None,
        last=last,
    )
