"""What is to be paid for a period: who is owed, who owes, and how the money gets there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import msgspec
import numpy as np

from gridpact.app.books.accounts import Accounts
from gridpact.app.people.people_file import People, Person
from gridpact.base.errors import BadInput, Fault
from gridpact.settlement.accounts.balance import balances
from gridpact.settlement.accounts.chart import holder_of
from gridpact.settlement.periods.rules import Rules

CENT_NANO = 10_000_000
MOST = 99_999_999_999
"""The most that SEPA moves at once [cents]."""


class Order(msgspec.Struct, frozen=True):
    """One payment: an amount [cents] that somebody gets, or owes where it is to be collected."""

    who: str
    person: Person
    cents: int


class Orders(msgspec.Struct, frozen=True):
    """Payments of a period: ``paid`` by credit transfer and ``collected`` by direct debit.

    ``holder`` has the bank account, ``text`` says what they are for and ``day`` when they are due.
    """

    holder: Person
    paid: tuple[Order, ...]
    collected: tuple[Order, ...]
    text: str
    day: date


def outstanding(accounts: Accounts, currency: str, end_s: int) -> dict[str, int]:
    """Return what everybody is owed of periods that ended by an instant, negative for who owes.

    Runs of later periods are left out, and every payment so far counts [minor units]. What is
    held on a current account is not paid out.
    """
    postings = accounts.postings
    runs = np.array([each.startswith("run ") for each in postings.sources], np.bool_)
    later = runs[postings.source] & (postings.value_s > end_s)
    found: dict[str, int] = {}
    for (account, unit), minor in sorted(balances(postings.where(~later)).items()):
        holder = holder_of(account)
        roles = accounts.chart.roles
        if unit == currency and account.split(":")[0] in ("tax", roles.get(holder)):
            held = accounts.standing.held(account, unit)
            owed = -minor if minor >= 0 else max(-minor - held, 0)
            found[holder] = found.get(holder, 0) + owed
    return found


def paying_alone(people: People, owed: dict[str, int]) -> tuple[Order, ...]:
    """Return who owes and gave no mandate, so that it pays by a transfer of its own."""
    return tuple(
        Order(name, people.person(name), -minor)
        for name, minor in sorted(owed.items())
        if minor < 0 and name != people.holder and not people.person(name).mandate
    )


def orders_of(
    rules: Rules,
    people: People,
    owed: dict[str, int],
    when: tuple[str, date],
    check: Callable[[Orders], Sequence[Fault]],
) -> Orders:
    """Return the payments that settle what is owed; BadInput lists everything that is missing.

    ``when`` is what they are for and their day; ``check`` returns what else is wrong with them.
    """
    due = {name: minor for name, minor in owed.items() if minor and name != people.holder}
    every = [Order(name, people.person(name), abs(minor)) for name, minor in sorted(due.items())]
    orders = Orders(
        people.person(people.holder),
        tuple(order for order in every if due[order.who] > 0),
        tuple(order for order in every if due[order.who] < 0),
        *when,
    )
    faults = [*_of_book(rules, people, due), *_of_people(people, due), *check(orders)]
    if faults:
        raise BadInput(faults)
    return orders


def _of_book(rules: Rules, people: People, due: dict[str, int]) -> Iterator[Fault]:
    holder = people.person(people.holder)
    if rules.currency != "EUR" or rules.minor_nano != CENT_NANO:
        problem = f"SEPA moves cents, and the book is kept in {rules.currency}"
        yield Fault(rules.name, 0, "currency", problem, "pay in another way")
    if not due:
        problem = "nothing is owed that an order could move"
        fix = "name a period that was settled; who owes is collected from by mandate"
        yield Fault(rules.name, 0, "--period", problem, fix)
    if not holder.iban:
        yield _lacking(people, people.holder, "iban", "no IBAN")
    if any(minor < 0 for minor in due.values()) and not holder.creditor_id:
        yield _lacking(people, people.holder, "creditor_id", "no creditor identifier")


def _of_people(people: People, due: dict[str, int]) -> Iterator[Fault]:
    for name, minor in sorted(due.items()):
        person = people.people.get(name)
        if abs(minor) > MOST:
            problem = f"{abs(minor)} cents are more than SEPA moves at once"
            yield Fault(people.file, 0, f"people.{name}", problem, "pay it in parts")
        if person is None:
            problem, fix = "nobody of that name is here", "tell its name and IBAN"
            yield Fault(people.file, 0, f"people.{name}", problem, fix)
            continue
        if not person.iban:
            yield _lacking(people, name, "iban", "no IBAN")
        if minor < 0 and not person.mandate:  # which it had when the bank was given the debit
            yield _lacking(people, name, "mandate", "no mandate for what is being collected")


def _lacking(people: People, name: str, entry: str, problem: str) -> Fault:
    return Fault(people.file, 0, f"people.{name}.{entry}", f"there is {problem}", "write it there")
