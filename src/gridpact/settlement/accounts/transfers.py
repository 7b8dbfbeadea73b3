"""Transfers: the only way in which an account changes.

A transfer has legs that sum to zero in each currency. What was booked is never edited: it is
reversed by a transfer of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gridpact.settlement.accounts.chart import BACKING, BANK, ISSUED, Chart

Balances = Mapping[tuple[str, str], int]
"""Sums of debits less credits by account and currency [minor units]."""


class Leg(msgspec.Struct, frozen=True):
    """A change of one account: a debit is positive, a credit negative [minor units]."""

    account: str
    currency: str
    minor: int


class Transfer(msgspec.Struct, frozen=True, tag="transfer"):
    """Legs that take effect together.

    ``id`` is given once in a book; ``value_s`` [s since the epoch] is from when it counts.
    ``kind`` says what happened, such as ``received`` or ``reversal``, ``note`` what for; ``of``
    names the transfer that a reversal takes back.
    """

    id: str
    kind: str
    value_s: int
    legs: tuple[Leg, ...]
    note: str = ""
    of: str = ""


def problem(transfer: Transfer, chart: Chart) -> str:
    """Tell why a transfer cannot be one; ``""`` where it is well formed."""
    sums: dict[str, int] = {}
    for leg in transfer.legs:
        found = chart.problem(leg.account)
        if found or not leg.minor:
            return found or f"nothing moves on {leg.account}"
        sums[leg.currency] = sums.get(leg.currency, 0) + leg.minor
    if len(transfer.legs) < 2:
        return "a transfer has two legs at least"
    over = next((f"{total} {name}" for name, total in sums.items() if total), "")
    return f"its legs sum to {over} minor units, not to zero" if over else ""


def moved(
    name: str,
    value_s: int,
    sides: tuple[str, str],
    amount: tuple[int, str],
    kind: str = "moved",
    note: str = "",
) -> Transfer:
    """Return a transfer of an amount (minor units, currency) between accounts.

    ``sides`` are the account that gives, which is debited, and the one that gets.
    """
    minor, currency = amount
    legs = (Leg(sides[0], currency, minor), Leg(sides[1], currency, -minor))
    return Transfer(name, kind, value_s, legs, note)


def received(
    name: str, value_s: int, account: str, amount: tuple[int, str], note: str = ""
) -> Transfer:
    """Return the receipt of an amount (minor units, currency) at the bank, for an account."""
    return moved(name, value_s, (BANK, account), amount, "received", note)


def made(
    name: str,
    value_s: int,
    account: str,
    amount: tuple[int, str],
    balances: Balances,
    note: str = "",
) -> Transfer:
    """Return a payment from the bank to who holds an account.

    What it holds on accounts of taxes is paid out first, and the rest from its current account,
    so that each tax account shows what was collected and not yet handed over.
    """
    left, currency = amount
    legs = []
    holder = account.partition(":")[2]
    for (name_, unit), balance in sorted(balances.items()):
        if unit == currency and name_.startswith(f"tax:{holder}:") and balance < 0 and left > 0:
            part = min(left, -balance)
            legs.append(Leg(name_, currency, part))
            left -= part
    if left:
        legs.append(Leg(account, currency, left))
    legs.append(Leg(BANK, currency, -amount[0]))
    return Transfer(name, "made", value_s, tuple(legs), note)


def drawn_down(
    name: str, value_s: int, currency: str, members: Mapping[str, tuple[int, int]]
) -> Transfer | None:
    """Return the draw-down of members' prepayments against what they owe; None where it is none.

    ``members`` says what each has prepaid and what it owes [minor units].
    """
    legs = []
    for member, (prepaid, owed) in sorted(members.items()):
        if (minor := min(prepaid, owed)) > 0:
            legs.append(Leg(f"prepayment:{member}", currency, minor))
            legs.append(Leg(f"member:{member}", currency, -minor))
    return Transfer(name, "drawn", value_s, tuple(legs)) if legs else None


def minted(
    name: str, value_s: int, account: str, tokens: tuple[int, str], money: tuple[int, str]
) -> Transfer:
    """Return the issue of utility tokens to an account's holder for money of that account.

    Tokens come into being as a debit of what was issued, and the money that was paid for them is
    kept apart until they are burnt.
    """
    wallet = f"wallet:{account.partition(':')[2]}"
    legs = (
        *(Leg(account, money[1], money[0]), Leg(BACKING, money[1], -money[0])),
        *(Leg(ISSUED, tokens[1], tokens[0]), Leg(wallet, tokens[1], -tokens[0])),
    )
    return Transfer(name, "minted", value_s, legs)


def burnt(
    name: str, value_s: int, account: str, tokens: tuple[int, str], money: tuple[int, str]
) -> Transfer:
    """Return the redemption of tokens for money that was kept for them."""
    made_ = minted(name, value_s, account, tokens, money)
    return Transfer(name, "burnt", value_s, _back(made_.legs))


def reversal(name: str, value_s: int, booked: Transfer, note: str = "") -> Transfer:
    """Return the transfer that takes another back."""
    told = note or f"takes back {booked.id}"
    return Transfer(name, "reversal", value_s, _back(booked.legs), told, booked.id)


def _back(legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    return tuple(Leg(leg.account, leg.currency, -leg.minor) for leg in legs)
