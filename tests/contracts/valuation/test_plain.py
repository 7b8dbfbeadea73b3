"""A policy learnt on few paths is followed only where it beats one that learns nothing."""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.contracts.formulas import decision
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import pay
from gridpact.contracts.valuation.payoffs import payoffs
from gridpact.contracts.valuation.plain import NOTHING_LEARNT, plain_policy
from gridpact.contracts.valuation.regression import halves, known_slot
from gridpact.contracts.valuation.report import value_report
from gridpact.contracts.valuation.swing import follow, learn_swing, swing_states, take_swing, worth

SPOT = Series("spot", "micro/kWh")


def noise(seed, mean=0, rows=200):
    return {"spot": mean + stream(seed, "noise").integers(-1000, 1001, (rows, 24))}


def strip(notice_s):
    gain = decision("yes", "holder", notice_s) * SPOT * Const(1, "Wh")
    return pay(gain, "writer", "holder", "gain", "EUR")


def test_what_teaches_nothing_is_left_alone_more_often_than_not(made):
    """On noise a learnt policy loses as often as it wins; ours mostly stays at the sure nothing."""
    slots, before, after = made.slots(24), [], []
    plan = made.right(3, 0, notice_s=2 * 3600)
    for seed in range(20):
        world = noise(seed)
        amounts = payoffs(plan, world, slots)
        states = swing_states(plan, amounts, world, slots)
        known = [known_slot(slot, 7200, slots) for slot in range(24)]
        taken = np.zeros(amounts.each.shape, dtype=np.int64)
        for learn, decide in halves(200):
            learnt = learn_swing(amounts, states, known, learn)
            taken[decide] = follow(amounts, states, known, learnt, decide)
        before.append(worth(amounts, taken).mean())
        after.append(
            worth(amounts, take_swing(plan, world, slots).choices["choice:exercise"]).mean()
        )
    assert sum(one < 0 for one in before) >= 5  # without a second thought it often loses
    assert sum(one < 0 for one in after) <= sum(one < 0 for one in before) // 2
    assert np.std(after) < 0.8 * np.std(before)
    assert abs(np.mean(after)) < 3 * np.std(before) / np.sqrt(20)  # and nothing is made up


@pytest.mark.parametrize(("mean", "share"), [(-400, 0), (400, 1)])
def test_a_sure_side_is_taken_everywhere(made, mean, share):
    found = value_report(strip(7200), "holder", noise(5, mean), made.slots(24))
    expected = 24 * mean * share
    assert found.total("EUR").expectation == pytest.approx(expected, abs=24 * 60)
    assert NOTHING_LEARNT in found.decided[0].method
    right = value_report(made.rights(3, -mean, notice_s=7200), "holder", noise(5), made.slots(24))
    assert right.total("EUR").expectation == pytest.approx(3 * mean * share, abs=3 * 120)
    assert "market-energy" in right.kinds("EUR")


def test_a_gain_that_may_be_chance_is_said_to_be(made):
    doubtful = []
    for seed in range(30):
        found = value_report(
            made.rights(3, 0, notice_s=7200), "holder", noise(seed), made.slots(24)
        )
        (one,) = found.decided
        text = "\n".join(one.lines())
        assert one.gain == pytest.approx(found.total("EUR").expectation)
        if one.gain_error is not None:
            error = found.total("EUR").standard_error
            assert one.gain_error == pytest.approx(error)
            assert ("may be chance" in text) == (one.gain < 2 * error)
            doubtful.append("may be chance" in text)
        else:
            assert "may be chance" not in text
    assert any(doubtful)


def test_the_paths_that_are_decided_for_have_no_say():
    learn = np.arange(0, 40, 2)
    asked = []

    def earned(few, rest):
        asked.append((few, rest))
        return np.full(rest.size, 2.0)

    plain = [np.zeros(40), np.where(np.arange(40) % 2, 1000.0, 1.0)]
    assert plain_policy(learn, plain, earned) is None  # 2 beats 1 on the even paths
    for few, rest in asked:
        assert not set(few) & set(rest)
        assert set(few) | set(rest) == set(learn)
    assert sorted(np.concatenate([rest for _, rest in asked])) == sorted(learn)
    assert plain_policy(learn, plain, lambda _, rest: np.zeros(rest.size)) == 1
    assert plain_policy(learn, [plain[0], -plain[1]], lambda _, rest: -np.ones(rest.size)) == 0


def test_the_paths_given_are_counted_though_nothing_random_is_left(made):
    slots = made.slots(24)
    fee = pay(Const(7, "nano"), "writer", "holder", "fee", "EUR")
    found = value_report(strip(3600) + fee, "holder", noise(1, rows=50), slots)
    assert found.undecided[0].reason.startswith("50 paths are too few to learn from, at least 80")
    assert (found.paths, found.present["EUR", ""].tolist()) == (50, [7 * 24] * 50)
    assert "50 paths" in found.lines()[0]
    assert found.weighted(np.ones(50)).total("EUR").expectation == pytest.approx(7 * 24)
