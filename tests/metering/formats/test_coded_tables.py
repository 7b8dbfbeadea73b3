"""The quick way through a regular long table says what the slow way says, or nothing at all."""

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.metering.formats import coded_tables, files
from gridpact.metering.formats.mapping import ReadingsMap

POINTS = ("north", "east", "mill", "inn")
cell = st.one_of(st.integers(-3, 4000).map(lambda wh: f"{wh / 1000}"), st.just(""))
broken = st.sampled_from(("", "swap", "drop", "again", "inf", "late", "nobody", "word"))
COLUMNS = {
    "one": (("kwh",), {"value_column": "kwh"}),
    "register": (
        ("kwh", "register"),
        {
            "value_column": "kwh",
            "register_column": "register",
            "registers": {"A+": "withdrawal", "A-": "injection"},
        },
    ),
    "pair": (("in", "out"), {"withdrawal_column": "in", "injection_column": "out"}),
}


@st.composite
def tables(draw):
    """Rows of a long table, regular but for at most one thing, and how to read it."""
    points = draw(st.permutations(POINTS).map(lambda each: each[: draw(st.integers(1, 4))]))
    first, skipped = draw(st.sampled_from((0, 5, 93))), draw(st.sets(st.integers(1, 5)))
    hours = draw(st.booleans())
    slots = [first + slot for slot in range(draw(st.integers(1, 8))) if slot not in skipped]
    stamps = [f"2026-03-{28 + s // 96}T{s % 96 // 4:02}:{s % 4 * 15:02}" for s in slots]
    if hours:
        stamps = [
            f"2026-03-{28 + (h + 20) // 24}T{(h + 20) % 24:02}:00" for h in slots[:6] if h < 90
        ]
    by_time = draw(st.booleans())
    pairs = (
        [(point, stamp) for stamp in stamps for point in points]
        if by_time
        else [(point, stamp) for point in points for stamp in stamps]
    )
    layout = draw(st.sampled_from(tuple(COLUMNS)))
    names, keys = COLUMNS[layout]
    last = {"register": st.sampled_from(("A+", "A-")), "pair": cell}.get(layout)
    rows = [
        [stamp, point, draw(cell), *([] if last is None else [draw(last)])]
        for point, stamp in draw(st.permutations(pairs) if draw(st.booleans()) else st.just(pairs))
    ]
    _break(rows, draw(broken))
    mapping = ReadingsMap(
        time="time",
        point_column="point",
        **keys,
        timezone=draw(st.sampled_from(("UTC", "Europe/Berlin"))),
        clock_changes=draw(st.sampled_from(("refuse", "in-order"))),
        stamp=draw(st.sampled_from(("start", "end"))),
        unit=draw(st.sampled_from(("kWh", "kW", "parsec"))),
        points=draw(st.sampled_from(({}, {"inn": "arms"}, {"inn": "mill"}))),
        step_s=draw(st.sampled_from((0, 300, 3600))),
    )
    return "".join(",".join(row) + "\n" for row in [["time", "point", *names], *rows]), mapping


def _break(rows, how):
    """Do one thing that no regular table has."""
    if len(rows) < 3:
        return
    match how:
        case "swap":
            rows[0], rows[2] = rows[2], rows[0]
        case "drop":
            del rows[1]
        case "again":
            rows.append(rows[0])
        case "late":
            rows[-1][0] = "2027-03-29T02:30"
        case "inf" | "nobody" | "word":
            place, text = {"inf": (2, "1e300"), "nobody": (1, ""), "word": (-1, "A")}[how]
            rows[1][place] = text


def told(path, mapping):
    """What reading gives: all columns, or the faults."""
    try:
        found = files.read(path, mapping).intervals
    except BadInput as error:
        return str(error)
    return (
        found.channels,
        found.slots,
        found.wh.tolist(),
        found.quality.tolist(),
        [[found.rules[number] for number in row] for row in found.rule],
    )


@settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables())
@example(
    (
        "time,point,kwh\n2026-03-01T00:00,a,1\n",
        ReadingsMap(time="time", point_column="point", value_column="kwh"),
    )
)
def test_the_quick_way_says_what_the_slow_way_says(tmp_path, table):
    text, mapping = table
    path = tmp_path / "table.csv"
    path.write_text(text)
    quick = told(path, mapping)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(coded_tables, "read", lambda *_: None)
        assert told(path, mapping) == quick


@pytest.mark.parametrize("by_time", [False, True])
def test_a_regular_table_is_read_the_quick_way(tmp_path, monkeypatch, by_time):
    times = [f"2026-03-01T{hour:02}:00Z" for hour in range(24)]
    outer, inner = (times, POINTS) if by_time else (POINTS, times)
    rows = [(a, b) if by_time else (b, a) for a in outer for b in inner]
    lines = [f"{time},{point},{row / 1000:.3f}" for row, (time, point) in enumerate(rows)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["time,point,kwh", *lines]) + "\n")
    taken = []
    real = coded_tables.read
    monkeypatch.setattr(coded_tables, "read", lambda *each: taken.append(real(*each)) or taken[-1])
    mapping = ReadingsMap(time="time", point_column="point", value_column="kwh")
    found = files.read(path, mapping).intervals
    assert taken[0] is found
    assert [channel.point for channel in found.channels] == sorted(POINTS)
    assert found.wh.sum() == np.arange(96).sum()
    assert found.wh[1, 1] == (rows.index((times[1], "inn")))
