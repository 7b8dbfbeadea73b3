"""Sentences as people write them, and what each means, worked out by hand."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.needs.grammar.write import sentence
from gridpact.scheduling.needs.model import (
    Action,
    Assets,
    Budget,
    Comfort,
    Cycles,
    Direction,
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
    Unavailable,
)
from gridpact.scheduling.needs.times import DAY_S, Moment, Window
from gridpact.scheduling.priorities.levels import Level

H = 3600
APRIL_26 = ("2026-04-26", "2026-04-26")
GIVE = Direction.GIVE
COMMON = {"owner", "subject", "id", "level", "hard", "worth_micro", "note"}
CASES = [
    (
        "car >= 80% by 07:30 on 23 April",
        StateOfCharge,
        {"at": Moment(27_000, "2026-04-23"), "least_ppm": 800_000},
    ),
    (
        "battery >= 5 kWh at 06:30",
        StateOfCharge,
        {"at": Moment(23_400), "least_wh": 5_000},
    ),
    (
        "zone PL,TR <= 400 kW 18:00-20:00 26 April",
        PowerCap,
        {"window": Window(18 * H, 20 * H, *APRIL_26), "most_w": 400_000},
    ),
    (
        "heat 20..22 C 06:00-22:00",
        Comfort,
        {"window": Window(6 * H, 22 * H), "low_mc": 20_000, "high_mc": 22_000},
    ),
    (
        "washing 2 h within 09:00-17:00 uninterrupted, cost <= 0.60",
        Run,
        {
            "window": Window(9 * H, 17 * H),
            "duration_s": 7_200,
            "most_cost_nano": 600_000_000,
        },
    ),
    (
        "battery 20..80% at 00:00 on weekdays",
        StateOfCharge,
        {
            "at": Moment(0, None, (1, 2, 3, 4, 5)),
            "least_ppm": 200_000,
            "most_ppm": 800_000,
        },
    ),
    (
        "car >= 20 kWh within 22:00-06:00 on Fri,Sat",
        EnergyWithin,
        {"window": Window(22 * H, 6 * H, None, None, (5, 6)), "least_wh": 20_000},
    ),
    (
        "battery gives 1.5..2 MWh all day",
        EnergyWithin,
        {
            "window": Window(0, DAY_S),
            "direction": GIVE,
            "least_wh": 1_500_000,
            "most_wh": 2_000_000,
        },
    ),
    (
        "feeder F1 gives <= 250 W 11:00 to 15:00 from 1 May until 31 May, grid",
        PowerCap,
        {
            "window": Window(11 * H, 15 * H, "2026-05-01", "2026-05-31"),
            "direction": GIVE,
            "most_w": 250,
        },
    ),
    (
        "Community takes ≥ 3 MW 12:00–13:00 tomorrow, contract",
        PowerFloor,
        {"window": Window(12 * H, 13 * H, "2026-01-02", "2026-01-02"), "least_w": 3_000_000},
    ),
    (
        "freezer -20..-18 °C all day",
        Comfort,
        {"window": Window(0, DAY_S), "low_mc": -20_000, "high_mc": -18_000},
    ),
    (
        "tank 120 l at 40 C by 06:30 every day",
        HotWater,
        {"at": Moment(23_400), "litres": 120, "temperature_mc": 40_000},
    ),
    (
        "dryer quiet 22:00-06:30 on Sundays",
        Quiet,
        {"window": Window(22 * H, 23_400, None, None, (7,))},
    ),
    (
        "car away 08:00-17:00 on weekdays until 3 July 2026",
        Unavailable,
        {"window": Window(8 * H, 17 * H, None, "2026-07-03", (1, 2, 3, 4, 5))},
    ),
    (
        "washing 1 h 30 min 3 times 09:00-17:00 interruptible, wish",
        Run,
        {
            "window": Window(9 * H, 17 * H),
            "duration_s": 5_400,
            "times": 3,
            "interruptible": True,
        },
    ),
    (
        "heat runs >= 20 min and rests >= 10 min",
        RunRest,
        {"least_run_s": 1_200, "least_rest_s": 600},
    ),
    (
        "heat rests >= 90 s",
        RunRest,
        {"least_rest_s": 90},
    ),
    (
        "heat starts <= 6 all day",
        Starts,
        {"window": Window(0, DAY_S), "most": 6},
    ),
    (
        "battery cycles <= 1.5 per day",
        Cycles,
        {"per_day_ppm": 1_500_000},
    ),
    (
        "battery throughput <= 3 MWh per year",
        Cycles,
        {"throughput_wh_per_year": 3_000_000},
    ),
    (
        "car cost <= 2.25 18:00-07:00",
        Budget,
        {"window": Window(18 * H, 7 * H), "most_nano": 2_250_000_000},
    ),
    (
        "battery keeps up 3 kW and down 2 kW for 15 min 06:00-22:00",
        Headroom,
        {
            "window": Window(6 * H, 22 * H),
            "up_w": 3_000,
            "down_w": 2_000,
            "sustained_s": 900,
        },
    ),
    (
        "car stop until 20:00",
        Intervention,
        {"action": Action.STOP, "begin": 1_767_225_600, "end": 1_767_294_000},
    ),
    (
        "car charge at 3.7 kW from 18:00 on 23 April until 2026-04-23T18:30Z",
        Intervention,
        {
            "action": Action.CHARGE,
            "begin": 1_776_960_000,
            "end": 1_776_969_000,
            "target_w": 3_700,
        },
    ),
]


@pytest.mark.parametrize(("text", "kind", "fields"), CASES, ids=[case[0] for case in CASES])
def test_a_sentence_means_what_it_says(text, kind, fields, said):
    need = parse(text, said.context)
    assert type(need) is kind
    own = {name for name in kind.__struct_fields__ if name not in COMMON}
    expected = kind(owner="home-1", subject=need.subject, level=need.level, **fields)
    assert {name: getattr(need, name) for name in own} == {
        name: getattr(expected, name) for name in own
    }
    assert parse(sentence(need), said.context) == need


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("car-12 quiet all day", Assets(("car-12",))),
        ("car-12, car-11 quiet all day", Assets(("car-12", "car-11"))),
        ('"zone" quiet all day', Assets(("zone",))),
        ("zone PL,TR quiet all day", Group("zone", ("PL", "TR"))),
        ("postcode 10115,10117 quiet all day", Group("postcode", ("10115", "10117"))),
        ('tag "red car" quiet all day', Group("tag", ("red car",))),
        ("kind battery quiet all day", Group("kind", ("battery",))),
        ("transformer T7 quiet all day", Group("transformer", ("T7",))),
        ("feeder F1 quiet all day", Group("feeder", ("F1",))),
        ("community quiet all day", Group("community")),
    ],
)
def test_whom_it_is_about(text, subject, said):
    assert parse(text, said.context).subject == subject


@pytest.mark.parametrize(
    ("option", "level", "worth"),
    [
        ("", Level.NEEDS, None),
        (", need", Level.NEEDS, None),
        (", wish", Level.WISHES, None),
        (", contract", Level.CONTRACTS, None),
        (", grid", Level.GRID, None),
        (", worth 0.30", Level.NEEDS, 300_000),
        (", wish, worth 1.5", Level.WISHES, 1_500_000),
    ],
)
def test_how_firm_it_is(option, level, worth, said):
    need = parse(f"car >= 80% by 07:30{option}", said.context)
    assert (need.level, need.worth_micro, need.hard) == (level, worth, worth is None)


def test_words_become_identifiers_by_the_directory(said, directory):
    mine = said.at(said.now, directory=directory)
    assert parse("battery >= 5 kWh at 06:30", mine).subject == Assets(("battery-1",))
    assert parse("heat 20..22 C 06:00-22:00", mine).subject == Assets(("heat-1",))
    assert parse("washing 2 h 09:00-17:00", mine).subject == Assets(("washer-1",))
    assert parse("zone TR <= 4 kW all day", mine).subject == Group("zone", ("TR",))


@pytest.mark.parametrize(
    ("text", "column", "problem", "fix"),
    [
        ("car >= 80% by 07:30", 1, "'car' may be 2 assets", "car-11, car-12"),
        ("battery,car-13 quiet all day", 9, "did you mean car-12?", "write car-12"),
        ("car-21 quiet all day", 1, "no asset 'car-21'", "write car-1"),
        ("zone PL,TX quiet all day", 9, "no zone 'TX'", "name one of PL, TR, TR-1, top"),
        ("tag lawn quiet all day", 5, "no tag 'lawn'", "garage"),
        ("battery,battery-1 quiet all day", 9, "named before", "once"),
    ],
)
def test_what_does_not_exist_or_is_not_clear_is_refused_with_choices(
    text, column, problem, fix, said, directory
):
    with pytest.raises(BadInput) as refused:
        parse(text, said.at(said.now, directory=directory))
    (fault,) = refused.value.faults
    assert fault.where == f"column {column}"
    assert problem in fault.problem
    assert fix in fault.fix


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("washing 9 h 09:00-17:00", "32400 s of work in a window of 28800 s", "widen"),
        ("washing 3 h 3 times 09:00-17:00", "32400 s of work", "widen"),
        ("car >= 80% by 02:30 on 29 March 2026", "02:30 does not exist", "01:45 or 2026-03-29 03"),
        ("car >= 80% by 07:30 on 1 May 2025", "was over at 2025-05-01 07:30", "later"),
        ("car quiet 07:30-08:00 until 1 May 2025", "was over at 2025-05-01 08:00", "later"),
        ("car quiet all day on Sun from 5 January until 9 January", "never comes", "widen"),
        ("car >= 120% by 07:30", "out of range", "give 0 % to 100 %"),
        ("car stop from 12:00 on 2 Jan until 11:00 on 2 Jan", "is not after", "ends after"),
        ("car stop from 12:00 on 2 Jan 2025 until 13:00 on 2 Jan 2025", "was over at", "later"),
    ],
)
def test_a_sentence_that_reads_well_may_still_ask_what_cannot_be(text, problem, fix, said):
    with pytest.raises(BadInput) as refused:
        parse(text, said.context)
    told = [(one.problem, one.fix) for one in refused.value.faults]
    assert any(problem in one and (fix in how or fix == "ends after") for one, how in told), told
