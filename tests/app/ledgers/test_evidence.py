"""A run whose ledger is told of everything at its own moment: when, what, and what was tampered.

The ledger's room is driven by messages made by hand, which are then the evidence.
"""

from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from gridpact.agreements.messages import ProposeAgreement, TermsSigned
from gridpact.agreements.model import NONE_BEFORE, Agreement, Party
from gridpact.agreements.typed_data import digest
from gridpact.app import checks
from gridpact.app.checks import CheckFailed
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import terms_hash, to_bytes
from gridpact.ledger.at_once import AtOnce
from gridpact.ledger.executions import ROWS, delivered, executions, ordered
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.leaves import demonstration_secrets
from gridpact.ledger.messages import CommitRequested
from gridpact.market.messages import GateClosed, Session, SessionCleared, SessionOpened
from gridpact.metering.messages import DayMetered
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.messages import (
    DispatchIssued,
    Misses,
    ScheduleRevised,
    ScheduleSolved,
    TelemetryReceived,
)
from gridpact.scheduling.problem import Plan
from gridpact.settlement.clauses import standing
from gridpact.settlement.day import Facts
from gridpact.settlement.messages import DaySettled
from gridpact.settlement.statements import settle

SLOTS, DAY, NOW = Slots(1_781_474_400, 900, 2), "2026-06-15", 1_781_600_000
NAME = f"{DAY}.day-ahead"
SESSION = Session(NAME, "day-ahead", DAY, 0, SLOTS, SLOTS)
NONE = np.zeros((0, 0), np.int64)
PLAN = Plan(np.array([[5, -7], [9, 0]]), NONE, NONE, NONE, NONE, NONE, NONE, NONE, ())


def wh(*values):
    return np.array(values, np.int64)


@pytest.fixture(scope="module")
def community(small_community):
    battery = ("battery", 0, 4000, 4000, 8000, 0.95, 0.95, 1.0)
    car = ("car", 1, 4000, 0, 8000, 0.95, 0.95, 1.0)
    return small_community(
        2, pv=[(1, 5000)], storage=[battery, car, battery], runs=[(1, 900, 900, 0, 86400)],
        commits="at-once",
    )  # fmt: skip


def dispatched(slot, autonomous=False):
    return DispatchIssued(
        slot=slot, step=900, charge_wh=wh(0, 400, 30), discharge_wh=wh(250, 0, 0),
        curtail_wh=wh(0, 11), run_start=np.array([True]), autonomous=autonomous,
    )  # fmt: skip


def reported(slot, heard=(True, True, True)):
    return TelemetryReceived(
        slot=slot, step=900, charge_wh=wh(0, 380, 30), discharge_wh=wh(240, 0, 0),
        state_wh=wh(0, 0, 0), pv_wh=wh(600), run_wh=wh(225), refused=np.zeros(3, bool),
        reported=np.array(heard),
    )  # fmt: skip


def metered():
    table = np.array([[100, 200], [0, 50]])
    return DayMetered(
        day=DAY, slots=SLOTS, withdrawal_wh=table, injection_wh=table * 0,
        estimated=table < 0, method="linear.v1",
    )  # fmt: skip


def settled(community):
    price = wh(100_000, 200_000)
    spread = price * 0
    return settle(
        community, Facts(metered(), price, spread, (), np.zeros((2, 2), np.int64), price < 0)
    )


def cleared():
    table = np.array([[0, 0], [0, 70]])
    return SessionCleared(
        session=SESSION, price_micro_per_kwh=wh(0, 9), traded=np.array([False, True]),
        bought_wh=table, sold_wh=table[::-1], offered_wh=table[1], asked_wh=table[1], orders=2,
    )  # fmt: skip


def offered(community):
    terms = standing(community, "m000")
    agreement = Agreement(
        id="roof", version=1, terms=to_bytes(terms), terms_hash=terms_hash(terms),
        parties=(Party("m000", b"a" * 20), Party("m001", b"b" * 20)), step=900,
        start=SLOTS.start, end=SLOTS.end, previous=NONE_BEFORE, offer_until=NOW,
        termination_notice_s=-1, authority="",
    )  # fmt: skip
    return ProposeAgreement(party="m000", agreement=agreement, signature=bytes(65))


