"""Why is this line on my bill? From the line down to contract, slots, readings and ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from gridpact.app import folder
from gridpact.app.exports import parse_line_id
from gridpact.app.record import Record
from gridpact.app.report.text import money_of
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.slots import iso
from gridpact.base.units import Ints
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.needs import needs_of
from gridpact.contracts.observables import Const, Observable, Op, Series
from gridpact.ledger import anchors
from gridpact.ledger.entries import canonical
from gridpact.ledger.handlers import DAY
from gridpact.ledger.leaves import demonstration_secrets
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Tree, leaf_hash, verify_inclusion
from gridpact.ledger.messages import Committed
from gridpact.metering.messages import DayMetered, ReadingsReceived
from gridpact.registry.model import Community
from gridpact.settlement.clause import MEMBER, Clause
from gridpact.settlement.clauses import clauses
from gridpact.settlement.day import Facts, energy
from gridpact.settlement.handlers import Settlement, facts_of
from gridpact.settlement.messages import DaySettled, LineKind
from gridpact.settlement.statements import LINES


class SlotShare(msgspec.Struct, frozen=True):
    """One slot of a line: what each series of the contract was, unit included, and the amount."""

    slot: str
    local_time: str
    series: dict[str, int]
    nano: int
    estimated: bool
    journal_rows: tuple[int, ...]


class Proof(msgspec.Struct, frozen=True):
    """How the ledger holds the statement: entry, block, and whether the proofs verify."""

    entry: int
    block: int
    leaf: str
    root: str
    tree_root: str
    verified: bool


class Explanation(msgspec.Struct, frozen=True):
    """A line traced back. ``contract`` is the clause in words, ``rounding`` the rule applied."""

    line: str
    payer: str
    payee: str
    currency: str
    contract: str
    energy_wh: int
    nano: int
    minor: int
    minor_nano: int
    rounding: str
    slots: tuple[SlotShare, ...]
    proof: Proof


class _Traced(NamedTuple):
    """A line found: its day, contract, flow and member, and the evidence it was settled on."""

    record: Record
    community: Community
    day: DaySettled
    facts: Facts
    clause: Clause
    kind: LineKind
    row: int
    member: int


def explain(path: Path, line: str) -> Explanation:
    """Trace a statement line; BadInput where the run has no such line."""
    traced = _trace(folder.record(path), line)
    seed = traced.record.opening().seed
    name = traced.community.members.ids[traced.member]
    place = traced.row, traced.member
    rules = traced.community.settlement
    with folder.ledger(path, seed) as ledger:
        proof = _proof(traced, seed, ledger)
    return Explanation(
        line=line,
        payer=name if traced.kind.payer == MEMBER else traced.kind.payer,
        payee=name if traced.kind.payee == MEMBER else traced.kind.payee,
        currency=traced.community.currency,
        contract=_clause_words(_leg(traced), name),
        energy_wh=int(traced.day.energy_wh[place]),
        nano=int(traced.day.nano[place]),
        minor=int(traced.day.minor[place]),
        minor_nano=rules.minor_nano,
        rounding=f"{rules.rounding} to {money_of(traced.community).minor(1)}",
        slots=_shares(traced),
        proof=proof,
    )


def _trace(record: Record, line: str) -> _Traced:
    community = record.opening().community
    fix = "take a line from statements.csv, such as 2026-06-15/home-07/supplier.import"
    try:
        wanted, member, contract, name = parse_line_id(line)
    except ValueError as error:
        raise BadInput([Fault("statements.csv", 0, "LINE", f"{line!r} is no line", fix)]) from error
    for day in record.all(DaySettled):
        for row, kind in enumerate(day.kinds):
            found = (day.day, kind.contract, kind.kind) == (wanted, contract, name)
            if found and member in community.members.ids:
                facts = _facts(record, community, wanted)
                spent = energy(community, facts)
                clause = next(c for c in clauses(community, facts, spent) if c.name == contract)
                column = community.members.ids.index(member)
                return _Traced(record, community, day, facts, clause, kind, row, column)
    problem = _why_not(record, line)
    raise BadInput([Fault("statements.csv", 0, "LINE", problem, fix)])


def _why_not(record: Record, line: str) -> str:
    """Say why a line cannot be traced."""
    day, party, _, _ = parse_line_id(line)
    community, days = record.opening().community, [each.day for each in record.all(DaySettled)]
    if day not in days:
        until = f"{days[0]} to {days[-1]}" if days else "none"
        return f"{day} is not settled in this run (settled: {until})"
    if party == community.parties.operator:
        return f"{line!r} is the operator's own line, the sum of what members are charged"
    if party not in community.members.ids:
        return f"there is no member {party!r}"
    return f"there is no line {line!r}"


def _facts(record: Record, community: Community, day: str) -> Facts:
    """Collect what a day was settled on, by the handlers that settled it."""
    room = Settlement(community).room()
    state = room.state
    kept = [item for kind in room.handlers for item in record.kept(kind)]
    for item in sorted(kept, key=lambda item: item.seq):
        message = item.message
        if isinstance(message, DayMetered) and message.day == day:
            facts = facts_of(state, message)
            if facts is not None:
                return facts
        state, _ = room.handlers[type(message)](state, message, item.time)
    raise StoreError(f"the journal does not show what {day} was settled on")


def _leg(traced: _Traced) -> Leg:
    """Find the cash flow of the contract that the line sums up."""
    for leg in legs(traced.clause.contract):
        name, _ = LINES.get((leg.kind, leg.giver == MEMBER), ("", ""))
        if leg.currency and name == traced.kind.kind:
            return leg
    raise StoreError(f"contract {traced.clause.name} has no flow {traced.kind.kind}")


def _clause_words(leg: Leg, member: str) -> str:
    giver, taker = (member if role == MEMBER else role for role in (leg.giver, leg.taker))
    return f"in every slot {giver} pays {taker}: {_formula(leg.amount)}"


def _formula(node: Observable) -> str:
    match node:
        case Const(value, unit):
            return f"{value} {unit}"
        case Series(name, unit):
            return f"{name} [{unit}]"
        case Op(kind, args):
            sign = {"*": " × ", "+": " + ", "-": " − "}.get(kind)
            parts = [_formula(arg) for arg in args]
            return sign.join(parts) if sign else f"{kind}({', '.join(parts)})"
    return str(node)


def _shares(traced: _Traced) -> tuple[SlotShare, ...]:
    """Every slot with an amount: the series behind it and the readings it rests on."""
    leg, member, slots = _leg(traced), traced.member, traced.day.slots
    flows = cashflows(traced.clause.contract, traced.clause.world, slots)
    nano = flows[leg.giver, leg.taker, leg.currency, leg.kind][member]
    values = {
        f"{need.name} [{need.unit}]": _of_member(traced.clause.world[need.name], member)
        for need in needs_of([leg.amount]).series
    }
    zone, rows = ZoneInfo(traced.community.timezone), _reading_rows(traced)
    return tuple(
        SlotShare(
            slot=iso(start),
            local_time=datetime.fromtimestamp(start, zone).strftime("%H:%M"),
            series={name: int(column[place]) for name, column in values.items()},
            nano=int(nano[place]),
            estimated=bool(traced.facts.metered.estimated[member, place]),
            journal_rows=tuple(rows.get(start, ())),
        )
        for place, start in enumerate(slots.starts().tolist())
        if nano[place]
    )


def _of_member(values: Ints, member: int) -> Ints:
    return values if values.ndim == 1 else values[member]


def _reading_rows(traced: _Traced) -> dict[int, list[int]]:
    """Journal rows in which the member's meter reported, by slot start."""
    rows: dict[int, list[int]] = {}
    for item in traced.record.kept(ReadingsReceived):
        reading = item.message
        if isinstance(reading, ReadingsReceived) and reading.present[traced.member]:
            rows.setdefault(reading.slot, []).append(item.seq)
    return rows


