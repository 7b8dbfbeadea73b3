"""``gridpact books pay|draw|reverse|tokens``: money that moves beside settlement."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import msgspec

from gridpact.app.books.accounts import Accounts, balances_of
from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_money import (
    ON,
    REF,
    account_of,
    booking_options,
    do,
    minor_of,
    value_of,
)
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.base.errors import BadInput, Fault
from gridpact.settlement.accounts import transfers
from gridpact.settlement.accounts.transfers import Transfer
from gridpact.settlement.periods.rules import Rules


class _Asked(msgspec.Struct, frozen=True):
    """What is to be paid, as it was typed."""

    amount: str
    received: str
    made: str
    sides: tuple[str, str] | None
    day: datetime | None
    note: str

    def transfer(self, accounts: Accounts, name: str, rules: Rules) -> Transfer:
        """Return the transfer that it comes to."""
        money, value_s = minor_of(self.amount, rules), value_of(self.day, rules)
        if self.sides:
            sides = tuple(account_of(accounts.chart, side) for side in self.sides)
            return transfers.moved(name, value_s, (sides[0], sides[1]), money, "moved", self.note)
        account = account_of(accounts.chart, self.received or self.made)
        if self.received:
            return transfers.received(name, value_s, account, money, self.note)
        balances = accounts.standing.balances
        return transfers.made(name, value_s, account, money, balances, self.note)


@click.command(
    short_help="Book a payment, or move money between accounts.",
    epilog="""\b
Examples:
  gridpact books pay lane 31.80 --received bakery --on 2026-04-14 --ref bank-4711
  gridpact books pay lane 50 --received deposit:bakery
  gridpact books pay lane 21.94 --made power-co
  gridpact books pay lane 12.50 --received suspense:bank --note "who is this from?"
  gridpact books pay lane 12.50 --move suspense:bank bakery""",
)
@BOOK
@click.argument("amount")
@click.option("--received", default="", metavar="ACCOUNT", help="It came to the bank, for this.")
@click.option("--made", default="", metavar="ACCOUNT", help="It left the bank, for this.")
@click.option("--move", "sides", nargs=2, metavar="FROM TO", help="It moved between these.")
@booking_options
@output_options
def pay(
    folder: Path,
    amount: str,
    received: str,
    made: str,
    sides: tuple[str, str] | None,
    day: datetime | None,
    ref: str,
    note: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Book a payment of AMOUNT into BOOK.

    An account is a member or party, for its current account, or one such as deposit:bakery,
    prepayment:bakery or suspense:bank. A payment is refused (exit code 1) where it would take what
    is not available, and where its --ref was booked already.
    """
    if sum(map(bool, (received, made, sides))) != 1:
        problem, fix = "it is not told what was paid", "give one of --received, --made, --move"
        raise BadInput([Fault("arguments", 0, "", problem, fix)])
    asked = _Asked(amount, received, made, sides, day, note)
    do(
        folder,
        lambda accounts, name, rules: asked.transfer(accounts, ref or name, rules),
        as_json=as_json,
        quiet=quiet,
    )


@click.command(
    short_help="Draw members' prepayments down against what they owe.",
    epilog="\b\nExamples:\n  gridpact books draw lane\n  gridpact books draw lane --on 2026-04-14",
)
@BOOK
@ON
@output_options
def draw(folder: Path, day: datetime | None, as_json: bool, quiet: bool) -> None:
    """Draw down each prepayment of BOOK, as far as it goes, against what its member owes."""
    book = Book.open(folder)
    rules = book.rules().rules
    if _drawn(balances_of(book), "", rules, day) is not None:
        do(
            folder,
            lambda accounts, name, rules: _something(_drawn(accounts, name, rules, day), folder),
            as_json=as_json,
            quiet=quiet,
        )
    elif as_json:
        say_json({"booked": False})
    elif not quiet:
        say("there is nothing to draw")


def _something(drawn: Transfer | None, folder: Path) -> Transfer:
    if drawn is None:
        fix = "look what is left: gridpact books accounts BOOK"
        raise BadInput([Fault(str(folder), 0, "", "somebody drew everything meanwhile", fix)])
    return drawn


def _drawn(accounts: Accounts, name: str, rules: Rules, day: datetime | None) -> Transfer | None:
    standing, currency = accounts.standing, rules.currency
    members = {
        member: (
            standing.available(f"prepayment:{member}", currency),
            standing.balances.get((f"member:{member}", currency), 0),
        )
        for member, role in accounts.chart.roles.items()
        if role == "member"
    }
    return transfers.drawn_down(name, value_of(day, rules), currency, members)


@click.command(
    short_help="Take a payment back by a transfer of its own.",
    epilog="\b\nExample:\n  gridpact books reverse lane bank-4711 --note 'returned by the bank'",
)
@BOOK
@click.argument("payment")
@booking_options
@output_options
def reverse(
    folder: Path,
    payment: str,
    day: datetime | None,
    ref: str,
    note: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Take back PAYMENT, the identifier of a transfer of BOOK; both stay in the book."""

    def make(accounts: Accounts, name: str, rules: Rules) -> Transfer:
        booked = accounts.standing.transfers.get(payment)
        if booked is not None:
            return transfers.reversal(ref or name, value_of(day, rules), booked, note)
        fix = "name one: gridpact books statement BOOK bank:main"
        raise BadInput([Fault(str(folder), 0, payment, "there is no such transfer", fix)])

    do(folder, make, as_json=as_json, quiet=quiet)


@click.command(
    short_help="Issue utility tokens for money, or redeem them.",
    epilog="""\b
Examples:
  gridpact books tokens lane bakery "100 SUN" --for 25
  gridpact books tokens lane bakery "40 SUN" --for 10 --redeem""",
)
@BOOK
@click.argument("account")
@click.argument("tokens")
@click.option("--for", "price", required=True, metavar="AMOUNT", help="Money they are worth.")
@click.option("--redeem", is_flag=True, help="Redeem them instead.")
@ON
@REF
@output_options
def tokens(
    folder: Path,
    account: str,
    tokens: str,
    price: str,
    redeem: bool,
    day: datetime | None,
    ref: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Issue TOKENS to the member ACCOUNT for money that it is owed, or redeem them for money.

    The money is kept apart for as long as the tokens are out, and no more can be redeemed for them
    than was kept.
    """

    def make(accounts: Accounts, name: str, rules: Rules) -> Transfer:
        current = account_of(accounts.chart, account)
        count, money = minor_of(tokens, rules, "TOKEN"), minor_of(price, rules)
        if not current.startswith("member:") or count[1] == rules.currency:
            problem, fix = "tokens are a member's, with a name of their own", 'write "100 SUN"'
            raise BadInput([Fault("arguments", 0, tokens, problem, fix)])
        done = transfers.burnt if redeem else transfers.minted
        return done(ref or name, value_of(day, rules), current, count, money)

    do(folder, make, as_json=as_json, quiet=quiet)
