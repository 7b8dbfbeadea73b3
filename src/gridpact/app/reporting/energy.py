"""The energy of a community over a period: where it came from and went, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.report import drawing
from gridpact.app.report.axis import Axis
from gridpact.app.report.parts import Figure
from gridpact.app.reporting.followed import Followed
from gridpact.app.reporting.report import Chapter
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import Column, Sheet
from gridpact.base.units import Floats, Ints, checked_sum
from gridpact.settlement.periods.energy import SOURCES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BALANCE = (
    Column("what", "energy"),
    Column("of", "share of"),
    Column("energy", "energy", "energy"),
    Column("share", "share", "share"),
)
_DAYS = (
    Column("day", "day"),
    Column("withdrawn", "withdrawn", "energy"),
    Column("injected", "injected", "energy"),
    Column("stayed", "stayed within", "energy"),
    Column("from_suppliers", "from suppliers", "energy"),
    Column("to_suppliers", "to suppliers", "energy"),
)
_PPM = 1_000_000


class Totals:
    """Energy of all members by source [Wh], from what the last run kept."""

    def __init__(self, settled: Settled) -> None:
        sums = checked_sum(settled.made.energy_wh, axis=1)
        self._of: dict[str, int] = dict(zip(SOURCES, sums.tolist(), strict=True))

    def __getitem__(self, source: str) -> int:
        return self._of[source]


def share_ppm(part: int, whole: int) -> int | None:
    """Return a share in millionths, rounded half up; None where there is no whole."""
    return (2 * part * _PPM + whole) // (2 * whole) if whole else None


def chapter(settled: Settled, followed: Followed) -> Chapter:
    """The balance, and day by day as a plot and a sheet."""
    lead = (
        "What members’ meters counted. Energy that was used where it was made never met a meter "
        "and is in no number here."
    )
    return Chapter(
        "energy",
        "Energy",
        lead,
        (balance_sheet(settled, followed), _figure(settled, followed), _days(settled, followed)),
    )


def balance_sheet(settled: Settled, followed: Followed) -> Sheet:
    """Consumption, production, and how much of both stayed in the community."""
    totals, stayed = Totals(settled), followed.stayed_wh
    used, made = totals["metered:withdrawal"], totals["metered:injection"]
    rows: tuple[tuple[str | int | None, ...], ...] = (
        ("consumption, withdrawn", "", used, None),
        ("production, injected", "", made, None),
        _share("stayed within: self-sufficiency", stayed, "consumption", used),
        _share("stayed within: self-consumption", stayed, "production", made),
        _share("traded", totals["trade:bought"], "consumption", used),
        _share("shared by key", totals["shared:in"], "consumption", used),
        _share("from suppliers", totals["supplier:in"], "consumption", used),
        _share("to suppliers", totals["supplier:out"], "production", made),
    )
    note = (
        "Stayed within is what was injected and withdrawn in the same slot, whoever was given it: "
        "the lesser of both sums, slot by slot."
    )
    return Sheet("energy", "Balance of the community", _BALANCE, rows, note=note)


def _share(what: str, part: int, of: str, whole: int) -> tuple[str, str, int, int | None]:
    return what, of, part, share_ppm(part, whole)


def _days(settled: Settled, followed: Followed) -> Sheet:
    axis = Axis(settled.calendar, settled.days)
    stayed = _stayed(followed)
    names = ("metered:withdrawal", "metered:injection", "", "supplier:in", "supplier:out")
    series = [followed.of(name) if name else stayed for name in names]
    rows: list[tuple[str | int | None, ...]] = [
        (day, *(int(values[axis.day(day)].sum()) for values in series)) for day in settled.days
    ]
    foot: tuple[str | int | None, ...] = ("in sum", *(int(each.sum()) for each in series))
    return Sheet("days", "Day by day", _DAYS, tuple(rows), foot)


def _stayed(followed: Followed) -> Ints:
    return np.minimum(followed.of("metered:withdrawal"), followed.of("metered:injection"))


def _figure(settled: Settled, followed: Followed) -> Figure:
    axis = Axis(settled.calendar, settled.days)
    stayed = _stayed(followed)
    outside = followed.of("metered:withdrawal") - stayed
    surplus = followed.of("metered:injection") - stayed

    def binned(values: Ints) -> Floats:
        return axis.binned(values / 1000)

    def paint(panels: list[Axes]) -> None:
        panel = panels[0]
        layers = [
            ("withdrawn, from within", drawing.LOCAL, binned(stayed)),
            ("withdrawn, from outside", drawing.SUPPLIER, binned(outside)),
        ]
        drawing.stack(panel, axis, layers)
        drawing.stack(panel, axis, [("injected, to outside", drawing.EXPORT, -binned(surplus))])
        panel.axhline(0, color=drawing.ACTUAL, linewidth=0.6)
        panel.set_ylabel(f"kWh per {axis.per}")
        drawing.legend(panel)
        drawing.timeline(panels, axis)

    caption = (
        "Above the line is what members withdrew, below it what they injected beyond what others "
        "withdrew in the same slot."
    )
    return Figure("balance", "Over the period", caption, drawing.draw("balance", (2.4,), paint))
