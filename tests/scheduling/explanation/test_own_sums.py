"""Budgets and limits of cycles that clash with what else is asked of a battery, worked by hand."""

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.explanation.model import Way
from gridpact.scheduling.explanation.words import words
from gridpact.scheduling.fleet.assets import Battery, GridConnection, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.grammar.parse import parse

MIDNIGHT = 1_777_845_600  # 4 May 2026 in Berlin


def site_of(initial_wh):
    """A battery of 10 kWh, efficiency 0.95 each way, over a day of hours at 20 ct."""
    battery = Battery("home", 10_000, 5_000, initial_wh, efficiency=0.95)
    asset = Asset(id="b", owner="me", kind="battery", zone="home", capacity_wh=10_000)
    return Site(
        fleet=build(24, 3600, [GridConnection("home")], [battery]),
        prices=Prices(np.full(24, 200_000.0)),
        start=MIDNIGHT,
        timezone="Europe/Berlin",
        directory=Directory((asset,), {"home": ""}),
        places={"b": ("storage", 0)},
        zones={"home": 0},
    )


def asked(*sentences):
    context = Context("me", MIDNIGHT - 1, "Europe/Berlin")
    return [replace(parse(text, context), id=f"n{at}") for at, text in enumerate(sentences)]


def least(initial_wh, *sentences):
    """What each need would have to give, by its identifier; and the words."""
    site, needs = site_of(initial_wh), asked(*sentences)
    found = explain(site, needs, joint=False)
    (conflict,) = found.conflicts
    assert {need.id for member in conflict.members for need in member.needs} == {"n0", "n1"}
    offers = {
        offer.needs[0].id: offer.needs[0] for offer in conflict.proposals if offer.way is Way.AMOUNT
    }
    for name, changed in offers.items():
        others = [need for need in needs if need.id != name]
        assert explain(site, [*others, changed], joint=False).conflicts == ()
    return offers, " ".join(words(found, site, "me"))


def test_cycles_against_a_state_that_must_be_low():
    """From 9 to 2 kWh it gives 7 kWh · 0.95 = 6.65 kWh: 67 % in whole per cents."""
    offers, said = least(9_000, "b cycles <= 0.1 per day", "b <= 20% at 12:00")
    assert offers["n0"].per_day_ppm == 670_000
    assert offers["n1"].most_ppm == pytest.approx(800_000)  # 9 kWh − 1 kWh / 0.95
    assert "b cycles <= 0.67 per day" in said


def test_throughput_by_the_year_against_a_state_that_must_be_low():
    """6,650 Wh a day for 366 days are 2,433,900 Wh: 2.44 MWh in three digits."""
    offers, _ = least(9_000, "b throughput <= 1 MWh per year", "b <= 20% at 12:00")
    assert offers["n0"].throughput_wh_per_year == 2_440_000


def test_a_budget_against_a_state_that_must_be_high():
    """From 2 to 8 kWh it takes 6 kWh / 0.95 at 20 ct: 1.2632, in three digits 1.27."""
    offers, said = least(2_000, "b cost <= 1 all day", "b >= 80% by 06:00")
    assert offers["n0"].most_nano == 1_270_000_000
    assert offers["n1"].least_ppm == 670_000  # 2 kWh + 5 kWh · 0.95
    assert "1.27" in said
