"""What ``market grid`` refuses: every fault of every file by name, and nothing is cleared."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ORDERS = """\
member,node,side,slot,quantity [kWh],limit [ct/kWh],slots,prefer_green
bakery,squre,buy,2026-12-07T10:00,10,30,,
stranger,,buy,2026-12-07T10:00,10,30,,
school,,buy,2026-12-07T10:05,10,30,,
school,,buy,2026-12-07T10:00,10,200000,,
farm,,sell,2026-12-07T10:00,10,8,4,
farm,,sell,2026-12-07T10:00,0,8,,
farm,,buy,2026-12-07T10:00,1,8,,2 ct/kWh
"""
OFFERS = """\
provider,node,direction,slot,power,least,price [ct/kWh],colour
bakery,moon,sideways,2026-12-07T10:00,20 kW,30 kW,20,red
bakery,square,up,2026-12-07T10:00,0 W,,-1,
bakery,square,up,noon,5 kWh,,1,
"""
BASELINE = """\
node,slot,fed_in [kWh],power_factor
mars,2026-12-07T10:01,-6,95 %
square,2026-12-07T10:00,-6,5 %
square,2026-12-07T10:15,-2000000,
"""
PLACES = [
    "o.csv:2: node: the grid has no node 'squre'. Fix: there are medium, station, square,",
    "o.csv:3: node: no node is named, and the grid has none called 'stranger'.",
    "o.csv:4: slot: no slot begins then: slots have 15 min.",
    "o.csv:5: limit: 2000 ¤/kWh is no price.",
    "o.csv:6: slots: a grid is cleared without orders over several slots, or linked ones.",
    "o.csv:7: quantity: 0 Wh in a slot is no quantity to order.",
    "o.csv:8: prefer_green: a grid is cleared by nothing but price.",
    "f.csv:1: colour: 'colour' is said of no offer.",
    "f.csv:2: direction: 'sideways' is neither up nor down.",
    "f.csv:2: least: 30,000 W is not within nothing and the power.",
    "f.csv:2: node: the grid has no node 'moon'.",
    "f.csv:3: power: 0 W is no power to offer.",
    "f.csv:3: price: -0.01 ¤/kWh is no price to offer at.",
    "f.csv:4: power: 'kWh' does not measure a power.",
    "f.csv:4: slot: 'noon' is no instant",
    "b.csv:2: node: the grid has no node 'mars'.",
    "b.csv:2: slot: no slot begins then: slots have 15 min.",
    "b.csv:3: power_factor: is outside 10 to 100 %.",
    "b.csv:4: fed_in: -2,000,000,000 Wh is no energy of a node in a slot.",
]


def test_all_faults_of_all_files_are_told_at_once(village, refused):
    for name, text in (("o.csv", ORDERS), ("f.csv", OFFERS), ("b.csv", BASELINE)):
        (village / name).write_text(text, encoding="utf-8")
    told = refused("village.yaml", "o.csv", "--offers", "f.csv", "--baseline", "b.csv")
    missing = [place for place in PLACES if place not in told]
    assert missing == []
    mixed = "f.csv:4: power: the column mixes units: kW (line 2), W (line 3), kWh (line 4)."
    assert mixed in told
    assert told.startswith(f"error: {len(PLACES) + 1} faults; nothing was changed")


def test_a_file_that_is_not_there_does_not_hide_faults_of_others(village, refused):
    (village / "o.csv").write_text(ORDERS, encoding="utf-8")
    told = refused("village.yaml", "o.csv", "--offers", "none.csv")
    assert "none.csv: the file cannot be read" in told
    assert PLACES[0] in told


def test_a_baseline_has_every_slot_once(village, refused):
    rows = ["node,slot,slots,fed_in [kWh]", "square,2026-12-07T10:00,1,-1"]
    rows += ["farm,2026-12-07T10:00,2,1", "farm,2026-12-07T10:15,1,1"]
    (village / "b.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    told = refused("village.yaml", "orders.csv", "--baseline", "b.csv")
    assert "square has no row for 1 of 2 slots, such as 2026-12-07T10:15:00Z" in told
    assert "b.csv:4: slot: line 3 says it of the same node and slot." in told


def test_files_in_two_currencies_are_refused(village, refused):
    for name, currency in (("orders.csv", "EUR"), ("offers.csv", "CHF")):
        text = (village / name).read_text("utf-8").replace("ct/kWh", f"{currency}/kWh")
        (village / name).write_text(text, encoding="utf-8")
    told = refused("village.yaml", "orders.csv", "--offers", "offers.csv")
    assert "offers.csv: price: prices are in CHF, those of orders.csv in EUR" in told


def test_options_are_in_the_currency_of_the_files(village, refused):
    text = (village / "orders.csv").read_text("utf-8").replace("ct/kWh", "EUR/kWh")
    (village / "orders.csv").write_text(text, encoding="utf-8")
    told = refused("village.yaml", "orders.csv", "--outside", "1 CHF/kWh", "--relief", "1 CHF/kW")
    assert "--outside: is in CHF. Fix: write it in EUR." in told
    assert "--relief: is in CHF. Fix: write it in EUR." in told


def test_orders_over_too_many_slots_are_refused(village, refused):
    with (village / "orders.csv").open("a", encoding="utf-8") as file:
        file.write("farm,,sell,2036-12-07T10:00,9,8\n")
    assert "clear at most 10,000 slots at once" in refused("village.yaml", "orders.csv")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.yaml", "orders.csv"), "the grid cannot be read"),
        (("simbench:1-LV-rural9", "orders.csv"), "no SimBench low-voltage grid"),
        (("village.yaml", "none.csv"), "the file cannot be read"),
        (
            ("village.yaml", "orders.csv", "--offers", "offers.csv", "--no-power-flow"),
            "leave out --no-power-flow",
        ),
        (("village.yaml", "orders.csv", "--outside", "12"), "'12' has no unit"),
        (("village.yaml", "orders.csv", "--outside", "12 ct/kW"), "is no such price"),
        (("village.yaml", "orders.csv", "--outside", "9999 ¤/kWh"), "is no price of energy"),
        (("village.yaml", "orders.csv", "--relief", "-1 EUR/kW"), "is no price of relief"),
        (("village.yaml", "orders.csv", "--relief", "1 EUR/parsec"), "--relief"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(village, refused, arguments, words):
    assert words in refused(*arguments)


def test_simbench_without_its_package_says_what_to_install(village, refused, monkeypatch):
    monkeypatch.setattr("gridpact.connectors.simbench.package.installed", lambda: False)
    told = refused("simbench:1-LV-rural1--0-sw", "orders.csv")
    assert "pip install 'gridpact[simbench]'" in told


NAMES = ("village.yaml", "orders.csv", "offers.csv", "baseline.csv")
ODD = ["", "x", "0", "-1", "99999999", "1e9", "2026-12-07T10:07", "5 %", '"', "\n", "9.5 EUR", "up"]


@given(data=st.data())
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_spoilt_files_are_cleared_or_refused(swept, called, data):
    """Any cell of any file may be replaced; a defect of gridpact would be exit code 70."""
    whole = {name: (swept / name).read_bytes() for name in NAMES}
    name = data.draw(st.sampled_from(NAMES))
    cells = whole[name].decode().replace(": ", ":,").split(",")
    for place in data.draw(st.lists(st.integers(0, len(cells) - 1), min_size=1, max_size=3)):
        cells[place] = data.draw(st.sampled_from(ODD))
    try:
        (swept / name).write_text(",".join(cells).replace(":,", ": "), encoding="utf-8")
        files = ("--offers", "offers.csv", "--baseline", "baseline.csv")
        done = called("market", "grid", "village.yaml", "orders.csv", *files)
    finally:
        (swept / name).write_bytes(whole[name])
    assert done.code in (0, 1, 2), done.err
    assert bool(done.out) == (done.code != 2)
    assert ("nothing was changed" in done.err) == (done.code == 2)
