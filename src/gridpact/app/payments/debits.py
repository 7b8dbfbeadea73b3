"""Direct debits that were given to a bank, remembered in the journal of a book.

What a bank was asked to collect is not asked for again: a debit is under way until as much was
received from its debtor, or the bank is told not to have done it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import msgspec

from gridpact.app.books.folder import Book
from gridpact.settlement.accounts.chart import OWN
from gridpact.settlement.accounts.standing import Operation
from gridpact.settlement.accounts.transfers import Transfer

KIND = "debits"
"""Kind of the journal's entries on debits that a bank was given."""


class Debit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One collection: from whom, how much [cents], on which day, and which of its mandate's it is.

    ``mandate`` is a hash of its reference and day, for neither belongs into a journal; ``amended``
    one of the change of the mandate that it told the bank of.
    """

    id: str
    who: str
    mandate: str
    cents: int
    day: date
    sequence: str
    amended: str = ""


class Given(msgspec.Struct, frozen=True):
    """What the journal says: debits of a period that a bank was given, or some that ``failed``."""

    period: str
    debits: tuple[Debit, ...] = ()
    failed: tuple[str, ...] = ()


class History(msgspec.Struct, frozen=True):
    """Debits so far, but for those that failed, in order; and how much of each is under way.

    ``under_way`` [cents] is by identifiers, of those that failed as well; ``last`` are the
    identifiers that a bank was given last for each period.
    """

    debits: tuple[Debit, ...]
    under_way: Mapping[str, int]
    last: Mapping[str, tuple[str, ...]]

    def open(self, who: str) -> int:
        """Return what is being collected from somebody [cents]."""
        return sum(self.under_way[each.id] for each in self.debits if each.who == who)

    def again(self, period: str) -> list[Debit]:
        """Return the debits that a bank was given last for a period.

        None where it did not do all of them, or anything was received of one: a file that says
        something else than the last one did would be another one to a bank.
        """
        found = [each for each in self.debits if each.id in self.last.get(period, ())]
        whole = all(self.under_way[each.id] == each.cents for each in found)
        return found if whole and len(found) == len(self.last.get(period, ())) else []

    def without(self, failed: Sequence[str]) -> History:
        """Return the history without debits that a bank did not do."""
        kept = tuple(each for each in self.debits if each.id not in failed)
        return msgspec.structs.replace(self, debits=kept)

    def of(self, mandate: str) -> list[Debit]:
        """Return the debits of a mandate."""
        return [each for each in self.debits if each.mandate == mandate]


def history_of(book: Book) -> History:
    """Return the debits of a book, what was received since set against the earliest first."""
    debits: dict[str, Debit] = {}
    last: dict[str, tuple[str, ...]] = {}
    left: dict[str, int] = {}
    for entry in book.journal.entries(KIND, "transfer"):
        if entry.kind == KIND:
            given = msgspec.json.decode(entry.body, type=Given)
            for debit in given.debits:
                debits[debit.id], left[debit.id] = debit, debit.cents
            if given.debits:
                last[given.period] = tuple(debit.id for debit in given.debits)
            for name in given.failed:
                debits.pop(name, None)
            continue
        for who, cents in _received(msgspec.json.decode(entry.body, type=Operation)):
            _settle([each for each in debits.values() if each.who == who], left, cents)
    return History(tuple(debits.values()), left, last)


def _received(operation: Operation) -> Iterator[tuple[str, int]]:
    """Yield from whom something was received on account, and how much [cents]."""
    if isinstance(operation, Transfer) and operation.kind == "received":
        for leg in operation.legs:
            kind, _, who = leg.account.partition(":")
            if leg.minor < 0 and kind not in OWN:
                yield who, -leg.minor


def _settle(debits: Iterable[Debit], left: dict[str, int], cents: int) -> None:
    for each in debits:
        part = min(left[each.id], cents)
        left[each.id] -= part
        cents -= part


def not_under_way(owed: Mapping[str, int], history: History) -> dict[str, int]:
    """Return what everybody is owed, negative for who owes, less what is being collected."""
    return {
        who: cents if cents >= 0 else min(cents + history.open(who), 0)
        for who, cents in owed.items()
    }
