"""What members paid ahead and as collateral, by the accounts of a book."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.app.books.accounts import OPERATIONS
from gridpact.app.books.folder import Book
from gridpact.base.units import Ints
from gridpact.settlement.accounts.standing import Capture, Hold, Operation, captured
from gridpact.settlement.accounts.transfers import Transfer

PREPAYMENT, DEPOSIT = "prepayment", "deposit"


def paid_ahead(book: Book, members: tuple[str, ...], currency: str) -> tuple[Ints, Ints]:
    """Return what members ever paid ahead, less what went back, and their deposits [minor units].

    Draw-downs do not count: they use what was paid ahead, and so do bills, whichever comes first.
    """
    entries = book.journal.entries(*OPERATIONS)
    done = [msgspec.json.decode(entry.body, type=Operation) for entry in entries]
    holds = {each.id: each for each in done if isinstance(each, Hold)}
    transfers = [
        captured(each, holds[each.hold]) if isinstance(each, Capture) else each
        for each in done
        if isinstance(each, Transfer | Capture)
    ]
    drawn = {each.id for each in transfers if each.kind == "drawn"}
    others = [each for each in transfers if each.id not in drawn and each.of not in drawn]
    return (
        _credits(others, PREPAYMENT, members, currency),
        _credits(transfers, DEPOSIT, members, currency),
    )


def _credits(transfers: list[Transfer], kind: str, members: tuple[str, ...], currency: str) -> Ints:
    """Return what members were credited with on their accounts of a kind [members]."""
    rows = {f"{kind}:{name}": row for row, name in enumerate(members)}
    found = np.zeros(len(members), np.int64)
    for transfer in transfers:
        for leg in transfer.legs:
            if leg.currency == currency and leg.account in rows:
                found[rows[leg.account]] -= leg.minor
    return found
