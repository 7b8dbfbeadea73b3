"""``gridpact contract obligations``: what is to be delivered, fixed or still open."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.contracting_documents import check_slots, open_and_warn
from gridpact.app.cli.contracting_evaluating import evaluating
from gridpact.app.cli.contracting_files import FILE, Opened, open_data
from gridpact.app.cli.contracting_layout import heading, quantity, unit_for_people, window
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.base.slots import Slots, iso
from gridpact.base.units import Ints, checked_sum
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.inspection import Problem, problems
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.needs import needs_of
from gridpact.contracts.obligations import Obligation, obligations
from gridpact.contracts.terms import Contract

_NOTHING = "the contract moves nothing but money"


@click.command(
    "obligations",
    short_help="List what is to be delivered.",
    epilog="""\b
Examples:
  gridpact contract obligations examples/contracts/roof.yaml
  gridpact contract obligations ppa.yaml --on june.csv --by slot""",
)
@click.argument("file", type=FILE)
@click.option("--on", "data", type=FILE, metavar="DATA", help="Table of data, as for price.")
@click.option(
    "--by",
    type=click.Choice(["total", "slot"]),
    default="total",
    show_default=True,
    help="Show sums, or amounts by slot.",
)
@click.option("--cut-periods", is_flag=True, help="Let cut months and the like count as whole.")
@output_options
def show_obligations(
    file: Path, data: Path | None, by: str, cut_periods: bool, as_json: bool, quiet: bool
) -> None:
    """List everything but money that the contract in FILE moves between parties.

    With DATA, how much; a choice that has no column stays open, and the least and the most that
    it can bring are shown.
    """
    opened = open_and_warn(file)
    if data is None:
        _say_legs(opened, as_json=as_json, quiet=quiet)
        return
    required = needs_of(leg.amount for leg in _physical(opened.contract))
    world, slots = open_data(data, required, open_choices=True)
    check_slots(opened, data, slots)

    def inspect() -> list[Problem]:
        rows = _physical(opened.contract)
        return problems(rows, world, slots, open_choices=True, cut_periods=cut_periods)

    with evaluating(file, data, inspect):
        found = obligations(opened.contract, world, slots, cut_periods=cut_periods)
    if as_json:
        say_json(_obligations_dict(opened, found, slots))
    elif not quiet:
        for line in _obligation_lines(opened, found, slots, by):
            say(line)


def _physical(contract: Contract) -> list[Leg]:
    return [leg for leg in legs(contract) if not leg.currency]


def _say_legs(opened: Opened, *, as_json: bool, quiet: bool) -> None:
    """Say who gives whom what, and on what the amount depends, without any data."""
    found = _physical(opened.contract)
    if as_json:
        say_json({"hash": _hash(opened), "legs": [_leg_dict(leg) for leg in found]})
        return
    rows = [(leg.giver, leg.taker, leg.asset, ", ".join(_depends(leg))) for leg in found]
    lines = aligned([("giver", "taker", "asset", "depends on"), *rows]) if rows else [_NOTHING]
    for line in () if quiet else [heading(opened), "", *lines]:
        say(line)


def _leg_dict(leg: Leg) -> dict[str, object]:
    return {
        "giver": leg.giver,
        "taker": leg.taker,
        "asset": leg.asset,
        "unit": leg.amount.unit,
        "depends_on": _depends(leg),
    }


def _depends(leg: Leg) -> list[str]:
    found = needs_of([leg.amount])
    return [need.name for need in found.series] + [
        f"choice:{need.label} by {need.by}" for need in found.choices
    ]


def _hash(opened: Opened) -> str:
    return "0x" + terms_hash(opened.contract).hex()


def _obligations_dict(opened: Opened, found: tuple[Obligation, ...], slots: Slots) -> object:
    return {
        "hash": _hash(opened),
        "slots": {"start": iso(slots.start), "step_s": slots.step, "count": slots.count},
        "obligations": [
            {
                "giver": each.giver,
                "taker": each.taker,
                "asset": each.asset,
                "unit": each.amount.unit,
                "fixed": each.is_fixed,
                "low": each.low.tolist(),
                "high": each.high.tolist(),
            }
            for each in found
        ],
    }


def _obligation_lines(
    opened: Opened, found: tuple[Obligation, ...], slots: Slots, by: str
) -> list[str]:
    if not found:
        lines = [_NOTHING]
    elif by == "total":
        lines = _totals(found)
    else:
        lines = _by_slot(found, slots)
    return [heading(opened), window(slots), "", *lines]


def _totals(found: tuple[Obligation, ...]) -> list[str]:
    """Return one line per leg; where a choice is open, the least and the most together."""
    rows = [
        (
            each.giver,
            each.taker,
            each.asset,
            _total(each.low, each.amount.unit),
            _total(each.high, each.amount.unit),
        )
        for each in found
    ]
    if all(each.is_fixed for each in found):
        return aligned([("giver", "taker", "asset", "in all"), *(r[:-1] for r in rows)], right=(3,))
    heads = ("giver", "taker", "asset", "at least", "at most")
    table = aligned([heads, *rows], right=(3, 4))
    return [*table, "", "choices are open; what ties slots together may allow less than the most"]


def _total(amounts: Ints, unit: str) -> str:
    """Sum energy over slots; of power a sum says nothing, so its largest value is told."""
    if unit == "W":
        return f"{quantity(int(amounts.max(initial=0)), unit)} at its highest"
    return quantity(int(checked_sum(amounts)), unit)


def _by_slot(found: tuple[Obligation, ...], slots: Slots) -> list[str]:
    heads = [
        ["", *(f"{each.giver} to {each.taker}" for each in found)],
        ["", *(f"{each.asset} [{unit_for_people(each.amount.unit)}]" for each in found)],
    ]
    columns = [[iso(start) for start in slots.starts().tolist()]]
    for each in found:
        pairs = zip(each.low.tolist(), each.high.tolist(), strict=True)
        columns.append(
            [f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high in pairs]
        )
    rows = [list(row) for row in zip(*columns, strict=True)]
    return aligned([*heads, *rows], right=range(1, len(found) + 1))


def _between(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
