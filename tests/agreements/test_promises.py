"""Terms that cannot hold are refused before anybody signs them, each with its own fault."""

from pathlib import Path

import pytest

from gridpact.agreements.checks import named_in
from gridpact.agreements.documents import verify
from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import NotOnSlots
from gridpact.contracts.files import read_contract
from gridpact.contracts.formulas import muldiv, total
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Choice, Const, Profile, Series
from gridpact.contracts.references import active, delivered, paid
from gridpact.contracts.tables import read_world
from gridpact.contracts.terms import All, One, Scale, pay, sale, within
from gridpact.contracts.times import Between, LocalTime

PRODUCTS = Path(__file__).parents[1] / "cases" / "products"
START = 1_782_864_000  # 2026-07-01T00:00Z, as in conftest.py
HOUR, DAY = 3600, 86_400
EVERY_DAY = (tuple(range(1, 13)), tuple(range(1, 8)))
PRICE = Const(80_000, "micro/kWh")


def fee(amount, giver="park", taker="bakery"):
    return pay(amount, giver, taker, "fee", "EUR")


def energy(amount, giver="park", taker="bakery"):
    return Scale(amount, One("energy", giver, taker))


def chosen(low, high, label="nomination"):
    return energy(Choice(label, "bakery", low, high, 0, low.unit))


def wh(number):
    return Const(number, "Wh")


def local(zone, begin_s, end_s):
    return LocalTime(zone, *EVERY_DAY, begin_s, end_s)


def refusals(desk, contract, **how):
    """Problems that a proposal is refused for; none where it is not."""
    try:
        desk.draft(contract, **how)
    except BadInput as error:
        faults = error.faults
    else:
        return []
    assert {(fault.file, fault.where) for fault in faults} == {("agreement", "terms")}
    assert all(fault.fix for fault in faults)
    return [fault.problem for fault in faults]


@pytest.mark.parametrize(
    ("low", "high", "when"),
    [
        (wh(10), wh(9), "2026-07-01T00:00:00Z"),
        (wh(2) + wh(3), wh(4), "2026-07-01T00:00:00Z"),
        # Nothing stands in a profile's fourth hour but what it says there, 5 Wh.
        (wh(6), Profile(START, HOUR, (9, 9, 9, 5), "Wh"), "2026-07-01T03:00:00Z"),
        # Outside its window a profile is 0.
        (wh(1), Profile(START, HOUR, (9, 9), "Wh"), "2026-07-01T02:00:00Z"),
        (
            Profile(START + 20 * HOUR, HOUR, (1,), "Wh"),
            Profile(START, HOUR, (9,), "Wh"),
            "2026-07-01T20:00:00Z",
        ),
    ],
)
def test_a_choice_that_nobody_could_take(desk, low, high, when):
    (problem,) = refusals(desk, chosen(low, high))
    assert problem.startswith("choice 'nomination' can never be taken")
    assert problem.endswith(when)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (wh(9), wh(9)),
        (wh(10), Series("limit", "Wh")),  # what data say shows at settlement
        (wh(0), Profile(START, HOUR, (9, 9), "Wh")),
        # Above its high bound in an hour before the agreement alone.
        (Profile(START - HOUR, HOUR, (9, 1), "Wh"), wh(1)),
    ],
)
def test_a_choice_that_may_be_taken(desk, low, high):
    assert refusals(desk, chosen(low, high)) == []


def test_bounds_that_cannot_be_worked_out(desk):
    (problem,) = refusals(desk, chosen(wh(0), muldiv(wh(1), Const(1, "1"), Const(0, "1"))))
    assert "bounds that cannot be worked out" in problem


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        (energy(wh(1), "park", "park"), ["park gives energy to park"]),
        (fee(Const(1, "nano"), "park", "park"), ["park gives money:EUR/fee to park"]),
        (
            All((energy(wh(1)), sale(wh(1), PRICE, "park", "park", "energy", "EUR"))),
            ["park gives energy to park", "park gives money:EUR/energy to park"],
        ),
    ],
)
def test_a_flow_to_oneself(desk, contract, told):
    assert refusals(desk, contract) == told


@pytest.mark.parametrize("contract", [All(()), Scale(Const(1, "1"), All((All(()),)))])
def test_terms_that_promise_nothing(desk, contract):
    assert refusals(desk, contract) == ["promise nothing"]


@pytest.mark.parametrize(
    "contract",
    [
        fee(paid("supply", "fee")),
        energy(delivered("supply")),
        within(active("supply"), fee(Const(1, "nano"))),
        chosen(wh(0), delivered("supply")),
    ],
)
def test_terms_that_refer_to_their_own_agreement(desk, contract):
    (problem,) = refusals(desk, contract)
    assert problem.startswith("'agreement:supply:")
    assert problem.endswith("refers to the agreement itself")
    assert refusals(desk, contract, name="another") == []


