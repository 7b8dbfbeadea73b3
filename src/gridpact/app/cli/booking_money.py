"""Accounts, amounts and days as the commands on a book's money take and tell them."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from gridpact.app.books.accounts import Accounts, operate
from gridpact.app.books.folder import Book
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, say, say_json
from gridpact.app.invoicing.words import amount
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar
from gridpact.settlement.accounts.chart import Chart
from gridpact.settlement.accounts.postings import Postings
from gridpact.settlement.accounts.standing import Capture, Hold, Limit, Operation, Release
from gridpact.settlement.periods.rules import Rules

AT = click.option("--at", "at", type=MOMENT, help="What counted then.  [default: all]")
KNOWN_AT = click.option("--known-at", type=MOMENT, help="As the book knew it then.  [default: now]")
ON = click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Day it counts from.  [default: today]"
)
REF = click.option("--ref", default="", help="Identifier, such as the bank's.  [default: a number]")
NOTE = click.option("--note", default="", help="What it is for.")
F = TypeVar("F", bound=Callable[..., Any])
_AMOUNT = re.compile(r"([0-9]{1,15})(?:[.]([0-9]{1,9}))?(?: ([A-Z][A-Z0-9]{0,15}))?")


def booking_options(command: F) -> F:
    """Give a command the day, the identifier and the words of what it books."""
    for option in (NOTE, REF, ON):
        command = option(command)
    return command


def account_of(chart: Chart, text: str) -> str:
    """Return an account by its name, or the current account of who is named; BadInput for none."""
    found = chart.current(text) if text in chart.roles else text
    if problem := chart.problem(found):
        fix = "name a member or party, or an account: gridpact books accounts BOOK"
        raise BadInput([Fault("arguments", 0, text, problem, fix)])
    return found


def minor_of(text: str, rules: Rules, unit: str = "") -> tuple[int, str]:
    """Return an amount such as ``31.80`` or ``31.80 EUR`` in minor units, with its currency.

    ``unit`` "" is the currency of the rules; BadInput for anything else than an exact amount.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise _wrong(text, "is not an amount", "write one such as 31.80")
    if found[3] and not unit and found[3] != rules.currency:
        raise _wrong(text, f"the book is kept in {rules.currency}", f"write {rules.currency}")
    minor = Fraction(f"{found[1]}.{found[2] or 0}") * 1_000_000_000 / rules.minor_nano
    if minor.denominator != 1 or not 0 < minor < 2**62:
        raise _wrong(text, "is no whole number of minor units above nothing", "write fewer digits")
    return int(minor), found[3] or unit or rules.currency


def _wrong(text: str, problem: str, fix: str) -> BadInput:
    return BadInput([Fault("arguments", 0, text[:40], problem, fix)])


def value_of(day: datetime | None, rules: Rules) -> int:
    """Return the local midnight from which something counts; of today where no day is named."""
    calendar = Calendar(rules.timezone, rules.step_s)
    return calendar.midnight(day.date() if day else calendar.date_of(int(time.time())))


def day_of(value_s: int, rules: Rules) -> str:
    """Write the local day of an instant."""
    return Calendar(rules.timezone, rules.step_s).date_of(value_s).isoformat()


def seen(
    postings: Postings, rules: Rules, at: datetime | None, known_at: datetime | None
) -> Postings:
    """Return the postings that counted at an instant as they were known at another."""
    bounds = [
        None if moment is None else epoch_of(moment, rules.timezone, option)
        for moment, option in ((at, "--at"), (known_at, "--known-at"))
    ]
    return postings.at(*bounds)


def do(
    folder: Path,
    make: Callable[[Accounts, str, Rules], Operation],
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Book an operation and say so; exit with 1 where it is refused."""
    book = Book.open(folder)
    rules = book.rules().rules
    operation, refused = operate(book, lambda accounts, name: make(accounts, name, rules))
    if as_json:
        say_json({"booked": not refused, "refused": refused, "operation": operation})
    elif refused:
        say(f"{mark(good=False)} {harmless(f'refused: {refused}')}", err=True)
    elif not quiet:
        for line in told(operation, rules):
            say(f"{mark(good=True)} {harmless(line)}")
    if refused:
        sys.exit(1)


def told(operation: Operation, rules: Rules) -> list[str]:
    """Tell what an operation did."""
    match operation:
        case Hold():
            return [f"hold {operation.id}: {_money(operation, rules)} on {operation.account}"]
        case Limit():
            return [f"{operation.account} may be drawn {_money(operation, rules)} below nothing"]
        case Release():
            return [f"hold {operation.hold} is released"]
        case Capture():
            taken = amount(operation.minor, rules)
            return [f"{taken} of hold {operation.hold} went to {operation.to}"]
    legs = [
        f"{amount(abs(leg.minor), rules)} {leg.currency} {side} {leg.account}"
        for leg in operation.legs
        for side in ("debit" if leg.minor > 0 else "credit",)
    ]
    return [f"{operation.kind} {operation.id}: {', '.join(legs)}"]


def _money(operation: Hold | Limit, rules: Rules) -> str:
    return f"{amount(operation.minor, rules)} {operation.currency}"


class Shown(msgspec.Struct, frozen=True):
    """An account as it stands [minor units]; ``limit`` None where nothing bounds it."""

    account: str
    currency: str
    credit: int
    held: int
    available: int
    limit: int | None
