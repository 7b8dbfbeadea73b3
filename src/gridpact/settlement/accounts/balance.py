"""What postings come to: balances, the trial balance, statements of accounts."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints, checked_sum
from gridpact.settlement.accounts.postings import Postings
from gridpact.settlement.lines import added_up


class Row(msgspec.Struct, frozen=True):
    """A row of a trial balance [minor units]: what an account was debited and credited with."""

    account: str
    currency: str
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Debits less credits."""
        return self.debit - self.credit


class Movement(msgspec.Struct, frozen=True):
    """A row of a statement [minor units].

    ``balance`` is what the holder is owed after it, negative where the holder owes, and ``minor``
    by how much that changed.
    """

    value_s: int
    known_s: int
    source: str
    minor: int
    balance: int


def trial_balance(postings: Postings) -> list[Row]:
    """Return what every account was debited and credited with, by account and currency.

    Raises :class:`~gridpact.base.errors.NumberOverflow` where a sum does not fit 64 bits.
    """
    if not len(postings):
        return []
    count = len(postings.currencies)
    keys, at = np.unique(postings.account * count + postings.currency, return_inverse=True)
    order = np.argsort(at, kind="stable")
    first = np.searchsorted(at[order], np.arange(len(keys)))
    sums = [
        added_up(np.maximum(sign * postings.minor, 0)[order], first).tolist() for sign in (1, -1)
    ]
    rows = zip(keys.tolist(), *sums, strict=True)
    return [
        Row(postings.accounts[key // count], postings.currencies[key % count], debit, credit)
        for key, debit, credit in rows
    ]


def balances(postings: Postings) -> dict[tuple[str, str], int]:
    """Return debits less credits by account and currency."""
    return {(row.account, row.currency): row.balance for row in trial_balance(postings)}


def totals(rows: list[Row]) -> dict[str, int]:
    """Return the sum of all balances of each currency, which is zero in a book that holds."""
    found: dict[str, int] = {}
    for row in rows:
        found[row.currency] = found.get(row.currency, 0) + row.balance
    return found


def unbalanced(postings: Postings) -> Ints:
    """Return the transfers whose legs do not sum to zero in each currency; int64, sorted."""
    if not len(postings):
        return np.zeros(0, np.int64)
    count = len(postings.currencies)
    keys, at = np.unique(postings.transfer * count + postings.currency, return_inverse=True)
    order = np.argsort(at, kind="stable")
    first = np.searchsorted(at[order], np.arange(len(keys)))
    sums = added_up(postings.minor[order], first)
    return np.unique(keys[sums != 0] // count)


def statement(
    postings: Postings, account: str, currency: str, from_s: int | None = None
) -> tuple[int, list[Movement]]:
    """Return what an account's holder was owed at first, and every change since, by value date.

    Legs of one source at one time are one movement. Without ``from_s`` it begins with nothing.
    """
    if account not in postings.accounts or currency not in postings.currencies:
        return 0, []
    row, unit = postings.accounts.index(account), postings.currencies.index(currency)
    mine = postings.where((postings.account == row) & (postings.currency == unit))
    mine = mine.where(np.lexsort((mine.transfer, mine.source, mine.known_s, mine.value_s)))
    early = mine.value_s < from_s if from_s is not None else np.zeros(len(mine), np.bool_)
    opening = -int(checked_sum(mine.minor[early]))
    return opening, _movements(mine.where(~early), opening)


def _movements(mine: Postings, opening: int) -> list[Movement]:
    if not len(mine):
        return []
    new = np.ones(len(mine), np.bool_)
    told = (mine.value_s, mine.known_s, mine.source)
    new[1:] = np.any([np.diff(column) != 0 for column in told], axis=0)
    first = np.flatnonzero(new)
    sums = -added_up(mine.minor, first)
    after = opening + np.cumsum(sums)
    rows = zip(
        *(column[first].tolist() for column in told), sums.tolist(), after.tolist(), strict=True
    )
    return [
        Movement(value_s, known_s, mine.sources[source], minor, balance)
        for value_s, known_s, source, minor, balance in rows
    ]
