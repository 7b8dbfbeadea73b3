"""Speed of settling a month: quarter-hours of 10,000 meters and more, from Parquet to statements.

Prints, for each size, in one run:

* the time of settling March 2026 (2,972 quarter-hours, two registers) to rounded lines with
  supplier, network, levy, standing charge and tax, and its peak memory;
* the time of a query of Polars, and of DuckDB, that only sums the same two columns by meter;
* the ratio to the faster of the two, and growth from size to size;
* up to 100,000 meters, the time of the same month with its surplus shared by need, slot by slot.

Sums are asserted equal, and money paid to be received. Readings are drawn for one day and used for
all, so that the disk holds a month of a million meters (``--large``). Each measurement is a process
of its own. Run ``python benchmarks/settlement.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from gridpact.app.books.day_files import DayFiles
from gridpact.base.randomness import stream
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.files import read_arguments
from gridpact.settlement.allocation import Allocation
from gridpact.settlement.lines import digest, received
from gridpact.settlement.periods.energy import Inputs, Share
from gridpact.settlement.periods.rules import ALWAYS, Clause, Member, Rate, Rules, Supply, Tax
from gridpact.settlement.periods.settling import settle
from gridpact.settlement.sharing.keys import DefaultDynamic
from gridpact.settlement.sharing.keys import share as divided

ZONE = "Europe/Berlin"
CALENDAR = Calendar(ZONE, 900)
DAYS = [date(2026, 3, 1) + timedelta(days=each) for each in range(31)]
START = CALENDAR.midnight(DAYS[0])
PERIOD = Slots(START, 900, (CALENDAR.midnight(date(2026, 4, 1)) - START) // 900)
MOST_RATIO, MOST_MIB, MOST_SHARED = 3.0, 2048.0, 100_000
GROUP_ROWS = 250
QUERY = """
SELECT sum(w), sum(i), count(*) FROM (
    SELECT point, sum(list_sum(withdrawal_wh)) AS w, sum(list_sum(injection_wh)) AS i
    FROM '{}/*.parquet' GROUP BY point)
