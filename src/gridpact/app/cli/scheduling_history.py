"""``gridpact schedule history``: how schedules of a run came into force, and why they were kept."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import to_builtins

from gridpact.app import folder
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.cli.scheduling_tables import NOTHING, kwh
from gridpact.app.orders.instants import local
from gridpact.app.schedules.history import Entry, history, in_words
from gridpact.scheduling.messages import Misses
from gridpact.scheduling.needs.spelling import listed

HEAD = ("made", "in force from", "outcome", "because of", "it misses", "instead of", "reason")
TOGETHER = ("revised", "kept", "solved", "skipped")


@click.command(
    "history",
    short_help="Show how a run's schedules came into force, and why.",
    epilog="""\b
Examples:
  gridpact schedule history runs/june
  gridpact schedule history runs/june --outcome kept""",
)
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))
@click.option("--outcome", type=click.Choice(TOGETHER), help="Only decisions that ended so.")
@output_options
def show_history(path: Path, outcome: str | None, as_json: bool, quiet: bool) -> None:
    """List how the schedules of RUN came into force: by sessions, and made anew between them.

    Each is listed with what called for it, what it misses of needs and limits until its day ends,
    and what the schedule before would have missed; where that one was kept, with the reason.
    """
    record = folder.record(path)
    found = [one for one in history(record) if outcome in (None, one.outcome)]
    if as_json:
        say_json({"decisions": [_as_dict(one) for one in found]})
    elif not quiet:
        for line in _lines(found, record.opening().community.timezone):
            say(line)


def _as_dict(one: Entry) -> dict[str, object]:
    return {**to_builtins(one), "later_wh": one.later_wh, "needs": one.needs, "unheld": one.unheld}


def _lines(found: list[Entry], timezone: str) -> list[str]:
    if not found:
        return ["no schedule was decided on"]
    rows = [_row(one, timezone) for one in found]
    counts = {name: sum(one.outcome == name for one in found) for name in TOGETHER}
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return [*aligned([HEAD, *rows]), "", f"{counted(len(found), 'decision')}: {told}"]


def _row(one: Entry, timezone: str) -> tuple[str, ...]:
    return (
        local(one.made, timezone),
        NOTHING if one.begins < 0 else local(one.begins, timezone),
        one.outcome,
        in_words(one.causes) or one.name,
        _all_missed(one),
        _missed(one.instead),
        one.reason or NOTHING,
    )


def _all_missed(one: Entry) -> str:
    """Write what a schedule misses, on its day and later, and the needs that this is of."""
    if one.outcome not in ("solved", "revised"):
        return NOTHING
    said = "" if one.missed is None else _missed(one.missed)
    if later := one.later_wh:
        when = "later " if one.missed is not None else ""
        said = f"{'' if said in ('', 'nothing') else said + ', '}{when}{kwh(later)}"
    said = (said or "nothing") + (f" ({listed(one.needs)})" if one.needs else "")
    return said + (f", not held: {listed(one.unheld)}" if one.unheld else "")


def _missed(misses: Misses | None) -> str:
    """Write what is missed, such as ``needs 1.200 kWh, limits 0.300 kWh``."""
    if misses is None:
        return NOTHING
    parts = (
        ("needs", misses.needs_wh),
        ("runs", misses.runs_wh),
        ("limits", misses.limits_wh),
        ("contracts", misses.contracts_wh),
        ("wishes", misses.wishes_wh),
    )
    return ", ".join(f"{name} {kwh(wh)}" for name, wh in parts if wh) or "nothing"
