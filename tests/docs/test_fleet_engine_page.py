"""The page of the fleet engine: its examples run, print what it shows, and hold what they claim."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from gridpact.scheduling.audit.audit import audit
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve

TEXT = "{http://www.w3.org/2000/svg}text"


@pytest.fixture(scope="module")
def page(read_page):
    found = read_page("fleet-engine.md")
    assert len(found.examples) == 2
    return found


def run(page, number):
    """Run an example by its number; returns its names, and checks what it prints."""
    code, shown = page.examples[number]
    space = {}
    assert page.run(code, space) == shown
    return space


def test_the_objects_give_what_is_shown_and_the_reference_agrees(page):
    space = run(page, 0)
    fleet, prices, solution = space["fleet"], space["Prices"](space["price"]), space["solution"]
    exact = solve(fleet, prices, Options(method="reference"))
    assert solution.lower_nano <= exact.upper_nano + 1e4
    assert solution.upper_nano >= exact.lower_nano - 1e4
    assert audit(fleet, solution, prices).clean
    net = solution.net_wh
    assert net[0] == pytest.approx(net[1] + net[2])
    assert net[1].max() <= 7_000 + 1e-2


def test_the_columns_give_what_is_shown_and_pass_the_audit(page):
    space = run(page, 1)
    fleet, prices, solution = space["fleet"], space["prices"], space["solution"]
    assert len(fleet.one_way.zone) + len(fleet.storage.zone) == 20_000
    found = audit(fleet, solution, prices, sample=0)
    assert [each for each in found.breaches if each.unit == "Wh"] == []
    weak, energy = space["weak"], np.asarray(fleet.one_way.energy_wh)
    own = np.asarray(fleet.one_way.zone) == 0
    assert weak.one_way_wh.sum(axis=1) == pytest.approx(energy[own], abs=1e-2)
    batteries = solution.schedules()
    given = (batteries.discharge_wh - batteries.charge_wh).sum(axis=0)[36:40]
    assert (given >= 6_250_000 * (1 - 1e-5)).all()


def test_the_figure_is_of_this_example(root, page):
    picture = ElementTree.parse(root / "docs" / "fleet-engine.svg")  # noqa: S314 - our own file
    words = {"".join(node.itertext()).strip() for node in picture.iter(TEXT)}
    assert {"Prices below the weak feeder", "Its net power", "Bounds", "proven least"} <= words
    assert "one weak feeder" in page.examples[1][0]
