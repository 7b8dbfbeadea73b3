"""``gridpact readings estimate``: fill what is missing or suspect, by named methods."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import click
import numpy as np

from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.cli.reading_options import channel_as_dict, chosen_of, kwh, view_options
from gridpact.app.readings.estimating import Estimated, estimate_view, methods_of
from gridpact.app.readings.importing import known_since
from gridpact.app.readings.windows import views_of
from gridpact.metering.estimation.methods import DEFAULT_METHODS, name_of
from gridpact.metering.readings import Register
from gridpact.metering.store.store import Store

METHODS = tuple(name_of(method) for method in DEFAULT_METHODS)
Row = tuple[dict[str, str], str, int, int]


@click.command(
    short_help="Estimate what is missing or suspect.",
    epilog="""\b
Examples:
  gridpact readings estimate readings
  gridpact readings estimate readings --point bakery --method linear.v1 --commit""",
)
@click.argument("url", metavar="STORE")
@view_options
@click.option(
    "--method",
    "names",
    multiple=True,
    type=click.Choice(METHODS),
    help="Methods in this order.  [default: all, as listed]",
)
@click.option("--commit", is_flag=True, help="Store the estimates.")
@output_options
def estimate(
    url: str,
    points: tuple[str, ...],
    register: Register | None,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None,
    names: tuple[str, ...],
    commit: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Estimate slots without a value, or with one that validation doubts, and name the method.

    Estimates are an import of their own. What meters said stays beside them, and an estimate
    counts until something sound is known. Without --commit, nothing is stored.
    """
    store = Store.open(url)
    whole = since is not None and until is not None
    known_s = known_since(store, None)
    rows: list[Row] = []
    chosen = chosen_of(points, register, since, until, as_of)
    for view in views_of(store, chosen, displays=True):
        methods = methods_of(names or METHODS, view.timezone, store)
        done = estimate_view(store, view, methods, known_s, commit=commit, whole=whole)
        rows += [row for each in done for row in _rows(each)]
    if as_json:
        say_json([{**who, "method": how, "slots": n, "wh": wh} for who, how, n, wh in rows])
    elif not quiet:
        for line in _lines(rows, commit=commit):
            say(harmless(line))


def _rows(done: Estimated) -> list[Row]:
    """Channel, method, slots and Wh of all that was estimated."""
    found = done.intervals
    rows: list[Row] = []
    for row, channel in enumerate(found.channels):
        there = np.flatnonzero(found.quality[row])
        rules = found.rule[row][there]
        for rule, slots in sorted(Counter(rules.tolist()).items()):
            energy = int(found.wh[row][there][rules == rule].sum())
            rows.append((channel_as_dict(channel), found.rules[rule], slots, energy))
    return rows


def _lines(rows: list[Row], *, commit: bool) -> list[str]:
    if not rows:
        return ["nothing is to be estimated"]
    head = ("point", "register", "method", "slots", "energy")
    cells = [
        (who["point"], who["register"], method, f"{slots:,}", kwh(wh))
        for who, method, slots, wh in rows
    ]
    lines = aligned([head, *cells], right=(3, 4))
    end = "stored" if commit else "nothing was stored: add --commit to store this"
    return [*lines, "", end]
