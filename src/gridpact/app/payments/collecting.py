"""Which of its mandate's collections a debit is, and what keeps one from being collected.

A mandate's first collection is ``FRST``, those after it ``RCUR`` and its last one ``FNAL``; a
mandate for one collection alone is ``OOFF`` (SEPA Core Direct Debit rulebook, EPC016-06, AT-21). A
mandate that was not used for 36 months lapses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from gridpact.app.payments.amending import mandate_of, untold, used_by
from gridpact.app.payments.debits import Debit, History
from gridpact.app.payments.orders import Order, Orders
from gridpact.app.payments.sepa import identifier
from gridpact.app.people.people_file import People
from gridpact.base.errors import Fault

FIRST, RECURRENT, LAST, ONCE = "FRST", "RCUR", "FNAL", "OOFF"
_IDLE_MONTHS = 36


def planned(
    orders: Orders, history: History, period: str, final: Sequence[str], people: People
) -> tuple[list[Debit], list[Fault]]:
    """Return the debits of some orders, and what keeps them from being collected.

    Those of ``final`` are the last of their mandates. Those that a bank was given last are given
    as they were, and refused where their mandates are no longer what they were.
    """
    before = {(each.who, each.cents): each for each in history.again(period)}
    found, faults = [], list[Fault]()
    for order in orders.collected:
        again = before.get((order.who, order.cents))
        if again is not None:
            found.append(again)
            faults += _stale(again, order, history, people)
            continue
        used = used_by(people, order.who, history)
        faults += _faults(order, orders.day, used, people.file)
        debit = _debit(order, orders, used, history)
        debit = msgspec.structs.replace(debit, amended=untold(people, order.who, used))
        last = order.who in final and debit.sequence != ONCE
        found.append(msgspec.structs.replace(debit, sequence=LAST) if last else debit)
    unknown = sorted({*final} - {order.who for order in orders.collected})
    fix = "name who is collected from"
    faults += [
        Fault("arguments", 0, "--final", f"nothing is collected from {name[:40]!r}", fix)
        for name in unknown
    ]
    return found, [*faults, *_shared(orders, people.file)]


def _debit(order: Order, orders: Orders, used: Sequence[Debit], history: History) -> Debit:
    sequence = ONCE if order.person.once else RECURRENT if used else FIRST
    told, number = identifier("E", order, orders.text), 1
    while told in history.under_way:  # one that failed, or of the same amount and period
        number += 1
        told = identifier("E", order, orders.text, str(number))
    mandate = mandate_of(order.person.mandate, order.person)
    return Debit(told, order.who, mandate, order.cents, orders.day, sequence)


def _stale(again: Debit, order: Order, history: History, people: People) -> Iterator[Fault]:
    """Refuse to give a debit once more that would say something else than it did."""
    used = used_by(people, order.who, history)
    same = again.mandate == mandate_of(order.person.mandate, order.person)
    if not same or untold(people, order.who, used):
        problem = f"{again.id} is under way by the mandate as it was before"
        fix = "book what was received, or name it by --failed where the bank did not do it"
        yield Fault(people.file, 0, f"people.{order.who}.mandate", problem, fix)


def _faults(order: Order, day: date, used: Sequence[Debit], file: str) -> Iterator[Fault]:
    person = order.person
    where = f"people.{order.who}.mandate"
    ended = next((each for each in used if each.sequence in (LAST, ONCE)), None)
    if ended is not None:
        problem = f"its last collection was on {ended.day} ({ended.sequence})"
        yield Fault(file, 0, where, problem, "get a new mandate")
    if person.signed is not None and person.signed > day:
        problem = f"it is of {person.signed}, after the day of collection, {day}"
        yield Fault(file, 0, where, problem, "collect on a later day")
    since = max([each.day for each in used], default=person.signed)
    if since is not None and _months(since, day) >= _IDLE_MONTHS:
        problem = f"it was not used since {since}, for {_IDLE_MONTHS} months or more"
        yield Fault(file, 0, where, problem, "get a new mandate: this one has lapsed")


def _shared(orders: Orders, file: str) -> Iterator[Fault]:
    """Name mandates with one reference: a creditor has each of them once."""
    seen: dict[str, str] = {}
    for order in orders.collected:
        other = seen.setdefault(order.person.mandate, order.who)
        if other != order.who and order.person.mandate:
            where, fix = f"people.{order.who}.mandate", "give each a reference of its own"
            yield Fault(file, 0, where, f"{other} has the same reference", fix)


def _months(first: date, last: date) -> int:
    """Whole months from one day to another."""
    months = 12 * (last.year - first.year) + last.month - first.month
    return months - (last.day < first.day)
