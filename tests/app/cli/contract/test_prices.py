"""``gridpact contract value`` reads what deliveries are worth, and says what it does not take."""

import json

import pytest

TWO = """gridpact: contract/1
currency: EUR
parties: [park, bakery]
choices:
  take: {by: bakery, yes_no: true, notice: 0 s}
terms:
  - within:
      mask: take
      terms:
        - sale: {quantity: 1 kWh, price: 80 EUR/MWh, seller: park, buyer: bakery, kind: energy}
  - pay: {amount: 1 CHF, currency: CHF, payer: bakery, payee: park, kind: fee}
  - deliver: {quantity: 1 kWh, giver: park, taker: bakery, asset: certificate:GO:2026}
"""
ODD = """gridpact: contract/1
currency: EUR
parties: [park, bakery]
series: {spot: micro/kWh}
choices:
  named: {by: bakery, low: 0 kWh, high: 4 kWh, notice: 0 s}
terms:
  - pay: {amount: "share(named, 50 %) * spot", payer: park, payee: bakery, kind: half}
  - pay: {amount: 1 EUR, payer: park, payee: bakery, kind: fee}
"""
PATHS = "path,slot_start,s [micro/kWh]\n" + "".join(
    f"{path},2026-07-01T0{hour}:00Z,{price}000\n"
    for path, prices in enumerate([(70, 90), (100, 60), (50, 50)], 1)
    for hour, price in enumerate(prices)
)
WORDS = ("contract", "value", "two.yaml", "--scenarios", "paths.csv", "--party", "bakery")


@pytest.fixture(autouse=True)
def files(desk):
    (desk / "two.yaml").write_text(TWO)
    (desk / "one.yaml").write_text(TWO.replace("CHF", "EUR"))
    (desk / "odd.yaml").write_text(ODD)
    (desk / "paths.csv").write_text(PATHS)
    (desk / "spot.csv").write_text(PATHS.replace("s [micro", "spot [micro"))


def test_a_price_names_its_currency(called, done):
    told = json.loads(done(called(*WORDS, "--price", "energy=s EUR", "--json")))
    assert (told["paths"], told["undecided"]) == (3, [])
    gains = 10 + 20  # EUR/MWh on one kWh: the first path's 90, the second's 100
    assert told["currencies"]["EUR"]["total"]["expectation"] == pytest.approx(gains * 1e6 / 3)
    assert told["currencies"]["CHF"]["total"]["expectation"] == -2e9
    other = done(called(*WORDS, "--price", "energy=s CHF"))
    assert "take was not taken: bakery is paid by it in several currencies" in other


@pytest.mark.parametrize("written", ["100EUR/MWh", "100 EUR/MWh", "0.1 EUR/kWh", "10ct/kWh"])
def test_amounts_are_read_as_in_files(called, done, written):
    file = "two.yaml" if "EUR" in written else "one.yaml"
    words = ("contract", "value", file, *WORDS[3:], "--price", f"energy={written}", "--json")
    (kind,) = (
        each["kinds"]["market-energy"]
        for each in json.loads(done(called(*words)))["currencies"].values()
        if "market-energy" in each["kinds"]
    )
    assert kind["expectation"] == 2 * 100 * 1e6


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "energy=s",
            "terms pay in CHF and EUR. Fix: say in which currency, as in energy='s CHF'.",
        ),
        ("energy=5 ct/kWh", "Fix: say in which currency, as in energy='5 EUR/MWh'."),
        ("energy=5 USD/MWh", "a price in USD where payments are in CHF and EUR"),
        ("energy=s USD", "a price in USD where payments are in CHF and EUR"),
        (
            "energi=s",
            "the terms move certificate:GO:2026, energy. Fix: did you mean energy.",
        ),
        ("gold=s", "Fix: name one of certificate, certificate:GO:2026, energy."),
        ("carbon=s EUR", "the terms move certificate:GO:2026, energy"),
        ("energy", "--price energy: is not ASSET=PRICE"),
        ("energy=", "--price energy: is not ASSET=PRICE"),
        ("energy=5 EUR/kW", "where micro/kWh is due"),
    ],
)
def test_prices_that_cannot_be_read(called, desk, refused, tree, said, told):
    faults = refused(called(*WORDS, "--price", said), desk, tree(desk))
    assert any(told in fault for fault in faults), faults


def test_a_price_is_given_once(called, desk, refused, tree):
    words = ("--price", "energy=s EUR", "--price", "energy=t EUR")
    (fault,) = refused(called(*WORDS, *words), desk, tree(desk))
    assert fault.startswith("arguments: --price energy: is given twice")


@pytest.mark.parametrize("option", ["--confidence", "--discount-rate"])
def test_what_is_no_number_is_the_options_fault(called, option):
    told = called(*WORDS, "--price", "energy=s EUR", option, "nan")
    assert (told.code, told.out) == (2, "")
    assert option in told.err
    assert "not a number" in told.err


def test_a_value_that_leaves_a_choice_out_says_so_first(called, done):
    words = ("contract", "value", "odd.yaml", "--scenarios", "spot.csv", "--party", "bakery")
    lines = done(called(*words)).splitlines()
    assert "3 paths" in lines[0]
    # half of 4 kWh at 70 + 90, 100 + 60 and 50 + 50 EUR/MWh
    most = (0.32 + 0.32 + 0.2) / 3
    assert lines[3:5] == [
        f"EUR  without choice named: its payments lie between 0.00 and {most:.2g}",
        "     all else expected 2.00 ± 0.00 (standard error)",
    ]
