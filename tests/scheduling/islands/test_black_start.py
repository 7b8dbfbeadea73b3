"""Black start, followed second by second without the planner's own bookkeeping."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.islands.black_start import (
    PPM,
    Load,
    Rules,
    Source,
    Step,
    black_start,
    breaches,
)


def followed(order, sources, loads, rules):
    """Every second: what runs and what is drawn, from the steps alone."""
    begun = {step.name: step.at_s for step in order.steps}
    for second in range(max(begun.values(), default=0) + 200):
        running = sum(
            s.power_w for s in sources if s.name in begun and begun[s.name] + s.start_s <= second
        )
        drawn, new = 0, 0
        for load in loads:
            if load.name in begun and begun[load.name] <= second:
                cold = second < begun[load.name] + load.pickup_s
                drawn += load.cold_w if cold else load.power_w
                new += load.cold_w * (begun[load.name] == second)
        for one in sources:
            starts = one.name in begun and begun[one.name] <= second < begun[one.name] + one.start_s
            if starts and not one.alone:
                drawn += one.start_w
        yield second, running, drawn, new


SOURCES = st.lists(
    st.tuples(st.integers(1, 400), st.integers(0, 60), st.integers(0, 80), st.booleans()),
    min_size=1,
    max_size=3,
)
LOADS = st.lists(
    st.tuples(
        st.integers(1, 150), st.integers(0, 3), st.sampled_from([PPM, 2 * PPM]), st.integers(0, 90)
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=80)
@given(SOURCES, LOADS, st.sampled_from([250_000, 600_000, PPM]))
def test_every_second_keeps_the_rules_and_nothing_is_left_out_that_fits(some, others, step_ppm):
    sources = [
        Source(name=f"s{at}", power_w=p, start_s=s, start_w=w, alone=alone)
        for at, (p, s, w, alone) in enumerate(some)
    ]
    loads = [
        Load(name=f"l{at}", power_w=p, priority=r, pickup_ppm=f, pickup_s=t)
        for at, (p, r, f, t) in enumerate(others)
    ]
    rules = Rules(step_ppm=step_ppm, settle_s=5)
    order = black_start(sources, loads, rules)
    assert breaches(order.steps, sources, loads, rules) == ()
    running = drawn = 0
    for _, running, drawn, new in followed(order, sources, loads, rules):
        assert drawn <= running
        assert new * PPM <= running * step_ppm
    names = {step.name for step in order.steps} | {name for name, _ in order.left_out}
    assert names == {one.name for one in (*sources, *loads)}
    for load in loads:
        if load.name in dict(order.left_out):
            too_large = load.cold_w * PPM > running * step_ppm
            assert too_large or drawn + load.cold_w > running
    placed = {step.name: at for at, step in enumerate(order.steps)}
    connected = [one for one in loads if one.name in placed]
    ranks = [one.priority for one in sorted(connected, key=lambda one: placed[one.name])]
    assert ranks == sorted(ranks)


def test_a_village_comes_back():
    sources = [
        Source(name="battery", power_w=200_000, alone=True),
        Source(name="diesel", power_w=400_000, start_s=30, start_w=10_000),
        Source(name="gas", power_w=600_000, start_s=300, start_w=60_000),
    ]
    loads = [
        Load(name="homes", power_w=80_000, priority=2, pickup_ppm=2 * PPM, pickup_s=1_800),
        Load(name="clinic", power_w=40_000, priority=1),
    ]
    order = black_start(sources, loads, Rules(step_ppm=250_000, settle_s=10))
    assert order.steps == (
        Step(0, "source", "battery"),
        Step(0, "source", "diesel"),
        Step(10, "load", "clinic"),
        Step(30, "source", "gas"),
        Step(330, "load", "homes"),
    )
    assert order.left_out == ()


def test_without_a_source_that_starts_alone_all_stays_dark():
    sources = [Source(name="diesel", power_w=400, start_w=10)]
    order = black_start(sources, [Load(name="clinic", power_w=40, priority=1)])
    assert order.steps == ()
    assert [name for name, _ in order.left_out] == ["clinic", "diesel"]


def test_the_check_finds_what_is_broken():
    sources = [Source(name="battery", power_w=200, alone=True)]
    loads = [
        Load(name="works", power_w=150, priority=1),
        Load(name="homes", power_w=90, priority=2),
    ]
    rules = Rules(step_ppm=500_000)
    steps = [Step(0, "source", "battery"), Step(5, "load", "works"), Step(9, "load", "homes")]
    found = breaches(steps, sources, loads, rules)
    assert "works at 5 s: 150 W is too much" in found
    assert "homes at 9 s: 90 W is too much" in found
    assert any("more is drawn than runs" in one for one in found)


@pytest.mark.parametrize(
    ("sources", "loads", "rules"),
    [
        ([Source(name="a", power_w=0)], [], Rules()),
        ([], [Load(name="a", power_w=1, priority=1, pickup_ppm=10)], Rules()),
        ([Source(name="a", power_w=1)], [Load(name="a", power_w=1, priority=1)], Rules()),
        ([], [], Rules(step_ppm=0)),
    ],
)
def test_what_makes_no_sense_is_refused(sources, loads, rules):
    with pytest.raises(ValueError, match=r"give|twice|share"):
        black_start(sources, loads, rules)
