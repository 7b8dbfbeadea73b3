"""The codes of SimBench's low-voltage grids, and what to say about any other."""

from __future__ import annotations

import difflib
from itertools import product

GRIDS = ("rural1", "rural2", "rural3", "semiurb4", "semiurb5", "urban6")
SCENARIOS = ("0", "1", "2")
SWITCHES = ("sw", "no_sw")

CODES = tuple(
    f"1-LV-{grid}--{scenario}-{switches}"
    for grid, scenario, switches in product(GRIDS, SCENARIOS, SWITCHES)
)


def nearest(code: str) -> list[str]:
    """Return the known codes nearest to an unknown one, best first; never none."""
    table = {known.lower(): known for known in CODES}
    found = difflib.get_close_matches(code.strip().lower(), table, n=4, cutoff=0.4)
    return [table[name] for name in found] or [f"1-LV-{grid}--0-sw" for grid in GRIDS]
