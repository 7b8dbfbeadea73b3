"""Reasons named in diaries of a run: taken away one by one, each changes the entries it is for."""

import shutil

import pytest

BATTERY, CAR = "home-08-battery", "home-05-car"
NEEDS = {
    "binds": (
        (BATTERY, "battery takes >= 4 kWh 09:00-12:00"),
        (BATTERY, "battery gives >= 1 kW 22:00-23:00"),
        (BATTERY, "battery <= 40% at 12:00"),
        (CAR, "car >= 90% by 23:00"),
        (CAR, "car charge at 2 kW from 18:00 until 19:00"),
    ),
    "loose": (
        (BATTERY, "battery cycles <= 20 per day"),
        (BATTERY, "battery cost <= 50 07:00-23:00"),
        (BATTERY, "battery takes <= 11 kW 07:00-23:00"),
        (CAR, "car >= 20% by 22:00"),
        (CAR, "car quiet 02:00-03:00"),
    ),
}


def stated(called, run, sentences):
    """State needs and return the sentences by identifier."""
    found = {}
    for asset, text in sentences:
        owner = "-".join(asset.split("-")[:2])
        done = called("need", "add", run, text, "--owner", owner, "--json")
        assert done.code == 0, done.err or done.out
        found[f"need-{len(found) + 1}"] = (asset, text)
    return found


def entries(street, run, asset):
    return {each["at"]: each for each in street.shown(asset, run)["entries"]}


@pytest.fixture
def told(street, called):
    """Entries of both assets after the next session, and what each need asks for."""
    shutil.copytree("run", "before")
    names = stated(called, "run", [*NEEDS["binds"], *NEEDS["loose"]])
    street.resumed()
    return {asset: entries(street, "run", asset) for asset in (BATTERY, CAR)}, names


def test_a_reason_taken_away_changes_its_entries(street, called, told):
    """For every need that is named, the run is planned again from the same moment without it."""
    shown, names = told
    for left_out in names:
        run = f"without-{left_out}"
        asset, text = names[left_out]
        due = [at for at, one in shown[asset].items() if one["reason"]["id"] == left_out]
        if not due:
            continue
        shutil.copytree("before", run)
        stated(called, run, [one for one in names.values() if one[1] != text])
        street.resumed(run)
        other = entries(street, run, asset)
        for at in due:
            had = (shown[asset][at]["verb"], shown[asset][at]["target_w"])
            now = other.get(at)
            assert now is None or (now["verb"], now["target_w"]) != had, (at, text)


def test_needs_that_pull_are_named_and_those_that_do_not_are_not(told):
    shown, names = told
    for asset, each in shown.items():
        named = {one["reason"]["id"] for one in each.values()} & set(names)
        assert {names[one] for one in named} <= set(NEEDS["binds"]), asset
    named = {one["reason"]["id"] for each in shown.values() for one in each.values()}
    assert len(named & set(names)) >= 3
