"""Orders for a bank made from a book, with the debits among them remembered in its journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import msgspec

from gridpact.app.books.accounts import accounts_of
from gridpact.app.books.folder import Book
from gridpact.app.payments.collecting import planned
from gridpact.app.payments.debits import KIND, Debit, Given, History, history_of, not_under_way
from gridpact.app.payments.orders import Order, Orders, orders_of, outstanding, paying_alone
from gridpact.app.people.people_file import People
from gridpact.base.errors import Fault


class Asked(msgspec.Struct, frozen=True):
    """What is to be paid: all that is owed up to the end of a period, on a day.

    ``final`` are those whose mandates are used for the last time, ``failed`` the identifiers of
    debits that the bank did not do. ``now_s`` is when it is asked, ``end_s`` the period's end [s].
    """

    period: str
    end_s: int
    day: date
    now_s: int
    final: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class Made(msgspec.Struct, frozen=True):
    """Orders for a bank, with a debit for each that is collected; ``again`` where none is new.

    ``awaited`` is owed by who gave no mandate; ``people`` say what was before of mandates.
    """

    orders: Orders
    debits: tuple[Debit, ...]
    again: bool
    people: People
    awaited: tuple[Order, ...] = ()


def give(book: Book, people: People, asked: Asked, write: Callable[[Made], None]) -> Made:
    """Make the orders of a period, write them, and remember the debits among them.

    Where nothing is to be collected that is not under way, the debits that were made last for the
    period are made again as they were, if nothing was received of them yet. Raises BadInput listing
    everything that is missing; then nothing is written or remembered.
    """
    with book.journal.writing(asked.now_s) as writing:
        history = history_of(book)
        unknown = [name for name in asked.failed if name not in history.under_way]
        made = _made(book, people, asked, history.without(asked.failed), unknown)
        write(made)
        known = {each.id for each in history.debits}
        new = tuple(each for each in made.debits if each.id not in known)
        if new or asked.failed:
            writing.book(KIND, Given(asked.period, new, asked.failed))
    return made


def _made(
    book: Book, people: People, asked: Asked, history: History, unknown: Sequence[str]
) -> Made:
    rules = book.rules().rules
    owed = not_under_way(outstanding(accounts_of(book), rules.currency, asked.end_s), history)
    awaited = paying_alone(people, owed)
    owed = {name: cents for name, cents in owed.items() if name not in {o.who for o in awaited}}
    again = not any(cents < 0 for name, cents in owed.items() if name != people.holder)
    if again:
        owed |= {each.who: -each.cents for each in history.again(asked.period)}
    found: list[Debit] = []

    def check(orders: Orders) -> list[Fault]:
        debits, faults = planned(
            orders, history, asked.period if again else "", asked.final, people
        )
        found.extend(debits)
        fix = "name one that was given to the bank"
        return [
            *faults,
            *(
                Fault("arguments", 0, "--failed", f"there is no debit {name[:40]!r}", fix)
                for name in unknown
            ),
        ]

    text = f"{rules.name} {asked.period}"
    orders = orders_of(rules, people, owed, (text, asked.day), check)
    return Made(orders, tuple(found), again and bool(found), people, awaited)
