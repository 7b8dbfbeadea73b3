"""``gridpact convert``: data of others to a scenario that ``gridpact run`` takes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.output import output_options, say, say_json
from gridpact.connectors.simbench import SUMMER_DAY, Converted
from gridpact.connectors.simbench import convert as convert_grid


@click.group(short_help="Convert a SimBench grid to a scenario.")
def convert() -> None:
    """Convert grids and data of others, once, to a scenario with its data beside it."""


@convert.command(
    epilog="""\b
Examples:
  gridpact convert simbench 1-LV-rural1--0-sw --out grids/rural1
  gridpact run grids/rural1/scenario.yaml --days 7"""
)
@click.argument("code")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--date",
    "first_day",
    type=click.DateTime(["%Y-%m-%d"]),
    default=str(SUMMER_DAY),
    show_default=True,
    help="Day of 2016 that the scenario runs.",
)
@click.option("--force", is_flag=True, help="Replace an earlier conversion.")
@output_options
def simbench(
    code: str, out: Path, first_day: datetime, force: bool, as_json: bool, quiet: bool
) -> None:
    """Convert the SimBench low-voltage grid CODE with its year of profiles.

    CODE is 1-LV-GRID--SCENARIO-SWITCHES: a grid of rural1, rural2, rural3, semiurb4, semiurb5 and
    urban6, scenario 0 (today), 1 or 2 (later), and sw or no_sw.
    """

    def reading() -> None:
        if not (quiet or as_json):
            say("reading the grid with simbench, which takes some seconds …", err=True)

    done = convert_grid(code, out, first_day.date(), force=force, reading=reading)
    if as_json:
        say_json(done)
    elif not quiet:
        for line in _lines(done):
            say(line)


def _lines(done: Converted) -> list[str]:
    return [
        f"{done.code}: {done.members} members in {done.zones} zones",
        f"  {done.loads} loads use {done.load_wh / 1e6:,.1f} MWh in 2016",
        f"  {done.plants} photovoltaic plants make {done.pv_wh / 1e6:,.1f} MWh",
        f"  {done.batteries} batteries",
        f"run it: gridpact run {done.scenario}",
    ]
