"""Why is this line on my bill? From the line down to contract, slots, readings and ledger."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gridpact.app import folder
from gridpact.app.exports import parse_line_id
from gridpact.app.ledgers import of_runs
from gridpact.app.ledgers.evidence import Evidence, Held
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.app.proving import Proof, prove
from gridpact.app.record import Record
from gridpact.app.report.text import money_of
from gridpact.app.slot_shares import SlotShare, Traced, shares
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.observables import Const, Observable, Op, Series
from gridpact.ledger import anchors
from gridpact.market.messages import SessionCleared
from gridpact.market.trades import terms_hashes, traders
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import Community
from gridpact.settlement.clause import MEMBER
from gridpact.settlement.clauses import clauses
from gridpact.settlement.day import Facts, energy
from gridpact.settlement.handlers import Settlement, facts_of
from gridpact.settlement.messages import DaySettled
from gridpact.settlement.spot import trade_name
from gridpact.settlement.statements import LINES


class Agreed(msgspec.Struct, frozen=True):
    """What a member agreed in a session: how it was priced, and how the ledger holds its terms.

    The proof's leaf is the keccak-256 of the member's contract. Fees are in µ¤/kWh.
    """

    session: str
    mechanism: str
    buyer_fee_micro_per_kwh: int
    seller_fee_micro_per_kwh: int
    proof: Proof


class Explanation(msgspec.Struct, frozen=True):
    """A line traced back. ``contract`` is the clause in words, ``rounding`` the rule applied.

    ``agreed`` is where the terms come from, for a line of trades.
    """

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
    agreed: Agreed | None = None

    @property
    def verified(self) -> bool:
        """Whether every proof of the line verifies."""
        return self.proof.verified and (self.agreed is None or self.agreed.proof.verified)


def explain(path: Path, line: str) -> Explanation:
    """Trace a statement line; BadInput where the run has no such line."""
    traced = _trace(folder.record(path), line)
    seed = traced.record.opening().seed
    name = traced.community.members.ids[traced.member]
    place = traced.row, traced.member
    rules, leg = traced.community.settlement, _leg(traced)
    with of_runs.opened(path, seed) as ledger:
        proof = _proof(traced, ledger)
        agreed = _agreed(traced, ledger)
    return Explanation(
        line=line,
        payer=name if traced.kind.payer == MEMBER else traced.kind.payer,
        payee=name if traced.kind.payee == MEMBER else traced.kind.payee,
        currency=traced.community.currency,
        contract=_clause_words(leg, name),
        energy_wh=int(traced.day.energy_wh[place]),
        nano=int(traced.day.nano[place]),
        minor=int(traced.day.minor[place]),
        minor_nano=rules.minor_nano,
        rounding=f"{rules.rounding} to {money_of(traced.community).minor(1)}",
        slots=shares(traced, leg),
        proof=proof,
        agreed=agreed,
    )


def _trace(record: Record, line: str) -> Traced:
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
                return Traced(record, community, day, facts, clause, kind, row, column)
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


def _leg(traced: Traced) -> Leg:
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


def _proof(traced: Traced, ledger: AnyLedger) -> Proof:
    """Prove the member's leaf under the day's root, and the root under the ledger's."""
    evidence, day = Evidence(traced.record), traced.day.day
    found = evidence.leaves("statements", Held(day, traced.day))
    entry = anchors.anchored(traced.community, "statements", day, found)
    return prove(
        traced.record, ledger, evidence.key("statements", day), entry, found, traced.member
    )


def _agreed(traced: Traced, ledger: AnyLedger) -> Agreed | None:
    """Prove the contract that a line of trades settles; None for other lines and non-traders."""
    cleared = next(
        (
            each
            for each in traced.record.all(SessionCleared)
            if each.session.day == traced.day.day
            and trade_name(each.session.id) == traced.clause.name
        ),
        None,
    )
    if cleared is None or traced.member not in traders(cleared):
        return None
    community, session = traced.community, cleared.session
    rules = community.market.trading(session.kind)
    (entry,) = anchors.terms(community, cleared)
    place = traders(cleared).tolist().index(traced.member)
    hashes = terms_hashes(community, cleared)
    return Agreed(
        session.id,
        rules.mechanism,
        rules.buyer_fee_micro_per_kwh,
        rules.seller_fee_micro_per_kwh,
        prove(traced.record, ledger, f"terms/{session.id}", entry, hashes, place),
    )
