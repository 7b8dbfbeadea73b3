"""What one asset's need gives is tried under the limits above it; worked by hand."""

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.scheduling.explanation import further
from gridpact.scheduling.explanation.audience import seen_by
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.explanation.model import Way
from gridpact.scheduling.explanation.words import words
from gridpact.scheduling.fleet.assets import Battery, Car, GridConnection, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.needs.binding.model import Site, Stored
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.grammar.parse import parse

MIDNIGHT = 1_777_845_600  # 4 May 2026 in Berlin


def street():
    """A car of 4 kW and one of 3 kW at homes of a street, and a battery beside the first."""
    above = {"street": "", "home-1": "street", "home-2": "street"}
    connections = [GridConnection("street")]
    connections += [GridConnection(name, "street") for name in ("home-1", "home-2")]
    cars = [Car("home-1", 0, 24, 0, 4_000), Car("home-2", 0, 24, 0, 3_000)]
    battery = Battery("home-1", 10_000, 5_000, 5_000, efficiency=0.95)
    homes = (
        ("battery", "home-1", 10_000),
        ("car-1", "home-1", 40_000),
        ("car-2", "home-2", 40_000),
    )
    assets = tuple(
        Asset(id=name, owner=home, kind=name.split("-")[0], zone=home, capacity_wh=capacity)
        for name, home, capacity in homes
    )
    return Site(
        fleet=build(24, 3600, connections, [*cars, battery]),
        prices=Prices(np.full(24, 200_000.0)),
        start=MIDNIGHT,
        timezone="Europe/Berlin",
        directory=Directory(assets, above, frozenset({"dso"})),
        places={"battery": ("storage", 0), "car-1": ("one_way", 0), "car-2": ("one_way", 1)},
        zones={"street": 0, "home-1": 1, "home-2": 2},
        charging={name: Stored(10_000) for name in ("car-1", "car-2")},
    )


def asked(site, *said):
    """Needs of owners, counted from n0 on."""
    return [
        replace(
            parse(text, Context(owner, MIDNIGHT - 1, "Europe/Berlin", site.directory)), id=f"n{at}"
        )
        for at, (owner, text) in enumerate(said)
    ]


CYCLES = ("home-1", "battery cycles <= 0 per day")
TAKES = ("home-1", "car-1 takes >= 10 kWh 00:00-02:00")
STREET = ("dso", "zone street <= 3 kW all day, grid")


def test_what_a_car_can_draw_is_not_offered_without_the_limit_of_its_street():
    """2 h of 4 kW are 8 kWh, of which 3 kW let 6 kWh through."""
    site = street()
    alone, beside = (words(explain(site, asked(site, *said)), site, "dso")
                     for said in ((CYCLES, TAKES), (CYCLES, TAKES, STREET)))  # fmt: skip
    assert alone[1] == "car-1 takes >= 10 kWh 00:00-02:00 (n1): 8 kWh fits, or until 03:00."
    assert beside[1] == alone[1].replace("03:00.", "03:00, which ends this conflict alone.")
    assert beside[2].startswith("Even so, zone street <= 3 kW all day, grid (n2) cannot be kept")
    assert "at least 2.00 kWh would be missing" in beside[2]
    assert "car-1 takes >= 8 kWh 00:00-02:00 (n1): 6 kWh fits, or until 03:00." in beside
    limit = "zone street <= 3 kW all day, grid (n2): 4 kW fits, provided that n1 is at 8 kWh."
    assert limit in beside


def test_what_is_proposed_last_can_be_kept():
    site = street()
    for takes, limit in (("6 kWh", "3 kW"), ("8 kWh", "4 kW")):
        said = TAKES[1].replace("10 kWh", takes), STREET[1].replace("3 kW", limit)
        needs = asked(site, CYCLES, ("home-1", said[0]), ("dso", said[1]))
        assert explain(site, needs).conflicts == ()


def test_a_clash_in_one_home_does_not_hide_what_the_street_cannot_carry():
    """The battery clashes with itself; the street and the battery give car 1 5.75 of 7 kWh."""
    site = street()
    battery = "battery takes <= 1 kWh 00:00-10:00", "battery >= 90% by 10:00"
    takes, limit = "car-1 takes >= 7 kWh 00:00-02:00", "zone street <= 0.5 kW 00:00-02:00, grid"
    said = ("home-1", battery[0]), ("home-1", battery[1]), ("home-1", takes), ("dso", limit)
    found = explain(site, asked(site, *said), joint=False)
    told = [{need.id for one in each.members for need in one.needs} for each in found.conflicts]
    assert told == [{"n0", "n1"}, {"n2", "n3"}]
    assert found.conflicts[1].eased == ()


