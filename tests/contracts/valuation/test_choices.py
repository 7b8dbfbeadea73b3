"""Which open choices can be valued is told from terms, and refused with a reason."""

import pytest

from gridpact.contracts.formulas import (
    at_end,
    decision,
    maximum,
    minimum,
    nominated,
    running,
    share,
    total,
    whole,
)
from gridpact.contracts.observables import Choice, Const, Profile, Series
from gridpact.contracts.products.swing import swing, swing_with_minimum_take
from gridpact.contracts.terms import deliver, either, pay, sale, within
from gridpact.contracts.valuation.choices import Refusal, Slotwise, plans
from gridpact.contracts.valuation.present import marked
from gridpact.contracts.valuation.rights import Swing

WH, PRICE = Const(1, "Wh"), Const(1, "micro/kWh")
YES = decision("yes", "holder", 0)
AMOUNT = nominated("amount", "holder", Const(9, "Wh"), 3600)
COUNT = nominated("count", "holder", Const(9, "1"), 0)
OTHER = nominated("other", "holder", Const(9, "Wh"), 0)
BENT = maximum(AMOUNT, *(minimum(AMOUNT * 2, place) for place in range(30)))
ONE_EUR = Const(10**9, "nano")
SPOT = Series("spot", "micro/kWh")


def paid(amount, payer="writer", payee="holder", currency="EUR"):
    return pay(amount, payer, payee, "gain", currency)


def test_choices_that_share_a_payment_are_one_group():
    other = decision("other", "holder", 0)
    lone = decision("alone", "writer", 0)
    found = plans(paid(YES * other * ONE_EUR) + paid(other * ONE_EUR) + paid(lone * ONE_EUR))
    assert [type(plan) for plan in found] == [Slotwise, Slotwise]
    assert [[choice.label for choice in plan.choices] for plan in found] == [
        ["alone"],
        ["other", "yes"],
    ]
    assert [plan.author for plan in found] == ["writer", "holder"]


def test_what_a_world_binds_is_not_open():
    terms = paid(YES * AMOUNT * PRICE)
    (plan,) = plans(terms, {"choice:yes": 0})
    assert [choice.label for choice in plan.choices] == ["amount"]
    assert plans(terms, {"choice:yes": 0, "choice:amount": 0}) == ()


def test_a_side_letter_between_others_does_not_enter_the_authors_payments():
    (plan,) = plans(paid(YES * ONE_EUR) + paid(total(YES) * ONE_EUR, "writer", "broker"))
    assert isinstance(plan, Slotwise)
    assert len(plan.terms.parts) == 1


REFUSED = {
    "energy moves": within(YES, sale(WH, PRICE, "writer", "holder", "energy", "EUR")),
    "certificate:GO moves": paid(YES * ONE_EUR)
    + within(YES, deliver(WH, "holder", "writer", "certificate:GO")),
    "holder is paid by it in no money": paid(YES * ONE_EUR, "writer", "broker"),
    "in several currencies": paid(YES * ONE_EUR) + paid(YES * ONE_EUR, currency="CHF"),
    "holder and writer decide together": paid(YES * decision("veto", "writer", 0) * ONE_EUR),
    "compared with the choice 'other'": paid(maximum(AMOUNT, OTHER) * PRICE),
    "under muldiv": paid(share(AMOUNT, 500_000) * PRICE),
    "affine in 'amount': it is under muldiv": paid(maximum(share(AMOUNT, 500_000), 1) * PRICE),
    "bend too often": paid(BENT * PRICE),
    "affine in 'count': it is multiplied": paid((COUNT * COUNT >= 3) * ONE_EUR),
    "multiplied by itself": paid(COUNT * (COUNT * ONE_EUR)),
    "its bounds hang on another amount": paid(nominated("b", "holder", AMOUNT, 0) * PRICE),
    "more than one yes or no": paid(total(AMOUNT) * PRICE),
    "by running": paid(running(YES) * ONE_EUR),
    "by whole": paid(whole(YES) * ONE_EUR),
    "weighs slots differently": paid(
        maximum(total(YES * Profile(0, 3600, (1, 2), "Wh")), 0) * PRICE
    ),
    "an exercise and at the total": paid(YES * total(YES) * ONE_EUR),
    "enters a fold that is no limit": paid(YES * (running(YES) <= 2) * total(YES) * ONE_EUR),
    "several limits": paid(YES * (running(YES) <= 2) * ONE_EUR)
    + paid(YES * (running(YES) <= 3) * ONE_EUR),
    "counts beyond its limit": paid(YES * (running(YES) <= 2) * ONE_EUR) + paid(YES * ONE_EUR),
    "over several periods": paid(YES * (running(YES, "day@UTC") <= 2) * ONE_EUR)
    + paid(total(YES * (running(YES, "day@UTC") <= 2), "month@UTC") * ONE_EUR),
    "may not always be left": paid(
        total(Choice("yes", "holder", at_end(), Const(1, "1"), 0, "1")) * ONE_EUR
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_valued_is_refused_with_its_reason(reason):
    (plan,) = plans(REFUSED[reason])
    assert isinstance(plan, Refusal)
    assert reason in plan.reason
    assert plan.labels


def test_too_many_choices_in_one_payment_are_refused():
    amount = ONE_EUR
    for number in range(11):
        amount = decision(f"c{number}", "holder", 0) * amount
    (plan,) = plans(paid(amount))
    assert "more than 10" in plan.reason
    assert len(plan.labels) == 11


@pytest.mark.parametrize("turned", [False, True])
def test_rights_are_found_however_the_product_is_written(turned):
    limit = running(YES, "day@UTC") <= 4
    inner = within(limit, paid(SPOT * WH))
    terms = within(YES, inner) if not turned else within(limit, within(YES, paid(WH * SPOT)))
    (plan,) = plans(terms)
    assert isinstance(plan, Swing)
    assert (plan.limit, plan.period, plan.author) == (4, "day@UTC", "holder")


def test_the_swing_products_are_rights():
    terms = ("holder", "writer", WH, PRICE, Const(5, "nano"), 20)
    for contract in (
        swing(*terms, "all", 3600, "EUR"),
        swing_with_minimum_take(*terms, Const(9, "Wh"), PRICE, "all", 3600, "EUR"),
    ):
        (plan,) = plans(marked(contract, {"energy": SPOT}, "EUR"))
        assert isinstance(plan, Swing)
        assert (plan.limit, plan.choice.notice_s) == (20, 3600)


def test_without_a_limit_a_total_makes_a_right_in_every_slot():
    (plan,) = plans(paid(YES * WH * SPOT) + paid(maximum(3 - total(YES), 0) * ONE_EUR))
    assert isinstance(plan, Swing)
    assert plan.limit is None


def test_either_is_slot_by_slot():
    (plan,) = plans(either("side", "holder", paid(ONE_EUR), paid(SPOT * WH), 0))
    assert isinstance(plan, Slotwise)
