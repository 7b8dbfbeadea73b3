"""What agreements ask of their parties: read off the terms, and against a reading of their own."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.forward import forward
from gridpact.contracts.products.option import call_option
from gridpact.scheduling.contracted.duties import duties

MEMBERS = ("m000", "m001", "m002")


def read(contracts, slots):
    return {(one.agreement, one.party): one for one in duties(contracts, MEMBERS, slots)}


def test_who_sells_gives_and_who_buys_takes_and_nobody_else_is_asked(tools):
    first = tools.day.start + 40 * tools.STEP
    terms = tools.sells("m000", "m001", [0, 500, 700, 0], start=first)
    found = read(tools.bound(tools.offer("sale", terms, ("m000", "m001"), tools.day)), tools.day)
    expected = np.zeros(96, np.int64)
    expected[41:43] = 500, 700
    assert list(found) == [("sale", "m000"), ("sale", "m001")]
    assert np.array_equal(found["sale", "m000"].given_wh, expected)
    assert np.array_equal(found["sale", "m001"].given_wh, -expected)
    outside = tools.sells("m000", "supplier", 100)
    found = read(
        tools.bound(tools.offer("out", outside, ("m000", "supplier"), tools.day)), tools.day
    )
    assert list(found) == [("out", "m000")]


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.integers(0, 2_000), min_size=8, max_size=8),
    st.integers(0, 7),
    st.integers(1, 8),
    st.integers(-4, 8),
    st.integers(1, 12),
)
def test_it_is_the_obligations_of_the_contract_while_it_runs(
    tools, values, begin, lasts, first, count
):
    """Against the contract's own reading of obligations, cut to the life by hand."""
    start = tools.day.start
    life = Slots(start + begin * tools.STEP, tools.STEP, lasts)
    terms = tools.sells("m000", "m001", values, start=start)
    window = Slots(start + first * tools.STEP, tools.STEP, count)
    contracts = tools.bound(tools.offer("sale", terms, ("m000", "m001"), life))
    found = read(contracts, window)
    (leg,) = obligations(terms, {}, window)
    inside = (window.starts() >= life.start) & (window.starts() < life.end)
    if not inside.any():
        assert found == {}
        return
    assert np.array_equal(found["sale", "m000"].given_wh, np.where(inside, leg.low, 0))


def test_what_is_called_is_less_than_the_baseline_and_what_is_not_is_nothing(tools):
    offered = tools.offer("dr", tools.goes_down("m000"), ("m000", "aggregator"), tools.day)
    (nothing,) = read(tools.bound(offered), tools.day).values()
    assert nothing.is_empty
    assert nothing.unread == ()
    slots = Slots(tools.day.start + 20 * tools.STEP, tools.STEP, 3)
    chosen = {("dr", "call"): (slots, [300, 0, 1_500])}
    (found,) = read(tools.bound(offered, chosen=chosen), tools.day).values()
    assert found.less_wh[20:23].tolist() == [300, 0, 1_000]  # beyond the bound counts up to it
    assert found.less_wh.sum() == 1_300
    assert not found.given_wh.any()


def test_capacity_is_kept_up_to_what_is_called_of_it(tools):
    held = tools.offer("afrr", tools.holds("m002", 1_000, 400), ("m002", "tso"), tools.day)
    slots = Slots(tools.day.start, tools.STEP, 2)
    chosen = {("afrr", "activate-up"): (slots, [100, 250])}
    (found,) = read(tools.bound(held, chosen=chosen), tools.day).values()
    assert found.up_w[:3].tolist() == [600, 0, 1_000]  # 100 Wh in a quarter of an hour is 400 W
    assert set(found.down_w) == {400}
    assert found.less_wh[:3].tolist() == [100, 250, 0]
    assert not found.given_wh.any()


def test_what_is_only_measured_asks_for_nothing_and_says_why(tools):
    terms = forward(
        "m000",
        "supplier",
        Series("metered:pv", "Wh"),
        Const(1000, "micro/kWh"),
        Const(1, "1"),
        "EUR",
    )
    offered = tools.offer("ppa", terms, ("m000", "supplier"), tools.day)
    (found,) = read(tools.bound(offered), tools.day).values()
    assert found.is_empty
    assert found.unread == ("energy hangs on 'metered:pv', which is only measured",)


def test_slots_of_another_length_ask_for_nothing_and_say_why(tools):
    hours = Slots(tools.day.start, 3600, 24)
    offered = tools.offer("sale", tools.sells("m000", "m001", 100), ("m000", "m001"), hours)
    for found in read(tools.bound(offered), tools.day).values():
        assert found.is_empty
        assert "slots of 3600 s" in found.unread[0]


def test_an_option_that_nobody_exercised_asks_for_nothing(tools):
    right = call_option(
        "m000", "m001", tools.wh(400), Const(1000, "micro/kWh"), Const(1, "nano"), 0, "EUR"
    )
    offered = tools.offer("right", right, ("m000", "m001"), tools.day)
    assert all(one.is_empty for one in read(tools.bound(offered), tools.day).values())
    slots = Slots(tools.day.start + 5 * tools.STEP, tools.STEP, 1)
    found = read(tools.bound(offered, chosen={("right", "exercise"): (slots, [1])}), tools.day)
    assert found["right", "m000"].given_wh[5] == -400
    assert found["right", "m001"].given_wh.sum() == 400


@pytest.mark.parametrize("end", [-1, 50])
def test_nothing_is_asked_while_it_stands_still(tools, end):
    offered = tools.offer("sale", tools.sells("m000", "m001", 100), ("m000", "m001"), tools.day)
    begin = tools.day.start + 40 * tools.STEP
    stop = end if end < 0 else tools.day.start + end * tools.STEP
    still = msgspec.structs.replace(tools.bound(offered), suspended={"sale": ((begin, stop),)})
    given = read(still, tools.day)["sale", "m000"].given_wh
    assert not given[40 : end if end > 0 else 96].any()
    assert set(given[:40]) == {100}
    assert end < 0 or set(given[50:]) == {100}


def test_what_is_offered_and_not_signed_asks_for_nothing(tools):
    offered = tools.offer("sale", tools.sells("m000", "m001", 100), ("m000", "m001"), tools.day)
    (signed,) = tools.bound(offered).signed
    open_yet = msgspec.structs.replace(signed, bound=False, state="proposed")
    assert read(msgspec.structs.replace(tools.bound(), signed=(open_yet,)), tools.day) == {}
