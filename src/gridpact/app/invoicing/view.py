"""A bill as what is to be seen of it: texts and tables, the same on HTML and PDF pages."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gridpact.app.invoicing.payment_texts import payment_text
from gridpact.app.invoicing.writing import Writing
from gridpact.app.people.people_file import People
from gridpact.settlement.invoices.bill import Bill, Display, Register
from gridpact.settlement.invoices.document import Document
from gridpact.settlement.periods.rules import Rules

COLOURS = ("#0072b2", "#56b4e9", "#009e73", "#e69f00")
"""Of own energy, trades, community, supplier: told apart by all kinds of sight (Okabe, Ito)."""
CHART_COLOURS = ("#57606a", "#b3bbc4")
"""Of what was withdrawn and injected over time, whatever its source."""
WITHDRAWN = ("trade:bought", "shared:in", "supplier:in")
INJECTED = ("trade:sold", "shared:out", "supplier:out")
_HOUR_S, _DAYS_S = 3600, 2 * 86_400


class Party(msgspec.Struct, frozen=True):
    """A member or party: what it is to the document, its name, and its address below."""

    role: str
    name: str
    lines: tuple[str, ...] = ()


class Piece(msgspec.Struct, frozen=True):
    """A piece of a bar of energy; ``begin`` and ``share`` are parts of the whole bar."""

    name: str
    energy: str
    colour: str
    begin: float
    share: float


class Bar(msgspec.Struct, frozen=True):
    """Energy by source: a title with the sum, and the pieces."""

    title: str
    pieces: tuple[Piece, ...]


class Key(msgspec.Struct, frozen=True):
    """What a colour of a chart stands for."""

    name: str
    colour: str


class Chart(msgspec.Struct, frozen=True):
    """Energy over time: parts withdrawn (up) and injected (down), as parts of the largest."""

    title: str
    keys: tuple[Key, ...]
    most: str
    first: str
    last: str
    up: tuple[float, ...]
    down: tuple[float, ...]


class Sheet(msgspec.Struct, frozen=True):
    """A document: its title, parties, facts, table of lines and sums below it.

    ``rows`` have line, days, quantity, price and amount; the first of ``head`` names the first.
    """

    number: str
    title: str
    seller: Party
    buyer: Party
    facts: tuple[tuple[str, str], ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sums: tuple[tuple[str, str], ...]
    note: str
    credit: bool


class View(msgspec.Struct, frozen=True):
    """A bill as it is shown.

    ``registers`` and ``compared`` are tables whose first row is the head; ``sums`` end with what
    is left to pay.
    """

    language: str
    kind: str
    title: str
    community: Party
    member: Party
    facts: tuple[tuple[str, str], ...]
    due: tuple[str, str]
    pay: str
    energy: str
    bars: tuple[Bar, ...]
    no_energy: str
    chart: Chart | None
    registers: tuple[tuple[str, ...], ...]
    by_slots: str
    compared: tuple[tuple[str, ...], ...]
    saved: str
    sheets: tuple[Sheet, ...]
    documents: str
    summary: tuple[tuple[str, ...], ...]
    sums: tuple[tuple[str, str], ...]
    deposit: str
    page: str


def view_of(bill: Bill, writing: Writing, people: People) -> View:
    """Return what is to be seen of a bill."""
    rules, say = writing.rules, writing.say
    sums = tuple(_sums(bill, writing))
    issued = {writing.day(each.issued_s): None for each in bill.documents}
    return View(
        language=writing.locale.language,
        kind=say("bill"),
        title=f"{bill.member}, {bill.period}",
        community=_party(people, people.holder or _operator(rules), "", rules.name),
        member=_party(people, bill.member, say("member")),
        facts=(
            (say("period"), writing.span(bill.first_s, bill.end_s)),
            (say("issued"), ", ".join(issued)),
            (say("member"), bill.member),
        ),
        due=sums[-1],
        pay=payment_text(bill, writing, people),
        energy=say("energy"),
        bars=tuple(_bars(bill, writing)),
        no_energy=say("no_energy"),
        chart=_chart(bill, writing),
        registers=tuple(_registers(bill, writing)),
        by_slots=say("by_slots"),
        compared=tuple(_compared(bill, writing)),
        saved=_saved(bill, writing),
        sheets=tuple(_sheet(bill, each, writing, people) for each in bill.documents),
        documents=say("documents"),
        summary=tuple(_summary(bill, writing)),
        sums=sums,
        deposit=_deposit(bill, writing),
        page=say("page", page="{page}", pages="{pages}"),
    )


def _operator(rules: Rules) -> str:
    return next((name for name, role in rules.parties.items() if role == "operator"), rules.name)


def _party(people: People, name: str, role: str, instead: str = "", tax: str = "") -> Party:
    """Return who is behind a member or party; ``tax`` names its tax number where it is shown."""
    person = people.people.get(name)
    if person is None:
        return Party(role, instead or name)
    lines = person.address.lines if person.address else ()
    number = (f"{tax} {person.vat_id}",) if tax and person.vat_id else ()
    return Party(role, person.name, (*lines, *number, *((person.email,) if person.email else ())))


def _bars(bill: Bill, writing: Writing) -> Iterator[Bar]:
    """Yield energy by source, withdrawn and injected; none where there is no energy.

    What a meter counted beyond all sources is what it withdrew and injected within one slot.
    """
    for title, metered, names in (
        ("withdrawn", "metered:withdrawal", WITHDRAWN),
        ("injected", "metered:injection", INJECTED),
    ):
        whole = bill.energy[metered]
        sources = {"own": whole - sum(bill.energy[name] for name in names)}
        sources |= {name: bill.energy[name] for name in names}
        total = sum(wh for wh in sources.values() if wh > 0)
        pieces, begin = [], 0.0
        for (name, wh), colour in zip(sources.items(), COLOURS, strict=True):
            if wh > 0:
                share = wh / total
                pieces.append(Piece(writing.say(name), writing.kwh(wh), colour, begin, share))
                begin += share
        if pieces:
            yield Bar(f"{writing.say(title)}: {writing.kwh(whole)}\u00a0kWh", tuple(pieces))


def _chart(bill: Bill, writing: Writing) -> Chart | None:
    """Return energy over time, None where it was not kept or there is none."""
    most = max((max(p.withdrawn_wh, p.injected_wh) for p in bill.parts), default=0)
    if most <= 0:
        return None
    lengths = [part.end_s - part.first_s for part in bill.parts]
    there = (("withdrawn", any(p.withdrawn_wh for p in bill.parts)),
             ("injected", any(p.injected_wh for p in bill.parts)))  # fmt: skip
    keys = zip(there, CHART_COLOURS, strict=True)
    by = "hour" if max(lengths) <= _HOUR_S else "day" if max(lengths) <= _DAYS_S else "month"
    return Chart(
        title=writing.say(f"by_{by}"),
        keys=tuple(Key(writing.say(name), colour) for (name, some), colour in keys if some),
        most=writing.say("most", energy=writing.kwh(most)),
        first=f"{writing.day(bill.first_s)}{' 00:00' if by == 'hour' else ''}",
        last=f"{writing.day(bill.end_s - 1)}{' 24:00' if by == 'hour' else ''}",
        up=tuple(part.withdrawn_wh / most for part in bill.parts),
        down=tuple(part.injected_wh / most for part in bill.parts),
    )


def _registers(bill: Bill, writing: Writing) -> Iterator[tuple[str, ...]]:
    say = writing.say
    yield say("register"), f"{say('at_start')} [kWh]", f"{say('at_end')} [kWh]", "kWh"
    for each in bill.registers:
        shown = [_display(one, writing) for one in (each.start, each.end)]
        yield _register(each, writing), *shown, writing.kwh(each.energy_wh)


def _register(register: Register, writing: Writing) -> str:
    meters = [each.meter for each in (register.start, register.end) if each and each.meter]
    told = " → ".join(dict.fromkeys(meters))
    name = writing.say(register.name)
    return f"{name}, {writing.say('meter', meter=told)}" if told else name


def _display(display: Display | None, writing: Writing) -> str:
    """Write a display and how it is known: read, estimated and from when, or not read."""
    if display is None:
        return writing.say("not_read")
    name = "estimated" if display.estimated else "read"
    return f"{writing.kwh(display.wh)} ({writing.say(name, day=writing.day(display.at_s))})"


def _compared(bill: Bill, writing: Writing) -> Iterator[tuple[str, ...]]:
    say, energy = writing.say, bill.energy
    if bill.last is None and bill.supplier_only_minor is None:
        return
    yield say("compared"), f"{say('withdrawn')} [kWh]", f"{say('injected')} [kWh]", bill.currency
    both = (writing.kwh(energy["metered:withdrawal"]), writing.kwh(energy["metered:injection"]))
    yield say("this_period"), *both, writing.amount(bill.owed_minor)
    if (last := bill.last) is not None:
        name = say("last_period", period=last.name)
        before = (writing.kwh(last.withdrawn_wh), writing.kwh(last.injected_wh))
        yield name, *before, writing.amount(last.owed_minor)
    if bill.supplier_only_minor is not None:
        yield say("supplier_only"), *both, writing.amount(bill.supplier_only_minor)


def _saved(bill: Bill, writing: Writing) -> str:
    only = bill.supplier_only_minor
    if only is None or only <= bill.owed_minor:
        return ""
    return writing.say("saved", amount=writing.money(only - bill.owed_minor, bill.currency))


def _sheet(bill: Bill, document: Document, writing: Writing, people: People) -> Sheet:
    say = writing.say
    tax = say("vat_id") if document.tax else ""
    facts = [
        (say("issued"), writing.day(document.issued_s)),
        (say("period"), writing.span(document.first_s, document.end_s)),
    ]
    if not document.credit:
        facts.append((say("due"), writing.day(document.due_s)))
    if document.refers:
        facts.append((say("corrects"), document.refers))
    each = say("each", currency=document.currency)
    return Sheet(
        number=document.number,
        title=f"{say(f'kind {document.code}')} {document.number}".rstrip(),
        seller=_party(people, document.seller, say("seller"), tax=tax),
        buyer=_party(people, document.buyer, say("buyer"), tax=tax),
        facts=tuple(facts),
        head=(say("line"), say("days"), say("quantity"), each, document.currency),
        rows=tuple(_rows(document, writing)),
        sums=tuple(_totals(document, writing)),
        note=say("netted", member=bill.member, period=bill.period),
        credit=document.credit,
    )


def _rows(document: Document, writing: Writing) -> Iterator[tuple[str, ...]]:
    for item in document.items:
        yield (
            f"{item.id}  {writing.item(item.name)}",
            writing.span(item.first_s, item.end_s),
            writing.quantity(item),
            writing.price(item.price_nano),
            writing.amount(item.minor),
        )


def _totals(document: Document, writing: Writing) -> Iterator[tuple[str, str]]:
    yield writing.say("net"), writing.amount(document.net_minor)
    for each in document.taxes:
        yield writing.tax(each, document.tax), writing.amount(each.minor)
    name = "credited" if document.credit else "total"
    yield writing.say(name), writing.money(document.total_minor, document.currency)


def _summary(bill: Bill, writing: Writing) -> Iterator[tuple[str, ...]]:
    """Yield a row for each document, as it counts for the member."""
    say = writing.say
    yield (
        say("number"),
        f"{say('seller')} – {say('buyer')}",
        say("net"),
        say("taxes"),
        bill.currency,
    )
    for each in bill.documents:
        sign = (-1 if each.credit else 1) * (1 if each.buyer == bill.member else -1)
        sums = (each.net_minor, each.tax_minor, each.total_minor)
        told = (writing.amount(sign * minor) for minor in sums)
        what = f"{each.number}, {say(f'kind {each.code}')}".rstrip(", ")
        yield what, f"{each.seller} – {each.buyer}", *told


def _sums(bill: Bill, writing: Writing) -> Iterator[tuple[str, str]]:
    if bill.prepaid_minor or bill.billed_minor:
        yield writing.say("sum"), writing.money(bill.owed_minor, bill.currency)
    for told, minor in (("prepaid", bill.prepaid_minor), ("billed", bill.billed_minor)):
        if minor:
            yield writing.say(told), writing.money(-minor, bill.currency)
    name = "to_pay" if bill.due_minor >= 0 else "paid_out"
    yield writing.say(name), writing.money(abs(bill.due_minor), bill.currency)


def _deposit(bill: Bill, writing: Writing) -> str:
    if not bill.deposit_minor:
        return ""
    return writing.say("deposit", amount=writing.money(bill.deposit_minor, bill.currency))
