"""Statements of operations and of members' sources: one value, told as HTML, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from gridpact.app.certificates.rules_file import ResidualMix
from gridpact.app.report.parts import Facts, Section, Table, Tile
from gridpact.app.report.rendering import Page, render
from gridpact.app.report.text import inert
from gridpact.settlement.certificates.disclosure import Disclosure
from gridpact.settlement.certificates.matching import score_ppm
from gridpact.settlement.certificates.operations import (
    Cancel,
    Issue,
    Operation,
    Span,
    Transfer,
    certificate_id,
)
from gridpact.settlement.certificates.register import Holding, Register

Cell: TypeAlias = str | int
Record: TypeAlias = dict[str, Cell]
_TITLES = {
    "issue": "Guarantees of origin issued",
    "transfer": "Guarantees of origin transferred",
    "cancel": "Cancellation statement",
    "withdraw": "Guarantees of origin withdrawn",
}
_GLOSSARY = (
    ("guarantee of origin", "proof that so much energy was produced from a source"),
    ("cancelled", "used up for the consumption of the beneficiary; it never moves again"),
    ("residual mix", "sources of the energy that no guarantee tells of"),
)


class Paper(msgspec.Struct, frozen=True):
    """What a statement says: facts in order, then records that all have the same keys.

    Energy is in Wh. ``shown`` tells people of the records, by heading and key.
    """

    kind: str
    title: str
    place: str
    facts: dict[str, Cell]
    records: tuple[Record, ...]
    shown: dict[str, str]
    hours: tuple[Record, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the statement as plain values."""
        told: dict[str, object] = {"statement": self.kind, **self.facts}
        told["records"] = list(self.records)
        return {**told, "hours": list(self.hours)} if self.hours else told

    def as_csv(self) -> str:
        """Return the records as CSV (RFC 4180), with a line of keys."""
        stream = io.StringIO()
        names = list(self.records[0]) if self.records else list(self.shown.values())
        table = csv.DictWriter(stream, names)
        table.writeheader()
        table.writerows(
            {name: inert(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
            for row in self.records
        )
        return stream.getvalue()

    def as_html(self) -> str:
        """Return one page that needs no other file."""
        facts = tuple((words(name), _told(name, cell)) for name, cell in self.facts.items())
        caption = "Sources" if self.shown is _SHARES else "Certificates"
        parts = (Facts(facts), _table("records", caption, self.shown, self.records))
        sections = [Section("statement", "Statement", parts=parts)]
        if self.hours:
            table = _table("hours", "Hour by hour", _HOURLY, self.hours)
            sections.append(Section("hours", "Hours", "Energy of the same hour.", (table,)))
        energy = sum(int(row["energy_wh"]) for row in self.records)
        tile = Tile("energy", _told("energy_wh", energy))
        return render(
            Page(self.kind, self.title, str(self.facts.get("period", self.facts.get("at", ""))),
                 self.place, (tile,), tuple(sections), _GLOSSARY)
        )  # fmt: skip


_HOURLY = {"hour": "hour", "consumption": "consumption_wh", "matched": "matched_wh"}
_LOTS = {
    "certificates": "first_id",
    "to": "last_id",
    "source": "source",
    "site": "site",
    "produced from": "produced_from",
    "until": "produced_until",
    "number": "count",
    "energy": "energy_wh",
}
_SHARES = {
    "source": "source",
    "guaranteed": "certified_wh",
    "residual mix": "residual_wh",
    "energy": "energy_wh",
    "share": "share_ppm",
}


def operation_paper(register: Register, operation: Operation, title: str) -> Paper:
    """Return the statement of an operation; ``title`` names the register."""
    spans = _spans(operation)
    lots = [each for span in spans for each in register.within(span, operation.at_s)]
    place = operation.regime if isinstance(operation, Issue) else lots[0].lot.regime
    timezone = _timezone(register, operation, lots)
    facts: dict[str, Cell] = {
        "operation": operation.id,
        "at": local(operation.at_s, timezone),
        **_parties(operation, timezone),
        "certificates": sum(each.piece.span.end - each.piece.span.first for each in lots),
        "energy_wh": sum(each.energy_wh for each in lots),
    }
    hours: tuple[Record, ...] = ()
    if isinstance(operation, Cancel) and operation.hours:
        facts["matched_share_ppm"] = score_ppm(operation.hours)
        hours = tuple(_hour(hour.start_s, hour.consumption_wh, hour.matched_wh, timezone)
                      for hour in operation.hours)  # fmt: skip
    kind = _TITLES[str(operation.__struct_config__.tag)]
    records = tuple(_record(each, timezone) for each in lots)
    return Paper(kind, title, place.title, facts, records, _LOTS, hours)


def _hour(start_s: int, consumption_wh: int, matched_wh: int, timezone: str) -> Record:
    at = local(start_s, timezone)
    return {"hour": at, "consumption_wh": consumption_wh, "matched_wh": matched_wh}


def _spans(operation: Operation) -> tuple[Span, ...]:
    if isinstance(operation, Issue):
        rows = (row for row in operation.rows if row.count)
        return tuple(Span(row.first, row.first + row.count) for row in rows)
    return operation.spans


def _timezone(register: Register, operation: Operation, lots: Sequence[Holding]) -> str:
    """Return the clock of an operation: that by which the first of its certificates was issued."""
    if isinstance(operation, Issue):
        return operation.timezone
    found = register.operations[lots[0].lot.operation] if lots else None
    return found.timezone if isinstance(found, Issue) else "UTC"


def _parties(operation: Operation, timezone: str) -> Record:
    match operation:
        case Issue():
            back = sum(s.end - s.first for row in operation.rows for s in row.withdrawn)
            told: Record = {"device": operation.device.id, "to": operation.device.owner}
            return {**told, "taken_back": back} if back else told
        case Transfer():
            return {"from": operation.source, "to": operation.target}
        case Cancel():
            span = f"{local(operation.start_s, timezone)} to {local(operation.end_s, timezone)}"
            return {
                "holder": operation.holder,
                "beneficiary": operation.beneficiary,
                "purpose": operation.purpose,
                "period": span,
            }
    return {"reason": operation.reason}


def _record(each: Holding, timezone: str) -> Record:
    """Return what article 19(7) of Directive (EU) 2018/2001 has a guarantee tell."""
    lot, device, span = each.lot, each.lot.device, each.piece.span
    return {
        "first_id": certificate_id(lot.issuer, span.first),
        "last_id": certificate_id(lot.issuer, span.end - 1),
        "count": span.end - span.first,
        "size_wh": lot.size_wh,
        "energy_wh": each.energy_wh,
        "source": device.source,
        "produced_from": local(lot.start_s, timezone),
        "produced_until": local(lot.end_s, timezone),
        "device": device.id,
        "site": device.site,
        "technology": device.technology,
        "capacity_w": device.capacity_w,
        "support": device.support,
        "commissioned": device.commissioned,
        "issued": local(lot.issued_s, timezone),
        "country": lot.country,
        "issuer": lot.issuer,
    }


def disclosure_paper(told: Disclosure, mix: ResidualMix, title: str, timezone: str) -> Paper:
    """Return the statement of a member's sources."""
    span = f"{local(told.start_s, timezone)} to {local(told.end_s, timezone)}"
    facts: dict[str, Cell] = {
        "member": told.member,
        "period": span,
        "consumption_wh": told.consumption_wh,
        "cancelled_wh": told.cancelled_wh,
        "excess_wh": told.excess_wh,
        "residual_mix": mix.name,
        "cancellations": ", ".join(told.operations) or "none",
    }
    if told.hourly_wh:
        facts["matched_by_the_hour_wh"] = told.matched_wh
        facts["of_hours_consuming_wh"] = told.hourly_wh
    if (carbon := mix.carbon) is not None:
        facts["co2_g"] = carbon.grams(told)
        facts["co2_source"] = f"{carbon.source}, of {carbon.date}"
    records: tuple[Record, ...] = tuple(
        {
            "source": share.source,
            "certified_wh": share.certified_wh,
            "residual_wh": share.residual_wh,
            "energy_wh": share.energy_wh,
            "share_ppm": share.ppm,
        }
        for share in told.shares
    )
    return Paper("Disclosure of sources", title, timezone, facts, records, _SHARES)


def local(instant: int, timezone: str) -> str:
    """Write an instant by a clock, with its offset."""
    return datetime.fromtimestamp(instant, ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M %z")


def table_rows(shown: Mapping[str, str], records: Sequence[Record]) -> tuple[tuple[str, ...], ...]:
    """Return records as cells for people, in the order of ``shown``."""
    return tuple(tuple(_told(key, row[key]) for key in shown.values()) for row in records)


def _table(name: str, caption: str, shown: Mapping[str, str], records: Sequence[Record]) -> Table:
    names = sum(isinstance(records[0][key], str) for key in shown.values()) if records else 1
    return Table(name, caption, tuple(shown), table_rows(shown, records), names=names)


def words(name: str) -> str:
    """Return the name of a fact as people read it, without its unit."""
    return name.removesuffix("_wh").removesuffix("_ppm").removesuffix("_g").replace("_", " ")


def _told(name: str, cell: Cell) -> str:
    """Write a cell: energy in kWh, shares in percent, names and numbers as they are."""
    if isinstance(cell, str):
        return cell
    if name.endswith("_wh"):
        return f"{cell // 1000:,}.{cell % 1000:03} kWh"
    if name.endswith("_g"):
        return f"{cell // 1000:,}.{cell % 1000:03} kg"
    if name.endswith("_ppm"):
        return f"{cell // 10_000}.{cell % 10_000:04} %"
    return f"{cell:,}"
