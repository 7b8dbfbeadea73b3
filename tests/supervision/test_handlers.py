"""Alarms exactly where a limit is exceeded."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.messages import BoundaryRead
from gridpact.scheduling.messages import NeedStated, NeedWithdrawn
from gridpact.scheduling.needs.model import Direction, Group, PowerCap, StateOfCharge
from gridpact.scheduling.needs.times import Moment, Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.supervision.handlers import Supervision
from gridpact.supervision.messages import TotalExceeded

W = st.just(-1) | st.integers(0, 40) | st.integers(0, 100_000)


@given(
    zones=st.lists(st.tuples(W, W), min_size=1, max_size=5),
    flows=st.lists(st.lists(st.integers(-30_000, 30_000), min_size=5, max_size=5), max_size=4),
    near=st.lists(st.integers(-1, 1), min_size=5, max_size=5),
    step=st.sampled_from([300, 900, 1800]),
)
@settings(deadline=None, max_examples=200)
def test_against_a_plain_loop(zones, flows, near, step, small_community):
    rows = [(-1, *limits) for limits in zones]
    room = Supervision(small_community(1, zones=rows, step_s=step)).room()
    handler, state = room.handlers[BoundaryRead], room.state
    count = [0] * len(zones)
    # one slot right at the limits of import: one Wh below, at or above
    edge = [limit * step // 3600 + off for (limit, _), off in zip(zones, near, strict=False)]
    for slot, flow in enumerate([*flows, edge]):
        net = np.array(flow[: len(zones)])
        message = BoundaryRead(
            slot=slot * step, import_wh=np.maximum(net, 0), export_wh=np.maximum(-net, 0)
        )
        expected = []
        for zone, (buy, sell) in enumerate(zones):
            limit = buy if net[zone] > 0 else sell
            # Wh > W × h, without division
            if limit >= 0 and abs(int(net[zone])) > limit * step // 3600:
                sign = 1 if net[zone] > 0 else -1
                expected.append((zone, int(net[zone]), sign * (limit * step // 3600)))
                count[zone] += 1
        state, outs = handler(state, message, 0)
        found = [
            alarm
            for out in outs
            for alarm in zip(
                out.zones.tolist(), out.energy_wh.tolist(), out.limit_wh.tolist(), strict=True
            )
        ]
        assert found == expected
        assert all(out.slot == message.slot for out in outs)
    assert state.exceeded.tolist() == count


def test_by_hand(small_community):
    rows = [(-1, 4000, -1), (0, -1, 1000), (0, 0, 0), (0, -1, -1)]
    room = Supervision(small_community(1, zones=rows)).room()
    handler = room.handlers[BoundaryRead]
    at_limit = BoundaryRead(
        slot=900, import_wh=np.array([1000, 9**9, 0, 9**9]), export_wh=np.array([0, 0, 0, 0])
    )
    state, outs = handler(room.state, at_limit, 0)
    assert (state, outs) == (room.state, [])
    above = BoundaryRead(
        slot=900, import_wh=np.array([1001, 0, 1, 0]), export_wh=np.array([0, 251, 0, 9**9])
    )
    state, (alarm,) = handler(state, above, 0)
    assert alarm.zones.tolist() == [0, 1, 2]
    assert alarm.energy_wh.tolist() == [1001, -251, 1]
    assert alarm.limit_wh.tolist() == [1000, -250, 0]
    assert state.exceeded.tolist() == [1, 1, 1, 0]


MIDNIGHT = int(datetime(2026, 6, 15, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())
FOREVER = 96


class Stated(NamedTuple):
    """A cap on a zone, said in one slot and taken back in another; its window in slots."""

    zone: int
    takes: bool
    most_w: int
    said: int
    gone: int
    begin: int
    length: int


CAPS = st.lists(
    st.builds(
        Stated,
        zone=st.integers(0, 1),
        takes=st.booleans(),
        most_w=st.integers(0, 6).map(lambda many: 1000 * many),
        said=st.integers(0, 8),
        gone=st.integers(0, 12) | st.just(FOREVER),
        begin=st.integers(0, 11),
        length=st.integers(1, 8),
    ),
    max_size=4,
).map(lambda caps: [cap for cap in caps if cap.said <= cap.gone])


def say(name, cap, community):
    need = PowerCap(
        id=name,
        owner="dso",
        level=Level.GRID,
        subject=Group("zone", (community.zones.ids[cap.zone],)),
        direction=Direction.TAKE if cap.takes else Direction.GIVE,
        window=Window(cap.begin * 900, (cap.begin + cap.length) * 900),
        most_w=cap.most_w,
    )
    return NeedStated(by="dso", id=name, revision=1, need=need)


def limits_by_hand(slot, caps, own):
    """Limit [Wh] and who set it, for each zone and direction, in a plain loop."""
    found = {}
    for zone, limits in enumerate(own):
        for takes, limit_w in zip((True, False), limits, strict=True):
            best, name = (None if limit_w < 0 else limit_w // 4), ""
            for place, cap in enumerate(caps):
                holds = cap.said <= slot < cap.gone and cap.begin <= slot < cap.begin + cap.length
                of = (cap.zone, cap.takes) == (zone, takes)
                if of and holds and (best is None or cap.most_w // 4 < best):
                    best, name = cap.most_w // 4, f"need-{place}"
            found[zone, takes] = best, name
    return found


@given(
    caps=CAPS,
    own=st.lists(st.tuples(*[st.just(-1) | st.integers(0, 6000)] * 2), min_size=2, max_size=2),
    net=st.lists(st.tuples(*[st.integers(-2000, 2000)] * 2), min_size=12, max_size=12),
)
@settings(deadline=None, max_examples=100)
def test_limits_that_operators_state_count_while_they_stand(caps, own, net, small_community):
    community = small_community(1, zones=[(-1, *limits) for limits in own])
    room = Supervision(community).room()
    state = room.state

    def tell(message, now):
        nonlocal state
        state, outs = room.handlers[type(message)](state, message, now)
        return outs

    said = sorted(enumerate(caps), key=lambda one: (one[1].said, one[0]))
    caps_in_order = [cap for _, cap in said]
    for slot, flow in enumerate(net):
        start = MIDNIGHT + slot * 900
        for place, cap in enumerate(caps_in_order):
            if cap.said == slot:
                tell(say(f"need-{place}", cap, community), start - 60)
            if cap.gone == slot and cap.said <= slot:
                tell(NeedWithdrawn(by="dso", id=f"need-{place}", revision=2), start + 60)
        wh = np.array(flow)
        read = BoundaryRead(slot=start, import_wh=np.maximum(wh, 0), export_wh=np.maximum(-wh, 0))
        outs = tell(read, start + 900)
        expected = []
        by_hand = limits_by_hand(slot, caps_in_order, own)
        for zone in range(2):
            limit, name = by_hand[zone, flow[zone] > 0]
            if flow[zone] and limit is not None and abs(flow[zone]) > limit:
                sign = 1 if flow[zone] > 0 else -1
                expected.append((zone, flow[zone], sign * limit, name))
        found = [
            alarm
            for out in outs
            for alarm in zip(
                out.zones.tolist(),
                out.energy_wh.tolist(),
                out.limit_wh.tolist(),
                out.needs or ("",) * out.zones.size,
                strict=True,
            )
        ]
        assert found == expected


def test_only_caps_of_operators_on_zones_are_limits(small_community):
    community = small_community(2, storage=[("battery", 0, 4000, 4000, 8000, 1, 1, 1)])
    room = Supervision(community).room()
    cap = PowerCap(
        id="need-1",
        owner="m000",
        level=Level.NEEDS,
        subject=Group("community"),
        window=Window(0, 86_400),
        most_w=1000,
    )
    state_of_charge = StateOfCharge(
        id="need-2",
        owner="m000",
        level=Level.NEEDS,
        subject=Group("community"),
        at=Moment(25_200),
        least_ppm=800_000,
    )
    for need in (cap, state_of_charge, None):
        told = NeedStated(by="m000", id="need-1", revision=1, need=need)
        assert room.handlers[NeedStated](room.state, told, 0) == (room.state, [])


def test_a_limit_said_again_stands_since_it_was_said_first(small_community):
    community = small_community(1)
    room = Supervision(community).room()
    message = say("need-1", Stated(0, True, 1000, 0, FOREVER, 0, 4), community)
    once, _ = room.handlers[NeedStated](room.state, message, 100)
    twice, _ = room.handlers[NeedStated](once, message, 9000)
    assert once == twice
    assert [cap.since for cap in once.caps] == [100]


class Together(NamedTuple):
    """A cap on some zones of a tree: which, its direction, its power, its first slot and length."""

    zones: frozenset[int]
    takes: bool
    most_w: int
    begin: int
    length: int


PARENT = (-1, 0, 1, 0, -1, 4)
"""Zones of a tree; each has one home of its own."""


def above(row):
    """A zone and all that it is part of."""
    found = []
    while row >= 0:
        found.append(row)
        row = PARENT[row]
    return found


@given(
    caps=st.lists(
        st.builds(
            Together,
            zones=st.frozensets(st.integers(0, 5), min_size=1, max_size=4),
            takes=st.booleans(),
            most_w=st.integers(0, 8).map(lambda many: 1000 * many),
            begin=st.integers(0, 3),
            length=st.integers(1, 4),
        ),
        max_size=4,
    ),
    homes=st.lists(
        st.lists(st.integers(-1500, 1500), min_size=6, max_size=6), min_size=4, max_size=4
    ),
)
@settings(deadline=None, max_examples=100)
def test_a_cap_on_several_zones_limits_what_all_their_homes_take_together(
    caps, homes, small_community
):
    zones = [(parent, -1, -1) for parent in PARENT]
    community = small_community(6, zones=zones, zone=np.arange(6))
    room = Supervision(community).room()
    state = room.state
    for place, cap in enumerate(caps):
        need = PowerCap(
            id=f"need-{place}",
            owner="dso",
            level=Level.GRID,
            subject=Group("zone", tuple(community.zones.ids[row] for row in sorted(cap.zones))),
            direction=Direction.TAKE if cap.takes else Direction.GIVE,
            window=Window(cap.begin * 900, (cap.begin + cap.length) * 900),
            most_w=cap.most_w,
        )
        told = NeedStated(by="dso", id=need.id, revision=1, need=need)
        state, _ = room.handlers[NeedStated](state, told, MIDNIGHT - 60)
    for slot, net in enumerate(homes):
        read = np.array([sum(net[h] for h in range(6) if zone in above(h)) for zone in range(6)])
        message = BoundaryRead(
            slot=MIDNIGHT + slot * 900,
            import_wh=np.maximum(read, 0),
            export_wh=np.maximum(-read, 0),
        )
        state, outs = room.handlers[BoundaryRead](state, message, MIDNIGHT + slot * 900 + 900)
        tightest = {}
        for place, cap in enumerate(caps):
            inside = tuple(h for h in range(6) if cap.zones & set(above(h)))
            carried = sum(net[home] for home in inside) * (1 if cap.takes else -1)
            holds = cap.begin <= slot < cap.begin + cap.length
            key = (inside, cap.takes)
            if holds and (key not in tightest or cap.most_w < tightest[key][0]):
                tightest[key] = cap.most_w, f"need-{place}", carried
        expected = {
            name: (carried, most_w // 4)
            for most_w, name, carried in tightest.values()
            if carried > most_w // 4
        }
        found = {}
        for alarm in outs:
            by_zone = zip(alarm.needs, alarm.energy_wh, alarm.limit_wh, strict=True)
            found |= {name: (abs(int(wh)), abs(int(most))) for name, wh, most in by_zone}
            found |= {one.need: (abs(one.energy_wh), abs(one.limit_wh)) for one in alarm.together}
            assert all(len(one.zones) > 1 for one in alarm.together)
        assert found == expected
    assert len(outs) <= 1


def test_zones_together_by_hand(small_community):
    community = small_community(2, zones=[(-1, -1, -1), (-1, 4000, -1)])
    room = Supervision(community).room()
    cap = PowerCap(
        id="need-1",
        owner="dso",
        level=Level.GRID,
        subject=Group("zone", community.zones.ids),
        direction=Direction.GIVE,
        window=Window(0, 86_400),
        most_w=2000,
    )
    told = NeedStated(by="dso", id="need-1", revision=1, need=cap)
    state, _ = room.handlers[NeedStated](room.state, told, MIDNIGHT - 60)

    def alarms(first, second):
        net = np.array([first, second])
        read = BoundaryRead(
            slot=MIDNIGHT, import_wh=np.maximum(net, 0), export_wh=np.maximum(-net, 0)
        )
        return room.handlers[BoundaryRead](state, read, MIDNIGHT + 900)

    assert alarms(-900, 400) == (state, [])  # 900 Wh leave one zone, but no more than 500 Wh both
    after, (alarm,) = alarms(-900, 399)
    assert (alarm.zones.size, after.exceeded.tolist()) == (0, [0, 0])
    assert alarm.together == (TotalExceeded("need-1", (0, 1), -501, -500),)
    after, (alarm,) = alarms(-2000, 1100)
    assert alarm.zones.tolist() == [1]
    assert alarm.needs == ()
    assert alarm.together == (TotalExceeded("need-1", (0, 1), -900, -500),)
    assert after.exceeded.tolist() == [0, 1]