"""


def check(holds: bool, told: str) -> None:
    if not holds:
        raise SystemExit(told)


def points(meters: int) -> list[str]:
    return [f"DE{number:010}" for number in range(meters)]


def write_month(folder: Path, meters: int) -> None:
    """Write a day of 96 and one of 92 quarter-hours, and link the month to them."""
    import polars as pl

    draw = stream(7, "benchmark.settlement", meters)
    sun = draw.random(meters) < 0.2
    for count in (92, 96):
        need = draw.integers(0, 900, (meters, count), dtype=np.int32)
        given = draw.integers(0, 2_000, (meters, count), dtype=np.int32)
        given[~sun] = 0
        lists = pl.Array(pl.Int32, count)
        frame = pl.DataFrame(
            {
                "point": points(meters),
                "withdrawal_wh": pl.Series(need, dtype=lists).arr.to_list(),
                "injection_wh": pl.Series(given, dtype=lists).arr.to_list(),
            }
        )
        frame.write_parquet(folder / f"day-{count}", row_group_size=GROUP_ROWS, statistics=False)
    for day in DAYS:
        (folder / f"{day}.parquet").hardlink_to(folder / f"day-{CALENDAR.day(day).count}")


def rules_of(meters: int) -> Rules:
    """Return tariffs of every usual kind for all meters."""
    common = {"member": "member", "currency": "EUR"}
    supplier = {"supplier": "power", "import_price": "0.30 EUR/kWh", "export_price": "0.08 EUR/kWh"}
    network = {"dso": "grid", "state": "state", "outside": "0.08 EUR/kWh", "levy": "0.02 EUR/kWh"}
    standing = {
        "consumer": "member", "supplier": "power", "consumption": "0 Wh", "price": "0 EUR/kWh",
        "standing_charge": "9.90 EUR", "period": f"month@{ZONE}", "currency": "EUR",
    }  # fmt: skip
    contracts = {
        "supply": read_arguments("supplier-tariff", {**common, **supplier}),
        "grid": read_arguments(
            "local-network-tariff", {**common, **network, "local": "0.03 EUR/kWh"}
        ),
        "standing": read_arguments("flat-tariff", standing),
    }
    supplies = (Supply(ALWAYS, "power"),)
    return Rules(
        name="benchmark",
        currency="EUR",
        minor_nano=10**7,
        rounding="half-away",
        timezone=ZONE,
        step_s=900,
        parties={"power": "supplier", "grid": "dso", "state": "state"},
        members=tuple(Member(name, name, supplies=supplies) for name in points(meters)),
        clauses=tuple(Clause(name, to_bytes(each)) for name, each in contracts.items()),
        taxes=(Tax("vat", ("supply.supply", "grid", "standing"), (Rate(ALWAYS, 190_000),)),),
    )


def settled(folder: Path, meters: int, share: Share | None = None) -> dict[str, object]:
    """Settle the month; return what it came to."""
    rules = rules_of(meters)
    begun = time.perf_counter()
    source = DayFiles(folder, rules, PERIOD)
    found = settle(rules, PERIOD, Inputs(source.read, {}, share=share))
    seconds = time.perf_counter() - begun
    sums = [sum(table.values()) for table in received(found.lines).values()]
    check(not any(sums), "what is paid is not received")
    sums = [int(row.sum()) for row in found.energy_wh[:2]]
    return {
        "seconds": seconds,
        "sums": sums,
        "lines": len(found.lines),
        "digest": digest(found.lines),
    }


def shared(folder: Path, meters: int) -> dict[str, object]:
    """Settle the month with all surplus shared in proportion to need."""

    def share(_: Slots, surplus_wh: Ints, need_wh: Ints) -> Allocation:
        return divided(DefaultDynamic(), surplus_wh, need_wh)

    return settled(folder, meters, share)


def polars_sums(folder: Path, _: int) -> dict[str, object]:
    import polars as pl

    begun = time.perf_counter()
    columns = ("withdrawal_wh", "injection_wh")
    sums = [pl.col(name).list.sum().cast(pl.Int64) for name in columns]
    scan = pl.scan_parquet(folder / "*.parquet").select("point", *sums)
    frame = scan.group_by("point").agg(pl.col(columns).sum()).collect(engine="streaming")
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "sums": [int(frame[name].sum()) for name in columns]}


def duckdb_sums(folder: Path, _: int) -> dict[str, object]:
    import duckdb

    begun = time.perf_counter()
    ((withdrawn, injected, _),) = duckdb.connect().execute(QUERY.format(folder)).fetchall()
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "sums": [int(withdrawn), int(injected)]}


TASKS = {"settle": settled, "shared": shared, "polars": polars_sums, "duckdb": duckdb_sums}


def measured(task: str, folder: Path, meters: int) -> dict[str, object]:
    """Run a task in a process of its own; return what it found, with its peak memory [MiB]."""
    command = [sys.executable, __file__, "--task", task, "--folder", str(folder), str(meters)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def peak_mib() -> float:
    """Most memory this process has had [MiB].

    Where there is no ``/proc``, it is what getrusage tells, which for a process that another one
    started is at least the peak of that other one.
    """
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(task: str, folder: Path, meters: int) -> None:
    before = os.times()
    found = TASKS[task](folder, meters)
    after = os.times()
    found["cpu_s"] = after.user + after.system - before.user - before.system
    found["mib"] = peak_mib()
    print(json.dumps(found))


def number(value: object) -> float:
    check(isinstance(value, int | float), "not a number")
    return float(str(value))


def compare(meters: int, last: tuple[int, float] | None) -> tuple[float, float, float]:
    """Measure one size and print it; return seconds, ratio and peak memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_month(folder, meters)
        tasks = ("polars", "duckdb", "settle", *(("shared",) if meters <= MOST_SHARED else ()))
        found = {task: measured(task, folder, meters) for task in tasks}
    sums = [each["sums"] for each in found.values()]
    check(all(each == sums[0] for each in sums), "sums differ")
    seconds = {task: number(each["seconds"]) for task, each in found.items()}
    fastest = min(seconds["polars"], seconds["duckdb"])
    cells, mib = meters * PERIOD.count, number(found["settle"]["mib"])
    ratio = seconds["settle"] / fastest
    growth = (
        f", growth N^{np.log(seconds['settle'] / last[1]) / np.log(meters / last[0]):.2f}"
        if last
        else ""
    )
    print(
        f"{meters:>9,} meters: settled in {seconds['settle']:.2f} s "
        f"({cells / seconds['settle'] / 1e6:,.0f} million meter-slots/s, {mib:,.0f} MiB{growth}); "
        f"sums alone: Polars {seconds['polars']:.2f} s, DuckDB {seconds['duckdb']:.2f} s: "
        f"{ratio:.2f}× the faster"
    )
    if "shared" in found:
        beside, room = seconds["shared"], number(found["shared"]["mib"])
        times = beside / seconds["settle"]
        print(f"           shared by need as well: {beside:.2f} s, {times:.1f}× ({room:,.0f} MiB)")
    cpu = {task: number(each["cpu_s"]) for task, each in found.items()}
    used = ", ".join(f"{task} {each:.1f} s" for task, each in cpu.items())
    print(f"           {found['settle']['lines']:,} lines; CPU: {used}")
    return seconds["settle"], ratio, mib


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("meters", nargs="?", type=int)
    arguments.add_argument("--quick", action="store_true", help="1,000 and 10,000 meters")
    arguments.add_argument("--large", action="store_true", help="a million meters as well")
    arguments.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    arguments.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.task:
        one(given.task, given.folder, given.meters)
        return
    sizes = [1_000, 10_000] if given.quick else [10_000, 100_000]
    sizes = [given.meters] if given.meters else sizes + ([1_000_000] if given.large else [])
    last: tuple[int, float] | None = None
    for meters in sizes:
        seconds, ratio, mib = compare(meters, last)
        last = meters, seconds
        check(mib < MOST_MIB, f"{mib:,.0f} MiB, more than {MOST_MIB:,.0f}")
        if ratio > MOST_RATIO:
            print(f"           the aim is {MOST_RATIO:.0f}×")


if __name__ == "__main__":
    main()
