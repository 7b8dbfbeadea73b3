"""``gridpact schedule diff``: what a schedule changes, against sums made here by themselves."""

import msgspec
import numpy as np
import polars as pl
import pytest

from gridpact.app import folder
from gridpact.app.schedules import keeping
from gridpact.app.schedules.changes import changes
from gridpact.app.schedules.posing import posed
from gridpact.app.schedules.sides import of_session, side_by_side
from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots

EARLY, LATE = "2026-06-15.day-ahead", "2026-06-15.intraday-1200"
BOTH = ("--session", EARLY, "--session", LATE)


def test_a_schedule_does_not_differ_from_itself(street):
    found = street.asked("diff", "out", "out")
    assert (found["assets"], found["cost_nano"]) == ([], 0.0)
    code, out, _ = street.ask("diff", "out", "out")
    assert code == 0
    assert out.splitlines()[-1] == "no asset is told anything else"


def test_two_sessions_of_a_run_are_compared_over_the_time_of_both(street):
    found = street.asked("diff", "run", *BOTH)
    record = folder.record(street.place / "run")
    one, other = posed(record, EARLY), posed(record, LATE)
    begin = max(one.problem.slots.start, other.problem.slots.start)
    end = min(one.problem.slots.end, other.problem.slots.end)
    assert (found["start"], found["slots"]) == (begin, (end - begin) // 3600)
    assert (found["before"], found["after"]) == (EARLY, LATE)
    ids = one.community.storage.ids
    listed = {each["name"]: each for each in found["assets"]}
    for row, name in enumerate(ids):
        net = [
            each.recorded.charge_wh[row] - each.recorded.discharge_wh[row] for each in (one, other)
        ]
        slots = [
            slice(
                (begin - each.problem.slots.start) // 3600, (end - each.problem.slots.start) // 3600
            )
            for each in (one, other)
        ]
        moved = net[1][slots[1]] - net[0][slots[0]]
        if np.abs(moved).max() > 200:  # twice the dead-band: somebody must be told
            assert name in listed
        if name in listed:
            assert listed[name]["more_wh"] == np.maximum(moved, 0).sum()
            assert listed[name]["less_wh"] == np.maximum(-moved, 0).sum()
    assert listed


def test_what_all_changes_cost_is_what_meters_settle(street):
    """Worked out home by home from what ``show`` says of every asset."""
    found = street.asked("diff", "run", *BOTH)
    shown = [street.asked("show", "run", "--session", session) for session in (EARLY, LATE)]
    other = posed(folder.record(street.place / "run"), LATE)
    assert not other.recorded.curtail_wh.any()
    slots = [each["starts"].index(found["start"]) for each in shown]
    members = list(other.community.members.ids)
    now = (other.recorded.net_wh - other.problem.position_wh)[:, slots[1] :][:, : found["slots"]]
    was = now.copy()
    early = {each["name"]: net_of(each)[slots[0] :] for each in shown[0]["assets"]}
    for each in shown[1]["assets"]:
        if each["kind"] != "curtailable" and each["name"] in early:
            moved = net_of(each)[slots[1] :] - early[each["name"]]
            was[members.index(each["zone"])] -= moved[: found["slots"]].astype(np.int64)
    prices = [
        price[:, slots[1] :][:, : found["slots"]]
        for price in (other.problem.import_price, other.problem.export_price)
    ]
    costs = [int((net * np.where(net > 0, *prices)).sum()) for net in (now, was)]
    assert found["cost_nano"] == costs[0] - costs[1] != 0


def net_of(asset):
    return np.array(asset["takes"]) - np.array(asset["gives"])


def test_folders_are_compared_entry_by_entry(street):
    """A car that is made to charge an hour later is told so, and by how much."""
    path = street.place / "out" / keeping.SCHEDULES
    table = pl.read_parquet(path)
    name = table.filter((pl.col("kind") == "storage") & (pl.col("charge_wh") > 500))["asset"][0]
    own = pl.col("asset") == name
    rows = table.with_row_index().filter(own & (pl.col("charge_wh") > 500))
    at, energy = int(rows["index"][0]), float(rows["charge_wh"][0])
    net = table["net_wh"].to_numpy().copy()
    charge = table["charge_wh"].to_numpy().copy()
    net[at] -= 300
    charge[at] -= 300
    street.ask("solve", "run", "--out", "other", "-q")
    table.with_columns(pl.Series("net_wh", net), pl.Series("charge_wh", charge)).write_parquet(path)
    found = street.asked("diff", "out", "other")
    listed = {each["name"]: each for each in found["assets"]}
    assert list(listed) == [name]
    assert listed[name]["more_wh"] == pytest.approx(300)
    assert listed[name]["less_wh"] == 0
    when = int(rows["slot_start"][0].timestamp())
    entry = next(each for each in listed[name]["entries"] if each["at"] == when)
    assert entry["change"] in ("changed", "new")
    assert entry["after_w"] == pytest.approx(energy, abs=100)
    one = street.asked("diff", "out", "other", "--asset", name)
    assert one == listed[name]
    code, out, _ = street.ask("diff", "out", "other", "--asset", name)
    assert code == 0
    assert "kW" in out


def test_a_folder_and_a_run_are_compared(street):
    found = street.asked("diff", "out", "run", "--session", LATE)
    assert (found["before"], found["after"]) == (EARLY, LATE)
    code, out, _ = street.ask("diff", "out", "run", "-q")
    assert (code, out) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["out"], "name another schedule"),
        (["run"], "two sessions of one run"),
        (["run", "--session", EARLY], "two sessions of one run"),
        (["out", "--session", EARLY, "--session", LATE], "two sessions of one run"),
        (["out", "run", "out"], "name two schedules"),
        (["out", "run", *BOTH], "2 sessions for 1 run"),
        (["out", "nowhere"], "there is no such folder"),
        (["out", "run", "--session", "noon"], "no schedule was made for 'noon'"),
        (["out", "run", "--session", LATE, "--asset", "moon"], "nothing is otherwise for 'moon'"),
    ],
)
def test_what_makes_no_sense_is_refused(street, words, said):
    code, out, err = street.ask("diff", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_schedules_of_other_times_or_slots_are_not_compared(street):
    one = of_session(posed(folder.record(street.place / "run"), EARLY))
    later = Slots(one.slots.end, one.slots.step, one.slots.count)
    finer = Slots(one.slots.start, 900, one.slots.count)
    for slots, said in ((later, "share no time"), (finer, "60 min long, of the other 15 min")):
        with pytest.raises(BadInput, match=said):
            side_by_side(one, msgspec.structs.replace(one, slots=slots))
    nobody = msgspec.structs.replace(one, view=msgspec.structs.replace(one.view, assets=()))
    with pytest.raises(BadInput, match="different assets"):
        side_by_side(one, nobody)


def test_two_communities_that_share_names_are_not_compared(street):
    """Where assets and slots agree, too, a scenario may have got another title."""
    one = of_session(posed(folder.record(street.place / "run"), EARLY))
    named = msgspec.structs.replace(one.view, title="Long Street")
    assert side_by_side(one, msgspec.structs.replace(one, view=named)).assets
    fewer = msgspec.structs.replace(named, assets=named.assets[1:])
    with pytest.raises(BadInput, match="one is of Short Street, the other of Long Street"):
        side_by_side(one, msgspec.structs.replace(one, view=fewer))


def test_of_plants_what_is_cut_is_compared(street):
    """A plant of which an hour is cut is told to give less; a better forecast tells it nothing."""
    one = of_session(posed(folder.record(street.place / "run"), EARLY))
    name, plant = next(iter(one.plants.items()))
    sunny = plant._replace(forecast_wh=plant.forecast_wh + 100)
    brighter = msgspec.structs.replace(one, plants={**one.plants, name: sunny})
    assert changes(side_by_side(one, brighter)).assets == ()
    noon = int(np.argmax(plant.forecast_wh))
    cut = np.where(np.arange(one.slots.count) == noon, 700.0, 0.0)
    less = msgspec.structs.replace(one, plants={**one.plants, name: plant._replace(cut_wh=cut)})
    found = changes(side_by_side(one, less))
    assert [(each.name, each.more_wh, each.less_wh) for each in found.assets] == [
        (name, 700.0, 0.0)
    ]
    at = one.slots.start + noon * 3600
    verbs = {each.at: (each.change, each.after) for each in found.assets[0].entries}
    assert verbs[at][1] in ("REDUCE RATE", "STOP SUPPLY")


def test_the_text_lists_assets_and_the_cost(street):
    found = street.asked("diff", "run", *BOTH)
    code, out, _ = street.ask("diff", "run", *BOTH)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == f"{EARLY} → {LATE} of Short Street"
    for each in found["assets"]:
        assert any(line.startswith(each["name"]) for line in lines)
    assert any(line.startswith("cost      ") for line in lines)
