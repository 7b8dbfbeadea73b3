"""Speed of a treasurer's commands on books of many members: settle, bill, balance, pay, verify.

A book of two contracts and a tax is settled for twelve months, each from the same readings of one
day, and its last month is billed. Printed for each size, in one run, is CPU time of settling one
month, issuing its bills, showing the balance of all accounts for the first time and again, one
payment, and `books verify` of the year, with how each grows with the number of members. A day of
hours stands for a month. Balances are asserted to be those of all lines, and to sum to zero.

Run ``python benchmarks/billing.py``; ``--quick`` for 300 and 1,000 members.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gridpact.app.books.accounts import accounts_of, balances_of, operate
from gridpact.app.books.folder import Book
from gridpact.app.books.settling import Asked, run_period
from gridpact.app.books.verifying import verify
from gridpact.app.invoicing.issuing import Asked as Billed
from gridpact.app.invoicing.issuing import invoice_period
from gridpact.base.slots import Calendar
from gridpact.settlement.accounts.transfers import moved

MONTHS = 12
NOW_S = 1_775_000_000  # after the twelve days that stand for months
CALENDAR = Calendar("UTC", 3600)
RULES = """\
gridpact: books/1
name: billing
currency: EUR
timezone: UTC
slot_minutes: 60
readings: days
parties: {lane: operator, power: supplier, grid: dso, state: state}
members: members.parquet
contracts:
  - name: supply
    product: supplier-tariff
    with:
      {member: member, supplier: power, import_price: 0.30 EUR/kWh, export_price: 0.08 EUR/kWh}
  - name: grid
    product: local-network-tariff
    with:
      {member: member, dso: grid, state: state, outside: 0.08 EUR/kWh, local: 0.03 EUR/kWh,
       levy: 0.02 EUR/kWh}
taxes:
  - {name: vat, on: [supply.supply, grid.network], rates: [{percent: 19, from: 2020-01-01}]}
"""


def write(folder: Path, members: int) -> list[str]:
    """Write rules, members and readings; return the days."""
    import polars as pl

    names = [f"home-{number:06}" for number in range(members)]
    pl.DataFrame({"id": names, "supplier": "power"}).write_parquet(folder / "members.parquet")
    (folder / "rules.yaml").write_text(RULES)
    (folder / "days").mkdir()
    draw = np.random.default_rng(7)
    lists = pl.Array(pl.Int32, 24)
    taken, given = (draw.integers(0, most, (members, 24), np.int32) for most in (900, 400))
    frame = pl.DataFrame({"point": names}).with_columns(
        pl.Series("withdrawal_wh", taken, dtype=lists).arr.to_list(),
        pl.Series("injection_wh", given, dtype=lists).arr.to_list(),
    )
    frame.write_parquet(folder / "days" / "day", row_group_size=250)
    days = [f"2026-03-{day:02}" for day in range(1, MONTHS + 1)]
    for day in days:
        (folder / "days" / f"{day}.parquet").hardlink_to(folder / "days" / "day")
    return days


def measured(folder: Path, members: int) -> dict[str, float]:
    """Return CPU seconds of each command."""
    days = write(folder, members)
    book, found = Book.create(folder, None), dict[str, float]()

    def took(name: str, do: Callable[[], object]) -> object:
        begun = time.process_time()
        done = do()
        found[name] = time.process_time() - begun
        return done

    for day in days[:-1]:
        run_period(book, Asked(day, NOW_S, NOW_S))
    took("settle a period", lambda: run_period(book, Asked(days[-1], NOW_S, NOW_S)))
    took("bill it", lambda: invoice_period(book, Billed(days[-1], NOW_S)))
    took("first balance", lambda: balances_of(book))
    kept = balances_of(book).standing.balances
    took("balance", lambda: balances_of(book))
    whole = accounts_of(book).standing.balances
    check(kept == whole, "balances are not those of all lines")
    check(sum(kept.values()) == 0, "balances do not sum to zero")
    sides = ("bank:main", "member:home-000001")
    took("a payment", lambda: operate(book, lambda _, name: moved(name, NOW_S, sides, (5, "EUR"))))
    checks = took("verify", lambda: verify(book))
    check(isinstance(checks, list) and all(each.good for each in checks), "the book does not hold")
    return found


def check(holds: bool, told: str) -> None:
    if not holds:
        sys.exit(told)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("members", nargs="*", type=int)
    arguments.add_argument("--quick", action="store_true", help="300 and 1,000 members")
    given = arguments.parse_args()
    sizes = given.members or ([300, 1_000] if given.quick else [1_000, 10_000, 100_000])
    last: tuple[int, dict[str, float]] | None = None
    for members in sizes:
        with tempfile.TemporaryDirectory() as name:
            found = measured(Path(name), members)
        print(f"{members:,} members, {MONTHS} runs", flush=True)
        for name, seconds in found.items():
            growth = ""
            if last is not None:
                power = np.log(seconds / last[1][name]) / np.log(members / last[0])
                growth = f"growth N^{power:.2f}"
            print(f"  {name:16} CPU {seconds:8.2f} s  {growth}", flush=True)
        last = members, found


if __name__ == "__main__":
    main()
