"""Through the whole loop, with sessions within the day: an appliance runs once, and whole."""

from collections import Counter, defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridpact.scheduling.messages import DispatchIssued, TelemetryReceived

SCENARIO = """
gridpact: 1
community: {slot_minutes: 30, timezone: Europe/Berlin}
run: {from: 2026-03-28, days: 2, seed: 3}
generate: {homes: 8, appliance_percent: 100, pv_percent: 60, battery_percent: 50}
market: {intraday_gates: ["06:00", "09:00", "12:00", "15:00"]}
"""


@pytest.fixture(scope="module")
def record(run_in_memory, tmp_path_factory):
    path = tmp_path_factory.mktemp("scenario") / "scenario.yaml"
    path.write_text(SCENARIO)
    return run_in_memory(path, days=2).record


def test_each_appliance_starts_once_a_day(record):
    community = record.opening().community
    starts = Counter(
        (row, community.calendar.date_of(issued.slot))
        for issued in record.all(DispatchIssued)
        for row in np.flatnonzero(issued.run_start).tolist()
    )
    days = {day for _, day in starts}
    first_two = sorted(days)[:2]
    assert {key: count for key, count in starts.items() if key[1] in first_two} == {
        (row, day): 1 for row in range(8) for day in first_two
    }


def test_each_run_is_whole_and_lies_in_its_window(record):
    community = record.opening().community
    runs, step = community.runs, community.step_s
    taken = defaultdict(list)
    for told in record.all(TelemetryReceived):
        day = community.calendar.date_of(told.slot)
        for row in np.flatnonzero(told.run_wh).tolist():
            taken[row, day].append((told.slot, int(told.run_wh[row])))
    for (row, day), slots in taken.items():
        if str(day) not in ("2026-03-28", "2026-03-29"):
            continue  # the run stops in the middle of the third day
        starts = [slot for slot, _ in slots]
        length = -(-int(runs.duration_s[row]) // step)
        assert starts == list(range(starts[0], starts[0] + length * step, step))
        assert {wh for _, wh in slots} == {int(runs.power_w[row]) * step // 3600}
        begin = _wall(community, starts[0])
        assert runs.earliest_s[row] <= begin
        assert begin + length * step <= runs.latest_s[row]


def _wall(community, slot):
    moment = datetime.fromtimestamp(slot, ZoneInfo(community.timezone))
    return moment.hour * 3600 + moment.minute * 60
