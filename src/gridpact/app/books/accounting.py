"""A book's double entry for accountants: a table with a row for each leg, and a plain-text ledger.

The ledger is written for Beancount (https://beancount.github.io): every transfer is a transaction,
and what each account comes to is asserted at the end, so that ``bean-check`` proves both.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from gridpact.base.slots import Calendar, iso
from gridpact.settlement.accounts.balance import balances
from gridpact.settlement.accounts.chart import UNBOUNDED
from gridpact.settlement.accounts.postings import Postings
from gridpact.settlement.periods.rules import Rules

COLUMNS = ("transfer", "day", "booked", "source", "account", "debit", "credit", "currency")
_ODD = re.compile(r"[^A-Za-z0-9-]")


def table(postings: Postings, rules: Rules) -> bytes:
    """Return legs as CSV, by day and transfer; amounts with all decimals of the minor unit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, legs in enumerate(transfers(postings), start=1):
        for leg in legs:
            minor = int(postings.minor[leg])
            sides = (decimal(minor, rules), "") if minor > 0 else ("", decimal(-minor, rules))
            told = (_day(postings, leg, rules), iso(int(postings.known_s[leg])))
            names = (source_of(postings, leg), _account(postings, leg))
            writer.writerow((number, *told, *names, *sides, _currency(postings, leg)))
    return text.getvalue().encode()


def ledger(postings: Postings, rules: Rules) -> bytes:
    """Return a book as a Beancount file, with the balance of every account asserted at its end."""
    names = _names(postings.accounts)
    days = [_day(postings, leg, rules) for leg in range(len(postings))]
    first, last = min(days, default=date.min), max(days, default=date.min)
    lines = [f'option "title" "{rules.name}"', f'option "operating_currency" "{rules.currency}"']
    lines += [f'{first} open {names[each]}\n  account: "{each}"' for each in postings.accounts]
    for legs in transfers(postings):
        lines.append(f'{_day(postings, legs[0], rules)} * "{source_of(postings, legs[0])}"')
        for leg in legs:
            amount = f"{decimal(int(postings.minor[leg]), rules)} {_currency(postings, leg)}"
            lines.append(f"  {names[_account(postings, leg)]}  {amount}")
    after = last + timedelta(days=1) if days else last
    for (account, unit), minor in sorted(balances(postings).items()):
        lines.append(f"{after} balance {names[account]}  {decimal(minor, rules)} {unit}")
    return ("\n".join(lines) + "\n").encode()


def transfers(postings: Postings) -> Iterator[list[int]]:
    """Yield the legs of each transfer, by value date."""
    if not len(postings):
        return
    order = np.lexsort((postings.transfer, postings.known_s, postings.value_s))
    edges = np.flatnonzero(np.diff(postings.transfer[order])) + 1
    for part in np.split(order, edges):
        yield part.tolist()


def _names(accounts: tuple[str, ...]) -> dict[str, str]:
    """Return accounts as Beancount spells them, no two alike."""
    found: dict[str, str] = {}
    for account in accounts:
        root = "Assets" if account in UNBOUNDED else "Liabilities"
        parts = (_ODD.sub("-", part) for part in account.split(":"))
        name = ":".join([root, *(part[0].upper() + part[1:] for part in parts)])
        while name in found.values():
            name += "-"
        found[account] = name
    return found


def _day(postings: Postings, leg: int, rules: Rules) -> date:
    return local_day(postings.value_s[leg], rules)


def local_day(at_s: int | np.int64, rules: Rules) -> date:
    """Return the local day of an instant [s since the epoch]."""
    return Calendar(rules.timezone, rules.step_s).date_of(int(at_s))


def source_of(postings: Postings, leg: int) -> str:
    """Return what a leg is from, without signs that a plain-text ledger takes for its own."""
    return postings.sources[int(postings.source[leg])].replace('"', "'").replace("\\", "/")


def _account(postings: Postings, leg: int) -> str:
    return postings.accounts[int(postings.account[leg])]


def _currency(postings: Postings, leg: int) -> str:
    return postings.currencies[int(postings.currency[leg])]


def decimal(minor: int, rules: Rules) -> str:
    """Write minor units exactly, such as ``-31.80``."""
    per = 1_000_000_000 // rules.minor_nano
    digits = len(str(per)) - 1
    rest = f".{abs(minor) % per:0{digits}}" if digits else ""
    return f"{'-' if minor < 0 else ''}{abs(minor) // per}{rest}"
