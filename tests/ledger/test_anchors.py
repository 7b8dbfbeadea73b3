"""What of a day goes on the ledger: any changed number changes its root and its owner's leaf."""

import hashlib

import msgspec
import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.ledger.anchors import (
    anchored,
    authorisations,
    of_members,
    readings,
    schedules,
    settled,
    statements,
    terms,
)
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import TermsCommitted
from gridpact.ledger.leaves import demonstration_secrets
from gridpact.market.messages import Session, SessionCleared
from gridpact.market.trades import terms_hashes
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.scheduling.problem import Plan
from gridpact.settlement.day import Facts
from gridpact.settlement.statements import net_positions, settle


def readings_leaves(community, day, secrets):
    return of_members(community, "readings", day.day, readings(day), secrets)


def statement_leaves(community, day, secrets):
    return of_members(community, "statements", day.day, statements(day), secrets)


def schedule_leaves(community, solved, secrets):
    return of_members(community, "schedules", solved.session, schedules(solved), secrets)


MEMBERS, SLOTS = 4, Slots(1_781_474_400, 900, 3)
DAY = "2026-06-15"


@pytest.fixture(scope="module")
def community(small_community):
    return small_community(MEMBERS)


@pytest.fixture(scope="module")
def secrets(community):
    return demonstration_secrets(3, community.members.ids)


@pytest.fixture(scope="module")
def metered():
    table = np.arange(MEMBERS * SLOTS.count).reshape(MEMBERS, -1)
    return DayMetered(
        day=DAY,
        slots=SLOTS,
        withdrawal_wh=table * 100,
        injection_wh=table % 5 * 30,
        estimated=table % 7 == 2,
        method="linear.v1",
    )


@pytest.fixture(scope="module")
def day(community, metered):
    spot = np.array([100_000, 50_000, -20_000])
    planned = metered.withdrawal_wh - 50
    facts = Facts(metered, spot, spot // 7, (), planned, np.ones(3, bool))
    return settle(community, facts)


def solved_of(net_wh):
    none = np.zeros((0, 0), np.int64)
    plan = Plan(net_wh, none, none, none, none, none, none, none, ())
    horizon = Slots(SLOTS.start, 900, net_wh.shape[1])
    return ScheduleSolved(session=f"{DAY}.day-ahead", window=SLOTS, horizon=horizon, plan=plan)


def merkle(leaves):
    """Root by the recursive definition of RFC 6962, 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + merkle(leaves[:split]) + merkle(leaves[split:])).digest()


def assert_each_number_counts(community, message, names, leaves_of):
    """Change every number of some columns in turn, one at a time."""
    before = leaves_of(message)
    root = anchored(community, "readings", DAY, before).root
    assert root == merkle(before)
    for name, member_axis in names.items():
        values = getattr(message, name)
        for place in np.ndindex(values.shape):
            changed = values.copy()
            changed[place] = not changed[place] if values.dtype == bool else changed[place] + 1
            after = leaves_of(msgspec.structs.replace(message, **{name: changed}))
            differing = [row for row in range(MEMBERS) if before[row] != after[row]]
            assert differing == [place[member_axis]], (name, place)
            assert anchored(community, "readings", DAY, after).root != root


def test_any_reading_changes_its_owners_leaf_and_the_root(community, secrets, metered):
    names = {"withdrawal_wh": 0, "injection_wh": 0, "estimated": 0}
    assert_each_number_counts(
        community, metered, names, lambda m: readings_leaves(community, m, secrets)
    )


def test_any_amount_changes_its_owners_leaf_and_the_root(community, secrets, day):
    names = {"nano": 1, "minor": 1, "energy_wh": 1}
    assert_each_number_counts(
        community, day, names, lambda m: statement_leaves(community, m, secrets)
    )


def test_schedules_count_within_their_window_only(community, secrets):
    net = np.arange(MEMBERS * 5).reshape(MEMBERS, 5)  # the horizon goes on for two slots
    before = schedule_leaves(community, solved_of(net), secrets)
    for row, slot in np.ndindex(net.shape):
        changed = net.copy()
        changed[row, slot] += 1
        after = schedule_leaves(community, solved_of(changed), secrets)
        differing = [at for at in range(MEMBERS) if before[at] != after[at]]
        assert differing == ([row] if slot < 3 else [])


def test_leaves_of_equal_numbers_look_different(community, secrets, metered):
    """By member, by day and by kind: nobody sees from a leaf that two days were alike."""
    same = msgspec.structs.replace(
        metered,
        withdrawal_wh=metered.withdrawal_wh * 0,
        injection_wh=metered.injection_wh * 0,
        estimated=metered.estimated & False,
    )
    other_day = msgspec.structs.replace(same, day="2026-06-16")
    leaves = [
        *readings_leaves(community, same, secrets),
        *readings_leaves(community, other_day, secrets),
        *schedule_leaves(community, solved_of(np.zeros((MEMBERS, 3), np.int64)), secrets),
        *readings_leaves(community, same, demonstration_secrets(4, community.members.ids)),
    ]
    assert len(set(leaves)) == len(leaves)


def test_an_anchor_says_what_when_whose_and_how_many(community, secrets, metered):
    found = readings_leaves(community, metered, secrets)
    entry = anchored(community, "readings", DAY, found)
    assert entry == RootAnchored("readings", "operator", DAY, MEMBERS, merkle(found))


def test_everybody_is_authorised_in_their_role(community):
    found = authorisations(community)
    assert all(isinstance(entry, ParticipantAuthorised) for entry in found)
    assert {entry.participant: entry.role for entry in found} == {
        **dict.fromkeys(community.members.ids, "prosumer"),
        "operator": "operator", "supplier": "supplier", "dso": "dso", "state": "state",
        "authority": "authority",
    }  # fmt: skip
    assert [entry.participant for entry in found] == sorted(e.participant for e in found)


def test_net_positions_are_everybodys_and_balance(community, day):
    entry = settled(community, day)
    assert isinstance(entry, NetSettled)
    assert (entry.period, entry.currency) == (DAY, "EUR")
    assert dict(entry.positions) == net_positions(community, day)
    assert sum(amount for _, amount in entry.positions) == 0
    assert [name for name, _ in entry.positions] == sorted(name for name, _ in entry.positions)


def test_terms_are_committed_for_those_who_traded(community):
    zero = np.zeros((MEMBERS, 3), np.int64)
    bought, sold = zero.copy(), zero.copy()
    bought[2, 1], sold[0, 1] = 500, 500
    session = Session(f"{DAY}.day-ahead", "day-ahead", DAY, 0, SLOTS, SLOTS)

    def cleared(bought, sold, price):
        return SessionCleared(
            session=session,
            price_micro_per_kwh=np.array([0, price, 0]),
            traded=np.array([False, True, False]),
            bought_wh=bought,
            sold_wh=sold,
            offered_wh=zero[0],
            asked_wh=zero[0],
            orders=2,
        )

    (entry,) = terms(community, cleared(bought, sold, 100))
    hashes = terms_hashes(community, cleared(bought, sold, 100))
    assert entry == TermsCommitted(session.id, 2, merkle(hashes))
    (other,) = terms(community, cleared(bought, sold, 101))
    assert other.root != entry.root
    assert terms(community, cleared(zero, zero, 100)) == ()
