"""Stamps of one shape, read by their digits, are what the reader of any shape makes of them."""

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridpact.metering.importers import fixed_stamps
from gridpact.metering.importers.mapping import TextStyle
from gridpact.metering.importers.parse import stamps
from gridpact.metering.importers.rows import Report

ISO = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S")
ZONES = ("", "Z", "+01:00", "-0330")
OTHER = ("%d.%m.%Y %H:%M", "%Y%m%d%H%M%S", "%m/%d/%Y %H:%M:%S", "%Y. %m. %d., %H:%M")
moments = st.datetimes().filter(lambda each: each.year >= 1000)
signs = st.sampled_from(" 0139T+-:.é")


def read(texts, time_format):
    """Columns of stamps and the faults that reading them told."""
    report = Report("table.csv")
    column = pl.Series("time", texts, dtype=pl.String)
    found = stamps(column, TextStyle(time_format=time_format), report, np.arange(len(texts)))
    good = found.good.tolist()
    columns = (found.clock[found.good], found.offset[found.good], found.aware[found.good])
    return good, [column.tolist() for column in columns], [str(fault) for fault in report.faults]


@st.composite
def columns(draw):
    """Texts of one shape, of which at most one has another sign somewhere."""
    iso = draw(st.booleans())
    shape = draw(st.sampled_from(ISO if iso else OTHER))
    zone = draw(st.sampled_from(ZONES)) if iso else ""
    texts = [each.strftime(shape) + zone for each in draw(st.lists(moments, min_size=1))]
    if draw(st.booleans()):
        row, place = draw(st.integers(0, len(texts) - 1)), draw(st.integers(0, len(texts[0]) - 1))
        texts[row] = texts[row][:place] + draw(signs) + texts[row][place + 1 :]
    return texts, "" if iso else shape


@settings(deadline=None, max_examples=300)
@given(columns())
@example((["2026-02-29T10:00", "2026-02-28T10:00"], ""))
@example((["2026-04-31 10:00:60"], ""))
@example((["31.12.9999 23:59"], "%d.%m.%Y %H:%M"))
def test_digits_say_what_the_text_says(drawn):
    texts, time_format = drawn
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fixed_stamps, "_BLOCK", 2)
        quick = read(texts, time_format)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fixed_stamps, "read", lambda *_: None)
        assert read(texts, time_format) == quick


@pytest.mark.parametrize(
    ("texts", "time_format"),
    [
        (["2026-03-01T00:00:00Z", "2026-03-01 00:15:00Z"], ""),
        (["2026-03-01 00:00-0100", "2026-03-01 00:15+0100"], ""),
        (["01.03.2026 00:00"], "%d.%m.%Y %H:%M"),
    ],
)
def test_usual_shapes_are_read_by_their_digits(texts, time_format):
    assert fixed_stamps.read(pl.Series(texts), time_format) is not None


@pytest.mark.parametrize("time_format", ["%d.%m.%y %H:%M", "%Y-%j %H:%M", "%H:%M %% %Y-%m-%d"])
def test_other_shapes_are_left_to_the_text(time_format):
    assert fixed_stamps.read(pl.Series(["01.03.26 00:00"]), time_format) is None
