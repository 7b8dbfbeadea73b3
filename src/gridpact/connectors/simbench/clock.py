"""SimBench's year: the quarter-hours of 2016, stamped as German clocks showed them."""

from __future__ import annotations

from datetime import datetime
from itertools import zip_longest
from zoneinfo import ZoneInfo

from gridpact.base.errors import BadInput, Fault

STEP_S, YEAR = 900, 2016
ZONE, FORM = ZoneInfo("Europe/Berlin"), "%d.%m.%Y %H:%M"


def stamps_of_year() -> list[str]:
    """All 35,136 stamps: 02:00 to 03:00 is skipped in March and comes twice in October."""
    start = start_of_year()
    end = int(datetime(YEAR + 1, 1, 1, tzinfo=ZONE).timestamp())
    return [
        datetime.fromtimestamp(instant, ZONE).strftime(FORM)
        for instant in range(start, end, STEP_S)
    ]


def start_of_year() -> int:
    """Instant [s since the epoch] of the first slot, 2015-12-31T23:00Z."""
    return int(datetime(YEAR, 1, 1, tzinfo=ZONE).timestamp())


def check_stamps(code: str, stamps: list[str]) -> None:
    """Raise BadInput, naming the first row that differs, where stamps are not those of the year."""
    due = stamps_of_year()
    if stamps == due:
        return
    pairs = enumerate(zip_longest(stamps, due, fillvalue="nothing"), start=1)
    row, (found, wanted) = next((row, pair) for row, pair in pairs if pair[0] != pair[1])
    problem = f"the profiles have {found} where German clocks show {wanted}"
    fix = "install the releases that requirements/simbench.lock names"
    raise BadInput([Fault(code, row, "time", problem, fix)])
