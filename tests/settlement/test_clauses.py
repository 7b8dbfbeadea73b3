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


def drawn(data, any_day, any_rules, small_community):
    facts, cleared = data.draw(any_day)
    community = small_community(len(facts.metered.withdrawal_wh), **data.draw(any_rules))
    return community, facts, cleared


@given(data=st.data())
@settings(deadline=None, max_examples=120)
def test_signed_trades_and_settled_trades_are_one_truth(data, any_day, any_rules, small_community):
    """Terms with fixed profiles, one by one, give what the template gives for all at once."""
    community, facts, cleared = drawn(data, any_day, any_rules, small_community)
    slots = facts.metered.slots
    found = clauses(community, facts, energy(community, facts))
    for session, clause in zip(cleared, found, strict=False):
        assert clause.name == trade_name(session.session.id)
        template = cashflows(clause.contract, clause.world, slots)
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
def test_each_clause_brings_exactly_the_series_that_its_terms_need(
    data, any_day, any_rules, small_community
):
    community, facts, cleared = drawn(data, any_day, any_rules, small_community)
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
            assert amount.shape == facts.metered.withdrawal_wh.shape


@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_member_bound_by_name_gets_its_own_row(data, any_day, any_rules, small_community):
    community, facts, _ = drawn(data, any_day, any_rules, small_community)
    row = data.draw(st.integers(0, len(community.members.ids) - 1))
    name, slots = community.members.ids[row], facts.metered.slots
    for clause in clauses(community, facts, energy(community, facts)):
        whole = cashflows(clause.contract, clause.world, slots)
        own_world = {
            key: values[row] if values.ndim == 2 else values for key, values in clause.world.items()
        }
        own = cashflows(bind(clause.contract, {MEMBER: name}), own_world, slots)
        expected = {
            tuple(name if each == MEMBER else each for each in key): amount[row].tolist()
            for key, amount in whole.items()
        }
        assert {key: amount.tolist() for key, amount in own.items()} == expected


def test_the_sharing_contract_names_its_key_and_version(small_community):
    assert sharing_name(small_community(1)) == "default-dynamic.v1"
    assert trade_name("2026-06-15.intraday-0600") == "spot.intraday-0600"
