"""Dated activations of a scenario: read, checked with their fixes, and called for in time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.activation.messages import ActivationRequested
from gridpact.simulation.calls import calls, due_calls
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.model import Activation

HEAD = """\
gridpact: 1
run: {from: 2026-06-15}
zones: [{id: town}, {id: lane, parent: town}]
generate: {homes: 1}
operation: {}
"""
ONE = '{at: "2026-06-15T18:00", zones: [lane], power_kw: 2.5, lasts_minutes: 30}'


@pytest.fixture
def read(tmp_path):
    def scenario(*activations, head=HEAD):
        path = tmp_path / "scenario.yaml"
        listed = "".join(f"  - {each}\n" for each in activations)
        path.write_text(f"{head}activations:\n{listed}", encoding="utf-8")
        return load(path)

    return scenario


def at(hour, minute=0):
    zone = ZoneInfo("Europe/Berlin")
    return int(datetime(2026, 6, 15, hour, minute, tzinfo=zone).timestamp())


def test_activations_are_read_in_order_of_their_beginnings(read):
    more = ONE[:-1] + ", direction: down, split: pro-rata, by: operator}"
    early = more.replace("T18:00", "T06:15")
    assert read(ONE, early).activations == (
        Activation("operator", ("lane",), -2500, at(6, 15), 1800, "pro-rata"),
        Activation("dso", ("lane",), 2500, at(18), 1800, "merit-order"),
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("lane", "lne"), "there is no zone 'lne'"),
        (("T18:00", "T18:10"), "not the start of a slot of 15 minutes"),
        (("lasts_minutes: 30", "lasts_minutes: 40"), "not whole slots of 15 minutes"),
        (("2026-06-15T18:00", "2026-03-29T02:15"), "does not occur"),
        (("2026-06-15T18:00", "2026-10-25T02:15"), "occurs twice"),
        (("2026-06-15T18:00", "2026-02-30T18:00"), "day is out of range"),
        (('"2026-06-15T18:00"', "tomorrow"), "is not an instant"),
        (("2.5", "0"), "not more than 0"),
        (("2.5", "-3"), "negative"),
        (("30}", "30, direction: sideways}"), "not one of up, down"),
        (("30}", "30, by: home-1}"), "no operator of the grid"),
        (("zones: [lane], ", ""), "zones is missing"),
        (("zones: [lane]", "zones: []"), "empty"),
        (("power_kw", "power_w"), "wrong unit"),
    ],
)
def test_bad_activations_are_named(read, change, told):
    with pytest.raises(BadInput) as caught:
        read(ONE.replace(*change))
    assert any(told in str(fault) for fault in caught.value.faults)
    assert all(fault.where.startswith("activations[0]") for fault in caught.value.faults)
    assert all(fault.fix for fault in caught.value.faults)


def test_activations_need_schedules_that_are_made_anew(read):
    with pytest.raises(BadInput, match="add operation"):
        read(ONE, head=HEAD.replace("operation: {}\n", ""))


def test_the_grid_calls_a_slot_before(read):
    (request,) = calls(read(ONE).activations)
    assert request == ActivationRequested(
        by="dso", zones=("lane",), power_w=2500, begin=at(18), lasts_s=1800, rule="merit-order"
    )
    # the slot that ends at 17:45 brings it: the one of 17:45 is then still to be dispatched
    due = [slot for slot in range(at(17), at(19), 900) if due_calls((request,), slot, 900)]
    assert due == [at(17, 30)]
