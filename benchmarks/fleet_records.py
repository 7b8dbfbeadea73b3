"""Runs of general solvers on the fleet benchmarks' instances, as they were written down.

A run stays good while its instance stays the same, which its ``checksum`` tells: a sum of
logarithms of weighted sums of all columns, so that a change of a part in a million of any column
shows, and other rounding does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np

from gridpact.scheduling.fleet.columns import Fleet, Prices

RECORD = Path(__file__).parent / "recorded" / "fleet_reference.json"
SEARCH = "HiGHS search"
"""Name of the solver that also finds whole numbers; the others solve the relaxation."""
BESIDE = "beside"
"""Date of a run in the same process."""
SAME, ENOUGH = 1e-6, 1e-3
"""Differences of checksums of one instance; the gap that is asked for."""


class Reference(msgspec.Struct, frozen=True):
    """A run: solver, date (or "beside"), CPU seconds, the relative gap at which it ended."""

    solver: str
    date: str
    cpu_s: float
    gap: float = 0.0

    def ratio(self, cpu_s: float) -> str:
        """How many times as long it took as ``cpu_s``, in words; ``≥`` where it was cut short."""
        told = [f"{self.cpu_s:,.1f} s"]
        if self.gap > ENOUGH:
            told.append("nothing found" if self.gap >= 1.0 else f"gap {self.gap:.1%}")
        if self.date == BESIDE:
            told.append(BESIDE)
        least = "≥ " if self.gap > ENOUGH else ""
        return f"{least}{self.cpu_s / cpu_s:,.0f}× {self.solver} ({', '.join(told)})"


def checksum(fleet: Fleet, prices: Prices) -> float:
    """A number that changes with any number of an instance; fields that are empty do not count."""
    total = 0.0
    for name, values in sorted([*_columns("fleet", fleet), *_columns("prices", prices)]):
        numbers = np.asarray(values, np.float64).ravel()
        numbers = numbers[np.isfinite(numbers)]
        weighted = float(numbers @ np.linspace(1.0, 2.0, len(numbers)))
        total += (1 + crc32(name.encode()) % 97) * float(np.log1p(abs(weighted)))
    return total


def _columns(name: str, value: object) -> Iterator[tuple[str, object]]:
    """All that a struct holds, field by field, with names."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _columns(f"{name}.{field}", getattr(value, field))
    elif value is not None and np.size(np.asarray(value)):
        yield name, value


def read() -> list[dict[str, object]]:
    """All runs written down."""
    if not RECORD.exists():
        return []
    runs: list[dict[str, object]] = json.loads(RECORD.read_text(encoding="utf-8"))["runs"]
    return runs


def write(run: dict[str, object]) -> None:
    """Write a run down in the place of an earlier one of the same instance, size and solver."""

    def key(one: dict[str, object]) -> tuple[str, int, str]:
        return str(one["instance"]), int(str(one["assets"])), str(one["solver"])

    runs = [old for old in read() if key(old) != key(run)]
    book = {"runs": sorted([*runs, run], key=key)}
    RECORD.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def ratios(runs: Sequence[Reference], cpu_s: float, gap: float) -> str:
    """How many times as long others took: what ran beside, the quickest, the search."""
    if gap > ENOUGH:
        return "(not to the same gap)"
    told = [one for one in runs if one.date == BESIDE or one.solver == SEARCH]
    told += [one for one in runs if one not in told][:1]
    return "; ".join(one.ratio(cpu_s) for one in told) or "–"


def known(instance: str, assets: int, fleet: Fleet, prices: Prices) -> list[Reference]:
    """Recorded runs on this very instance, the quickest first."""
    own, found = checksum(fleet, prices), []
    for run in read():
        same = run["instance"] == instance and run["assets"] == assets
        if same and abs(float(str(run["checksum"])) - own) <= SAME:
            found.append(msgspec.convert(run, Reference))
    return sorted(found, key=lambda run: run.cpu_s)
