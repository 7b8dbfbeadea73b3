"""Options that the commands which write files share."""

from __future__ import annotations

from pathlib import Path

import click

OUT = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the files here.",
)
