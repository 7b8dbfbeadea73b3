"""An invoice line explained, laid out for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from gridpact.app.cli.layout import aligned, counted, money, wrapped
from gridpact.app.cli.output import harmless, mark
from gridpact.app.cli.reading_options import kwh
from gridpact.app.explaining.told import Check, Entry, Explanation, Reading, Slot, Value
from gridpact.base.slots import iso
from gridpact.settlement.invoices.document import KILOWATT_HOUR
from gridpact.settlement.periods.energy import SOURCES

_UNIT = " kWh"
_HASH = 16
_SERIES = {
    "metered:withdrawal": "withdrawn",
    "metered:injection": "injected",
    "trade:bought": "bought",
    "trade:sold": "sold",
    "shared:in": "received",
    "shared:out": "given",
    "supplier:in": "from supplier",
    "supplier:out": "to supplier",
    "network:outside": "outside",
    "network:local": "local",
}
"""Headings of the columns of an owner's energy; those of all members are over, needed, shared."""


def lines_of(found: Explanation) -> Iterator[str]:
    """Yield the lines of an explanation, level by level."""
    levels = (_document, _statement, _terms, _slots, _changes, _readings, _proofs)
    for place, level in enumerate(levels):
        lines = [harmless(line) for line in level(found)]
        if place and lines:
            yield ""
        yield from lines
    yield from check_lines(found.checks)


def check_lines(checks: Sequence[Check]) -> Iterator[str]:
    """Yield a line for each step that was computed again."""
    for check in checks:
        told = f": {check.told}" if check.told else ""
        yield f"{mark(good=check.good)} {harmless(check.name + told)}"


def _document(found: Explanation) -> Iterator[str]:
    document, item = found.document, found.item
    (price,) = money([item.price_nano])
    unit = _UNIT if item.unit == KILOWATT_HOUR else ""
    quantity = _kwh(item.quantity_milli) if unit else f"{item.quantity_milli // 1000}"
    per = f"/{unit.strip()}" if unit else ""
    (amount, net, total) = _minor(
        found, [item.minor, document.net_minor, document.total_minor], document.currency
    )
    yield f"{found.line}: {item.name}, {quantity}{unit} × {price} {document.currency}{per}"
    yield (
        f"  {amount} on {document.what} {document.number}, "
        f"from {document.seller} to {document.buyer}"
    )
    taxed = f", {total} with tax" if document.tax_minor else ""
    many = len(document.items)
    yield f"  its {many} lines come to {net}{taxed}" if many > 1 else f"  it comes to {net}{taxed}"
    if document.explains != document.number:
        yield f"  it takes back {document.explains}, which is explained here"
    elif document.refers:
        yield f"  it corrects {document.refers}: gridpact explain BOOK {document.refers}/{item.id}"


def _statement(found: Explanation) -> Iterator[str]:
    statement, currency = found.statement, found.document.currency
    span = _days(found, statement.first_s, statement.end_s)
    yield f"statement line {statement.name}: {statement.payer} pays {statement.payee}, {span}"
    rows = [("run", "kind", "readings as known", "kWh", currency)]
    booked = statement.booked
    minors = [each.minor for each in booked] + [statement.minor]
    told = money([found.minor_nano * minor for minor in minors])
    for each, amount in zip(booked, told, strict=False):
        rows.append((str(each.run), each.kind, iso(each.as_of_s), _kwh(each.energy_wh), amount))
    if len(booked) > 1:
        rows.append(("", "in sum", "", _kwh(statement.energy_wh), told[-1]))
    yield from aligned(rows, right=(0, 3, 4), indent=2)
    (exact,) = money([statement.nano])
    yield f"  exactly {exact} {currency}, rounded once: {statement.rounding}"


def _terms(found: Explanation) -> Iterator[str]:
    terms = found.terms
    yield f"clause {terms.clause}, of the contract 0x{terms.hash[:_HASH]}…"
    for sentence in terms.words:
        yield from (f"  {line}" for line in wrapped(sentence))
    if found.key is not None:
        key = found.key
        share = f", {key.share_ppm / 10_000:g} %" if key.share_ppm is not None else ""
        role = f"; {found.document.owner} is a {key.role}{share}" if key.role else ""
        yield f"sharing key {key.key}, sha256 {key.digest[:_HASH]}…"
        yield f"  {key.words}{role}"


def _slots(found: Explanation) -> Iterator[str]:
    currency = found.document.currency
    if found.slot_nano is None or found.slot_energy_wh is None:
        yield "slots: they cannot be added up again"
        yield from (f"  {each}" for each in found.lacking)
        yield from _kept(found)
        return
    (exact,) = money([found.slot_nano])
    sums = f"{kwh(found.slot_energy_wh)} and {exact} {currency}"
    many = f", of {found.members:,} members together" if found.members != 1 else ""
    what = f"{counted(found.slot_count, 'slot')} of {found.step_s // 60} min{many}"
    yield f"{what}, in sum {sums}"
    if found.slots:
        rows = _slot_rows(found)
        yield from aligned(rows, right=range(1, len(rows[0]) - 1), indent=2)


