"""``gridpact contract value``: what a contract is worth to one party over scenario paths."""

from __future__ import annotations

import math
from pathlib import Path

import click
import numpy as np

from gridpact.app.cli.contracting_documents import check_slots, open_and_warn
from gridpact.app.cli.contracting_evaluating import evaluating
from gridpact.app.cli.contracting_files import FILE, open_data
from gridpact.app.cli.contracting_marks import Prices, read_prices
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.base.errors import BadInput, Fault
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.inspection import Problem, problems
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import Needs, factors, needs_of
from gridpact.contracts.terms import Contract
from gridpact.contracts.valuation.present import check_party, discount_factors
from gridpact.contracts.valuation.report import value_report


def _finite(context: click.Context, parameter: click.Parameter, value: float) -> float:
    """Refuse what is no number: it is neither in nor out of a range."""
    if math.isnan(value):
        raise click.BadParameter("this is not a number", context, parameter)
    return value


@click.command(
    "value",
    short_help="Value a contract over scenario paths.",
    epilog="""\b
Examples:
  gridpact contract value ppa.yaml --scenarios paths.csv --party bakery --discount-rate 3
  gridpact contract value swing.yaml --scenarios paths.csv --party bakery --price energy=spot""",
)
@click.argument("file", type=FILE)
@click.option(
    "--scenarios", "data", required=True, type=FILE, metavar="DATA", help="Table of scenario paths."
)
@click.option("--party", required=True, metavar="PARTY", help="Whose receipts are positive.")
@click.option(
    "--price",
    "prices",
    multiple=True,
    metavar="ASSET=PRICE",
    help="What a delivery is worth: a series of DATA, with its currency where the terms pay in "
    "several (energy='spot EUR'), or an amount such as '2 EUR/MWh'.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    callback=_finite,
    default=95.0,
    show_default=True,
    metavar="PERCENT",
    help="Level of value at risk and expected shortfall.",
)
@click.option(
    "--discount-rate",
    type=click.FloatRange(-100, 1000),
    callback=_finite,
    default=0.0,
    show_default=True,
    metavar="PERCENT",
    help="Interest per year, compounded continuously.",
)
@output_options
def value_contract(
    file: Path,
    data: Path,
    party: str,
    prices: tuple[str, ...],
    confidence: float,
    discount_rate: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Value the contract in FILE to PARTY: expectation, quantiles, and how bad it can get.

    DATA is a table as for price with one more column, path, which numbers the scenarios. A choice
    that has no column is taken by its author as is best, knowing what is known at its notice.
    Energy counts only as far as the terms pay for it, unless --price says what it is worth.
    """
    opened = open_and_warn(file)
    _check_party(opened.contract, party)
    marks = read_prices(opened.contract, prices)
    world, slots = open_data(data, _needs(opened.contract, marks), open_choices=True, paths=True)
    check_slots(opened, data, slots)
    discount = discount_factors(discount_rate / 100, slots) if discount_rate else None

    def inspect() -> list[Problem]:
        return problems(legs(opened.contract), world, slots, open_choices=True, cut_periods=True)

    with evaluating(file, data, inspect):
        found = value_report(
            opened.contract,
            party,
            world,
            slots,
            prices=marks.pairs or None,
            discount=discount,
        )
        found = found.weighted(np.ones(found.paths), confidence / 100)
    if as_json:
        say_json(found.as_dict())
    elif not quiet:
        for line in found.lines():
            say(line)


def _check_party(contract: Contract, party: str) -> None:
    try:
        check_party(contract, party)
    except IllFormed as error:
        fix = "name one of them"
        raise BadInput([Fault("arguments", 0, "--party", str(error), fix)]) from error


def _needs(contract: Contract, prices: Prices) -> Needs:
    try:
        return needs_of([*factors(contract), *prices.observables.values()])
    except IllFormed as error:
        fix = "use each series in one unit"
        raise BadInput([Fault("arguments", 0, "--price", str(error), fix)]) from error
