"""Displays and intervals of a store reconcile to the Wh, whichever of them came first."""

import itertools
import random

import pytest

DISPLAYS = """\
gridpact: 1
time: t
timezone: Europe/Berlin
values: cumulative
unit: Wh
point_column: p
value_column: v
"""
COUNTED = {9: 300, 20: 310, 40: 755}
USUAL = 250


@pytest.fixture
def shown(place):
    """Write a file of displays of the bakery: ``{local time: Wh}``; its mapping is ``d.yaml``."""
    (place.folder / "d.yaml").write_text(DISPLAYS)

    def written(name, readings):
        lines = [f"{at},bakery,{wh}" for at, wh in readings.items()]
        (place.folder / name).write_text("\n".join(["t,p,v", *lines, ""]))

    return written


@pytest.fixture
def take(place):
    """Import a file by a mapping; gives what its rules found."""

    def taken(name, mapping="map.yaml", *more):
        words = ("--map", mapping, "--into", "store", "--commit", *more)
        (done,) = place.json("import", "readings", name, *words)
        return done

    return taken


def total(place, *more):
    """Energy of the bakery's withdrawal that is in force [Wh]."""
    (one,) = place.json("readings", "show", "store", "--point", "bakery",
                        "--register", "withdrawal", *more)  # fmt: skip
    return sum(each["wh"] for each in one["values"])


def marks(place):
    found = place.json("readings", "quality", "store", "--register", "withdrawal")
    return {(each["quality"], each["rule"]): each["slots"] for each in found
            if each["point"] == "bakery"}  # fmt: skip


def counted(extra=0):
    return sum(COUNTED.values()) + (96 - len(COUNTED)) * USUAL + extra


@pytest.mark.parametrize("order", ["intervals first", "displays first"])
def test_intervals_that_contradict_displays_are_found_in_either_order(place, shown, take, order):
    values = {slot: (wh, 0) for slot, wh in COUNTED.items()}
    values[60] = (USUAL + 500, 0)
    (place.folder / "wrong.csv").write_text(place.table(values))
    shown("d.csv", {"2026-03-01T00:00": 800_000, "2026-03-02T00:00": 800_000 + counted()})
    files = [("wrong.csv", "map.yaml"), ("d.csv", "d.yaml")]
    first, last = (take(*each) for each in (files if order[0] == "i" else files[::-1]))
    assert "display-sum.v1" not in {each["rule"] for each in first["findings"]}
    (found,) = (each for each in last["findings"] if each["rule"] == "display-sum.v1")
    assert (found["slots"], found["words"]) == (
        96,
        "intervals add up to 25.115 kWh, the display rose by 24.615 kWh",
    )
    assert marks(place) == {("suspect", "display-sum.v1"): 96}
    assert total(place) == counted(500)
    place.say("readings", "estimate", "store", "--commit")
    assert total(place) == counted()
    assert marks(place) == {("estimated", "display-profile.v1"): 96}
    assert "nothing is to be estimated" in place.say("readings", "estimate", "store")
    imports = len(place.json("readings", "imports", "store"))
    for each in files:
        assert take(*each)["imported_before"]
    assert len(place.json("readings", "imports", "store")) == imports


def test_a_trial_finds_what_the_import_will_and_stores_nothing(place, shown, take):
    take("march.csv")
    shown("d.csv", {"2026-03-01T00:00": 0, "2026-03-02T00:00": 1_000})
    before = sorted(place.folder.rglob("*"))
    (tried,) = place.json("import", "readings", "d.csv", "--map", "d.yaml", "--into", "store")
    assert sorted(place.folder.rglob("*")) == before
    assert [each["rule"] for each in tried["findings"]] == ["display-sum.v1"]
    assert take("d.csv", "d.yaml")["findings"] == tried["findings"]


def test_a_register_whose_size_the_mapping_says_is_followed_by_validation_and_estimation(
    place, shown, take
):
    """800 kWh and 10.641 kWh of a register of 1,000 kWh are 210.641 kWh apart."""
    (place.folder / "d.yaml").write_text(DISPLAYS + "rolls_over_wh: 1000000\n")
    shown("d.csv", {"2026-03-01T00:00": 800_000, "2026-03-02T00:00": 10_641})
    (place.folder / "gaps.csv").write_text(
        place.table({slot: (None if 30 <= slot < 60 else 2_194, 0) for slot in range(96)})
    )
    take("gaps.csv")
    found = {each["rule"]: each["words"] for each in take("d.csv", "d.yaml")["findings"]}
    assert found == {
        "roll-over.v1": "the register went from 800.000 to 10.641 kWh, having begun at 0 again"
    }
    place.say("readings", "estimate", "store", "--commit")
    assert total(place) == 210_641
    assert marks(place) == {("measured", ""): 66, ("estimated", "display-profile.v1"): 30}
    (point,) = (
        each for each in place.json("readings", "points", "store") if each["id"] == "bakery"
    )
    assert point["rolls_over_wh"] == 1_000_000
    (place.folder / "d.yaml").write_text(DISPLAYS + "rolls_over_wh: 100000000\n")
    shown("later.csv", {"2026-03-02T00:00": 10_641, "2026-03-03T00:00": 10_700})
    words = ("--map", "d.yaml", "--into", "store")
    said = place.say("import", "readings", "later.csv", *words, code=2)
    assert "registers of bakery count to 1,000,000 Wh in the store" in said


