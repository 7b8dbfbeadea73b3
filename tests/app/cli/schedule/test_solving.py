"""``gridpact schedule solve``, ``show`` and ``audit`` on a recorded run and on a scenario."""

import json

import numpy as np
import polars as pl
import pytest

from gridpact.app import folder
from gridpact.app.schedules import keeping
from gridpact.app.schedules.posing import posed
from gridpact.app.schedules.view import of_plan
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.messages import ScheduleSolved


def test_every_session_is_posed_again_as_the_loop_posed_it(street):
    record = folder.record(street.place / "run")
    sessions = [each.session for each in record.all(ScheduleSolved)]
    assert len(sessions) > 2
    for session in sessions:
        found = posed(record, session)
        plan = solve(found.problem)
        for name in ("net_wh", "charge_wh", "discharge_wh", "state_wh", "zone_price"):
            assert np.array_equal(getattr(plan, name), getattr(found.recorded, name)), session


def test_a_run_is_solved_to_what_its_own_plan_cost(street):
    found = street.asked("solve", "run", "--session", street.session)
    assert found["status"] == "optimal"
    record = folder.record(street.place / "run")
    recorded = posed(record, street.session).recorded
    whole = int(recorded.cost_nano.sum())
    slots, assets = found["slots"], found["assets"]
    rounding = slots * assets * 2 * 400_000  # a Wh or two an asset and slot
    assert found["lower_nano"] - rounding <= whole <= found["cost_nano"] + rounding
    assert [(each["name"], each["kind"]) for each in found["tight"]] == [("street", "import")]
    assert found["tight"][0]["slots"] == np.count_nonzero(recorded.zone_price > 1)


@pytest.mark.parametrize("method", ["engine", "reference"])
def test_both_methods_agree_within_the_gap(street, method):
    kept = json.loads((street.place / "out" / keeping.OUTCOME).read_text("utf-8"))
    found = street.asked("solve", "run", "--method", method, "--gap", "0.5 %")
    assert found["lower_nano"] <= kept["cost_nano"] + 1e5
    assert kept["lower_nano"] <= found["cost_nano"] + 1e5
    if method == "reference":
        assert found["gap"] < 1e-6


def test_a_scenario_is_solved_as_a_run_of_it_is(street):
    found = street.asked("solve", "street.yaml", "--method", "reference")
    assert found == street.asked("solve", "run", "--method", "reference")
    assert not (street.place / "journal.db").exists()


def test_what_is_printed_names_the_limit_and_its_price(street):
    code, out, err = street.ask("solve", "run", "--out", "new")
    assert code == 0
    assert "solving" in err
    lines = out.splitlines()
    assert lines[0] == f"session   {street.session} of Short Street"
    assert any(line.startswith("status    optimal") for line in lines)
    row = next(line for line in lines if line.startswith("street "))
    assert "import" in row
    assert "EUR/kWh" in row
    assert lines[-1] == "written   new"
    names = {path.name for path in (street.place / "new").iterdir()}
    assert names == {keeping.FLEET, keeping.SCHEDULES, keeping.PRICES, keeping.OUTCOME}
    code, out, _ = street.ask("solve", "run", "-q")
    assert (code, out) == (0, "")


def test_the_tables_hold_the_schedules_and_balance(street):
    schedules = pl.read_parquet(street.place / "out" / keeping.SCHEDULES)
    prices = pl.read_parquet(street.place / "out" / keeping.PRICES)
    assert schedules.columns == [
        "asset",
        "kind",
        "zone",
        "slot_start",
        "net_wh",
        "charge_wh",
        "discharge_wh",
        "state_wh",
    ]
    storage = schedules.filter(pl.col("kind") == "storage")
    other = schedules.filter(pl.col("kind") != "storage")
    assert storage.null_count().sum_horizontal().item() == 0
    assert other["state_wh"].null_count() == len(other)
    street_rows = prices.filter(pl.col("zone") == "street").sort("slot_start")
    homes = prices.filter(pl.col("zone") != "street")
    problem = posed(folder.record(street.place / "run"), street.session).problem
    summed = homes.group_by("slot_start").agg(pl.col("net_wh").sum()).sort("slot_start")
    net = street_rows["net_wh"].to_numpy()
    assert np.allclose(net, summed["net_wh"].to_numpy() + problem.position_wh.sum(axis=0))
    assert net.max() <= 4000 + 1e-6
    fixed = (problem.load_wh - problem.pv_wh).sum(axis=0)
    moved = schedules.group_by("slot_start").agg(pl.col("net_wh").sum()).sort("slot_start")
    assert np.allclose(net, fixed + moved["net_wh"].to_numpy())
    assert homes["import_limit_w"].null_count() == len(homes)


