import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.market.coalitions.models import Settings, compare, meetings, orders_of


def test_two_members_by_hand():
    """2 kWh are left, 3 kWh lack: 2 kWh × 0.22 ¤ are saved.

    The buyer is the one who is served in part, so the central price is its limit and the seller
    gains all; in the other two models both gain half.
    """
    found = compare(
        np.array([[-2_000], [3_000]]),
        np.array([300_000]),
        np.array([80_000]),
        seed=1,
        settings=Settings(rounds=40),
    )
    saved = 440_000_000
    assert found["central"].gain_nano.tolist() == [saved, 0]
    assert found["negotiated"].gain_nano.tolist() == [saved // 2] * 2
    assert found["coalition"].gain_nano.tolist() == [saved // 2] * 2
    assert found["meetings"].gain_nano.sum() == saved
    assert {outcome.volume_wh for outcome in found.values()} == {2_000}
    assert found["central"].gainers.tolist() == [0]


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_all_models_on_one_community(data, data_of_communities):
    net, buy, sell = data.draw(data_of_communities(), label="community")
    seed, rounds = data.draw(st.integers(0, 50)), data.draw(st.integers(0, 6))
    share = data.draw(st.sampled_from([0, 250_000, 1_000_000]))
    found = compare(net, buy, sell, seed=seed, settings=Settings(rounds, share))
    best = found["central"].welfare_nano
    for name in ("negotiated", "coalition"):
        assert found[name].welfare_nano == best
        assert found[name].volume_wh == found["central"].volume_wh
    assert found["meetings"].welfare_nano <= best
    for outcome in found.values():
        assert np.all(outcome.gain_nano >= 0), "worse off than with the supplier alone"
        assert not outcome.standard_error_nano.any()
    sellers = (net < 0).any(axis=1) & ~(net > 0).any(axis=1)
    if share == 0:
        assert not found["negotiated"].gain_nano[sellers].any()


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_meetings_are_between_two_who_agree(data, data_of_communities):
    net, buy, sell = data.draw(data_of_communities(), label="community")
    book = orders_of(net, buy, sell)
    trades = meetings(book, net.shape[1], seed=data.draw(st.integers(0, 50)), rounds=5)
    limit = book.limit_micro_per_kwh
    assert np.all(book.slot[trades.buy] == book.slot[trades.sell])
    assert np.all((book.side[trades.buy] == 1) & (book.side[trades.sell] == -1))
    assert np.all(trades.quantity_wh > 0)
    assert np.all(trades.buyer_micro_per_kwh == trades.seller_micro_per_kwh)
    assert np.all(limit[trades.buy] >= trades.buyer_micro_per_kwh)
    assert np.all(limit[trades.sell] <= trades.seller_micro_per_kwh)
    traded = np.zeros(book.count, dtype=np.int64)
    np.add.at(traded, trades.buy, trades.quantity_wh)
    np.add.at(traded, trades.sell, trades.quantity_wh)
    assert np.all(traded <= book.quantity_wh)


def homes(members):
    net = stream(3, "homes").integers(-2_000, 2_000, (members, 24))
    return net, np.full(24, 320_000), np.full(24, 80_000)


def test_the_more_meetings_the_more_trade():
    few, some, many = (
        compare(*homes(10), seed=2, settings=Settings(rounds)) for rounds in (1, 4, 200)
    )
    volumes = [found["meetings"].volume_wh for found in (few, some, many)]
    assert volumes == sorted(volumes)
    assert volumes[0] < volumes[1] < volumes[2]
    assert volumes[2] == pytest.approx(many["central"].volume_wh, rel=0.02)


def test_a_larger_community_has_error_bars():
    found = compare(*homes(30), seed=2, settings=Settings(orders=100))
    coalition = found["coalition"]
    assert coalition.welfare_nano == found["central"].welfare_nano
    assert np.all(coalition.standard_error_nano > 0)
    again = compare(*homes(30), seed=2, settings=Settings(orders=100))
    np.testing.assert_array_equal(again["meetings"].gain_nano, found["meetings"].gain_nano)
    other = compare(*homes(30), seed=5, settings=Settings(orders=100))
    assert np.any(other["meetings"].gain_nano != found["meetings"].gain_nano)
