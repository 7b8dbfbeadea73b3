"""The contracts a statement reads, and that they say the same as the terms that were signed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.needs import needs
from gridpact.contracts.terms import bind
from gridpact.market.trades import trade_contract
from gridpact.settlement.clause import MEMBER
from gridpact.settlement.clauses import clauses, sharing_name
from gridpact.settlement.day import energy
from gridpact.settlement.spot import trade_name
from gridpact.settlement.statements import LINES


def by_member(clause, amount, members):
    """Amounts [members, slots] of a clause, added up row by row."""
    total = np.zeros((members, amount.shape[-1]), np.int64)
    for row, values in enumerate(amount):
        total[row if clause.owner is None else clause.owner[row]] += values
    return total


@given(data=st.data())
@settings(deadline=None, max_examples=120)
def test_signed_trades_and_settled_trades_are_one_truth(data, settled_day):
    """Terms with fixed profiles, one by one, give what the template gives for all at once."""
    community, facts, cleared = settled_day(data)
    slots = facts.metered.slots
    found = clauses(community, facts, energy(community, facts))
    for session, clause in zip(cleared, found, strict=False):
        assert clause.name == trade_name(session.session.id)
        template = {
            key: by_member(clause, amount, len(community.members.ids))
            for key, amount in cashflows(clause.contract, clause.world, slots).items()
        }
        for row, name in enumerate(community.members.ids):
            signed = cashflows(trade_contract(community, session, row), {}, slots)
            settled = {
                tuple(name if each == MEMBER else each for each in key): amount[row].tolist()
                for key, amount in template.items()
            }
            for key, amounts in settled.items():
                own = signed.pop(key, np.zeros(slots.count, np.int64))
                assert own.tolist() == amounts
            assert signed == {}


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_each_clause_brings_exactly_the_series_that_its_terms_need(data, settled_day):
    community, facts, cleared = settled_day(data)
    found = clauses(community, facts, energy(community, facts))
    names = [clause.name for clause in found]
    assert names[len(cleared) :] == ["sharing", "supplier", "network", "imbalance"]
    assert len(set(names)) == len(names)
    for clause in found:
        assert {need.name for need in needs(clause.contract).series} == set(clause.world)
        flows = cashflows(clause.contract, clause.world, facts.metered.slots)
        for (payer, payee, currency, kind), amount in flows.items():
            assert (payer == MEMBER) != (payee == MEMBER)
            assert currency == "EUR"
            assert (kind, payer == MEMBER) in LINES
            members, count = facts.metered.withdrawal_wh.shape
            assert amount.shape == (members if clause.owner is None else clause.owner.size, count)


@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_member_bound_by_name_gets_its_own_row(data, settled_day):
    community, facts, _ = settled_day(data)
    row = data.draw(st.integers(0, len(community.members.ids) - 1))
    name, slots = community.members.ids[row], facts.metered.slots
    for clause in clauses(community, facts, energy(community, facts)):
        whole = cashflows(clause.contract, clause.world, slots)
        for at in clause.rows_of(row):
            own_world = {
                key: values[at] if values.ndim == 2 else values
                for key, values in clause.world.items()
            }
            own = cashflows(bind(clause.contract, {MEMBER: name}), own_world, slots)
            expected = {
                tuple(name if each == MEMBER else each for each in key): amount[at].tolist()
                for key, amount in whole.items()
            }
            assert {key: amount.tolist() for key, amount in own.items()} == expected


def test_the_sharing_contract_names_its_key_and_version(small_community):
    assert sharing_name(small_community(1)) == "default-dynamic.v1"
    assert trade_name("2026-06-15.intraday-0600") == "spot.intraday-0600"
