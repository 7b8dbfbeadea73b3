"""``gridpact market grid``: clear a book within the limits of a grid, verify it, relieve it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import click

from gridpact.app.cli.layout import counted
from gridpact.app.cli.market_grid_tables import cleared_lines, relieved_lines
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.grids.clearing import (
    Cleared,
    by_node,
    by_slot,
    clear,
    full_branches,
    overruns,
    trades_of,
)
from gridpact.app.grids.files import ANY, Paths, read_files
from gridpact.app.grids.relieving import Relieved, accounts, called, limit_results, relieve
from gridpact.app.grids.sources import SIMBENCH, open_grid
from gridpact.app.orders.cells import Unclear, split
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.connectors.powerflow import PowerGridModelFlow, installed
from gridpact.connectors.powerflow.solver import MISSING
from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed
from gridpact.market.flexibility.offers import HIGHEST_PRICE
from gridpact.market.grid.redispatch import Terms

FILE = click.Path(path_type=Path, dir_okay=False)
NOT_ASKED = "not verified by AC power flow, as --no-power-flow asks"


@click.command(
    short_help="Clear a file of orders within the limits of a grid.",
    epilog="""\b
Examples:
  gridpact market grid grid.yaml orders.csv
  gridpact market grid grid.yaml orders.csv --baseline loads.csv --offers flexibility.csv
  gridpact market grid simbench:1-LV-rural1--0-sw orders.csv --json""",
)
@click.argument("grid", metavar="GRID")
@click.argument("orders", metavar="ORDERS", type=FILE)
@click.option("--offers", type=FILE, help="Flexibility to buy where the AC power flow asks for it.")
@click.option("--baseline", type=FILE, help="What nodes feed in and draw beside the market.")
@click.option(
    "--slot-minutes",
    type=click.IntRange(1, 1440),
    default=15,
    show_default=True,
    help="Length of a slot.",
)
@click.option("--no-power-flow", is_flag=True, help="Clear alone, in linear (DC) flow.")
@click.option(
    "--outside",
    metavar="PRICE",
    help="What energy from outside costs in redispatch.  [default: the slack's price]",
)
@click.option(
    "--relief",
    metavar="PRICE",
    default="100 ¤/kW",
    show_default=True,
    help="Most that a kW of relief may cost in a slot.",
)
@output_options
def grid(
    grid: str,
    orders: Path,
    offers: Path | None,
    baseline: Path | None,
    slot_minutes: int,
    no_power_flow: bool,
    outside: str | None,
    relief: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Clear ORDERS, a file of orders at nodes, within the limits of GRID.

    GRID is a YAML file of nodes, lines and transformers, or simbench:CODE. ORDERS has the columns
    of gridpact order place --file, and node for the node of each order; where none is named it is
    the zone, or the member.

    Clearing keeps limits in linear flow. An AC power flow, which needs the extra grid, then looks
    at currents and voltages, and of the offers buys what relieves those beyond their limits. Exit
    code 1 tells that a limit is not kept in the end; what is missing there is told.

    Without the extra, or with --no-power-flow, nothing is verified, no offer is bought, and the
    exit code is 0. Programs tell it by "verified" of --json, which is then false; "remark" says
    why.
    """
    if offers is not None and no_power_flow:
        raise click.UsageError("--offers are bought by the power flow: leave out --no-power-flow")
    prices = _prices(outside, relief)
    if grid.startswith(SIMBENCH) and not (quiet or as_json):
        say("reading the grid with simbench, which takes some seconds …", err=True)
    opened = open_grid(grid)
    files = read_files(opened, Paths(orders, offers, baseline), slot_minutes * 60)
    prices.check(files.currency)
    cleared = clear(opened, files, str(orders))
    relieved = None
    if not no_power_flow and installed():
        terms = Terms(worth_micro_per_kw=prices.relief.value)
        price = None if prices.outside is None else prices.outside.value
        relieved = relieve(cleared, PowerGridModelFlow(), terms, price)
    remarks = [] if relieved else _remarks(no_power_flow, offers)
    if as_json:
        remark = "; ".join(remarks)
        say_json({**_cleared_dict(cleared), **_relieved_dict(relieved), "remark": remark})
    elif not quiet:
        head = [f"{Path(grid).name}, {orders.name}: " + _shape(cleared)]
        for line in [*head, *cleared_lines(cleared), *_rest(relieved, remarks)]:
            say(line)
    sys.exit(1 if relieved and not relieved.is_kept else 0)