def test_times_that_slots_of_an_hour_cannot_tell_apart(desk):
    terms = All(
        (
            energy(Profile(START, 900, (1, 2), "Wh")),
            within(Between(START, START + 5400), energy(wh(1))),
            within(local("Europe/Berlin", 0, 8 * HOUR + 1800), energy(wh(1))),
        )
    )
    assert sorted(refusals(desk, terms)) == [
        "2026-07-01T01:30:00Z splits a slot of 3600 s",
        "30600 s after midnight in Europe/Berlin splits the slot at 2026-07-01T06:00:00Z",
        "a profile by 900 s does not fit slots of 3600 s",
    ]
    fine = Slots(START, 900, 96)
    rest = All(tuple(terms.parts[1:]))
    assert refusals(desk, rest, slots=fine) == []


@pytest.mark.parametrize(
    ("mask", "step", "days", "wrong"),
    [
        (local("Asia/Kolkata", 0, 8 * HOUR), HOUR, 1, True),  # five hours and a half from UTC
        (local("Asia/Kolkata", 0, 8 * HOUR), HOUR // 2, 1, False),
        (local("UTC", 0, 8 * HOUR), 2 * HOUR, 1, False),
        # On slots of two hours a summer's even hours in Berlin are a winter's odd ones.
        (local("Europe/Berlin", 0, 8 * HOUR), 2 * HOUR, 31, False),
        (local("Europe/Berlin", 0, 8 * HOUR), 2 * HOUR, 365, True),
        (Between(START - 1, START + 99 * DAY + 1), HOUR, 30, False),  # beyond both ends
        (Between(START - 1, START + 29 * DAY + 1), HOUR, 30, True),
    ],
)
def test_a_mask_is_refused_where_its_evaluation_would_be(desk, mask, step, days, wrong):
    slots = Slots(START, step, days * DAY // step)
    contract = within(mask, fee(Const(1, "nano")))
    assert bool(refusals(desk, contract, slots=slots)) == wrong
    if wrong:
        with pytest.raises(NotOnSlots):
            cashflows(contract, {}, slots)
    else:
        assert cashflows(contract, {}, slots)


def test_a_calendar_period_that_begins_within_a_slot(desk):
    contract = fee(total(Const(1, "nano"), "day@Europe/Berlin"))
    slots = Slots(START, DAY, 31)
    (problem,) = refusals(desk, contract, slots=slots)
    assert "'day@Europe/Berlin' begins within the slot" in problem
    assert refusals(desk, contract, slots=Slots(START, HOUR, 744)) == []


def test_how_terms_are_ill_formed_is_told(desk):
    (problem,) = refusals(desk, energy(Const(1, "W")))
    assert problem.startswith("who gives what cannot be told: energy ")
    assert problem.endswith("counts in Wh, its amount is in W")
    twice = All((chosen(wh(0), wh(1)), chosen(wh(0), wh(2))))
    (problem,) = refusals(desk, twice)
    assert problem == "what they need cannot be told: choice 'nomination' is used with two meanings"


def test_the_end_of_all_calendars_and_long_agreements_of_short_slots(desk):
    mask = local("Pacific/Kiritimati", 0, 8 * HOUR)
    contract = within(mask, fee(Const(1, "nano")))
    last = Slots(253_402_300_800 - DAY, HOUR, 23)
    assert refusals(desk, contract, slots=last) == []
    assert refusals(desk, contract, slots=Slots(START, 1, 10**9)) == []


def test_what_was_signed_elsewhere_does_not_verify(desk, monkeypatch):
    """A document is checked as a whole, however it came to be."""
    monkeypatch.setattr("gridpact.agreements.checks.broken_promises", lambda *_: iter(()))
    document = desk.signed(desk.draft(energy(wh(1), "park", "park")))
    monkeypatch.undo()
    assert [check.name for check in verify(document) if not check.holds] == ["terms"]


CASES = sorted(PRODUCTS.glob("*/contract.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_every_product_can_be_signed_for_the_slots_of_its_golden_table(desk, path):
    contract = read_contract(path).contract
    _, slots = read_world(path.with_name("data.csv"), needs(contract), open_choices=True)
    names = sorted(named_in(contract))
    wallets = {name: bytes([number]) * 20 for number, name in enumerate(names)}
    assert refusals(desk, contract, slots=slots, parties=wallets, name="golden") == []
