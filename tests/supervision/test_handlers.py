"""Alarms exactly where a limit is exceeded."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.messages import BoundaryRead
from gridpact.supervision.handlers import Supervision

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
