"""``gridpact contract price``: who pays whom how much on a table of data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import click
import numpy as np

from gridpact.app.cli.contracting_documents import check_slots, open_and_warn
from gridpact.app.cli.contracting_evaluating import evaluating
from gridpact.app.cli.contracting_files import FILE, Opened, open_data
from gridpact.app.cli.contracting_layout import heading, window
from gridpact.app.cli.contracting_new import keep_new
from gridpact.app.cli.layout import aligned, money
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots, iso
from gridpact.base.units import Ints, checked_sum
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.cashflows import Flows, cashflows
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.inspection import Problem, problems
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.periods import check_zone
from gridpact.contracts.tables import write_world
from gridpact.contracts.times import DAY_S

Nets: TypeAlias = dict[tuple[str, str], int]
"""What a party receives less what it pays [nano-¤], by party and currency."""
Rows: TypeAlias = Mapping[str, slice]
"""The slots of each row to show, by its label."""
_EPOCH = date(1970, 1, 1).toordinal()


@contextmanager
def _zone_checked(zone: str) -> Iterator[None]:
    """Refuse what is no time zone, together with all that is wrong inside."""
    faults = []
    try:
        check_zone(zone)
    except IllFormed as error:
        fix = "name a zone of the IANA database, such as Europe/Berlin"
        faults.append(Fault("arguments", 0, "--zone", str(error), fix))
    try:
        yield
    except BadInput as error:
        raise BadInput([*faults, *error.faults]) from error
    if faults:
        raise BadInput(faults)


@click.command(
    "price",
    short_help="Work out every payment on a table of data.",
    epilog="""\b
Examples:
  gridpact contract price examples/contracts/roof.yaml --on examples/contracts/roof.csv
  gridpact contract price ppa.yaml --on june.csv --by day --zone Europe/Berlin
  gridpact contract price ppa.yaml --on june.csv --out flows.csv --quiet""",
)
@click.argument("file", type=FILE)
@click.option("--on", "data", required=True, type=FILE, metavar="DATA", help="Table of data.")
@click.option(
    "--by",
    type=click.Choice(["total", "day", "slot"]),
    default="total",
    show_default=True,
    help="How finely to show the payments.",
)
@click.option(
    "--zone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Time zone of days.",
)
@click.option("--cut-periods", is_flag=True, help="Let cut months and the like count as whole.")
@click.option("--out", type=FILE, help="Write the payments by slot to a CSV file [nano].")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@output_options
def price(
    file: Path,
    data: Path,
    by: str,
    zone: str,
    cut_periods: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Work out every payment of the contract in FILE on a table of DATA, to the last digit.

    DATA is CSV or Parquet: slot_start and one column per series or choice that the contract
    needs, whole numbers in its units.
    """
    with _zone_checked(zone):
        opened = open_and_warn(file)
        world, slots = open_data(data, needs(opened.contract))
        check_slots(opened, data, slots)

    def inspect() -> list[Problem]:
        rows = [leg for leg in legs(opened.contract) if leg.currency]
        return problems(rows, world, slots, cut_periods=cut_periods)

    with evaluating(file, data, inspect):
        flows = cashflows(opened.contract, world, slots, cut_periods=cut_periods)
        nets, rows = _nets(flows), _rows(by, zone, slots)
    if out is not None:
        keep_new(out, flows_csv(flows, slots), force=force)
    if as_json:
        say_json(_as_dict(opened, flows, nets, slots, rows))
    elif not quiet:
        for line in _lines(opened, flows, nets, slots, rows):
            say(line)
        if out is not None:
            say(f"\npayments by slot [nano]: {out}")


def flows_csv(flows: Flows, slots: Slots) -> str:
    """Write payments as a table: a row per slot, a column ``payer>payee EUR/kind`` [nano]."""
    world = {
        f"{payer}>{payee} {currency}/{kind}": amounts
        for (payer, payee, currency, kind), amounts in flows.items()
    }
    return write_world(world, slots)


