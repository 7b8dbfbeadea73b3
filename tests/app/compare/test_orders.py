"""A file of orders under every mechanism: four sellers and two buyers of the microgrid case.

Prosumers offer 20 kWh at 5 ct, 30 at 20, 45 at 5 and 55 at 10; consumers bid for 50 and 60 kWh at
10 ct. Worked by hand: 110 kWh are traded and the limits leave a welfare of 3.25. One price is
10 ct, all to the two cheap sellers; at the offers' prices all goes to the buyers, cheapest offers
to the first of them; halves are halves.
"""

from pathlib import Path

import pytest

from gridpact.app.compare.orders import BLOCKS_ALONE, PREFERENCES_ALONE, compare_orders
from gridpact.base.errors import BadInput
from gridpact.market.clearing.mechanisms import MECHANISMS

FILE = Path(__file__).resolve().parents[2] / "cases" / "comparison" / "orders.csv"
LIMITS = (-500_000, 4_000_000)
MEMBERS = ("c1", "c2", "p1", "p2", "p3", "p4")
SELLERS = (0, 0, 1_000_000_000, 0, 2_250_000_000, 0)
BUYERS = (2_500_000_000, 750_000_000, 0, 0, 0, 0)
HALVES = (1_250_000_000, 375_000_000, 500_000_000, 0, 1_125_000_000, 0)


@pytest.fixture
def write(tmp_path):
    def written(*lines):
        path = tmp_path / "orders.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return written


@pytest.mark.parametrize(
    ("mechanism", "gains"),
    [
        ("uniform-price", SELLERS),
        ("k-uniform", SELLERS),
        ("merit-order", SELLERS),
        ("block-orders", SELLERS),
        ("pay-as-bid", SELLERS),
        ("pay-as-offer", BUYERS),
        ("continuous", BUYERS),
        ("k-pricing", HALVES),
        ("preference", HALVES),
    ],
)
def test_the_microgrid_case(mechanism, gains):
    found = compare_orders(FILE, (mechanism,), 900, LIMITS)
    (outcome,) = found.mechanisms
    assert found.members == MEMBERS
    assert outcome.volume_wh == 110_000
    assert outcome.welfare_nano == 3_250_000_000
    assert outcome.gain_nano == gains
    assert (outcome.share_of_asked_ppm, outcome.share_of_offered_ppm) == (1_000_000, 733_333)


def test_blocks_take_part_where_they_are_taken(write):
    path = write(
        "key,member,side,slot,slots,quantity [kWh],limit [ct/kWh]",
        "a,p1,sell,2026-06-15T12:00Z,2,10,5",
        "b,c1,buy,2026-06-15T12:00Z,1,10,10",
        "c,c1,buy,2026-06-15T12:15Z,1,10,10",
    )
    found = compare_orders(path, ("uniform-price", "block-orders"), 900, LIMITS)
    assert [each.volume_wh for each in found.mechanisms] == [0, 20_000]
    assert found.remarks == (BLOCKS_ALONE,)
    assert found.mechanisms[0].mean_price_micro_per_kwh is None
    assert found.mechanisms[1].welfare_nano == 20_000 * 50_000


def test_preferences_count_under_preference_alone(write):
    path = write(
        "key,member,side,slot,quantity [kWh],limit [ct/kWh],partner,prefer_partner [ct/kWh]",
        "a,p1,sell,2026-06-15T12:00Z,1,10,,",
        "b,p2,sell,2026-06-15T12:00Z,1,11,,",
        "c,c1,buy,2026-06-15T12:00Z,1,12,p2,3",
    )
    found = compare_orders(path, ("uniform-price", "preference"), 900, LIMITS)
    price, suited = found.mechanisms
    assert found.remarks == (PREFERENCES_ALONE,)
    assert found.members == ("c1", "p1", "p2")
    assert price.gain_nano[2] == 0
    assert suited.gain_nano[1] == 0
    assert suited.welfare_nano < price.welfare_nano  # by limits alone
    assert suited.gain_nano[2] > 0


def test_preference_alone_cannot_be_left_out(monkeypatch):
    monkeypatch.setattr("gridpact.app.compare.clearing.LARGEST_SLOT", 5)
    found = compare_orders(FILE, tuple(MECHANISMS), 900, LIMITS)
    assert "preference" not in [each.name for each in found.mechanisms]
    with pytest.raises(BadInput, match="slot 2026-06-15T12:00:00Z has 6 orders, more than"):
        compare_orders(FILE, ("preference",), 900, LIMITS)


def test_faults_of_the_file_are_told_as_anywhere(write):
    path = write("key,member,side,slot,quantity [kWh],limit [ct/kWh]", "a,p1,give,yesterday,0,x")
    with pytest.raises(BadInput) as caught:
        compare_orders(path, tuple(MECHANISMS), 900, LIMITS)
    assert len(caught.value.faults) >= 4


def test_more_money_than_can_be_counted_is_the_files_fault(write):
    rows = [
        f"k{row},{side}{row % 3},{side},2026-06-15T12:00Z,1000000,{limit}"
        for row in range(3000)
        for side, limit in (("buy", 400), ("sell", 390))
    ]
    path = write("key,member,side,slot,quantity [kWh],limit [ct/kWh]", *rows)
    with pytest.raises(BadInput, match="trade for more than 9,223,372,036 ¤") as caught:
        compare_orders(path, ("uniform-price",), 900, LIMITS)
    (fault,) = caught.value.faults
    assert fault.file == str(path)
    assert "fewer orders" in fault.fix


@pytest.mark.parametrize("mechanism", ["uniform-price", "k-pricing", "continuous"])
def test_what_a_member_trades_with_itself_is_told(write, mechanism):
    path = write(
        "key,member,side,slot,quantity [kWh],limit [ct/kWh]",
        "a,p1,sell,2026-06-15T12:00Z,5,10",
        "b,p1,buy,2026-06-15T12:00Z,2,20",
        "c,c1,buy,2026-06-15T12:00Z,3,15",
    )
    found = compare_orders(path, (mechanism,), 900, LIMITS)
    (outcome,) = found.mechanisms
    own = 0 if mechanism == "continuous" else 2_000  # continuous trading lets nobody meet itself
    assert outcome.own_wh == own
    assert outcome.volume_wh == 3_000 + own
    said = [text for text in found.remarks if "themselves" in text]
    words = f"members traded with themselves 2,000 of 5,000 Wh under {mechanism}."
    assert said == ([f"Of what was traded, {words}"] if own else [])


def test_a_file_knows_no_local_share():
    (outcome,) = compare_orders(FILE, ("uniform-price",), 900, LIMITS).mechanisms
    assert outcome.local_share_ppm is None