def test_show_lists_assets_and_one_slot_by_slot(street):
    shown = street.asked("show", "out")
    names = [each["name"] for each in shown["assets"]]
    assert "home-01-car" in names
    assert next(each["name"] for each in shown["zones"]) == "street"
    one = street.asked("show", "out", "--asset", "home-01-car")["asset"]
    table = pl.read_parquet(street.place / "out" / keeping.SCHEDULES)
    own = table.filter(pl.col("asset") == "home-01-car").sort("slot_start")
    assert one["takes"] == pytest.approx(own["charge_wh"].to_list())
    assert one["state_wh"] == pytest.approx(own["state_wh"].to_list())
    code, out, _ = street.ask("show", "out", "--asset", "home-01-car")
    assert code == 0
    assert out.splitlines()[0] == "home-01-car, storage in home-01"
    assert len(out.splitlines()) == 3 + len(own)


def test_show_gives_a_zone_its_limit_and_price(street):
    zone = street.asked("show", "out", "--zone", "street")["zone"]
    assert set(zone["import_limit_w"]) == {4000.0}
    assert set(zone["export_limit_w"]) == {None}
    tight = [place for place, price in enumerate(zone["import_price"]) if price > 1000]
    assert tight
    assert all(zone["net_wh"][place] == pytest.approx(4000, abs=1) for place in tight)
    code, out, _ = street.ask("show", "out", "--zone", "street")
    assert code == 0
    assert "4.000 kW" in out


def test_show_of_a_run_is_the_plan_it_recorded(street):
    shown = street.asked("show", "run")
    found = posed(folder.record(street.place / "run"))
    assert shown["session"] == found.session
    zone = shown["zones"][0]
    inside = found.recorded.net_wh.sum(axis=0)
    assert zone["net_wh"] == inside.tolist()
    total = sum(np.array(each["takes"]) - np.array(each["gives"]) for each in shown["assets"])
    load = found.problem.load_wh.sum(axis=0)
    assert (total + load).tolist() == inside.tolist()
    assert len(of_plan(found).assets) == len(shown["assets"])
    code, out, _ = street.ask("show", "run")
    assert code == 0
    assert out.splitlines()[0] == f"{found.session} of Short Street"


def test_an_audit_finds_nothing_in_what_was_written(street):
    found = street.asked("audit", "out")
    assert found["breaches"] == []
    assert found["proven_nano"] is not None
    assert len(found["resolved"]) == 3
    assert found["cost_nano"] == pytest.approx(found["claimed_cost_nano"], abs=1e3)
    some = street.asked("audit", "out", "--sample", "1")
    assert len(some["resolved"]) == 1
    assert some["proven_nano"] is None
    code, out, _ = street.ask("audit", "out", "--sample", "1")
    assert code == 0
    assert "1 zone solved again" in out


def test_what_the_engine_claims_is_what_its_schedules_do(street):
    found = street.asked("solve", "run", "--method", "engine", "--out", "mixed")
    assert found["rounds"] > 1
    audited = street.asked("audit", "mixed")
    assert audited["breaches"] == []
    assert audited["proven_nano"] >= found["lower_nano"] - 1e3


def test_an_audit_finds_a_schedule_that_was_altered(street):
    path = street.place / "out" / keeping.SCHEDULES
    table = pl.read_parquet(path)
    busiest = int(table["charge_wh"].arg_max())
    row = pl.int_range(pl.len()) == busiest
    doubled = [
        pl.when(row).then(pl.col(name) * 2).otherwise(pl.col(name)).alias(name)
        for name in ("charge_wh", "net_wh")
    ]
    table.with_columns(doubled).write_parquet(path)
    code, out, _ = street.ask("audit", "out")
    assert code == 1
    assert table["asset"][busiest] in out
    assert "✗" in out
    code, out, _ = street.ask("audit", "out", "--json")
    assert code == 1
    assert json.loads(out)["breaches"]


def test_an_audit_finds_prices_and_outcome_that_were_altered(street):
    path = street.place / "out" / keeping.PRICES
    prices = pl.read_parquet(path)
    prices.with_columns(pl.col("net_wh") + 200).write_parquet(path)
    path = street.place / "out" / keeping.OUTCOME
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**told, "status": "stopped"}), encoding="utf-8")
    code, out, _ = street.ask("audit", "out", "--sample", "9")
    assert code == 1
    assert "✗ prices.parquet: net_wh of " in out
    assert f"and {prices.height - 1} further rows" in out
    assert '✗ outcome.json: status says "stopped", the schedules come to "optimal"' in out
    assert "there are only 3 zones with assets" in out
    code, out, _ = street.ask("audit", "out", "--json")
    assert code == 1
    files = {one["file"] for one in json.loads(out)["differences"]}
    assert files == {keeping.PRICES, keeping.OUTCOME}