def _rows(by: str, zone: str, slots: Slots) -> Rows:
    """Return one row for all, one per local day, or one per slot."""
    if by == "total":
        return {"total": slice(0, slots.count)}
    if by == "slot":
        starts = slots.starts().tolist()
        return {iso(start): slice(place, place + 1) for place, start in enumerate(starts)}
    days = Calendar(zone, slots.step).local_seconds(slots) // DAY_S
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), slots.count]
    return {
        str(date.fromordinal(_EPOCH + int(days[first]))): slice(first, last)
        for first, last in pairwise(edges)
    }


def _nets(flows: Flows) -> Nets:
    """Add up what each party receives less what it pays; all parties of a currency sum to 0."""
    nets: Nets = {}
    for (payer, payee, currency, _), amounts in flows.items():
        total = int(checked_sum(amounts))
        for party, sign in ((payer, -1), (payee, 1)):
            nets[party, currency] = nets.get((party, currency), 0) + sign * total
    return dict(sorted(nets.items(), key=lambda item: (item[0][1], item[0][0])))


def _sums(amounts: Ints, rows: Mapping[str, slice]) -> list[int]:
    return [int(checked_sum(amounts[where])) for where in rows.values()]


def _as_dict(opened: Opened, flows: Flows, nets: Nets, slots: Slots, rows: Rows) -> object:
    return {
        "title": opened.title,
        "hash": "0x" + terms_hash(opened.contract).hex(),
        "unit": "nano",
        "slots": {"start": iso(slots.start), "step_s": slots.step, "count": slots.count},
        "rows": list(rows),
        "flows": [
            {
                "payer": payer,
                "payee": payee,
                "currency": currency,
                "kind": kind,
                "amounts": _sums(amounts, rows),
                "total": int(checked_sum(amounts)),
            }
            for (payer, payee, currency, kind), amounts in flows.items()
        ],
        "nets": [
            {"party": party, "currency": currency, "net": net}
            for (party, currency), net in nets.items()
        ],
    }


def _lines(opened: Opened, flows: Flows, nets: Nets, slots: Slots, rows: Rows) -> list[str]:
    lines = [heading(opened), window(slots), ""]
    if not flows:
        return [*lines, "the contract pays nothing"]
    table = _totals(flows) if "total" in rows else _by_row(flows, rows)
    lines += [*table, "", *_nets_table(nets)]
    if any(amount < 0 for amounts in flows.values() for amount in _sums(amounts, rows)):
        lines += ["", "a negative amount flows from payee to payer"]
    return lines


def _totals(flows: Flows) -> list[str]:
    totals = money([int(checked_sum(amounts)) for amounts in flows.values()])
    body = [
        (payer, payee, kind, total, currency)
        for (payer, payee, currency, kind), total in zip(flows, totals, strict=True)
    ]
    return aligned([("payer", "payee", "kind", "amount", ""), *body], right=(3,))


def _by_row(flows: Flows, rows: Rows) -> list[str]:
    """Return one line per day or slot with a column for each payment, and their totals."""
    sums = [_sums(amounts, rows) for amounts in flows.values()]
    columns = [money([*each, sum(each)]) for each in sums]
    heads = [
        ("", *(payer for payer, _, _, _ in flows)),
        ("", *(f"pays {payee}" for _, payee, _, _ in flows)),
        ("", *(f"{kind} [{currency}]" for _, _, currency, kind in flows)),
    ]
    body = list(zip([*rows, "total"], *columns, strict=True))
    return aligned([*heads, *body], right=range(1, len(flows) + 1))


def _nets_table(nets: Nets) -> list[str]:
    amounts = money(list(nets.values()))
    body = [
        (party, amount, currency) for (party, currency), amount in zip(nets, amounts, strict=True)
    ]
    return aligned([("party", "receives net", ""), *body], right=(1,))
