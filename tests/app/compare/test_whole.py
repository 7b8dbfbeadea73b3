"""Whole runs: the same as a run of its own, balanced, and apart only where rules differ."""

from pathlib import Path

import msgspec
import pytest

from gridpact.app.cli.comparing_tables import lines
from gridpact.app.compare.rules import both_under
from gridpact.app.compare.whole import LARGE, compare, record_of
from gridpact.metering.messages import DayMetered
from gridpact.settlement.billing import bills
from gridpact.settlement.messages import DaySettled
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
NAMES = ("uniform-price", "pay-as-bid", "continuous")


@pytest.fixture(scope="module")
def scenario():
    return load(EXAMPLES / "small.yaml", overrides={"generate.homes": 4})


@pytest.fixture(scope="module")
def compared(scenario):
    return compare(scenario, NAMES)


def test_each_run_is_the_run_of_a_scenario_that_says_so(scenario, compared, tmp_path):
    text = (EXAMPLES / "small.yaml").read_text(encoding="utf-8").replace("homes: 8", "homes: 4")
    for name, run in zip(NAMES, compared.runs, strict=True):
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"{text}\nmarket: {{mechanism: {name}}}\n", encoding="utf-8")
        said = load(path)
        built = community(said)
        assert built.market == both_under(community(scenario).market, name)
        record = record_of(said, built)
        found = bills(built, record.all(DaySettled))
        assert run.bill_minor == tuple(found.total_minor.tolist())
        assert run.supplier_only_minor == tuple(found.supplier_only_minor.tolist())
        (day,), (read,) = record.all(DaySettled), record.all(DayMetered)
        pairs = zip(day.supplier_in_wh.flat, read.withdrawal_wh.flat, strict=True)
        local = sum(max(int(taken) - int(outside), 0) for outside, taken in pairs)
        assert 0 < local < read.withdrawal_wh.sum()
        assert run.local_share_ppm == round(local * 1_000_000 / int(read.withdrawal_wh.sum()))


def test_every_run_balances(compared):
    for run in compared.runs:
        assert sum(run.parties.values()) == 0
        assert run.parties["members"] == -sum(run.bill_minor)
        pairs = zip(run.supplier_only_minor, run.bill_minor, strict=True)
        assert run.saving_minor == tuple(alone - paid for alone, paid in pairs)
        assert run.traded_wh > 0


def test_rules_in_force_are_marked(compared):
    assert [run.name for run in compared.runs if run.recorded] == ["uniform-price"]
    assert len({run.bill_minor for run in compared.runs}) > 1, "mechanisms divide gains otherwise"


def test_a_large_community_goes_without_preference(scenario, monkeypatch):
    monkeypatch.setattr("gridpact.app.compare.whole.LARGEST_SLOT", 3)
    found = compare(scenario, ("uniform-price", "preference"))
    assert [run.name for run in found.runs] == ["uniform-price"]
    assert found.remarks == (LARGE,)
    assert any("preference is left out" in line for line in lines(found))


def test_comparing_again_gives_the_same(scenario, compared):
    again = compare(scenario, NAMES[:1])
    assert again.runs == compared.runs[:1]
    assert msgspec.json.encode(again.runs[0]) == msgspec.json.encode(compared.runs[0])