def _slot_rows(found: Explanation) -> list[list[str]]:
    """Return a row for each slot told, with the series that say something in one of them."""
    counted_already = found.statement.energy
    said = {name for slot in found.slots for name, wh in slot.series.items() if wh}
    names = [name for name in SOURCES if name in said and name != counted_already]
    names += sorted(said - {*SOURCES, counted_already})
    prices = sorted({name for slot in found.slots for name in slot.prices})
    divided = any(slot.shared is not None for slot in found.slots)
    shown = [_SERIES.get(name, name) for name in names]
    heads = ["slot", "kWh", found.document.currency, *shown, *prices]
    heads += ["over", "needed", "shared"] if divided else []
    rows = [[*heads, ""]]
    amounts = money([slot.nano for slot in found.slots])
    for slot, amount in zip(found.slots, amounts, strict=True):
        row = [_local(found, slot.start_s), _kwh(slot.energy_wh), amount]
        row += [_kwh(slot.series.get(name, 0)) for name in names]
        row += [f"{slot.prices[name]:,}" for name in prices]
        row += _divided(slot) if divided else []
        rows.append([*row, slot.why])
    return rows


def _divided(slot: Slot) -> list[str]:
    shared = slot.shared
    if shared is None:
        return [""] * 3
    return [_kwh(each) for each in (shared.over_wh, shared.needed_wh, shared.shared_wh)]


def _kept(found: Explanation) -> Iterator[str]:
    """Yield the energy by source that the run kept, where its readings are gone."""
    kept = [f"{name} {kwh(wh)}" for name, wh in found.kept_wh.items() if wh]
    if kept:
        yield f"  what the run kept of {found.document.owner}, for its whole period:"
        yield from (f"    {each}" for each in kept)


def _changes(found: Explanation) -> Iterator[str]:
    if not found.changes:
        return
    before = found.changes[0].run_before
    yield f"corrected since run {before}: {counted(found.change_count, 'slot')}"
    amounts = money([nano for each in found.changes for nano in (each.nano_before, each.nano)])
    rows = [("slot", "kWh before", "now", f"{found.document.currency} before", "now")]
    for each, was, now in zip(found.changes, amounts[::2], amounts[1::2], strict=True):
        energy = _kwh(each.energy_before_wh), _kwh(each.energy_wh)
        rows.append((_local(found, each.start_s), *energy, was, now))
    yield from aligned(rows, right=(1, 2, 3, 4), indent=2)
    if found.change_count > len(found.changes):
        yield f"  … and {found.change_count - len(found.changes):,} more: --slots shows all"


def _readings(found: Explanation) -> Iterator[str]:
    told = [reading for slot in found.slots for reading in slot.readings]
    if not told:
        return
    yield f"readings of {found.document.owner}"
    rows: list[tuple[str, ...]] = [
        ("slot", "register", "kWh", "mark", "known since", "version", "from", "replaced")
    ]
    rows += [_reading(found, each) for each in told]
    plain = not any(each.value for each in told)
    cut = [(*row[:3], row[6]) for row in rows] if plain else rows
    yield from aligned(cut, right=(2,) if plain else (2, 5), indent=2)
    for each in told:
        if each.since:
            later = ", ".join(f"{kwh(v.wh)} known {iso(v.known_s)}" for v in each.since)
            yield f"  {_local(found, each.slot_s)} since the run: {later}"
    for each in told:
        if each.signed is not None:
            good = "signed by" if each.signed.sound else "NOT AS SIGNED by"
            what = f"record {each.signed.record:,}, sequence {each.signed.sequence:,}"
            begin = _local(found, each.slot_s)
            yield f"  {begin} {each.register} {good} {each.signed.device[:24]}…: {what}"


def _reading(found: Explanation, reading: Reading) -> tuple[str, ...]:
    begin, energy = _local(found, reading.slot_s), _kwh(reading.wh)
    value = reading.value
    if value is None:
        return begin, reading.register, energy, "", "", "", reading.file, ""
    came = (_mark(value), iso(value.known_s), str(value.version), value.file)
    before = ", ".join(f"{_kwh(each.wh)} of {each.file}" for each in reading.replaced)
    return begin, reading.register, energy, *came, before


def _mark(value: Value) -> str:
    return f"{value.mark} by {value.rule}" if value.rule else value.mark


def _proofs(found: Explanation) -> Iterator[str]:
    yield "proofs"
    source = found.source
    yield f"  readings: {source.kind or 'not there'}, {source.where}, {source.digest[:_HASH]}…"
    if not source.digest_now and source.kind:
        yield "    too large to be read again for a line: gridpact books verify does"
    files = {
        value.file: value.sha256
        for slot in found.slots
        for reading in slot.readings
        for value in (reading.value, *reading.replaced)
        if value is not None
    }
    yield from (f"  {name}: sha256 {digest[:_HASH]}…" for name, digest in sorted(files.items()))
    yield from proof_lines(found.document.run, found.run_hash, found.entries)


def proof_lines(run: int, run_hash: str, entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the hashes of a run and of the journal's entries."""
    yield f"  run {run}: hash {run_hash[:_HASH]}…"
    for entry in entries:
        place = f"  entry {entry.number} of the journal, {entry.kind}"
        yield f"{place}: {entry.hash[:_HASH]}… after {entry.previous[:_HASH]}…"


def _minor(found: Explanation, minor: Sequence[int], currency: str) -> list[str]:
    return [f"{each} {currency}" for each in money([found.minor_nano * each for each in minor])]


def _kwh(wh: int) -> str:
    return kwh(wh).removesuffix(_UNIT)


def _local(found: Explanation, at_s: int) -> str:
    zone = ZoneInfo(found.timezone)
    return datetime.fromtimestamp(at_s, zone).isoformat(timespec="minutes")


def _days(found: Explanation, first_s: int, end_s: int) -> str:
    first, last = _local(found, first_s)[:10], _local(found, end_s - 1)[:10]
    return first if first == last else f"{first} to {last}"
