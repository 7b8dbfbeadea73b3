"""Limits on homes and assets together: alarms once all have reported, and not before."""

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.messages import ReadingsReceived
from gridpact.registry.model import Marks
from gridpact.scheduling.messages import NeedStated, NeedWithdrawn, TelemetryReceived
from gridpact.scheduling.needs.model import Direction, Group, PowerCap
from gridpact.scheduling.needs.times import DAY_S, Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.supervision.handlers import Supervision

WHERE = {"m000": "10115", "m002": "10115", "m001": "10117"}
SLOT = 1_781_474_400  # a midnight in Berlin
FLOWS = st.lists(st.integers(-700, 700), min_size=3, max_size=3)


def cap(group, takes, most_w):
    need = PowerCap(
        id="need-1",
        owner="dso",
        level=Level.GRID,
        subject=group,
        direction=Direction.TAKE if takes else Direction.GIVE,
        window=Window(0, DAY_S),
        most_w=most_w,
    )
    return NeedStated(by="dso", id="need-1", revision=1, need=need)


def room_of(small_community):
    storage = [("car", 0, 4000, 0, 40_000, 1, 1, 1), ("battery", 1, 4000, 4000, 9000, 1, 1, 1)]
    storage.append(("car", 2, 4000, 4000, 40_000, 1, 1, 1))
    made = small_community(3, storage=storage)
    return Supervision(msgspec.structs.replace(made, marks=Marks(postcode=WHERE))).room()


def telling(room, state, message, now=SLOT):
    return room.handlers[type(message)](state, message, now)


@given(net=FLOWS, takes=st.booleans(), most_w=st.integers(0, 8).map(lambda many: 500 * many),
       order=st.permutations(range(3)), parts=st.integers(1, 3))  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_homes_are_compared_when_the_last_of_them_has_reported(
    small_community, net, takes, most_w, order, parts
):
    room = room_of(small_community)
    group = Group("postcode", ("10115",))
    state, _ = telling(room, room.state, cap(group, takes, most_w), SLOT - 900)
    values, alarms, told = np.array(net), [], np.zeros(3, bool)
    for some in np.array_split(np.array(order), parts):
        present = np.isin(np.arange(3), some)
        message = ReadingsReceived(
            slot=SLOT,
            withdrawal_wh=np.where(present, np.maximum(values, 0), 0),
            injection_wh=np.where(present, np.maximum(-values, 0), 0),
            present=present,
        )
        state, outs = telling(room, state, message)
        told |= present
        whole = bool(told[0] and told[2])
        assert not outs or whole
        alarms += outs
        assert [one.present.size for one in state.heard] == [0 if whole else 3]
    total = net[0] + net[2]
    carried = total if takes else -total
    over = carried > most_w // 4
    assert len(alarms) == over
    for alarm in alarms:
        (one,) = alarm.together
        sign = 1 if takes else -1
        assert (one.homes, one.energy_wh, one.limit_wh) == ((0, 2), total, sign * (most_w // 4))
        assert (alarm.slot, alarm.zones.size, one.need) == (SLOT, 0, "need-1")


def test_a_reading_told_twice_counts_once_and_what_is_gone_is_forgotten(small_community):
    room = room_of(small_community)
    state, _ = telling(room, room.state, cap(Group("postcode", ("10115",)), True, 400), SLOT - 900)

    def read(slot, rows, energy):
        present = np.isin(np.arange(3), rows)
        nothing = np.zeros(3, np.int64)
        return ReadingsReceived(
            slot=slot, withdrawal_wh=present * energy, injection_wh=nothing, present=present
        )

    state, outs = telling(room, state, read(SLOT, [0], 90))
    state, more = telling(room, state, read(SLOT, [0], 500))
    state, last = telling(room, state, read(SLOT, [2], 9))
    assert (outs, more, last, state.heard[0].present.size) == ([], [], [], 0)
    state, outs = telling(room, state, read(SLOT, [0, 2], 900))
    assert outs == []
    state, outs = telling(room, state, read(SLOT + 900, [0], 90))
    state, outs = telling(room, state, read(SLOT + 3 * 86_400, [0], 90))
    assert [one.slot for one in state.heard] == [SLOT + 3 * 86_400]
    state, _ = telling(room, state, NeedWithdrawn(by="dso", id="need-1", revision=2))
    assert state == room.state
    state, outs = telling(room, state, read(SLOT, [0, 1, 2], 900))
    assert (state, outs) == (room.state, [])


@given(
    charge=st.lists(st.integers(0, 900), min_size=3, max_size=3),
    heard=st.lists(st.booleans(), min_size=3, max_size=3),
    most_w=st.integers(0, 4000),
)
@settings(deadline=None, max_examples=60)
def test_assets_are_compared_where_all_were_heard(small_community, charge, heard, most_w):
    room = room_of(small_community)
    state, _ = telling(room, room.state, cap(Group("kind", ("car",)), True, most_w), SLOT - 900)
    nothing = np.zeros(3, np.int64)
    message = TelemetryReceived(
        slot=SLOT,
        step=900,
        charge_wh=np.array(charge),
        discharge_wh=nothing,
        state_wh=nothing,
        pv_wh=nothing[:0],
        run_wh=nothing[:0],
        refused=nothing > 0,
        reported=np.array(heard),
    )
    state, outs = telling(room, state, message)
    total = charge[0] + charge[2]
    assert len(outs) == (heard[0] and heard[2] and total > most_w // 4)
    for alarm in outs:
        (one,) = alarm.together
        assert (one.assets, one.energy_wh, one.limit_wh) == ((0, 2), total, most_w // 4)
