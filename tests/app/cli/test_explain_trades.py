"""A market with prices of its own, as a person sees it: verified, explained, summed up, tabled."""

import csv
import json
from collections import defaultdict

import polars as pl
import pytest
from click.testing import CliRunner

from gridpact.app.cli.commands import cli as commands

SCENARIO = """\
gridpact: 1
community: {name: Two Streets, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
zones: [{id: street-a}, {id: street-b}]
market:
  seller_fee_ct_per_kwh: 0.1
  intraday_gates: ["12:00"]
  day_ahead: {mechanism: preference, distance_fee_ct_per_kwh: 0.5, buyer_fee_ct_per_kwh: 0.2}
members:
  - {id: roof, zone: street-a, load: {household_kwh_per_year: 3000},
     assets: [{kind: pv, kw_peak: 12}]}
  - {id: barn, zone: street-b, load: {household_kwh_per_year: 2000},
     assets: [{kind: pv, kw_peak: 6}, {kind: battery}]}
  - {id: shop, zone: street-b, load: {household_kwh_per_year: 9000}}
  - {id: home, zone: street-a, load: {household_kwh_per_year: 5000},
     market: {prefers: {green_ct_per_kwh: 1}}}
"""


def said(*words):
    """What a command that succeeds prints."""
    done = CliRunner().invoke(commands, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A finished run of one day."""
    folder = tmp_path_factory.mktemp("streets")
    (folder / "streets.yaml").write_text(SCENARIO)
    (folder / "said").write_text(said("run", folder / "streets.yaml", "--out", folder / "run"))
    return folder / "run"


@pytest.fixture(scope="module")
def lines(place):
    with (place / "statements.csv").open(newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["contract"].startswith("spot.")]


def explained(place, line):
    return json.loads(said("explain", place, line, "--json"))


def test_every_check_holds(place):
    assert "✗" not in said("verify", place)


def test_every_line_of_trades_adds_up_from_its_trades_and_is_proved(place, lines):
    seen = defaultdict(int)
    prices = {
        "bought": lambda trade: trade["seller_micro_per_kwh"],
        "sold": lambda trade: trade["seller_micro_per_kwh"],
        "grid": lambda trade: trade["buyer_micro_per_kwh"] - trade["seller_micro_per_kwh"],
        "buyer-fee": lambda _: 2_000,
        "seller-fee": lambda _: 1_000,
    }
    for row in lines:
        found = explained(place, row["line_id"])
        assert sum(slot["nano"] for slot in found["slots"]) == int(row["amount_nano"])
        if not found["slots"]:
            continue
        seen[row["contract"], row["kind"]] += 1
        assert found["agreed"]["session"] == f"{row['day']}.{row['contract'].split('.', 1)[1]}"
        assert found["agreed"]["proof"]["verified"]
        side = "seller" if row["kind"] in ("sold", "seller-fee") else "buyer"
        for slot in found["slots"]:
            trades = slot["trades"]
            assert bool(trades) == (row["contract"] == "spot.day-ahead")
            assert all(trade[side] == row["party"] for trade in trades)
            if trades:
                price = prices[row["kind"]]
                amount = sum(trade["energy_wh"] * price(trade) for trade in trades)
                assert amount == slot["nano"]
    assert set(seen) == {
        *(("spot.day-ahead", kind) for kind in prices),
        *(("spot.intraday-1200", kind) for kind in ("bought", "sold", "seller-fee")),
    }


def test_a_line_of_trades_in_words(place, lines):
    row = next(each for each in lines if each["kind"] == "grid" and int(each["amount_nano"]))
    told, party, day = said("explain", place, row["line_id"]), row["party"], row["day"]
    assert f"{party} pays dso" in told
    assert f"traded in {day}.day-ahead by preference; fees: buyers pay 0.002000 EUR/kWh" in told
    slots = explained(place, row["line_id"])["slots"]
    for trade in (trade for slot in slots for trade in slot["trades"]):
        sold, paid = trade["seller_micro_per_kwh"] / 1e6, trade["buyer_micro_per_kwh"] / 1e6
        what = f"{trade['seller']} to {party}: {trade['energy_wh'] / 1000:.3f} kWh at {sold:.6f}"
        assert f"{what} EUR/kWh, buyer pays {paid:.6f}" in told
    assert "traded in" not in said("explain", place, f"{day}/{party}/supplier.import")


def test_the_table_of_trades_the_statements_and_the_summary_say_the_same(place, lines):
    table = pl.read_parquet(place / "trades.parquet")
    table = table.filter(pl.col("session").str.starts_with("2026-06-15."))
    told = defaultdict(int)
    for row in table.iter_rows(named=True):
        name = "spot." + row["session"].split(".", 1)[1]
        paid = row["energy_wh"] * row["seller_micro_per_kwh"]
        told[name, "bought", row["buyer"]] += paid
        told[name, "sold", row["seller"]] += paid
        told[name, "grid", row["buyer"]] += row["grid_nano"]
        told[name, "buyer-fee", row["buyer"]] += row["buyer_fee_nano"]
        told[name, "seller-fee", row["seller"]] += row["seller_fee_nano"]
    settled = {
        (row["contract"], row["kind"], row["party"]): int(row["amount_nano"]) for row in lines
    }
    whole = {key: nano for key, nano in told.items() if key[2] != "operator" and nano}
    assert whole == {key: nano for key, nano in settled.items() if nano}

    printed = (place.parent / "said").read_text()
    for name, kinds in (("fees", ("buyer-fee", "seller-fee")), ("grid charges", ("grid",))):
        minor = sum(int(row["amount_minor"]) for row in lines if row["kind"] in kinds)
        assert minor > 0
        assert f", {name} {minor / 100:.2f} EUR" in printed
