"""``gridpact books hold|release|limit``: collateral and credit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.books.accounts import Accounts
from gridpact.app.cli.booking_money import (
    ON,
    account_of,
    booking_options,
    do,
    minor_of,
    value_of,
)
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.output import output_options
from gridpact.base.errors import BadInput, Fault
from gridpact.settlement.accounts.standing import Capture, Hold, Limit, Release
from gridpact.settlement.periods.rules import Rules


@click.command(
    short_help="Set money on an account aside as collateral.",
    epilog="""\b
Examples:
  gridpact books hold lane deposit:bakery 30 --ref flex-april
  gridpact books hold lane bakery 5 --note 'order of May'""",
)
@BOOK
@click.argument("account")
@click.argument("amount")
@booking_options
@output_options
def hold(
    folder: Path,
    account: str,
    amount: str,
    day: datetime | None,
    ref: str,
    note: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Hold AMOUNT on ACCOUNT: it stays there, but is not available until released or captured.

    It is refused (exit code 1) where less is available.
    """

    def make(accounts: Accounts, name: str, rules: Rules) -> Hold:
        found, (minor, currency) = account_of(accounts.chart, account), minor_of(amount, rules)
        return Hold(ref or name, found, currency, minor, value_of(day, rules), note)

    do(folder, make, as_json=as_json, quiet=quiet)


@click.command(
    short_help="Release a hold, or capture what it holds.",
    epilog="""\b
Examples:
  gridpact books release lane flex-april
  gridpact books release lane flex-april --capture 12.50 --to lane-community""",
)
@BOOK
@click.argument("name", metavar="HOLD")
@click.option("--capture", default="", metavar="AMOUNT", help="Take this much of it.")
@click.option("--to", "account", default="", metavar="ACCOUNT", help="Where that goes.")
@booking_options
@output_options
def release(
    folder: Path,
    name: str,
    capture: str,
    account: str,
    day: datetime | None,
    ref: str,
    note: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """End HOLD: what it held is available again, but for what is captured of it."""
    if bool(capture) != bool(account):
        problem, fix = "a capture says how much goes where", "give both --capture and --to"
        raise BadInput([Fault("arguments", 0, "", problem, fix)])

    def make(accounts: Accounts, free: str, rules: Rules) -> Release | Capture:
        _check(accounts, name)
        value_s = value_of(day, rules)
        if not capture:
            return Release(ref or free, name, value_s)
        minor, _ = minor_of(capture, rules)
        to = account_of(accounts.chart, account)
        return Capture(ref or free, name, to, minor, value_s, note)

    do(folder, make, as_json=as_json, quiet=quiet)


def _check(accounts: Accounts, name: str) -> None:
    holds = accounts.standing.holds
    if name not in holds:
        fix = f"name one of {', '.join(sorted(holds))}" if holds else "there is none to release"
        raise BadInput([Fault("arguments", 0, name, "there is no such hold", fix)])


@click.command(
    short_help="Say how far an account may be drawn below nothing.",
    epilog="\b\nExample:\n  gridpact books limit lane bakery 100",
)
@BOOK
@click.argument("account")
@click.argument("amount")
@ON
@output_options
def limit(
    folder: Path, account: str, amount: str, day: datetime | None, as_json: bool, quiet: bool
) -> None:
    """Let ACCOUNT be drawn AMOUNT below nothing, 0 for no further than what its holder is owed.

    A limit is not lowered below what is drawn already.
    """

    def make(accounts: Accounts, name: str, rules: Rules) -> Limit:
        found = account_of(accounts.chart, account)
        minor, currency = (0, rules.currency) if amount == "0" else minor_of(amount, rules)
        return Limit(name, found, currency, minor, value_of(day, rules))

    do(folder, make, as_json=as_json, quiet=quiet)
