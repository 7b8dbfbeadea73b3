"""Postings of a span of time, with the balances before it as one transfer."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.settlement.accounts.balance import balances
from gridpact.settlement.accounts.postings import Postings, together

OPENING = "opening balances"
"""Source of the transfer that brings balances forward."""


def within(postings: Postings, first_s: int, end_s: int) -> Postings:
    """Return the legs that count from one instant until another [s since the epoch].

    What accounts came to before is a transfer of its own at ``first_s``; it balances, as all that
    it adds up did.
    """
    inside = (postings.value_s >= first_s) & (postings.value_s < end_s)
    before = postings.where(postings.value_s < first_s)
    return together([_carried(before, first_s), postings.where(inside)])


def _carried(before: Postings, at_s: int) -> Postings:
    left = {key: minor for key, minor in sorted(balances(before).items()) if minor}
    rows = [
        (before.accounts.index(account), before.currencies.index(unit), 0, 0, minor, at_s, at_s)
        for (account, unit), minor in left.items()
    ]
    columns = np.array(rows, np.int64).reshape(-1, 7).T
    names = ("account", "currency", "source", "transfer", "minor", "value_s", "known_s")
    found = dict(zip(names, columns, strict=True))
    return msgspec.structs.replace(before, sources=(OPENING,), **found)
