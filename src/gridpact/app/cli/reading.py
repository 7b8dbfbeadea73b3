"""``gridpact readings``: stores of readings and what is in them."""

from __future__ import annotations

import click

from gridpact.app.cli.reading_estimate import estimate
from gridpact.app.cli.reading_gaps import gaps
from gridpact.app.cli.reading_imports import imports
from gridpact.app.cli.reading_keep import compact
from gridpact.app.cli.reading_points import init, points
from gridpact.app.cli.reading_quality import quality
from gridpact.app.cli.reading_show import show
from gridpact.app.cli.reading_sign import devices, key, sign, state
from gridpact.app.cli.reading_verify import verify
from gridpact.app.cli.reading_versions import versions


@click.group(
    short_help="Look into a store of readings.",
    epilog="""\b
Examples:
  gridpact readings init readings --points points.yaml
  gridpact import readings march.csv --map map.yaml --into readings --commit
  gridpact readings show readings --point bakery
  gridpact readings versions readings --point bakery --slot 2026-03-01T12:00""",
)
def readings() -> None:
    """Keep readings of meters, with every version of every value and when it became known.

    A STORE is a folder, or a URL of an object store that fsspec reaches.
    """


for command in (init, points, imports, show, versions, gaps, quality, estimate, verify, compact):
    readings.add_command(command)
for command in (key, state, devices, sign):
    readings.add_command(command)