def test_a_proposal_that_needs_another_to_give_says_so_and_holds_when_both_are_stated():
    """Of a floor that the battery cannot hold for long, beside two cars and a limit.

    3 kW given for two hours are 6 kWh, of which the battery has 4.75. In four hours cars ask for
    12 kWh, of which the street lets 6 through, and 3 if it gives in two of them.
    """
    site = street()
    needs = asked(
        site,
        ("dso", "zone street gives >= 3 kW 00:00-02:00, contract"),
        ("home-1", "car-1 takes >= 6 kWh 00:00-04:00"),
        ("home-2", "car-2 takes >= 6 kWh 00:00-04:00"),
        ("dso", "zone street <= 1.5 kW 00:00-04:00, grid"),
    )
    found = explain(site, needs)
    stated = {need.id: need for need in needs}
    offers = [offer for one in found.conflicts for offer in one.proposals if offer.settles]
    assert any(offer.provided for offer in offers)
    for offer in offers:
        said = {need.id: need for need in offer.needs}
        given = {one.before.id: one.after for one in offer.provided}
        assert {one.before for one in offer.provided} <= set(needs)
        both = [need for need in (stated | given | said).values() if need is not None]
        assert explain(site, both, joint=False).conflicts == ()
        if given:
            assert explain(site, list((stated | said).values()), joint=False).conflicts
    told = " ".join(words(found, site, "dso"))
    assert "provided that n0 is " in told
    assert "others give way, too" in " ".join(words(found, site, "home-1"))


def test_what_is_missing_is_told_of_the_members_alone():
    """The battery lacks 1.25 kWh of what it is to give, whatever cars lack."""
    site = street()
    needs = asked(
        site,
        ("dso", "zone street gives >= 3 kW 00:00-02:00, contract"),
        ("home-1", "car-1 takes >= 6 kWh 00:00-04:00"),
        ("home-2", "car-2 takes >= 6 kWh 00:00-04:00"),
        ("dso", "zone street <= 1.5 kW 00:00-04:00, grid"),
    )
    by_members = {
        frozenset(need.id for each in one.members for need in each.needs): one.missing_wh
        for one in explain(site, needs, joint=False).conflicts
    }
    assert by_members[frozenset({"n0"})] == pytest.approx(1_250, abs=10)


def test_another_owner_does_not_learn_what_is_eased():
    site = street()
    needs = asked(site, CYCLES, TAKES, STREET, ("home-2", "car-2 takes >= 1 kWh 00:00-02:00"))
    found = explain(site, needs)
    assert any("n1" in one.eased for one in found.conflicts)
    seen = seen_by(found, site, "home-2")
    assert all("n1" not in one.eased for one in seen.conflicts)
    assert not any("n1" in said for said in words(found, site, "home-2"))


def test_a_proposal_of_a_home_is_tried_under_the_limit_of_its_street():
    """Cars of 4 and 3 kW, of which each home lets 2 kW through, and the street 3 kW together.

    In two hours 4 kWh reach a home and 6 kWh the street. Home 1 asks for 5 kWh and home 2 for 2,
    so that home 1 fits with 4 kWh; were its limit lifted instead, the street would still be short.
    """
    site = street()
    needs = asked(
        site,
        ("home-1", "car-1 takes >= 5 kWh 00:00-02:00"),
        ("home-2", "car-2 takes >= 2 kWh 00:00-02:00"),
        ("home-1", "battery unavailable 00:00-02:00"),
        ("dso", "zone home-1 <= 2 kW 00:00-02:00, grid"),
        ("dso", "zone street <= 3 kW 00:00-02:00, grid"),
    )
    (one,) = explain(site, needs).conflicts
    by_need = {one.members[each.member].needs[0].id: each for each in one.proposals
               if each.way is Way.AMOUNT}  # fmt: skip
    assert by_need["n0"].needs[0].least_wh == 4_000
    assert by_need["n0"].settles
    assert by_need["n3"].needs[0].most_w == 2_500
    assert not by_need["n3"].settles


def test_what_one_asset_gives_in_any_case_is_told_with_what_is_given_up_together():
    """Of a day's budget car 2 can pay 5 kWh, not 6; the street lets 2 of the 5 through."""
    site = street()
    needs = asked(
        site,
        ("home-2", "car-2 takes >= 6 kWh 00:00-02:00"),
        ("home-2", "car-2 cost <= 1 all day"),
        ("dso", "zone street <= 1 kW 00:00-02:00, grid"),
        ("home-1", "battery unavailable all day"),
    )
    found = explain(site, needs)
    assert [need.id for need in found.joint.eased] in (["n0"], ["n1"])
    told = next(said for said in words(found, site, "dso") if said.startswith("Least"))
    assert "beside car-2 " in told
    assert found.joint.fits


def test_what_was_not_looked_for_is_said(monkeypatch):
    site = street()
    needs = asked(site, CYCLES, TAKES, STREET)
    assert explain(site, needs).complete
    monkeypatch.setattr(further, "ROUNDS", 1)
    cut_off = explain(site, needs)
    assert not cut_off.complete
    assert not any(offer.settles for one in cut_off.conflicts for offer in one.proposals)
    assert "More may clash, which shows once these are settled." in words(cut_off, site, "dso")
