"""The page on levels, margins and paths: its examples run, print what it shows, and hold."""

import numpy as np
import pytest


@pytest.fixture
def run(read_page):
    """Run an example by its number; returns its names, and checks what it prints."""
    page = read_page("fleet-priorities.md")
    assert len(page.examples) == 4

    def ran(number):
        code, shown = page.examples[number]
        space = {}
        assert page.run(code, space) == shown
        assert shown
        return space

    return ran


def test_nights_come_out_even_by_weight(run):
    space = run(0)
    assert np.abs(space["memory"].balance_wh).max() <= 10  # Wh, of 22 kWh given
    losses = {loss.level.name: loss for loss in space["answer"].losses}
    assert losses["GRID"].missing_wh == losses["NEEDS"].missing_wh == 0
    assert space["answer"].net_wh.max() <= 4_000 + 1e-2


def test_margins_hold_as_often_as_asked(run):
    space = run(1)
    assert space["kept"] >= 0.9
    assert space["binding"] == pytest.approx(0.9, abs=0.02)


def test_bounds_of_paths_are_in_order(run):
    plan = run(2)["plan"]
    assert plan.foresight_nano <= plan.lower_nano <= plan.upper_nano
    assert plan.missed_wh == 0


def test_a_stopped_solve_can_be_followed(run):
    space = run(3)
    assert space["same"]
    assert len(space["solution"].rounds) == 6  # five, and one with the appliances dealt
