"""``gridpact books accounts|balance|statement``: what the accounts of a book come to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.books.accounts import Accounts, balances_of
from gridpact.app.books.accounts import accounts_of as read_accounts
from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_money import AT, KNOWN_AT, Shown, account_of, day_of, seen, value_of
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.invoicing.words import amount
from gridpact.settlement.accounts.balance import (
    Movement,
    Row,
    statement,
    totals,
    trial_balance,
    unbalanced,
)
from gridpact.settlement.periods.rules import Rules


@click.command(
    short_help="List what is owed, held and available.",
    epilog="""\b
Examples:
  gridpact books accounts lane
  gridpact books accounts lane --json""",
)
@BOOK
@output_options
def accounts(folder: Path, as_json: bool, quiet: bool) -> None:
    """List the accounts of BOOK as they stand after all that was booked.

    What is available is what the holder is owed less what is held; an account may be drawn as far
    below nothing as its limit says.
    """
    book = Book.open(folder)
    rules = book.rules().rules
    found = _standing(balances_of(book))
    if as_json:
        say_json(found)
    elif not quiet:
        for line in _accounts_table(found, rules):
            say(harmless(line))


def _standing(accounts: Accounts) -> list[Shown]:
    standing = accounts.standing
    held = {(hold.account, hold.currency) for hold in standing.holds.values()}
    keys = {*standing.balances, *standing.limits, *held}
    return [
        Shown(
            *key,
            -standing.balances.get(key, 0),
            standing.held(*key),
            standing.available(*key),
            standing.limit(*key),
        )
        for key in sorted(keys)
    ]


def _accounts_table(found: list[Shown], rules: Rules) -> list[str]:
    if not found:
        return [f"{rules.name}: nothing was booked yet"]
    rows: list[Sequence[str]] = [("account", "", "is owed", "held", "available", "limit")]
    for each in found:
        money = [amount(minor, rules) for minor in (each.credit, each.held, each.available)]
        limit = "none" if each.limit is None else amount(each.limit, rules)
        rows.append((each.account, each.currency, *money, limit))
    return aligned(rows, right=(2, 3, 4, 5))


@click.command(
    short_help="Show the trial balance at an instant.",
    epilog="""\b
Examples:
  gridpact books balance lane
  gridpact books balance lane --at 2026-04-15T00:00
  gridpact books balance lane --at 2026-04-15T00:00 --known-at 2026-04-20T12:00 --json""",
)
@BOOK
@AT
@KNOWN_AT
@output_options
def balance(
    folder: Path, at: datetime | None, known_at: datetime | None, as_json: bool, quiet: bool
) -> None:
    """Show what every account was debited and credited with, and that both are the same in sum.

    --at takes what counted then, by value date: a run from the last day of its period, a payment
    from its day. --known-at takes what was in the book then. The exit code is 1 where it does not
    hold.
    """
    book = Book.open(folder)
    rules = book.rules().rules
    postings = seen(balances_of(book).postings, rules, at, known_at)
    rows, good = trial_balance(postings), not len(unbalanced(postings))
    good = good and not any(totals(rows).values())
    if as_json:
        say_json({"rows": rows, "balanced": good})
    elif not quiet:
        for line in _balance_table(rows, rules):
            say(harmless(line))
    if not as_json and (not quiet or not good):
        say(f"{mark(good=good)} every transfer balances, and so does all of the book")
    sys.exit(0 if good else 1)


def _balance_table(rows: list[Row], rules: Rules) -> list[str]:
    table: list[Sequence[str]] = [("account", "", "debit", "credit", "balance")]
    for row in rows:
        money = (amount(minor, rules) for minor in (row.debit, row.credit, row.balance))
        table.append((row.account, row.currency, *money))
    for unit, sums in totals(rows).items():
        mine = [row for row in rows if row.currency == unit]
        debit, credit = sum(row.debit for row in mine), sum(row.credit for row in mine)
        told = (amount(minor, rules) for minor in (debit, credit, sums))
        table.append(("in sum", unit, *told))
    return aligned(table, right=(2, 3, 4))


@click.command(
    "statement",
    short_help="Show every change of an account.",
    epilog="""\b
Examples:
  gridpact books statement lane bakery
  gridpact books statement lane deposit:bakery --from 2026-04-01
  gridpact books statement lane bakery --known-at 2026-04-20T12:00 --json""",
)
@BOOK
@click.argument("account")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@AT
@KNOWN_AT
@click.option("--currency", default="", help="Currency or token.  [default: the book's]")
@output_options
def show_statement(
    folder: Path,
    account: str,
    first: datetime | None,
    at: datetime | None,
    known_at: datetime | None,
    currency: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show what changed on ACCOUNT and what its holder is owed after each change.

    ACCOUNT is a member or party, for its current account, or an account such as deposit:bakery.
    A negative balance is what the holder owes.
    """
    book = Book.open(folder)
    rules, found = book.rules().rules, read_accounts(book)
    name, unit = account_of(found.chart, account), currency or rules.currency
    from_s = None if first is None else value_of(first, rules)
    told = statement(seen(found.postings, rules, at, known_at), name, unit, from_s)
    if as_json:
        say_json({"account": name, "currency": unit, "opening": told[0], "movements": told[1]})
    elif not quiet:
        for line in _statement_table(name, unit, told, rules):
            say(harmless(line))


def _statement_table(
    name: str, unit: str, told: tuple[int, list[Movement]], rules: Rules
) -> list[str]:
    opening, movements = told
    rows = [("day", "from", unit, "is owed"), ("", "at first", "", amount(opening, rules))]
    for each in movements:
        money = amount(each.minor, rules), amount(each.balance, rules)
        rows.append((day_of(each.value_s, rules), each.source, *money))
    return [name, *aligned(rows, right=(2, 3), indent=2)]
