"""Postings of settled lines against sums in plain Python, trial balances, statements."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.settlement.accounts.balance import (
    balances,
    statement,
    totals,
    trial_balance,
    unbalanced,
)
from gridpact.settlement.accounts.chart import BANK, SUSPENSE, percent
from gridpact.settlement.accounts.postings import posted, posted_lines, together
from gridpact.settlement.accounts.transfers import (
    Leg,
    Transfer,
    burnt,
    drawn_down,
    made,
    minted,
    moved,
    received,
    reversal,
)
from gridpact.settlement.lines import MEMBER, joined, negated
from gridpact.settlement.lines import received as received_by

NAMES = {"lane": "operator:lane", "power": "supplier:power", "grid": "dso:grid"}
MEMBERS = st.sampled_from((0, 2))
ROWS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from((0, 1, 2, 4, 5)), MEMBERS, st.integers(-(10**12), 10**12)),
        st.tuples(st.just(3), st.just(1), st.integers(-(10**12), 10**12)),  # of a balance group
    ),
    max_size=12,
)


def by_hand(lines):
    """Balances of lines, one after another; a credit is negative."""
    found = defaultdict(int)
    for line in range(len(lines)):
        head, minor = lines.heads[lines.head[line]], int(lines.minor[line])
        owner = lines.owners[lines.owner[line]]
        debit, credit = (
            f"member:{owner}" if side == MEMBER else NAMES[side]
            for side in (head.payer, head.payee)
        )
        if head.category == "tax":
            rate = {190_000: "19", 55_000: "5.5"}[head.rate_ppm]
            credit = f"tax:{credit.split(':')[1]}:vat:{rate}"
        if minor:
            found[debit, head.currency] += minor
            found[credit, head.currency] -= minor
    return dict(found)


@settings(deadline=None)
@given(rows=ROWS)
def test_lines_are_posted_as_by_hand_and_balance(chart, lines_of, rows):
    lines = lines_of(rows)
    found = posted_lines(lines, chart, "run 1", 10, 20)
    assert balances(found) == by_hand(lines)
    assert not any(totals(trial_balance(found)).values())
    assert len(unbalanced(found)) == 0
    assert set(found.value_s.tolist()) <= {10}
    assert set(found.known_s.tolist()) <= {20}


@settings(deadline=None)
@given(rows=ROWS)
def test_holders_have_what_the_run_says_they_receive(chart, lines_of, rows):
    lines = lines_of(rows)
    held = defaultdict(int)
    for (account, currency), minor in balances(posted_lines(lines, chart, "r", 0, 0)).items():
        held[account.split(":")[1], currency] -= minor
    told = {
        (name, currency): minor
        for currency, table in received_by(lines).items()
        for name, minor in table.items()
        if minor
    }
    assert {key: minor for key, minor in held.items() if minor} == told


@settings(deadline=None)
@given(first=ROWS, second=ROWS)
def test_a_run_and_its_corrections_are_the_corrected_run(chart, lines_of, first, second):
    old, new = joined([lines_of(first)]), joined([lines_of(second)])
    change = joined([new, negated(old)])
    booked = together(
        [posted_lines(old, chart, "run 1", 0, 1), posted_lines(change, chart, "run 2", 0, 2)]
    )
    whole = by_hand(new)
    assert {key: minor for key, minor in balances(booked).items() if minor} == {
        key: minor for key, minor in whole.items() if minor
    }
    assert balances(booked.at(known_s=1)) == by_hand(old)
    assert balances(booked.at(known_s=0)) == {}


def test_sums_that_do_not_fit_are_refused(chart, lines_of):
    lines = lines_of([(0, 0, 2**62 - 1), (0, 2, 2**62 - 1), (0, 0, 2**62 - 1)])
    with pytest.raises(NumberOverflow):
        trial_balance(posted_lines(lines, chart, "run 1", 0, 0))


def test_what_does_not_balance_is_found(chart):
    good = received("a", 0, "member:bakery", (500, "EUR"))
    bad = Transfer("b", "made", 0, (Leg(BANK, "EUR", 5), Leg("member:bakery", "CHF", -5)))
    found = posted([(good, 1), (bad, 1)])
    assert unbalanced(found).tolist() == [1]
    assert totals(trial_balance(found)) == {"EUR": 5, "CHF": -5}


def test_a_statement_goes_by_value_date_and_carries_on(chart, lines_of):
    lines = lines_of([(0, 0, 700), (2, 0, 100), (4, 0, 133), (1, 2, 50)])
    pay = received("7", 40, "member:bakery", (900, "EUR"))
    found = together([posted([(pay, 90)]), posted_lines(lines, chart, "run 1", 30, 35)])
    opening, rows = statement(found, "member:bakery", "EUR")
    assert opening == 0
    assert [(row.source, row.minor, row.balance) for row in rows] == [
        ("run 1 supply.supply", -700, -700),
        ("run 1 grid.network", -100, -800),
        ("run 1 vat.tax", -133, -933),
        ("received 7", 900, -33),
    ]
    assert statement(found, "member:bakery", "EUR", from_s=31) == (-933, rows[3:])
    assert statement(found.at(known_s=50), "member:bakery", "EUR", from_s=31) == (-933, [])
    assert statement(found, "member:nobody", "EUR") == (0, [])
    assert statement(found, "member:bakery", "USD") == (0, [])


def test_payments_to_a_party_hand_over_its_taxes_first():
    balances_ = {
        ("supplier:power", "EUR"): -2000,
        ("tax:power:vat:19", "EUR"): -380,
        ("tax:power:vat:7", "EUR"): 20,
        ("tax:other:vat:19", "EUR"): -10,
        ("tax:power:vat:19", "CHF"): -10,
    }
    paid = made("1", 0, "supplier:power", (1000, "EUR"), balances_)
    assert {leg.account: leg.minor for leg in paid.legs} == {
        "tax:power:vat:19": 380,
        "supplier:power": 620,
        BANK: -1000,
    }
    small = made("2", 0, "supplier:power", (80, "EUR"), balances_)
    assert {leg.account: leg.minor for leg in small.legs} == {"tax:power:vat:19": 80, BANK: -80}


def test_prepayment_is_drawn_down_to_what_is_owed_and_no_further():
    assert drawn_down("1", 0, "EUR", {"bakery": (500, 0), "school": (0, 500)}) is None
    found = drawn_down("1", 0, "EUR", {"school": (500, 300), "bakery": (20, -5), "home": (3, 9)})
    assert found.legs == (
        Leg("prepayment:home", "EUR", 3),
        Leg("member:home", "EUR", -3),
        Leg("prepayment:school", "EUR", 300),
        Leg("member:school", "EUR", -300),
    )
    assert len(unbalanced(posted([(found, 0)]))) == 0


@settings(deadline=None)
@given(tokens=st.integers(1, 10**9), minor=st.integers(1, 10**9))
def test_tokens_that_are_minted_and_burnt_leave_nothing(tokens, minor):
    given_ = ("member:bakery", (tokens, "LANE"), (minor, "EUR"))
    both = posted([(minted("1", 0, *given_), 0), (burnt("2", 1, *given_), 1)])
    assert len(unbalanced(both)) == 0
    assert not any(balances(both).values())
    half = balances(both.at(value_s=0))
    assert half["wallet:bakery", "LANE"] == -tokens == -half["token:issued", "LANE"]
    assert half["token:backing", "EUR"] == -minor == -half["member:bakery", "EUR"]


def test_a_reversal_takes_every_leg_back():
    pay = moved("1", 0, (SUSPENSE, "member:bakery"), (70, "EUR"), note="found")
    back = reversal("2", 5, pay)
    assert not any(balances(posted([(pay, 0), (back, 5)])).values())
    assert (back.kind, back.note) == ("reversal", "takes back 1")


@pytest.mark.parametrize(
    ("ppm", "told"), [(190_000, "19"), (55_000, "5.5"), (1, "0.0001"), (1_000_000, "100")]
)
def test_rates_are_written_exactly(ppm, told):
    assert percent(ppm) == told


def test_nothing_posted_is_an_empty_trial_balance():
    none = together([])
    assert (len(none), trial_balance(none), unbalanced(none).tolist()) == (0, [], [])
    assert np.array_equal(posted([]).minor, none.minor)
