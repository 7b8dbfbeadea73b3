import pytest

from gridpact.market.clearing.k_pricing import clear_pairs
from gridpact.market.clearing.matched import accounts_nano
from gridpact.market.clearing.mechanisms import MECHANISMS, choose, match


def test_by_name():
    assert choose("uniform-price") is MECHANISMS["uniform-price"]


def test_an_option_is_used_and_kept(orders_of):
    orders = orders_of([(0, 1, 10, 30), (0, -1, 10, 10)])
    chosen = choose("k-pricing", {"k_ppm": 250_000})
    assert chosen.options == {"k_ppm": 250_000, "ties": "pro-rata"}
    assert MECHANISMS["k-pricing"].clear is clear_pairs
    for mechanism, price in ((chosen, 15), (MECHANISMS["k-pricing"], 20)):
        found = match(mechanism, orders, 1)
        assert accounts_nano(orders, found, 2)[0].tolist() == [10 * price, 0]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vickrey", {}, "there are .*k-pricing, .*uniform-price"),
        ("uniform-price", {"k_ppm": 1}, "no option 'k_ppm'; it has ties"),
        ("continuous", {"ties": "time"}, "no option 'ties'; it has none"),
        ("k-pricing", {"k": 1}, "no option 'k'; it has k_ppm, ties"),
    ],
)
def test_what_there_is_is_told(name, options, message):
    with pytest.raises(ValueError, match=message):
        choose(name, options)
