"""How a bill is paid, in a sentence: collected, to be transferred, or paid out."""

from __future__ import annotations

from gridpact.app.invoicing.writing import Writing
from gridpact.app.people.people_file import People
from gridpact.settlement.invoices.bill import Bill

_GROUP = 4


def payment_text(bill: Bill, writing: Writing, people: People) -> str:
    """Return how what is left of a bill is paid; ``""`` where nothing is, or no bank is told."""
    holder, person = people.person(people.holder), people.person(bill.member)
    amount = writing.money(abs(bill.due_minor), bill.currency)
    due_s = max((each.due_s for each in bill.documents), default=0)
    if not bill.due_minor or not due_s:
        return ""
    if bill.due_minor < 0:
        return writing.say("payout", amount=amount, iban=masked(person.iban)) if person.iban else ""
    told = {"amount": amount, "day": writing.day(due_s)}
    if person.mandate and person.iban:
        return writing.say("debit", **told, iban=masked(person.iban), mandate=person.mandate)
    if not holder.iban:
        return ""
    reference = f"{bill.member} {bill.period}"
    bank = {"name": holder.name, "iban": grouped(holder.iban)}
    return writing.say("transfer", **told, **bank, reference=reference)


def grouped(iban: str) -> str:
    """Write an IBAN in groups of four, as on paper (ISO 13616)."""
    parts = [iban[first : first + _GROUP] for first in range(0, len(iban), _GROUP)]
    return "\u00a0".join(parts)


def masked(iban: str) -> str:
    """Write the begin and end of an IBAN, by which its holder knows it."""
    return f"{iban[:_GROUP]}\u00a0…\u00a0{iban[-_GROUP:]}"