def _shape(cleared: Cleared) -> str:
    network, book = cleared.grid.network, cleared.files.book
    branches = f"{len(network.branches):,} branch{'' if len(network.branches) == 1 else 'es'}"
    nodes = counted(len(network.nodes), "node")
    return f"{nodes}, {branches}, {counted(book.orders.count, 'order')}"


def _remarks(no_power_flow: bool, offers: Path | None) -> list[str]:
    """Why nothing is verified, and what that means for offers."""
    why = NOT_ASKED if no_power_flow else f"not verified: {MISSING}"
    unused = [f"{offers.name} was read; nothing is bought without a power flow"] if offers else []
    return [why, *unused]


def _rest(relieved: Relieved | None, remarks: list[str]) -> list[str]:
    return ["", *(remarks if relieved is None else relieved_lines(relieved))]


class _Price(NamedTuple):
    """A price that an option says, and its currency, "" or ¤ for any."""

    value: int
    currency: str


class _Prices(NamedTuple):
    """What the options say of prices; ``outside`` is None where nothing is said."""

    outside: _Price | None
    relief: _Price

    def check(self, currency: str) -> None:
        """Raise BadInput where one is in another currency than the files."""
        pairs = (("--outside", self.outside), ("--relief", self.relief))
        faults = [
            Fault("arguments", 0, option, f"is in {said.currency}", f"write it in {currency}")
            for option, said in pairs
            if said is not None and len({said.currency, currency} - {"", ANY}) > 1
        ]
        if faults:
            raise BadInput(faults)


def _prices(outside: str | None, relief: str) -> _Prices:
    """Read the prices of the options; BadInput with the faults of both."""
    faults: list[Fault] = []
    energy = None
    if outside is not None:
        energy = _price("--outside", outside, "micro/kWh", "12 ct/kWh", faults)
        if abs(energy.value) > HIGHEST_PRICE:
            fix = f"stay within -{HIGHEST_PRICE // 10**6:,} and {HIGHEST_PRICE // 10**6:,} ¤/kWh"
            faults.append(Fault("arguments", 0, "--outside", "is no price of energy", fix))
    worth = _price("--relief", relief, "micro/kW", "1 EUR/kW", faults)
    if not 0 <= worth.value <= HIGHEST_PRICE:
        fix = f"name 0 to {HIGHEST_PRICE // 10**6:,} ¤/kW"
        faults.append(Fault("arguments", 0, "--relief", "is no price of relief", fix))
    if faults:
        raise BadInput(faults)
    return _Prices(energy, worth)


def _price(option: str, text: str, unit: str, example: str, faults: list[Fault]) -> _Price:
    fix = f"write it as in {example}"
    try:
        amount = split(text)
        if not amount.unit:
            raise Unclear(f"{amount.number!r} has no unit", fix)
        value, found, currency = amounts.parse(*amount)
    except (Unclear, IllFormed) as error:
        faults.append(Fault("arguments", 0, option, str(error), fix))
        return _Price(0, "")
    if found != unit:
        faults.append(Fault("arguments", 0, option, f"{text[:40]!r} is no such price", fix))
    return _Price(value, currency)


def _cleared_dict(cleared: Cleared) -> dict[str, object]:
    book, accepted = cleared.files.book, cleared.nodal.matched.accepted_wh.tolist()
    return {
        "currency": cleared.files.currency,
        "slots": by_slot(cleared),
        "nodes": by_node(cleared),
        "full": full_branches(cleared),
        "baseline_beyond": overruns(cleared),
        "trades": trades_of(cleared),
        "orders": [
            {"member": order.participant, "key": order.key, "accepted_wh": wh}
            for order, wh in zip(book.placed, accepted, strict=True)
        ],
        "baseline_left_out": cleared.files.baseline.left_out,
        "offers_left_out": cleared.files.offered.left_out,
    }


def _relieved_dict(relieved: Relieved | None) -> dict[str, object]:
    if relieved is None:
        return {"verified": False}
    window = relieved.cleared.window
    starts = [window.start + slot * window.step for slot in relieved.limits.unsolved]
    return {
        "verified": True,
        "kept": relieved.is_kept,
        "limits": limit_results(relieved),
        "unsolved": [iso(start) for start in starts],
        "called": called(relieved),
        "accounts": accounts(relieved),
    }
