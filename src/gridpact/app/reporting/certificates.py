"""The report on certificates: issued, moved, used up, expired, and where consumption came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from gridpact.app.certificates.papers import local
from gridpact.app.certificates.rules_file import Carbon, RegisterRules, ResidualMix
from gridpact.app.report.parts import Notes, Part, Tile
from gridpact.app.report.text import Money, day_name
from gridpact.app.reporting.reconciled import differing
from gridpact.app.reporting.report import Chapter, Report
from gridpact.app.reporting.sheets import Column, Row, Sheet, shown
from gridpact.base.slots import Calendar, Slots
from gridpact.settlement.certificates.disclosure import Disclosure, cancellations, pieces
from gridpact.settlement.certificates.operations import Cancel, Issue
from gridpact.settlement.certificates.register import Register
from gridpact.settlement.certificates.stock import Stock, stocks

GLOSSARY = (
    ("certificate", "a guarantee of origin: proof that so much energy came from a source"),
    ("opening, closing", "certificates that could still be cancelled then"),
    ("cancelled", "used up for the consumption of a beneficiary; it never moves again"),
    ("expired", "neither used up nor taken out until its last instant"),
    ("withdrawn", "taken out without use, or taken back as readings were corrected"),
    ("carried", "energy of claims that no certificate stands for yet; negative is owed"),
    ("residual mix", "sources of the energy that no certificate tells of"),
)
_FLOWS = tuple(
    Column(name, name, "energy")
    for name in (
        *("opening", "issued", "received", "given", "cancelled", "withdrawn", "expired"),
        *("closing", "difference"),
    )
)
_DEVICES = (
    Column("device", "device"),
    Column("source", "source"),
    Column("owner", "owner"),
    Column("claims", "claims", "count"),
    Column("measured", "measured", "energy"),
    Column("issued", "issued for it", "energy"),
    Column("balance", "carried", "energy"),
)
_USED = (
    Column("member", "member"),
    Column("operation", "operation"),
    Column("at", "at"),
    Column("purpose", "purpose"),
    Column("source", "source"),
    Column("energy", "energy", "energy"),
)
_SOURCES = (
    Column("member", "member"),
    Column("source", "source"),
    Column("guaranteed", "guaranteed", "energy"),
    Column("residual", "residual mix", "energy"),
    Column("energy", "energy", "energy"),
    Column("share", "share", "share"),
)
_CARBON = (
    Column("member", "member"),
    Column("consumption", "consumption", "energy"),
    Column("co2_g", "CO₂ [g]", "count"),
    Column("co2_g_per_kwh", "CO₂ [g/kWh]", "count"),
)


class Disclosed(msgspec.Struct, frozen=True):
    """Sources of members' consumption, with the residual mix that tells of the rest."""

    members: tuple[Disclosure, ...]
    mix: ResidualMix


def certificates_report(
    register: Register,
    rules: RegisterRules,
    period: tuple[str, Slots],
    disclosed: Disclosed | None = None,
) -> Report:
    """Report on a register over a period, its name and slots."""
    name, slots = period
    timezone = rules.terms.timezone
    found = stocks(register, slots.start, slots.end)
    sources, holders = _by(found, 1), _by(found, 0)
    flows = (_flows("sources", "By source", "source", sources),
             _flows("holders", "By holder", "holder", holders))  # fmt: skip
    whole = _sum(found.values())
    money = Money("", 1)
    return Report(
        name=f"certificates-{name}",
        kind="gridpact report on certificates",
        title=rules.name,
        period=_days(slots, timezone),
        place=rules.terms.regime.title,
        money=money,
        tiles=_tiles(whole, differing(flows)),
        chapters=(
            Chapter("flows", "Certificates", FLOWS, flows),
            Chapter("devices", "Devices", DEVICES, (_devices(register, slots),)),
            Chapter("used", "Used up", USED, (_used(register, rules, slots),)),
            *((_disclosure(disclosed),) if disclosed else ()),
        ),
        glossary=GLOSSARY,
    )


FLOWS = (
    "Opening, issued and received are what there was; given, cancelled, withdrawn, expired and "
    "closing are what became of it, by when operations were done. The difference has to be zero."
)
DEVICES = (
    "Claims are spans of time of the period for which a device’s energy was claimed, whenever that "
    "was done; carried is what all of its claims count as now, less all that was certified."
)
USED = "Certificates that were cancelled for consumption of the period, whenever that was done."


def _by(found: Mapping[tuple[str, str], Stock], place: int) -> dict[str, Stock]:
    names = sorted({key[place] for key in found})
    return {
        name: _sum(stock for key, stock in found.items() if key[place] == name) for name in names
    }


