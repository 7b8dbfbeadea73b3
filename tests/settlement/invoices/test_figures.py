"""Figures of bills held against sums in plain Python and against the calendar."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Calendar, Slots
from gridpact.settlement.invoices.figures import by_part, owed_by, parts_of
from gridpact.settlement.lines import MEMBER, Head, Lines
from gridpact.settlement.periods.energy import Inputs, Metered
from gridpact.settlement.periods.rules import Member, Rules, Span

HEADS = (
    Head("supply", "supply", "energy", MEMBER, "power", "EUR"),
    Head("supply", "feed-in", "feed-in", "power", MEMBER, "EUR"),
    Head("tokens", "sharing", "sharing", MEMBER, "lane", "SUN"),
    Head("groups", "imbalance", "imbalance", "lane", "power", "EUR"),
)
OWNERS, MEMBERS = ("bakery", "lane-group", "school"), ("school", "mill", "bakery")
ROW = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-(10**9), 10**9))


@settings(deadline=None)
@given(st.lists(ROW, max_size=30))
def test_what_is_owed_is_what_is_paid_less_what_is_received(rows):
    table = np.array(rows, np.int64).reshape(-1, 3)
    nothing = np.zeros(len(rows), np.int64)
    lines = Lines(HEADS, OWNERS, table[:, 0], table[:, 1], *[nothing] * 4, table[:, 2])
    expected = dict.fromkeys(MEMBERS, 0)
    for head, owner, minor in rows:
        if HEADS[head].currency == "EUR" and OWNERS[owner] in expected:
            expected[OWNERS[owner]] += {0: minor, 1: -minor}.get(head, 0)
    assert owed_by(lines, MEMBERS, "EUR").tolist() == [*expected.values()]


@pytest.mark.parametrize(
    ("first", "until", "parts", "hours"),
    [
        ("2026-03-29", "2026-03-30", 23, {1}),
        ("2026-10-25", "2026-10-27", 49, {1}),
        ("2026-03-01", "2026-04-01", 31, {23, 24}),
        ("2026-01-15", "2026-07-01", 6, {17 * 24, 672, 743, 720, 744}),
    ],
)
def test_parts_are_hours_days_or_months(first, until, parts, hours):
    calendar = Calendar("Europe/Berlin", 900)
    begin, end = (
        int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp())
        for day in (first, until)
    )
    edges = parts_of(Slots(begin, 900, (end - begin) // 900), calendar)
    assert (edges[0], edges[-1], len(edges) - 1) == (begin, end, parts)
    assert {(after - before) // 3600 for before, after in pairwise(edges)} == hours


def test_energy_of_parts_counts_only_while_a_member_belongs():
    day = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp())
    members = (Member("bakery", "bakery"), Member("mill", "mill", Span(day + 86_400, 2**60)))
    rules = Rules("lane", "EUR", 10**7, "half-away", "UTC", 3600, {}, members, ())
    wh = np.arange(2 * 2 * 72).reshape(2, 2, 72)
    asked = []

    def read(slots, rows):
        asked.append(slots.count)
        here = slice((slots.start - day) // 3600, (slots.end - day) // 3600)
        return Metered(wh[0, rows, here], wh[1, rows, here])

    edges = parts_of(Slots(day, 3600, 72), Calendar("UTC", 3600))
    found = by_part(rules, Inputs(read, {}), edges)
    expected = wh.reshape(2, 2, 3, 24).sum(axis=-1).transpose(0, 2, 1).copy()
    expected[:, 0, 1] = 0
    assert (found == expected).all()
    assert max(asked) == 24
