"""The ledger's room: what is committed under which key, and what a refusal leaves behind."""

import msgspec
import numpy as np
import pytest

from gridpact.agreements.messages import TermsSigned
from gridpact.base.slots import Slots
from gridpact.ledger.anchors import readings, rooted, statements
from gridpact.ledger.anchors import settled as net_of
from gridpact.ledger.handlers import Commitments
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import AgreementSigned, TermsCommitted
from gridpact.ledger.leaves import demonstration_secrets
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import CommitRefused, CommitRequested, Committed
from gridpact.market.messages import Session, SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.scheduling.problem import Plan
from gridpact.settlement.day import Facts
from gridpact.settlement.statements import settle

SLOTS, DAY, NOW = Slots(1_781_474_400, 900, 2), "2026-06-15", 1_781_600_000


@pytest.fixture(scope="module")
def community(small_community):
    return small_community(2)


@pytest.fixture
def ledger(authority):
    with LocalLedger(":memory:", authority) as opened:
        yield opened


@pytest.fixture
def secrets(community):
    return demonstration_secrets(1, community.members.ids)


@pytest.fixture
def room(community, secrets, ledger):
    return Commitments(community, secrets, ledger).room()


def tell(room, state, message, now=NOW):
    return room.handlers[type(message)](state, message, now)


def metered(day=DAY):
    table = np.array([[100, 200], [0, 50]])
    return DayMetered(
        day=day,
        slots=SLOTS,
        withdrawal_wh=table,
        injection_wh=table * 0,
        estimated=table < 0,
        method="linear.v1",
    )


def settled(community, day=DAY):
    price = np.array([100_000, 200_000])
    return settle(
        community,
        Facts(metered(day), price, price * 0, (), np.zeros((2, 2), np.int64), price < 0),
    )


def cleared(quantity):
    table = np.array([[0, 0], [0, quantity]])
    return SessionCleared(
        session=Session(f"{DAY}.day-ahead", "day-ahead", DAY, 0, SLOTS, SLOTS),
        price_micro_per_kwh=np.array([0, 9]),
        traded=np.array([False, quantity > 0]),
        bought_wh=table,
        sold_wh=table[::-1],
        offered_wh=table[1],
        asked_wh=table[1],
        orders=2,
    )


def schedule():
    none = np.zeros((0, 0), np.int64)
    plan = Plan(np.ones((2, 4), np.int64), none, none, none, none, none, none, none, ())
    horizon = Slots(SLOTS.start, 900, 4)
    return ScheduleSolved(session=f"{DAY}.day-ahead", window=SLOTS, horizon=horizon, plan=plan)


def perform(room, state, request):
    """Write to the ledger and take the answer in, as the loop does."""
    (answer,) = room.effects[CommitRequested](state, request)
    return tell(room, state, answer)[0], answer


def test_each_thing_has_its_key(room, community):
    opening = CommunityOpened(community=community, seed=1, first_day=DAY, gridpact="x")
    keys = {}
    for message in (opening, schedule(), cleared(5)):
        _, (request,) = tell(room, room.state, message)
        assert request.at == NOW
        keys[request.key] = [type(entry) for entry in request.entries]
    assert keys.pop("participants")
    assert keys == {
        f"schedules/{DAY}.day-ahead": [RootAnchored],
        f"terms/{DAY}.day-ahead": [TermsCommitted],
    }


def test_a_signed_agreement_is_committed_by_its_hashes(room, ledger):
    message = TermsSigned(agreement="roof", version=2, terms_hash=bytes(32), digest=b"d" * 32)
    state, (request,) = tell(room, room.state, message)
    assert request.key == "agreement/roof/2"
    state, answer = perform(room, state, request)
    assert isinstance(answer, Committed)
    assert state.latest == answer.receipt
    assert ledger.entries()[-1] == AgreementSigned("roof", 2, bytes(32), b"d" * 32)


def test_a_session_that_made_no_contract_commits_nothing(room):
    assert tell(room, room.state, cleared(0)) == (room.state, [])


def test_a_day_is_committed_whole_with_its_statements(room, community, secrets, ledger):
    state, outs = tell(room, room.state, metered())
    assert outs == [], "readings wait for their statements"
    other, _ = tell(room, state, metered("2026-06-16"))
    day = settled(community)
    state, (request,) = tell(room, other, day)
    assert request.key == f"day/{DAY}"
    assert request.entries == (
        rooted(community, "readings", DAY, readings(metered()), secrets),
        rooted(community, "statements", DAY, statements(day), secrets),
        net_of(community, day),
    )
    assert list(state.waiting) == ["2026-06-16"]
    state, answer = perform(room, state, request)
    assert isinstance(answer, Committed)
    assert state.latest == answer.receipt
    assert state.days == 1
    assert ledger.entries() == list(request.entries)
    assert isinstance(ledger.entries()[2], NetSettled)


def test_only_days_count_as_days(room):
    _, (request,) = tell(room, room.state, schedule())
    state, _ = perform(room, room.state, request)
    assert state.days == 0
    assert state.latest is not None


def test_an_attempt_that_is_repeated_is_harmless(room, community, ledger):
    opening = CommunityOpened(community=community, seed=1, first_day=DAY, gridpact="x")
    _, (request,) = tell(room, room.state, opening)
    _, first = perform(room, room.state, request)
    _, again = perform(room, room.state, request)
    assert first == again
    assert ledger.head().height == 1


def test_a_refused_commit_is_recorded_and_leaves_the_ledger_as_it_was(room, ledger):
    _, (request,) = tell(room, room.state, schedule())
    state, _ = perform(room, room.state, request)
    before = ledger.head()
    entry = msgspec.structs.replace(request.entries[0], root=bytes(range(32)))
    other = msgspec.structs.replace(request, entries=(entry,))
    refused_state, answer = perform(room, state, other)
    assert isinstance(answer, CommitRefused)
    assert answer.key == request.key
    assert "was used for other entries" in answer.reason
    assert refused_state.refused == (request.key,)
    assert refused_state.latest == state.latest
    assert refused_state.days == state.days
    assert ledger.head() == before


def test_a_replay_writes_nothing(community, secrets):
    room = Commitments(community, secrets, None).room()
    request = CommitRequested(key="k", at=NOW, entries=())
    with pytest.raises(RuntimeError, match="without a ledger"):
        room.effects[CommitRequested](room.state, request)
