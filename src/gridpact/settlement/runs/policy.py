"""Which run of a period may be made when: not while open, not once final, not past the limit."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.base.slots import Slots, iso
from gridpact.settlement.periods.rules import Billing
from gridpact.settlement.runs.run import Kind, Run

DAY_S = 86_400


def kind_of(period: Slots, as_of_s: int, earlier: Sequence[Run], billing: Billing) -> Kind:
    """Return the run that is due for a period at an instant, after the runs made ``earlier``."""
    if as_of_s >= period.end + billing.final_days * DAY_S:
        return "final"
    return "revised" if earlier else "initial"


def refusal(
    kind: Kind, period: Slots, as_of_s: int, earlier: Sequence[Run], billing: Billing
) -> tuple[str, str] | None:
    """Tell why a run may not be made, and what to do instead; None where it may.

    ``earlier`` are the runs of the same period, in the order in which they were made.
    """
    if as_of_s < period.end:
        return f"the period is open until {iso(period.end)}", "settle it once it is over"
    if earlier and earlier[-1].kind == "final":
        return f"run {earlier[-1].number} of the period was final", "a final period stands"
    if earlier and as_of_s < earlier[-1].as_of_s:
        known = iso(earlier[-1].as_of_s)
        return f"the last run knew the readings of {known}", "name a later instant, or none"
    return _early(kind, period, as_of_s, earlier, billing) or _late(
        period, as_of_s, earlier, billing
    )


def _early(
    kind: Kind, period: Slots, as_of_s: int, earlier: Sequence[Run], billing: Billing
) -> tuple[str, str] | None:
    if kind == "initial" and earlier:
        return f"run {earlier[0].number} was the initial one", "make a revised run"
    if kind == "revised" and not earlier:
        return "there is no run to revise", "make the initial run"
    due = period.end + billing.final_days * DAY_S
    if kind == "final" and as_of_s < due:
        return f"the final run is due from {iso(due)}", "make a revised run"
    return None


def _late(
    period: Slots, as_of_s: int, earlier: Sequence[Run], billing: Billing
) -> tuple[str, str] | None:
    limit = period.end + billing.correction_days * DAY_S
    if earlier and as_of_s >= limit:
        return f"corrections were lawful until {iso(limit)}", "what was booked stands"
    return None


def due(last: Run, billing: Billing) -> tuple[Kind, int] | None:
    """Return the run that follows the last one of a period, and from when; None after the final."""
    if last.kind == "final":
        return None
    revised, final = (
        last.end_s + days * DAY_S for days in (billing.revised_days, billing.final_days)
    )
    return ("revised", revised) if last.as_of_s < revised else ("final", final)
