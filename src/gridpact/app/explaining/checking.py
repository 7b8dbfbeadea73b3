"""Whether every level of an explanation adds up to the one above."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.explaining.told import Check, Slot, Source, Statement
from gridpact.base.rounding import RULES
from gridpact.settlement.invoices.document import Document
from gridpact.settlement.invoices.items import priced
from gridpact.settlement.periods.energy import SOURCES
from gridpact.settlement.periods.tracing import Traced

if TYPE_CHECKING:
    from gridpact.app.explaining.explain import Line
    from gridpact.app.explaining.opened import Opened

_OUT = ("metered:withdrawal", "trade:sold", "shared:out", "supplier:out")
_IN = ("metered:injection", "trade:bought", "shared:in", "supplier:in")


def checks(
    own: Line,
    statement: Statement,
    traced: Traced | None,
    slots: tuple[Slot, ...],
    source: Source,
) -> Iterator[Check]:
    """Yield every step of an explanation, from the document down to the journal."""
    yield document_check(own.found.document)
    yield _item(own, statement)
    yield _booked(statement)
    yield _rounded(own, statement)
    if traced is not None:
        yield _slots(statement, traced)
        if "supplier:in" in traced.series:
            yield _energy(traced)
    if any(slot.readings for slot in slots):
        yield _readings(own, slots)
    signed = [each.signed for slot in slots for each in slot.readings if each.signed is not None]
    if signed:
        good = all(each.sound for each in signed)
        yield Check("signed readings are as their devices signed them", good)
    if source.digest_now:
        same = source.digest_now == source.digest
        told = "" if same else f"run: {source.digest[:16]}…, now: {source.digest_now[:16]}…"
        yield Check("readings are those that the run was made of", same, told)
    yield journal_check(own.opened)


def journal_check(opened: Opened) -> Check:
    """Hold the chain of the journal's entries against their hashes."""
    return Check("the journal is as it was booked", not opened.damage, opened.damage)


def document_check(document: Document) -> Check:
    """Hold a document against the totals of its lines (BR-CO-10, -14 and -15 of EN 16931)."""
    bases = sum(tax.base_minor for tax in document.taxes)
    good = bases == document.net_minor == sum(item.minor for item in document.items)
    return Check("lines of the document add up to its total", good)


def _item(own: Line, statement: Statement) -> Check:
    item = own.found.item
    quantity, unit, price = priced(statement.energy_wh, statement.nano)
    said = (item.quantity_milli, item.unit, item.price_nano, item.minor)
    good = said == (quantity, unit, price, statement.minor)
    return Check("the invoice line states the statement line", good)


def _booked(statement: Statement) -> Check:
    sums = [
        sum(getattr(each, name) for each in statement.booked)
        for name in ("energy_wh", "nano", "minor")
    ]
    good = sums == [statement.energy_wh, statement.nano, statement.minor]
    name = "what the runs booked adds up to the statement line"
    return Check(name, good, "" if good else f"{sums[2]} of {statement.minor}")


def _rounded(own: Line, statement: Statement) -> Check:
    rules = own.rules
    minor = RULES[rules.rounding](np.array([statement.nano]), rules.minor_nano)
    return Check("its exact amount was rounded once", int(minor[0]) == statement.minor)


def _slots(statement: Statement, traced: Traced) -> Check:
    nano, energy = int(traced.nano.sum()), int(traced.energy_wh.sum())
    good = (nano, energy) == (statement.nano, statement.energy_wh)
    told = "" if good else f"{energy:,} Wh and {nano:,} nano, of {statement.energy_wh:,} Wh and "
    told += "" if good else f"{statement.nano:,} nano"
    return Check("slots add up to its exact amount and energy", good, told)


def _energy(traced: Traced) -> Check:
    """Hold what came in against what went out, in every slot."""
    assert {*_IN, *_OUT} <= {*SOURCES}  # noqa: S101 - names of series
    zero = np.zeros(traced.slots.count, np.int64)
    taken, given = (
        sum((traced.series.get(name, zero) for name in names), zero) for names in (_IN, _OUT)
    )
    return Check("in every slot, energy in is energy out", bool(np.array_equal(taken, given)))


def _readings(own: Line, slots: tuple[Slot, ...]) -> Check:
    """Hold the readings told against the energy that their slots were settled on."""
    wrong = 0
    for slot in slots:
        for register in {reading.register for reading in slot.readings}:
            mine = [each for each in slot.readings if each.register == register]
            whole = all(
                each.slot_s >= slot.start_s
                and each.slot_s + each.step_s <= slot.start_s + own.rules.step_s
                for each in mine
            )
            settled = slot.series.get(f"metered:{register}")
            if whole and settled is not None:  # else the store's slots are longer than the book's
                wrong += sum(each.wh for each in mine) != settled
    name = "readings told are those of the slots"
    return Check(name, not wrong, f"{wrong} are not" if wrong else "")
