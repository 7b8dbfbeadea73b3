"""One long run of a general solver on an instance of the fleet benchmarks, written down.

``python benchmarks/fleet_reference.py INSTANCE ASSETS SOLVER`` solves one instance with one thread
and adds the run to ``recorded/fleet_reference.json``, where the benchmarks read it. INSTANCE is
``plain`` (:mod:`fleet_instance`; ASSETS counts pairs of a car and a battery) or ``mixed``
(:mod:`fleet_mixed_instance`; 2 · ASSETS assets). SOLVER is

- ``simplex``, ``ipx`` or ``hipo`` of HiGHS (the last needs the package highspy-extras), or
  ``clarabel``, for the linear programme; of the mixed fleet that is the relaxation, in which
  appliances start by parts and least powers do not count. Interior points end without crossover,
  which spares them time. Only runs that end at an optimum are written down; ``--tolerance`` is what
  interior points of HiGHS take for one, relative.
- ``search``: HiGHS with whole numbers, until the gap is 0.1 % or ``--seconds`` are over; what it
  reached is written down with its gap.

Times are those of the solver alone, in CPU-seconds; writing the programme is not counted.
"""

# mypy: disable-error-code="import-not-found"
# clarabel is no dependency: it is wanted for this comparison alone

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import resource
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np

from fleet_instance import benchmark_fleet
from fleet_mixed_instance import mixed_fleet
from fleet_records import BESIDE, SEARCH, Reference, checksum, write
from gridpact.base.solver import OPTIMAL, LinearProgramme, has_values, load, quiet_solver, run
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.reference.model import Model, build, no_modes

SEED, GAP, TOLERANCE = 1, 1e-3, 1e-8
SMALL = 100
"""Pairs up to which the simplex method is the quickest."""
HIGHS = ("simplex", "ipx", "hipo")
PACKAGES = {"clarabel": ("clarabel",), "hipo": ("highspy", "highspy-extras")}


class Run(NamedTuple):
    """How a solver ended: its status, the objective and the least it can be [¤], iterations."""

    status: str
    objective: float
    bound: float
    iterations: int


Solver = Callable[[LinearProgramme], Run]


def by_highs(method: str, tolerance: float, programme: LinearProgramme) -> Run:
    """Solve with one of HiGHS's methods."""
    highs = quiet_solver(solver=method, run_crossover="off", ipm_optimality_tolerance=tolerance)
    load(highs, programme)
    status, info = run(highs), highs.getInfo()
    steps = info.simplex_iteration_count if method == "simplex" else info.ipm_iteration_count
    value = float(info.objective_function_value)
    return Run(status, value, value, int(steps))


def by_search(seconds: float, programme: LinearProgramme) -> Run:
    """Search for whole numbers with HiGHS; the objective is infinite where it found none."""
    highs = quiet_solver(mip_rel_gap=GAP, time_limit=seconds)
    load(highs, programme, mixed=True)
    status, info = run(highs), highs.getInfo()
    value = float(info.objective_function_value) if has_values(highs) else np.inf
    return Run(status, value, float(info.mip_dual_bound), int(info.mip_node_count))


def by_clarabel(programme: LinearProgramme) -> Run:
    """Solve with Clarabel: equal rows as zeros, everything else as inequalities."""
    import clarabel
    from scipy.sparse import csc_array, eye_array, vstack

    shape = (len(programme.row_lower), len(programme.cost))
    rows = csc_array((programme.value, programme.index, programme.start), shape=shape).tocsr()
    equal = programme.row_lower == programme.row_upper
    low, high = np.isfinite(programme.row_lower) & ~equal, np.isfinite(programme.row_upper) & ~equal
    floor, ceiling = np.isfinite(programme.lower), np.isfinite(programme.upper)
    bounds = eye_array(shape[1], format="csr")
    left = [rows[equal], -rows[low], rows[high], -bounds[floor], bounds[ceiling]]
    right = [programme.row_lower[equal], -programme.row_lower[low], programme.row_upper[high]]
    right += [-programme.lower[floor], programme.upper[ceiling]]
    bound = np.concatenate(right)
    zeros = int(equal.sum())
    cones = [clarabel.ZeroConeT(zeros), clarabel.NonnegativeConeT(len(bound) - zeros)]
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    nothing = csc_array((shape[1], shape[1]))
    matrix = vstack(left, format="csc")
    found = clarabel.DefaultSolver(nothing, programme.cost, matrix, bound, cones, settings).solve()
    status = OPTIMAL if str(found.status) == "Solved" else str(found.status)
    value = float(found.obj_val)
    return Run(status, value, value, int(found.iterations))