def _proof(traced: _Traced, seed: int, ledger: LocalLedger) -> Proof:
    """Prove the member's leaf under the day's root, and the root under the ledger's."""
    community, day = traced.community, traced.day
    secrets = demonstration_secrets(seed, community.members.ids)
    found = anchors.statement_leaves(community, day, secrets)
    entry = anchors.anchored(community, "statements", day.day, found)
    committed = [m for m in traced.record.all(Committed) if m.key == f"{DAY}{day.day}"]
    if not committed:
        fix = "let the run go on with 'gridpact run --resume'"
        raise BadInput([Fault("", 0, day.day, "the day is not on the ledger yet", fix)])
    receipt = committed[0].receipt
    index = receipt.first_index + ledger.entries(
        receipt.first_index, receipt.first_index + receipt.count
    ).index(entry)
    held = ledger.prove(index)
    hashes = [leaf_hash(body) for body in found]
    tree = Tree(hashes)
    inside = verify_inclusion(
        hashes[traced.member],
        traced.member,
        len(hashes),
        tree.inclusion(traced.member),
        tree.root(),
    )
    outside = verify_inclusion(leaf_hash(canonical(entry)), index, held.size, held.path, held.root)
    return Proof(
        entry=index,
        block=receipt.height,
        leaf=found[traced.member].hex(),
        root=tree.root().hex(),
        tree_root=held.root.hex(),
        verified=inside and outside,
    )
