"""One long run of a general solver on the fleet benchmark's instance, written down for comparison.

``python benchmarks/fleet_reference.py ASSETS SOLVER`` solves one instance with one thread and adds
the run to ``recorded/fleet_reference.json``, where ``benchmarks/fleet.py`` reads it. SOLVER is
``simplex``, ``ipx`` or ``hipo`` of HiGHS (the last needs the package highspy-extras) or
``clarabel``. Interior points end without crossover, which spares them time. Times are those of the
solver alone, in CPU-seconds; writing the programme is not counted. Only runs that end at an optimum
are written down.
"""

# mypy: disable-error-code="import-not-found"
# clarabel is no dependency: it is wanted for this comparison alone

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np

from fleet_instance import benchmark_fleet
from gridpact.base.solver import OPTIMAL, LinearProgramme, load, quiet_solver, run
from gridpact.scheduling.reference.model import Model, build, no_modes

SEED = 1
RECORD = Path(__file__).parent / "recorded" / "fleet_reference.json"
HIGHS = ("simplex", "ipx", "hipo")
PACKAGES = {"clarabel": ("clarabel",), "hipo": ("highspy", "highspy-extras")}


class Run(NamedTuple):
    """How a solver ended: its status, the objective [¤], iterations."""

    status: str
    objective: float
    iterations: int


def by_highs(arrays: LinearProgramme, method: str) -> Run:
    """Solve with one of HiGHS's methods."""
    highs = quiet_solver(solver=method, run_crossover="off")
    load(highs, arrays)
    status = run(highs)
    info = highs.getInfo()
    steps = info.simplex_iteration_count if method == "simplex" else info.ipm_iteration_count
    return Run(status, float(info.objective_function_value), int(steps))


def by_clarabel(arrays: LinearProgramme) -> Run:
    """Solve with Clarabel: equal rows as zeros, everything else as inequalities."""
    import clarabel
    from scipy.sparse import csc_array, eye_array, vstack

    shape = (len(arrays.row_lower), len(arrays.cost))
    rows = csc_array((arrays.value, arrays.index, arrays.start), shape=shape).tocsr()
    equal = arrays.row_lower == arrays.row_upper
    low, high = np.isfinite(arrays.row_lower) & ~equal, np.isfinite(arrays.row_upper) & ~equal
    bounds = eye_array(shape[1], format="csr")
    left = [rows[equal], -rows[low], rows[high], -bounds, bounds]
    right = [arrays.row_lower[equal], -arrays.row_lower[low], arrays.row_upper[high]]
    right += [-arrays.lower, arrays.upper]
    bound = np.concatenate(right)
    zeros = int(equal.sum())
    cones = [clarabel.ZeroConeT(zeros), clarabel.NonnegativeConeT(len(bound) - zeros)]
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    nothing = csc_array((shape[1], shape[1]))
    matrix = vstack(left, format="csc")
    found = clarabel.DefaultSolver(nothing, arrays.cost, matrix, bound, cones, settings).solve()
    status = OPTIMAL if str(found.status) == "Solved" else str(found.status)
    return Run(status, float(found.obj_val), int(found.iterations))


def record(assets: int, solver: str, model: Model) -> dict[str, object]:
    """Solve once and describe the run."""
    cpu, wall = process_time(), perf_counter()
    arrays = model.arrays
    found = by_clarabel(arrays) if solver == "clarabel" else by_highs(arrays, solver)
    cpu, wall = process_time() - cpu, perf_counter() - wall
    if found.status != OPTIMAL:
        raise SystemExit(f"{solver} ended with {found.status} after {cpu:.1f} CPU-seconds")
    return {
        "assets": assets,
        "solver": solver if solver == "clarabel" else f"HiGHS {solver}",
        "cpu_s": round(cpu, 2),
        "wall_s": round(wall, 2),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "objective": found.objective + model.constant,
        "iterations": found.iterations,
        "rows": len(arrays.row_lower),
        "columns": len(arrays.cost),
        "nonzeros": len(arrays.value),
        "seed": SEED,
        "date": datetime.now(UTC).date().isoformat(),
        "versions": versions(solver),
        "machine": machine(),
    }


def versions(solver: str) -> dict[str, str]:
    """Versions of what solved it."""
    packages = (*PACKAGES.get(solver, ("highspy",)), "numpy")
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in packages
    }


def machine() -> dict[str, object]:
    """Cores and memory; one thread is used."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cores": os.cpu_count(), "memory_gib": round(memory, 1)}


def main(arguments: list[str]) -> None:
    """Record one run; without ASSETS and SOLVER there is nothing to record."""
    if len(arguments) != 2:
        print("records one long run for benchmarks/fleet.py: give ASSETS SOLVER")
        return
    assets, solver = int(arguments[0]), arguments[1]
    if solver not in (*HIGHS, "clarabel"):
        raise SystemExit(f"SOLVER is one of {', '.join((*HIGHS, 'clarabel'))}")
    fleet, prices = benchmark_fleet(assets, seed=SEED)
    model = build(fleet, prices, np.inf, no_modes(fleet))
    made = record(assets, solver, model)
    book = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {"runs": []}
    same = (assets, made["solver"])
    book["runs"] = [old for old in book["runs"] if (old["assets"], old["solver"]) != same]
    book["runs"] = sorted([*book["runs"], made], key=lambda one: (one["assets"], one["solver"]))
    RECORD.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(made, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
