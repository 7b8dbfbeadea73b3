"""Draw the figure of docs/market-comparison.md: one example under every mechanism."""

from __future__ import annotations

import re

from docs_blocks import ROOT, Pages, main

from gridpact.app.compare.recorded import compare_run
from gridpact.app.compare.whole import record_of
from gridpact.app.report.comparison.amounts import units
from gridpact.app.report.comparison.plots import dots
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community

EXAMPLE = ROOT / "examples" / "small.yaml"
FIGURE = ROOT / "docs" / "market-comparison.svg"
SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def figure() -> str:
    """Return what trade gains each member of the example under every mechanism, as an SVG file."""
    scenario = load(EXAMPLE)
    record = record_of(scenario, community(scenario))
    found = compare_run(record, tuple(MECHANISMS), str(EXAMPLE))
    labels = [each.name for each in found.mechanisms]
    amounts = [units(each.gain_nano) for each in found.mechanisms]
    svg = dots("gains", labels, amounts, found.currency)
    return re.sub(r"^<svg", f"<svg {SPACES}", svg) + "\n"


def refreshed() -> Pages:
    """The figure, as the code draws it now."""
    return {FIGURE: figure()}


if __name__ == "__main__":
    main(__doc__, refreshed)
