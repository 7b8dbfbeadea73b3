"""The example of imbalance, worked out hour by hour from its tables in plain fractions."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from gridpact.app.books.folder import Book
from gridpact.app.books.settling import Asked, run_period
from gridpact.settlement.line_sums import by_head

EXAMPLE = Path(__file__).parents[3] / "examples" / "imbalance"
LATER_S = 1_800_000_000
MWH = 1_000_000


def table(name):
    with (EXAMPLE / f"{name}.csv").open(encoding="utf-8") as stream:
        return [
            {key: int(cell) for key, cell in row.items() if key != "slot_start"}
            for row in csv.DictReader(stream)
        ]


def settled(tmp_path, name):
    book = Book.create(tmp_path / name, EXAMPLE / f"{name}.yaml")
    made = run_period(book, Asked("2026-03-02", LATER_S, LATER_S), dry=True)
    found = {}
    for each in by_head(made.lines):
        if each.line.startswith("imbalance"):
            found[each.line] = found.get(each.line, 0) + each.minor
    return made, found


def deviations():
    """What mill, shop, their group and grid-co deviate in each hour [MWh]."""
    rows = zip(table("readings"), table("plan"), table("activated"), strict=True)
    for metered, plan, changed in rows:
        mill = metered["mill:injection"] - plan["mill"] - changed["mill"]
        shop = -metered["shop:withdrawal"] - plan["shop"] - changed["shop"]
        both = (mill, shop, mill + shop, changed["mill"] + changed["shop"])
        yield [Fraction(each, MWH) for each in both]


def cents(amounts):
    total = 100 * sum(amounts, Fraction(0))
    assert total.denominator == 1
    return int(total)


def per_mwh(name):
    return [Fraction(row[name], 1000) for row in table("prices")]


def test_one_price(tmp_path):
    found = settled(tmp_path, "single")[1]
    hours = [*zip(*deviations(), strict=True)]
    price = per_mwh("imbalance:price")

    def paid(deviation):
        return cents(each * at for each, at in zip(deviation, price, strict=True))

    mill, shop, group, grid = map(paid, hours)
    assert (mill + shop, group, grid) == (-8500, -8500, -6000)
    assert found == {
        "imbalance.imbalance": mill + shop,
        "imbalance-groups.imbalance": group,
        "imbalance-activations.imbalance": grid,
    }


def test_two_prices_and_a_reward(tmp_path):
    found = settled(tmp_path, "dual")[1]
    mill, shop, group, grid = zip(*deviations(), strict=True)
    long, short = per_mwh("imbalance:long"), per_mwh("imbalance:short")

    def surplus(deviation):
        return cents(max(each, 0) * at for each, at in zip(deviation, long, strict=True))

    def shortage(deviation):
        return cents(max(-each, 0) * at for each, at in zip(deviation, short, strict=True))

    helped, harmed = [], []
    for deviation in (mill, shop):
        for each, row in zip(deviation, table("prices"), strict=True):
            beyond = max(abs(each) - Fraction(1, 10), 0)
            side = helped if each * row["system:net"] < 0 else harmed
            side.append(beyond)
    assert found == {
        "imbalance.surplus": surplus(mill) + surplus(shop),
        "imbalance.shortage": shortage(mill) + shortage(shop),
        "imbalance-groups.surplus": surplus(group),
        "imbalance-groups.shortage": shortage(group),
        "imbalance-activations.shortage": shortage(grid),
        "imbalance-reward.reward": cents(each * 30 for each in helped),
        "imbalance-reward.penalty": cents(each * 10 for each in harmed),
    }
    assert [*found.values()] == [20500, 5500, 7000, 16500, 4000, 2600, 2700]


@pytest.mark.parametrize("name", ["single", "dual"])
def test_all_deviations_are_measured_less_planned(tmp_path, name):
    made, _ = settled(tmp_path, name)
    of = {each.id: row for row, each in enumerate(made.rules.members)}
    assert {*of} == {"mill", "shop"}
    for hour, (mill, shop, group, grid) in enumerate(deviations()):
        metered, plan = table("readings")[hour], table("plan")[hour]
        net = metered["mill:injection"] - metered["shop:withdrawal"]
        assert mill + shop + grid == Fraction(net - plan["mill"] - plan["shop"], MWH)
        assert mill + shop == group
