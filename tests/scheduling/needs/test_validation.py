"""What is wrong with a need by itself, field by field."""

import pytest
from msgspec.structs import replace

from gridpact.base.errors import BadInput
from gridpact.scheduling.needs.model import (
    Action,
    Assets,
    Comfort,
    Cycles,
    EnergyWithin,
    Group,
    Headroom,
    HotWater,
    Intervention,
    PowerCap,
    PowerFloor,
    Quiet,
    Run,
    RunRest,
    Starts,
    StateOfCharge,
)
from gridpact.scheduling.needs.times import DAY_S, Moment, Window
from gridpact.scheduling.needs.validation import faults_of, refuse_faulty

ALL_DAY = Window(0, DAY_S)
AT = Moment(3600)


def need(kind, **own):
    return kind(**{"owner": "home-1", "subject": Assets(("b",))} | own)


@pytest.mark.parametrize(
    ("asked", "field", "problem"),
    [
        (need(Quiet, window=ALL_DAY, owner=""), "owner", "is empty"),
        (need(Quiet, window=ALL_DAY, note="a\nb"), "note", "cannot be printed"),
        (need(Quiet, window=ALL_DAY, note="a" * 501), "note", "501 characters"),
        (need(Quiet, window=ALL_DAY, subject=Assets(())), "subject.ids", "names nothing"),
        (need(Quiet, window=ALL_DAY, subject=Assets(("a", "a"))), "subject.ids", "twice"),
        (need(Quiet, window=ALL_DAY, subject=Assets(('a"',))), "subject.ids", "is no name"),
        (need(Quiet, window=ALL_DAY, subject=Assets((" a",))), "subject.ids", "is no name"),
        (need(Quiet, window=ALL_DAY, subject=Group("zone")), "subject.names", "names nothing"),
        (need(Quiet, window=ALL_DAY, subject=Group("community", ("a",))), "subject.names", "parts"),
        (need(Quiet, window=ALL_DAY, worth_micro=5), "worth_micro", "no price"),
        (need(Quiet, window=ALL_DAY, hard=False), "worth_micro", "no worth"),
        (need(Quiet, window=ALL_DAY, hard=False, worth_micro=-5), "worth_micro", "out of range"),
        (need(Quiet, window=Window(0, 0)), "window.end_s", "begins and ends at midnight"),
        (need(Quiet, window=Window(3600, DAY_S)), "window.end_s", "24:00 is no time"),
        (need(Quiet, window=Window(-1, 60)), "window.begin_s", "is no time of a day"),
        (need(Quiet, window=Window(0, 60, "2026-02-30")), "window.first_date", "is no date"),
        (need(Quiet, window=Window(0, 60, "20260201")), "window.first_date", "is no date"),
        (need(Quiet, window=Window(0, 60, "1969-12-31")), "window.first_date", "is no date"),
        (need(Quiet, window=Window(0, 60, "2026-02-03", "2026-02-01")), "window.last_date",
         "2026-02-01 is before"),
        (need(Quiet, window=Window(0, 60, "2026-02-03", "2026-02-03", (1,))), "window.weekdays",
         "one date and weekdays"),
        (need(Quiet, window=Window(0, 60, None, None, (2, 1))), "window.weekdays", "2, 1"),
        (need(Quiet, window=Window(0, 60, None, None, (0,))), "window.weekdays", "0"),
        (need(Quiet, window=Window(0, 60, None, None, (1, 2, 3, 4, 5, 6, 7))), "window.weekdays",
         "names every day"),
        (need(StateOfCharge, at=Moment(DAY_S), least_ppm=5), "at.time_s", "24:00"),
        (need(StateOfCharge, at=Moment(0, "x"), least_ppm=5), "at.date", "is no date"),
        (need(StateOfCharge, at=Moment(0, "2026-01-01", (1,)), least_ppm=5), "at.weekdays",
         "a date and weekdays"),
        (need(StateOfCharge, at=AT), "least_ppm", "asks for nothing"),
        (need(StateOfCharge, at=AT, least_ppm=5, least_wh=5), "least_wh", "as a share, too"),
        (need(StateOfCharge, at=AT, most_ppm=5, most_wh=5), "most_wh", "as a share, too"),
        (need(StateOfCharge, at=AT, least_ppm=6, most_ppm=5), "least_ppm", "6 at least, 5 at most"),
        (need(StateOfCharge, at=AT, least_ppm=1_000_001), "least_ppm", "out of range"),
        (need(StateOfCharge, at=AT, least_wh=-5), "least_wh", "-5 has the wrong sign"),
        (need(EnergyWithin, window=ALL_DAY), "least_wh", "asks for nothing"),
        (need(EnergyWithin, window=ALL_DAY, least_wh=6, most_wh=5), "least_wh", "6 at least"),
        (need(EnergyWithin, window=ALL_DAY, most_wh=-6), "most_wh", "wrong sign"),
        (need(PowerCap, window=ALL_DAY, most_w=-400), "most_w", "-400 has the wrong sign"),
        (need(PowerCap, window=ALL_DAY, most_w=10**16), "most_w", "out of range"),
        (need(PowerFloor, window=ALL_DAY, least_w=-400), "least_w", "-400 has the wrong sign"),
        (need(PowerFloor, window=ALL_DAY, least_w=0), "least_w", "0 is out of range"),
        (need(Comfort, window=ALL_DAY), "low_mc", "asks for nothing"),
        (need(Comfort, window=ALL_DAY, low_mc=5, high_mc=4), "low_mc", "5 at least"),
        (need(Comfort, window=ALL_DAY, low_mc=250_000), "low_mc", "out of range"),
        (need(HotWater, at=AT, litres=0, temperature_mc=40_000), "litres", "out of range"),
        (need(Run, window=ALL_DAY, duration_s=0), "duration_s", "out of range"),
        (need(Run, window=ALL_DAY, duration_s=9, times=0), "times", "out of range"),
        (need(Run, window=Window(0, 60), duration_s=61), "duration_s", "61 s of work"),
        (need(Run, window=Window(82_800, 3600), duration_s=7201), "duration_s", "window of 7200 s"),
        (need(RunRest), "least_run_s", "asks for nothing"),
        (need(Starts, window=ALL_DAY, most=-1), "most", "out of range"),
        (need(Cycles), "per_day_ppm", "asks for nothing"),
        (need(Cycles, per_day_ppm=1, throughput_wh_per_year=1), "per_day_ppm", "by day and by"),
        (need(Headroom, window=ALL_DAY, sustained_s=60), "up_w", "asks for nothing"),
        (need(Headroom, window=ALL_DAY, up_w=60), "sustained_s", "is zero"),
        (need(Intervention, action=Action.STOP, begin=5, end=5), "end", "5 is not after 5"),
        (need(Intervention, action=Action.STOP, begin=5, end=6, target_w=7), "target_w",
         "stop has no target"),
        (need(Intervention, action=Action.CHARGE, begin=5, end=6, target_w=0), "target_w", "zero"),
    ],
)  # fmt: skip
def test_a_faulty_field_is_named_with_its_fix(asked, field, problem):
    (fault,) = faults_of(asked)
    assert fault.where.endswith(f".{field}")
    assert problem in fault.problem
    assert fault.fix
    with pytest.raises(BadInput):
        refuse_faulty(asked)


def test_all_faults_are_named_together():
    asked = need(Run, owner="", window=Window(-1, DAY_S), duration_s=-3, times=0)
    found = {fault.where for fault in faults_of(replace(asked, id="need-7"))}
    assert found == {
        "need-7.owner",
        "need-7.window.begin_s",
        "need-7.window.end_s",
        "need-7.duration_s",
        "need-7.times",
    }