def revised():
    return ScheduleRevised(
        name="again", causes=(), window=SLOTS, horizon=SLOTS, plan=PLAN,
        missed=Misses(0, 0, 0), instead=Misses(0, 0, 0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(community):
    """Return all messages of a day in their order, and the room after each."""
    proposal = offered(community)
    agreement = proposal.agreement
    return [
        CommunityOpened(community=community, seed=1, first_day=DAY, gridpact="x"),
        proposal,
        TermsSigned(
            agreement="roof",
            version=1,
            terms_hash=agreement.terms_hash,
            digest=digest(agreement),
        ),
        SessionOpened(session=SESSION),
        ScheduleSolved(session=NAME, window=SLOTS, horizon=SLOTS, plan=PLAN),
        GateClosed(session=NAME),
        cleared(),
        *(dispatched(slot) for slot in SLOTS.starts().tolist()),
        reported(SLOTS.start),
        revised(),
        reported(SLOTS.start + 900),
        metered(),
        settled(community),
    ]


def asked(community, told):
    """Return what each message made the room commit, by the message's type."""
    room = AtOnce(community, demonstration_secrets(1, community.members.ids), None).room()
    state, found = room.state, []
    for message in told:
        if type(message) in room.handlers:
            state, outs = room.handlers[type(message)](state, message, NOW)
            found += [(type(message), out) for out in outs]
    return found, state


def recorded(messages):
    """Stand in for a journal that holds these messages."""

    def everything(kind):
        return [each for each in messages if isinstance(each, kind)]

    return SimpleNamespace(all=everything, opening=lambda: everything(CommunityOpened)[0])


def test_everything_is_committed_at_its_own_moment(community, told):
    found, state = asked(community, told)
    assert [(kind, request.key) for kind, request in found] == [
        (CommunityOpened, "participants"),
        (CommunityOpened, "terms/standing"),
        (TermsSigned, "agreement/roof/1"),
        (GateClosed, f"schedules/{NAME}"),
        (SessionCleared, f"terms/{NAME}"),
        (ScheduleRevised, "schedules/again"),
        (DayMetered, f"readings/{DAY}"),
        (DaySettled, f"day/{DAY}"),
    ]
    kinds = {request.key: request.entries for _, request in found}
    assert [entry.kind for entry in kinds[f"readings/{DAY}"]] == ["readings", "executions"]
    statements, net = kinds[f"day/{DAY}"]
    assert (statements.kind, type(net)) == ("statements", NetSettled)
    assert state.pending.schedules == {}, "nothing waits at the end"
    assert (state.pending.ordered, state.pending.delivered) == ((), ())


def test_schedules_that_come_after_the_gate_are_committed_at_once(community, told):
    late = [told[0], *told[3:4], told[5], told[4]]
    found, _ = asked(community, late)
    assert (found[-1][0], found[-1][1].key) == (ScheduleSolved, f"schedules/{NAME}")
    assert found[-1][1].entries == asked(community, told)[0][3][1].entries


def test_executions_hold_what_was_ordered_beside_what_was_done(community):
    """Rows member by member, added up by hand from the devices above."""
    slots, late = Slots(SLOTS.start, 900, 3), SLOTS.start + 900
    told = [dispatched(SLOTS.start), dispatched(late, autonomous=True), dispatched(slots.end)]
    done = [reported(SLOTS.start, (True, False, True)), reported(slots.start - 900)]
    found = executions(
        community,
        slots,
        {each.slot: ordered(community, each) for each in told},
        {each.slot: delivered(community, each) for each in done},
    )
    by_hand = {
        0: [(1, 0, 0), (-220, -220, 0), (0, 0, 0), (0, 0, 0), (1, 0, 0), (-210, 0, 0), (0, 0, 0),
            (0, 0, 0)],
        1: [(1, 0, 0), (400, 400, 0), (11, 11, 0), (1, 1, 0), (0, 0, 0), (0, 0, 0), (600, 0, 0),
            (225, 0, 0)],
    }  # fmt: skip
    assert found.shape == (2, len(ROWS), 3)
    assert {row: list(map(tuple, found[row].tolist())) for row in (0, 1)} == by_hand


def whole(community, told):
    return [*told, *(request for _, request in asked(community, told)[0])]


def test_the_evidence_gives_all_that_was_committed(community, told):
    assert checks.roots(recorded(whole(community, told))) == "7 roots"
    assert checks.roots(recorded(whole(community, told[:9]))) == "3 roots", "a run that waits"


def changed(message, **fields):
    """Add 1 to the first number of some columns, or replace what is no column."""
    found = {}
    for name, value in fields.items():
        found[name] = getattr(message, name).copy() if value is None else value
        if value is None:
            found[name].flat[0] += 1
    return msgspec.structs.replace(message, **found)


TAMPERED = {
    "readings": (DayMetered, "withdrawal_wh", f"{DAY}: readings do not give their root"),
    "an order": (DispatchIssued, "discharge_wh", f"{DAY}: executions do not give their root"),
    "a report": (TelemetryReceived, "pv_wh", f"{DAY}: executions do not give their root"),
    "statements": (DaySettled, "nano", f"{DAY}: statements do not give their root"),
    "trades": (SessionCleared, "bought_wh", f"{NAME}: contracts do not give their root"),
}


@pytest.mark.parametrize("case", TAMPERED.values(), ids=TAMPERED)
def test_tampered_evidence_is_named(community, told, case):
    kind, column, problem = case
    messages = whole(community, told)
    at = next(row for row, each in enumerate(messages) if isinstance(each, kind))
    messages[at] = changed(messages[at], **{column: None})
    with pytest.raises(CheckFailed) as failed:
        checks.roots(recorded(messages))
    assert str(failed.value) == problem


@pytest.mark.parametrize(("kind", "name"), [(ScheduleSolved, NAME), (ScheduleRevised, "again")])
def test_a_tampered_schedule_is_named(community, told, kind, name):
    messages = whole(community, told)
    at = next(row for row, each in enumerate(messages) if isinstance(each, kind))
    plan = changed(messages[at].plan, net_wh=None)
    messages[at] = changed(messages[at], plan=plan)
    with pytest.raises(CheckFailed, match=f"^{name}: schedules do not give their root$"):
        checks.roots(recorded(messages))


def test_tampered_terms_are_named(community, told):
    messages = whole(community, told)
    tariffs = msgspec.structs.replace(community.tariffs, levy_micro_per_kwh=1)
    other = msgspec.structs.replace(community, tariffs=tariffs)
    messages[0] = changed(messages[0], community=other)
    with pytest.raises(CheckFailed, match=r"^standing: contracts do not give their root$"):
        checks.roots(recorded(messages))
    messages = whole(community, told)
    agreement = msgspec.structs.replace(messages[1].agreement, terms=b"other terms")
    messages[1] = changed(messages[1], agreement=agreement)
    with pytest.raises(CheckFailed, match=r"^roof/1: what was offered does not have the hashes"):
        checks.roots(recorded(messages))


def test_what_is_missing_or_without_evidence_is_named(community, told):
    messages = whole(community, told)
    at = next(row for row, each in enumerate(messages) if isinstance(each, CommitRequested))
    with pytest.raises(CheckFailed, match=r"^participants: nothing is committed as participants$"):
        checks.roots(recorded([*messages[:at], *messages[at + 1 :]]))
    entry = RootAnchored("readings", "operator", "2026-06-16", 1, bytes(range(32)))
    more = CommitRequested(key="readings/2026-06-16", at=NOW, entries=(entry,))
    with pytest.raises(CheckFailed, match=r"^2026-06-16: there is no evidence of what is commit"):
        checks.roots(recorded([*messages, more]))
