"""``market grid`` in linear flow: what is worked by hand, and the golden cases of grids."""

import json
from pathlib import Path

import numpy as np
import pytest

CASES = Path(__file__).parents[3] / "cases" / "grid"
VILLAGE = ("village.yaml", "orders.csv", "--baseline", "baseline.csv")
NOT_INSTALLED = (
    "not verified: AC power flow needs the extra grid:"
    " .venv/bin/python -m pip install power-grid-model"
)
HEAD = "member,node,side,slot,quantity [Wh],limit [micro/kWh],key"


def test_the_village_by_hand(village, told):
    """In the first slot the side cable lets 7.5 kWh less 0.5 of baseline to the school.

    Bought are 10 kWh by the bakery and 7 + 2.5 by the school, sold 9 by the farm, 2.5 by the roof
    and 8 by the main market: 10·30 + 9.5·25 - 9·8 - 2.5·6 - 8·12 = 354.5 ct. The rent is 7 kWh
    times 25 - 12 ct. In the second slot nothing is full and the main market sets the price.
    """
    found = told(*VILLAGE)
    first, second = found["slots"]
    assert (first["volume_wh"], second["volume_wh"]) == (19_500, 16_000)
    assert (first["welfare_nano"], first["rent_nano"]) == (3_545_000_000, 910_000_000)
    assert second["welfare_nano"] == 10**7 * (12 * 30 + 4 * 25 - 9 * 8 - 7 * 13)
    assert (second["lowest_micro_per_kwh"], second["highest_micro_per_kwh"]) == (130_000, 130_000)
    prices = {each["node"]: each["price_micro_per_kwh"] for each in found["nodes"]}
    assert prices["school"] == [250_000, 130_000]
    assert {tuple(prices[name]) for name in prices if name != "school"} == {(120_000, 130_000)}
    (full,) = found["full"]
    assert (full["branch"], full["flow_wh"], full["left_wh"]) == ("side", 7_000, 7_000)
    assert full["worth_micro_per_kwh"] == 130_000
    assert (found["verified"], found["baseline_beyond"]) == (False, [])


def test_money_of_the_clearing_adds_up(village, told):
    found = told(*VILLAGE)
    for slot in found["slots"]:
        here = [each for each in found["trades"] if each["slot_start"] == slot["slot_start"]]
        paid, received = (
            sum(each["quantity_wh"] * each[f"{side}_micro_per_kwh"] for each in here)
            for side in ("buyer", "seller")
        )
        assert (paid, received) == (slot["paid_nano"], slot["received_nano"])
        assert paid - received == slot["rent_nano"]
        assert sum(each["quantity_wh"] for each in here) == slot["volume_wh"]
    accepted = sum(each["accepted_wh"] for each in found["orders"])
    assert accepted == 2 * sum(slot["volume_wh"] for slot in found["slots"])
    ends = {(each["seller"], each["seller_node"]) for each in found["trades"]}
    assert ends == {("main-market", "medium"), ("farm", "farm"), ("school-roof", "school")}


