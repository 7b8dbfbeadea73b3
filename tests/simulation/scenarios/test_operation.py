"""Rolling operation in a scenario: what is said, what is left out, what cannot be."""

import pytest
from msgspec import UNSET

from gridpact.base.errors import BadInput
from gridpact.kernel.codec import decode, encode
from gridpact.registry.model import CAUSES, Community, OperationRules
from gridpact.simulation.faults import Lost
from gridpact.simulation.scenarios import default_path, load
from gridpact.simulation.scenarios.build import community
from gridpact.simulation.staging import world

HOMES = "gridpact: 1\ngenerate: {homes: 2, battery_percent: 100}\n"


@pytest.fixture
def read(tmp_path):
    def scenario(text):
        path = tmp_path / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return scenario


def faults_of(read, text):
    with pytest.raises(BadInput) as caught:
        read(text)
    return {each.where: (each.problem, each.fix) for each in caught.value.faults}


def test_left_out_it_is_left_out_of_journals(read):
    made = community(read("gridpact: 1\n"))
    assert made.operation is UNSET
    assert b"operation" not in encode(made)
    assert community(load(default_path())).operation is UNSET


def test_an_empty_group_has_every_default(read):
    rules = community(read(HOMES + "operation: {}\n")).operation
    assert rules == OperationRules(3600, CAUSES, 30, 1800)


def test_what_is_said_is_read_and_comes_back_from_journals(read):
    said = "{replan_minutes: 0, replan_on: [limit, need], solve_seconds: 5, stale_minutes: 0}"
    made = community(read(f"{HOMES}operation: {said}\n"))
    assert made.operation == OperationRules(0, ("limit", "need"), 5, 0)
    assert decode(encode(made), Community).operation == made.operation


@pytest.mark.parametrize(
    ("said", "where", "problem"),
    [
        ("{replan_minutes: 20}", "operation.replan_minutes", "slot to slot, which last"),
        ("{replan_minutes: -15}", "operation.replan_minutes", "-15"),
        ("{replan_minutes: 7.5}", "operation.replan_minutes", "7.5"),
        ("{solve_seconds: 900}", "operation.solve_seconds", "within one slot"),
        ("{solve_seconds: 0}", "operation.solve_seconds", "0"),
        ("{replan_on: [rain]}", "operation.replan_on[0]", "rain"),
        ("{replan_on: need}", "operation.replan_on", "a list"),
        ("{stale_hours: 1}", "operation.stale_hours", "wrong unit"),
    ],
)
def test_what_cannot_be_is_named(read, said, where, problem):
    found = faults_of(read, f"{HOMES}operation: {said}\n")
    assert list(found) == [where]
    assert problem in found[where][0]


def test_the_same_event_twice_is_named(read):
    found = faults_of(read, HOMES + "operation: {replan_on: [need, need]}\n")
    assert len(found) == 1


def test_lost_devices_are_read(read):
    lost = '[{asset: home-01-battery, from: "12:00", until: "24:00"}]'
    found = read(f"{HOMES}faults: {{lost: {lost}, device_silent_percent: 2}}\n")
    assert found.faults.lost == (Lost("home-01-battery", 43_200, 86_400),)
    assert found.faults.silent == 0.02
    world(found, community(found), 1)


def test_hours_across_midnight_are_two(read):
    lost = '[{asset: home-01-battery, from: "22:00", until: "06:00"}]'
    found = faults_of(read, f"{HOMES}faults: {{lost: {lost}}}\n")
    problem, fix = found["faults.lost[0].until"]
    assert problem == "until 06:00 is not after from 22:00"
    assert "two entries" in fix


def test_a_lost_device_that_there_is_not_is_named(read):
    lost = '[{asset: home-9-battery, from: "12:00", until: "13:00"}]'
    scenario = read(f"{HOMES}faults: {{lost: {lost}}}\n")
    with pytest.raises(BadInput) as caught:
        world(scenario, community(scenario), 1)
    (fault,) = caught.value.faults
    assert fault.where == "faults.lost[0].asset"
    assert "home-01-battery" in fault.fix
