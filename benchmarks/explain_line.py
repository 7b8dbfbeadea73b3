"""Speed of explaining one line of an invoice in a month of 10,000 meters and more.

The month, its tariffs and its files are those of ``benchmarks/settlement.py``; readings are in
groups of 250 rows. The month is settled, booked and billed, and the book is opened. Then lines of
members all over the book are explained, each down to all quarter-hours of its month, and it is
printed, for each size, in one run:

* how long opening takes, with the first line, and how much memory;
* how long one more line takes, as median, in CPU time, and as the slowest of all, and its growth.

Each explanation is asserted to add up: slots to the line, the line to what was booked. Each size
is a process of its own. Run ``python benchmarks/explain_line.py``; ``--large`` measures a million
meters as well.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import settlement
from gridpact.app.books.day_files import DayFiles
from gridpact.app.books.folder import DATABASE, RUNS
from gridpact.app.books.journal import Journal
from gridpact.app.books.kept import Made, write_run
from gridpact.app.explaining.explain import explain
from gridpact.app.explaining.opened import Opened
from gridpact.app.explaining.sources import MOST_BYTES
from gridpact.app.invoicing.issuing import KIND, Issued, batches
from gridpact.settlement.invoices.issuing import numbered
from gridpact.settlement.lines import digest
from gridpact.settlement.periods.energy import Inputs
from gridpact.settlement.periods.settling import settle
from gridpact.settlement.runs.run import Run

AIM_MS = 100.0
LINES = 60
NOW_S = settlement.PERIOD.end + 86_400


def booked(folder: Path, meters: int) -> None:
    """Settle the month and book it as run 1, with its invoices issued."""
    (folder / "days").mkdir()
    settlement.write_month(folder / "days", meters)
    rules, period = settlement.rules_of(meters), settlement.PERIOD
    files = DayFiles(folder / "days", rules, period)
    found = settle(rules, period, Inputs(files.read, {}))
    kept = digest(found.lines)
    readings = files.digest if files.size <= MOST_BYTES else ""
    run = Run(
        number=1, period="2026-03", first_s=period.start, end_s=period.end, kind="initial",
        as_of_s=NOW_S, rules=rules.digest, readings=readings, series={}, sharing="", lines=kept,
        booked=kept,
    )  # fmt: skip
    made = Made(run, rules, "days", {}, {}, (), found.lines, found.lines, found.energy_wh)
    write_run(folder / RUNS, made)
    issued = Issued(1, run.period, NOW_S, NOW_S, {}, {}, "")
    (batch,) = batches([issued], lambda _: made)
    issued = Issued(1, run.period, NOW_S, NOW_S, {}, batch.added, "")  # its hash takes minutes
    with Journal.create(folder / DATABASE).writing(NOW_S) as writing:
        writing.book("run", run)
        writing.book(KIND, issued)


def measured(folder: Path) -> dict[str, float]:
    """Open the book and explain lines of it; return seconds and MiB."""
    counts = next(issued for _, issued in Opened(folder).issued).added
    draw = np.random.default_rng(7)
    names = [
        f"{numbered(issuer, int(draw.integers(1, count + 1)))}/1"
        for issuer, count in counts.items()
        for _ in range(LINES // len(counts))
    ]
    begun = time.perf_counter()
    opened = Opened(folder)
    explain(opened, names[0])
    opening, seconds, cpu = time.perf_counter() - begun, list[float](), list[float]()
    for name in names[1:]:
        begun, before = time.perf_counter(), time.process_time()
        found = explain(opened, name)
        cpu.append(time.process_time() - before)
        seconds.append(time.perf_counter() - begun)
        settlement.check(found.verified and not found.lacking, f"{name} does not add up")
        settlement.check(found.slot_count == settlement.PERIOD.count, "not all slots were read")
    return {
        "opening": opening,
        "median": statistics.median(seconds),
        "cpu": statistics.median(cpu),
        "slowest": max(seconds),
        "mib": settlement.peak_mib(),
    }


def compare(meters: int, last: tuple[int, float] | None) -> float:
    """Measure one size and print it; return the median of a line [s]."""
    with tempfile.TemporaryDirectory() as name:
        for task in ("--book", "--explain"):
            command = [sys.executable, __file__, task, name, str(meters)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    growth = ""
    if last is not None:
        power = np.log(found["median"] / last[1]) / np.log(meters / last[0])
        growth = f", growth N^{power:.2f}"
    print(
        f"{meters:>9,} meters: a line in {found['median'] * 1e3:.0f} ms "
        f"(CPU {found['cpu'] * 1e3:.0f} ms, slowest {found['slowest'] * 1e3:.0f} ms{growth}); "
        f"opened in {found['opening']:.1f} s, {found['mib']:,.0f} MiB",
        flush=True,
    )
    if found["median"] * 1e3 > AIM_MS:
        print(f"           the aim is {AIM_MS:.0f} ms")
    return float(found["median"])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("meters", nargs="?", type=int)
    arguments.add_argument("--quick", action="store_true", help="1,000 and 10,000 meters")
    arguments.add_argument("--large", action="store_true", help="a million meters as well")
    arguments.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--explain", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.book:
        booked(given.book, given.meters)
        return
    if given.explain:
        print(json.dumps(measured(given.explain)))
        return
    sizes = [1_000, 10_000] if given.quick else [10_000, 100_000]
    sizes = [given.meters] if given.meters else sizes + ([1_000_000] if given.large else [])
    last: tuple[int, float] | None = None
    for meters in sizes:
        last = meters, compare(meters, last)


if __name__ == "__main__":
    main()
