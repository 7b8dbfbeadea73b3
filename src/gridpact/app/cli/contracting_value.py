"""``gridpact contract value``: what a contract is worth to one party over scenario paths."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from gridpact.app.cli.contracting_documents import check_slots, open_and_warn
from gridpact.app.cli.contracting_files import FILE, evaluating, open_data
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.base.documents import Document
from gridpact.base.errors import BadInput, Fault
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files.entries import Entry
from gridpact.contracts.files.expressions import Expressions
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import Needs, factors, needs_of
from gridpact.contracts.observables import NAME, Observable, Series
from gridpact.contracts.terms import ASSET_UNITS, Contract
from gridpact.contracts.valuation.present import check_party, discount_factors
from gridpact.contracts.valuation.report import value_report

_PRICES = {"Wh": "micro/kWh", "W": "micro/kW", "mg": "micro/g"}


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
    help="What a delivery is worth: a series of DATA, or an amount such as '2 EUR/MWh'.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    default=95.0,
    show_default=True,
    metavar="PERCENT",
    help="Level of value at risk and expected shortfall.",
)
@click.option(
    "--discount-rate",
    type=click.FloatRange(-100, 1000),
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
    marks = _prices(opened.contract, prices)
    world, slots = open_data(data, _needs(opened.contract, marks), open_choices=True, paths=True)
    check_slots(opened, data, slots)
    discount = discount_factors(discount_rate / 100, slots) if discount_rate else None
    with evaluating(file, data):
        found = value_report(
            opened.contract, party, world, slots, prices=marks or None, discount=discount
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


def _needs(contract: Contract, prices: dict[str, Observable]) -> Needs:
    try:
        return needs_of([*factors(contract), *prices.values()])
    except IllFormed as error:
        fix = "use each series in one unit"
        raise BadInput([Fault("arguments", 0, "--price", str(error), fix)]) from error


def _prices(contract: Contract, said: tuple[str, ...]) -> dict[str, Observable]:
    """Read what deliveries are worth, by asset or family of assets."""
    paid = sorted({leg.currency for leg in legs(contract)} - {""})
    currency = paid[0] if len(paid) == 1 else ""
    found: dict[str, Observable] = {}
    document = Document("arguments")
    for argument in said:
        asset, _, text = argument.partition("=")
        at = Entry(document, (f"--price {asset[:80]}",), text)
        unit = _PRICES.get(ASSET_UNITS.get(asset.partition(":")[0], ""))
        if unit is None or not text:
            at.fault("is not ASSET=PRICE", "write it as in energy=spot or carbon='70 EUR/t'")
            continue
        if NAME.fullmatch(text) and not text.isdigit():
            found[asset] = Series(text, unit)
        elif price := Expressions({}).read(at, unit, currency, exact=True):
            found[asset] = price
    if document.faults:
        raise BadInput(document.faults)
    return found