def measured(name: str, solver: Solver, model: Model) -> dict[str, object]:
    """Solve once and describe the run."""
    arrays = model.arrays
    cpu, wall = process_time(), perf_counter()
    found = solver(arrays)
    cpu, wall = process_time() - cpu, perf_counter() - wall
    if found.status != OPTIMAL and name != SEARCH:
        raise SystemExit(f"{name} ended with {found.status} after {cpu:.1f} CPU-seconds")
    cost, least = found.objective + model.constant, found.bound + model.constant
    return {
        "solver": name,
        "status": found.status,
        "cpu_s": round(cpu, 2),
        "wall_s": round(wall, 2),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "objective": cost if np.isfinite(cost) else None,
        "bound": least,
        "gap": (cost - least) / max(abs(cost), 1e-9) if np.isfinite(cost) else 1.0,
        "iterations": found.iterations,
        "rows": len(arrays.row_lower),
        "columns": len(arrays.cost),
        "whole_columns": int(arrays.whole.sum()),
        "nonzeros": len(arrays.value),
    }


def provenance(solver: str) -> dict[str, object]:
    """When it ran, with which versions, on what machine; one thread is used."""
    packages = (*PACKAGES.get(solver, ("highspy",)), "numpy")
    versions = {name: importlib.metadata.version(name) for name in packages}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version()} | versions,
        "machine": {"cores": os.cpu_count(), "memory_gib": round(memory, 1)},
    }


def instance_of(name: str, assets: int) -> tuple[Fleet, Prices]:
    """Make an instance."""
    if name == "mixed":
        return mixed_fleet(2 * assets, seed=SEED)
    return benchmark_fleet(assets, seed=SEED)


def beside(instance: str, assets: int) -> Reference:
    """Run a general solver now, the quickest one here for this size, nothing written down."""
    name = "simplex" if assets <= SMALL else "ipx"
    for better, package in (("hipo", "highspy-extras"), ("clarabel", "clarabel")):
        if assets > SMALL and importlib.util.find_spec(package.replace("-", "_")):
            name = better
    fleet, prices = instance_of(instance, assets)
    called, solver = solver_of(name, 0.0, TOLERANCE)
    found = measured(called, solver, build(fleet, prices, np.inf, no_modes(fleet)))
    return Reference(called, BESIDE, float(str(found["cpu_s"])))


def solver_of(name: str, seconds: float, tolerance: float) -> tuple[str, Solver]:
    """A solver under the name it is recorded by."""
    if name == "clarabel":
        return name, by_clarabel
    if name == "search":
        return SEARCH, partial(by_search, seconds)
    return f"HiGHS {name}", partial(by_highs, name, tolerance)


def main() -> None:
    """Record one run; without arguments there is nothing to record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("instance", nargs="?", choices=["plain", "mixed"])
    parser.add_argument("assets", nargs="?", type=int, default=100)
    parser.add_argument("solver", nargs="?", default="ipx", choices=[*HIGHS, "clarabel", "search"])
    parser.add_argument("--seconds", type=float, default=3600.0, help="of wall time, for a search")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    parser.add_argument("--quick", action="store_true", help="changes nothing")
    asked = parser.parse_args()
    if asked.instance is None:
        print("records one long run for the fleet benchmarks: give INSTANCE ASSETS SOLVER")
        return
    fleet, prices = instance_of(asked.instance, asked.assets)
    name, solver = solver_of(asked.solver, asked.seconds, asked.tolerance)
    found = {
        "instance": asked.instance,
        "assets": asked.assets,
        "seed": SEED,
        "checksum": checksum(fleet, prices),
        "tolerance": GAP if asked.solver == "search" else asked.tolerance,
        **measured(name, solver, build(fleet, prices, np.inf, no_modes(fleet))),
        **provenance(asked.solver),
    }
    write(found)
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