def _sum(some: Iterable[Stock]) -> Stock:
    total = Stock()
    for stock in some:
        for name in Stock.__struct_fields__:
            setattr(total, name, getattr(total, name) + getattr(stock, name))
    return total


def _flows(name: str, caption: str, label: str, found: Mapping[str, Stock]) -> Sheet:
    rows: list[Row] = [(key, *_cells(stock)) for key, stock in found.items()]
    foot: Row = ("in sum", *_cells(_sum(found.values())))
    return Sheet(name, caption, (Column(label, label), *_FLOWS), tuple(rows), foot)


def _cells(stock: Stock) -> tuple[int, ...]:
    return tuple(getattr(stock, column.name) for column in _FLOWS)


def _devices(register: Register, slots: Slots) -> Sheet:
    """What devices were measured to have made in the period, and what was issued for it."""
    devices = {
        each.device.id: each.device
        for each in register.operations.values()
        if isinstance(each, Issue)
    }
    rows: list[Row] = []
    for name, account in sorted(register.accounts.items()):
        spans = [
            (start, wh)
            for start, (_, wh) in account.claims.items()
            if slots.start <= start < slots.end
        ]
        issued = sum(
            (lot.serials.end - lot.serials.first) * lot.size_wh
            for start, _ in spans
            for lot in register.of_claims.get((name, start), ())
        )
        device, measured = devices[name], sum(wh for _, wh in spans)
        balance = account.balance_wh
        rows.append((name, device.source, device.owner, len(spans), measured, issued, balance))
    return Sheet("devices", "Energy of the period by device", _DEVICES, tuple(rows))


def _used(register: Register, rules: RegisterRules, slots: Slots) -> Sheet:
    """Cancellations whose consumption was in the period, by member and source."""
    rows: list[Row] = []
    beneficiaries = sorted(
        {each.beneficiary for each in register.operations.values() if isinstance(each, Cancel)}
    )
    for member in beneficiaries:
        for each in cancellations(register, member, slots.start, slots.end):
            energy: dict[str, int] = {}
            for piece in pieces(register, each):
                source = piece.lot.device.source
                energy[source] = energy.get(source, 0) + piece.energy_wh
            told = (member, each.id, local(each.at_s, rules.terms.timezone), each.purpose)
            rows += [(*told, source, wh) for source, wh in sorted(energy.items())]
    return Sheet("used", "Cancelled for consumption", _USED, tuple(rows))


def _disclosure(disclosed: Disclosed) -> Chapter:
    rows: list[Row] = []
    for each in disclosed.members:
        rows += [
            (each.member, share.source, share.certified_wh, share.residual_wh, share.energy_wh,
             share.ppm)
            for share in each.shares
        ]  # fmt: skip
    sheet = Sheet("disclosure", "Sources by member", _SOURCES, tuple(rows))
    notes = [f"Residual mix: {disclosed.mix.name}."]
    parts: list[Part | Sheet] = [sheet]
    if (carbon := disclosed.mix.carbon) is not None:
        notes.append(f"CO₂: {carbon.source}, of {carbon.date}.")
        parts.append(_carbon(disclosed.members, carbon))
    parts.append(Notes(tuple(notes)))
    lead = (
        "What was cancelled for a member is told by its source; the rest of its consumption is of "
        "the residual mix. Sources add up to the consumption, to the Wh."
    )
    return Chapter("disclosure", "Where consumption came from", lead, tuple(parts))


def _carbon(members: Iterable[Disclosure], carbon: Carbon) -> Sheet:
    rows: list[Row] = []
    for each in members:
        grams = carbon.grams(each)
        wh = each.consumption_wh
        mean = (2000 * grams + wh) // (2 * wh) if wh else None
        rows.append((each.member, wh, grams, mean))
    return Sheet("carbon", "CO₂ by member", _CARBON, tuple(rows))


def _tiles(whole: Stock, wrong: int) -> tuple[Tile, ...]:
    money = Money("", 1)
    told = (("Issued", whole.issued), ("Transferred", whole.given), ("Cancelled", whole.cancelled))
    more = (("Expired", whole.expired), ("Withdrawn", whole.withdrawn), ("Left", whole.closing))
    tiles = [Tile(name, shown("energy", wh, money), "kWh") for name, wh in (*told, *more)]
    if wrong:
        tiles.append(Tile("Differences", str(wrong), "", "see the tables"))
    return tuple(tiles)


def _days(slots: Slots, timezone: str) -> str:
    calendar = Calendar(timezone, slots.step)
    first, last = (calendar.date_of(at) for at in (slots.start, slots.end - 1))
    if first == last:
        return day_name(first.isoformat())
    return f"{day_name(first.isoformat())} to {day_name(last.isoformat())}"