def write(folder, case):
    """Write a golden case as files of a grid, orders and, where it has one, a baseline."""
    nodes = "".join(f"  {name}: {case['voltage_v']} V\n" for name in case["nodes"])
    lines = ""
    for each in case["branches"]:
        rating = f", rating: {each['limit_w']} W" if "limit_w" in each else ""
        ends = f"from: {each['source']}, to: {each['target']}"
        lines += f"  {each['id']}: {{{ends}, reactance: {each.get('reactance', 1)} ohm{rating}}}\n"
    grid = f"slack: {case['slack']}\nnodes:\n{nodes}lines:\n{lines}"
    (folder / "case.yaml").write_text(grid, encoding="utf-8")
    rows = [HEAD]
    for each in case["orders"]:
        slot = f"2026-01-01T{each.get('slot', 0):02}:00"
        amounts = f"{each['quantity_wh']},{each['limit']},{each['id']}"
        rows.append(f"{each['id']},{each['node']},{each['side']},{slot},{amounts}")
    (folder / "case.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    rows = ["node,slot,fed_in [Wh]"]
    for name, values in case.get("baseline_wh", {}).items():
        rows += [f"{name},2026-01-01T{slot:02}:00,{value}" for slot, value in enumerate(values)]
    (folder / "base.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    return ["--baseline", "base.csv"] if "baseline_wh" in case else []


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_golden_cases_come_out_of_files(village, told, name):
    case, expected = (
        json.loads((CASES / name / f"{part}.json").read_text("utf-8"))
        for part in ("case", "expected")
    )
    step = ("--slot-minutes", str(case["step_s"] // 60))
    found = told("case.yaml", "case.csv", *step, *write(village, case))
    accepted = {each["key"]: each["accepted_wh"] for each in found["orders"]}
    assert accepted == expected["accepted_wh"]
    prices = {each["node"]: each["price_micro_per_kwh"] for each in found["nodes"]}
    for node, price in expected["price_micro_per_kwh"].items():
        assert prices[node] == (price if isinstance(price, list) else [price])
    assert [slot["rent_nano"] for slot in found["slots"]] == expected["rent_nano"]
    full = {each["branch"]: each["flow_wh"] for each in found["full"]}
    assert full.keys() == {name for name, ways in expected["full"].items() if np.any(ways)}
    for name, flow in full.items():
        assert flow in np.atleast_1d(expected["flow_wh"][name])


def test_people_read_tables(village, called):
    done = called("market", "grid", *VILLAGE)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "village.yaml, orders.csv: 5 nodes, 4 branches, 9 orders"
    total = "total 35.5 kWh 6.515 ¤ 0.12 ¤/kWh 0.25 ¤/kWh 0.91 ¤"
    assert " ".join(lines[4].split()) == total
    assert lines[5] == "buyers pay 5.655 ¤, sellers receive 4.745 ¤, the grid has 0.91 ¤ of rent"
    assert "medium, station, square and 1 more" in done.out
    assert lines[-1] == NOT_INSTALLED


@pytest.mark.parametrize(
    ("more", "told_last"),
    [
        (("--no-power-flow",), "not verified by AC power flow, as --no-power-flow asks"),
        (("--offers", "offers.csv"), "offers.csv was read; nothing is bought without a power flow"),
    ],
)
def test_what_is_not_verified_is_never_silent(village, called, more, told_last):
    done = called("market", "grid", *VILLAGE, *more)
    assert (done.code, done.out.splitlines()[-1]) == (0, told_last)
    assert called("market", "grid", *VILLAGE, "--quiet").out == ""


@pytest.mark.parametrize(
    ("more", "remark"),
    [
        ((), NOT_INSTALLED),
        (
            ("--offers", "offers.csv"),
            f"{NOT_INSTALLED}; offers.csv was read; nothing is bought without a power flow",
        ),
    ],
)
def test_a_program_can_tell_that_nothing_is_verified(village, told, more, remark):
    found = told(*VILLAGE, *more)
    assert (found["verified"], found["remark"]) == (False, remark)
    assert "called" not in found


def test_a_baseline_beyond_a_limit_is_told(village, called, told):
    base = "node,slot,slots,fed_in [kWh]\nschool,2026-12-07T10:00,2,-8\n"
    (village / "baseline.csv").write_text(base, encoding="utf-8")
    beyond = told(*VILLAGE)["baseline_beyond"]
    assert [(each["branch"], each["beyond_wh"]) for each in beyond] == [("side", 500)] * 2
    out = called("market", "grid", *VILLAGE).out
    assert "side, 2026-12-07T10:15: the baseline alone is 500 Wh beyond the limit" in out


def test_prices_are_in_the_currency_of_the_file(village, called):
    path = village / "orders.csv"
    text = path.read_text("utf-8").replace("limit [ct/kWh]", "limit [EUR/MWh]")
    path.write_text(text, encoding="utf-8")
    out = called("market", "grid", *VILLAGE).out
    assert "0.012 EUR/kWh" in out
    assert "¤" not in out


def test_zones_and_members_stand_in_for_nodes(village, told):
    with_nodes = told("village.yaml", "orders.csv")
    path = village / "orders.csv"
    path.write_text(path.read_text("utf-8").replace("node", "zone", 1), encoding="utf-8")
    with_zones = told("village.yaml", "orders.csv")
    assert with_zones["nodes"] == with_nodes["nodes"]
    assert with_zones["slots"] == with_nodes["slots"]


def test_rows_for_other_slots_are_left_out_and_counted(village, told, called):
    with (village / "offers.csv").open("a", encoding="utf-8") as file:
        file.write("bakery,square,up,2026-12-07T10:15,2,20,20\n")
    with (village / "baseline.csv").open("a", encoding="utf-8") as file:
        file.write("square,2026-12-07T10:30,4,-6,95 %\nfarm,2026-12-07T09:00,6,-1,95 %\n")
    found = told(*VILLAGE, "--offers", "offers.csv")
    assert (found["offers_left_out"], found["baseline_left_out"]) == (1, 1)
    out = called("market", "grid", *VILLAGE, "--offers", "offers.csv").out
    assert "1 row of the baseline for slots without orders left out" in out
    assert "1 offer for slots without orders left out" in out