def test_displays_of_days_fill_nothing_on_the_way(place, shown, take):
    """What is missing stays so until it is estimated, and then adds up to the displays."""
    values = {slot: (None if slot in (30, 31, 50) else COUNTED.get(slot, USUAL), 0)
              for slot in range(96)}  # fmt: skip
    (place.folder / "gaps.csv").write_text(place.table(values))
    take("gaps.csv")
    shown("d.csv", {"2026-03-01T00:00": 500, "2026-03-02T00:00": 500 + counted(-1)})
    take("d.csv", "d.yaml")
    assert marks(place) == {("measured", ""): 93, ("missing", ""): 3}
    place.say("readings", "estimate", "store", "--commit")
    assert total(place) == counted(-1)
    assert marks(place) == {("measured", ""): 93, ("estimated", "display-profile.v1"): 3}


def test_an_estimate_made_before_the_displays_were_known_is_made_anew(place, shown, take):
    take("march.csv")
    place.say("readings", "estimate", "store", "--commit")
    assert marks(place)[("estimated", "linear.v1")] == 1
    real = 94 * USUAL + 300 + 777
    shown("d.csv", {"2026-03-01T00:00": 0, "2026-03-02T00:00": real})
    take("d.csv", "d.yaml")
    place.say("readings", "estimate", "store", "--commit")
    assert total(place) == real
    assert marks(place)[("estimated", "display-profile.v1")] == 1


@pytest.mark.parametrize("seed", range(6))
def test_in_any_order_of_files_all_spans_end_as_their_displays_say(place, shown, take, seed):
    rng = random.Random(seed)  # noqa: S311 - of a test
    parts = [(0, 30), (30, 64), (64, 96)]
    for number, (begin, end) in enumerate(parts):
        values = {
            slot: (rng.choice((None, 200, 300)), 0) if begin <= slot < end else (None, None)
            for slot in range(96)
        }
        values |= {(begin + end) // 2: (250, 0)}
        (place.folder / f"p{number}.csv").write_text(place.table(values))
    edges = [0, 24, 48, 95]
    heights = list(itertools.accumulate([5_000, *(rng.randint(3_000, 9_000) for _ in edges[1:])]))
    clock = [f"2026-03-01T{slot // 4:02}:{slot % 4 * 15:02}" for slot in edges]
    for number, (at, wh) in enumerate(zip(clock, heights, strict=True)):
        shown(f"d{number}.csv", {"2026-02-01T00:00": 0, at: wh})
    files = [(f"p{n}.csv", "map.yaml") for n in range(3)]
    files += [(f"d{n}.csv", "d.yaml") for n in range(len(edges))]
    rng.shuffle(files)
    for at, (name, mapping) in enumerate(files):
        take(name, mapping, "--known-at", f"2026-03-02T0{at}:00")
        if rng.random() < 0.3 and any(each.startswith("p") for each, _ in files[: at + 1]):
            place.say("readings", "estimate", "store", "--commit")
    place.say("readings", "estimate", "store", "--commit")
    for (low, high), (was, now) in zip(
        itertools.pairwise(clock), itertools.pairwise(heights), strict=True
    ):
        assert total(place, "--from", low, "--to", high) == now - was


def test_displays_after_the_last_value_are_estimated_up_to(place, shown, take):
    """Without a window, up to the last display; not on into days of which nothing is known."""
    values = {slot: (wh, 0) for slot, wh in COUNTED.items()}
    (place.folder / "day.csv").write_text(place.table(values))
    take("day.csv")
    start, day = 800_000, counted()
    shown("d.csv", {
        "2026-03-01T00:00": start,
        "2026-03-02T00:00": start + day,
        "2026-03-04T06:00": start + day + 54_321,
    })  # fmt: skip
    take("d.csv", "d.yaml")
    (done,) = place.json("readings", "estimate", "store", "--commit")
    assert (done["method"], done["slots"]) == ("display-profile.v1", 2 * 96 + 24)
    assert done["wh"] == 54_321
    window = ("--from", "2026-03-01", "--to", "2026-03-05")
    assert total(place, *window) == day + 54_321
    assert "nothing is to be estimated" in place.say("readings", "estimate", "store")


def test_displays_alone_are_enough_to_estimate(place, shown, take):
    shown("d.csv", {"2026-03-01T00:00": 100, "2026-03-01T06:00": 10_000})
    take("d.csv", "d.yaml")
    (done,) = place.json("readings", "estimate", "store", "--commit")
    assert (done["slots"], done["wh"]) == (24, 9_900)
