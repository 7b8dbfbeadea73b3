"""``gridpact books``: the money of a community, month by month."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "accounts": Later("booking_accounts:accounts", "List what is owed, held and available."),
    "anchor": Later("booking_anchor:anchor", "Put the roots of runs on a ledger."),
    "balance": Later("booking_accounts:balance", "Show the trial balance at an instant."),
    "draw": Later("booking_pay:draw", "Draw members' prepayments down against what they owe."),
    "hold": Later("booking_holds:hold", "Set money on an account aside as collateral."),
    "limit": Later("booking_holds:limit", "Say how far an account may be drawn below nothing."),
    "pay": Later("booking_pay:pay", "Book a payment, or move money between accounts."),
    "prove": Later("booking_anchor:prove", "Write the proof of a bill, of readings or of terms."),
    "release": Later("booking_holds:release", "Release a hold, or capture what it holds."),
    "reverse": Later("booking_pay:reverse", "Take a payment back by a transfer of its own."),
    "statement": Later("booking_accounts:show_statement", "Show every change of an account."),
    "tokens": Later("booking_pay:tokens", "Issue utility tokens for money, or redeem them."),
    "init": Later("booking_init:init", "Begin a book from a file of rules."),
    "status": Later("booking_status:status", "List the periods of a book and what is due."),
    "verify": Later("booking_verify:verify", "Recompute every run of a book and check its sums."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Keep a community's money: begin, look into and check a book.",
    epilog="""\b
Examples:
  gridpact books init lane --rules rules.yaml
  gridpact settle lane --period 2026-03
  gridpact books status lane
  gridpact books accounts lane
  gridpact books verify lane""",
)
def books() -> None:
    """Keep the money of one community in a book.

    A BOOK is a folder: the rules, a journal of all bookings, and every settlement run with what
    it was made of. Periods are settled into it: gridpact settle BOOK --period 2026-03.
    """
