"""Payoffs of the products, worked from their terms, and their drawings.

Each product's worked case (``tests/cases/products``) gives a contract and a world. One series, the
*driver*, is swept over a range and everything else stays as it is. What a party receives in total
is its payoff; where the driver is a market price, energy that changes hands is worth that price.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from docs_blocks import ROOT

from gridpact.base.slots import Slots
from gridpact.base.units import NANO_PER_UNIT, Floats, Ints
from gridpact.contracts.cashflows import Flows, cashflows
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.files import ContractFile, read_contract
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.tables import read_world
from gridpact.contracts.terms import Contract

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CASES = ROOT / "tests" / "cases" / "products"
MARKET = "market price"  # a driver that is in no contract: it only values energy
POINTS = 41
# What energy is worth matters for who trades it; a tariff or a service is read against what
# drives its bill. The rest are swept over their first price, or else their first energy.
DRIVERS = {
    "spot": MARKET,
    "forward": MARKET,
    "call": MARKET,
    "put": MARKET,
    "swing": MARKET,
    "swing-minimum-take": MARKET,
    "physical-ppa": MARKET,
    "sleeved-ppa": MARKET,
    "demand-response": "metered:load",
    "local-network-tariff": "network:outside",
    "secondary-reserve": "choice:activate-up",
    "tertiary-reserve": "reserve:delivered",
    "sharing-key": "shared:in@default-dynamic.v1",
    "imbalance-single-price": "metered:net",
}
EXERCISED = {"call", "put", "swing", "swing-minimum-take", "swing-put"}
_SCALE = {
    "micro/kWh": (1_000_000, "/kWh"),
    "Wh": (1_000, "kWh"),
    "mK": (1_000, "K"),
    "ppm": (10_000, "%"),
}


@dataclass(frozen=True)
class Case:
    """A product's worked example: its terms and the world that they are settled on."""

    name: str
    file: ContractFile
    world: World
    slots: Slots

    @classmethod
    def read(cls, name: str) -> Case:
        """Read the case of a product by its name."""
        file = read_contract(CASES / name / "contract.yaml")
        world, slots = read_world(CASES / name / "data.csv", needs(file.contract))
        return cls(name, file, world, slots)

    @property
    def flows(self) -> Flows:
        """Cash flows of the worked case."""
        return cashflows(self.file.contract, self.world, self.slots)


@dataclass(frozen=True)
class Payoff:
    """What each party receives in total [¤] at each value of the driver."""

    driver: str
    unit: str
    values: Ints
    received: Mapping[str, Floats]

    def shown(self) -> Floats:
        """The driver's values in the unit that people read."""
        factor, _ = _SCALE.get(self.unit, (1, ""))
        return np.asarray(self.values / factor)

    def axis(self, currency: str) -> str:
        """What the driver's axis is called."""
        _, unit = _SCALE.get(self.unit, (1, self.unit))
        return f"{self.driver} [{currency + unit if self.unit.startswith('micro') else unit}]"


def payoff(case: Case) -> Payoff:
    """Sweep the driver of a case; options are exercised as their holder would."""
    contract = case.file.contract
    required = {need.name: need.unit for need in needs(contract).series}
    decided = {f"choice:{need.label}": need.unit for need in needs(contract).choices}
    driver = DRIVERS.get(case.name) or _driver(required)
    unit = (required | decided).get(driver, "micro/kWh")
    values = _range(case, driver, unit)
    swept = dict(case.world)
    if driver != MARKET:
        swept[driver] = np.repeat(values[:, np.newaxis], case.slots.count, axis=1)
    valued = values if driver == MARKET else None
    read = _best if case.name in EXERCISED else _received
    return Payoff(driver, unit, values, read(contract, swept, case.slots, values, valued))


def _driver(required: Mapping[str, str]) -> str:
    for unit in ("micro/kWh", "Wh"):
        for name in sorted(required):
            if required[name] == unit:
                return name
    return min(required, default=MARKET)


def _range(case: Case, driver: str, unit: str) -> Ints:
    entry = case.world.get(driver)
    if entry is None:
        return np.linspace(0, 200_000, POINTS).astype(np.int64)
    held = entry.values if isinstance(entry, Known) else entry
    high = max(int(held.max()) * (1 if driver.startswith("choice:") else 2), 1)
    if unit == "ppm":
        return np.linspace(0, 1_000_000, POINTS).astype(np.int64)
    low = -high // 4 if unit == "micro/kWh" else 0
    return np.linspace(low, high, POINTS).astype(np.int64)


def _best(
    contract: Contract, world: World, slots: Slots, values: Ints, valued: Ints | None
) -> Mapping[str, Floats]:
    """Received by party where the one who may exercise does so whenever that gains."""
    (choice,) = needs(contract).choices
    key, author = f"choice:{choice.label}", choice.by
    no, yes = (
        _received(
            contract, {**world, key: np.full(slots.count, on, np.int64)}, slots, values, valued
        )
        for on in (0, 1)
    )
    gains = yes.get(author, np.zeros(POINTS)) > no.get(author, np.zeros(POINTS))
    return {name: np.where(gains, yes[name], no[name]) for name in yes}


def _received(
    contract: Contract, world: World, slots: Slots, values: Ints, valued: Ints | None
) -> Mapping[str, Floats]:
    found: dict[str, Floats] = {}

    def move(giver: str, taker: str, amounts: Ints) -> None:
        total = np.broadcast_to(amounts, (len(values), slots.count)).sum(axis=1) / NANO_PER_UNIT
        found[giver] = found.get(giver, np.zeros(len(values))) - total
        found[taker] = found.get(taker, np.zeros(len(values))) + total

    for (payer, payee, _, _), amounts in cashflows(contract, world, slots).items():
        move(payer, payee, amounts)
    if valued is not None:
        for delivery in obligations(contract, world, slots):
            if delivery.asset == "energy":
                worth = np.broadcast_to(delivery.low, (slots.count,))
                move(delivery.giver, delivery.taker, worth * valued[:, np.newaxis])
    return found


def _bars(axes: Axes, flows: Flows, slots: Slots) -> None:
    """Draw each flow's amounts by slot, side by side."""
    from matplotlib.ticker import MaxNLocator

    shown = {key: amounts for key, amounts in flows.items() if amounts.any()}
    width = 0.8 / max(len(shown), 1)
    for at, ((payer, payee, _, kind), amounts) in enumerate(shown.items()):
        places = np.arange(slots.count) + (at - (len(shown) - 1) / 2) * width
        axes.bar(places, amounts / NANO_PER_UNIT, width, label=f"{kind}: {payer} → {payee}")
    axes.axhline(0, color="0.6", linewidth=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="slot", ylabel=", ".join(sorted({key[2] for key in shown})))
    axes.set_title("Cash flows of the worked case", fontsize=9, loc="left")
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def draw(case: Case, found: Payoff, path: Path) -> None:
    """Draw a payoff and the flows of the worked case beside it, as SVG."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    with mpl.rc_context(
        {
            "svg.hashsalt": case.name,  # the same picture, the same bytes
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    ):
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3), layout="constrained")
        currency = case.file.currency or "¤"
        for party, received in found.received.items():
            left.plot(found.shown(), received, label=party)
        left.axhline(0, color="0.6", linewidth=0.6)
        left.set(xlabel=found.axis(currency), ylabel=f"{currency} received in total")
        left.set_title("Payoff over the worked case", fontsize=9, loc="left")
        left.legend(frameon=False, fontsize=8)
        _bars(right, case.flows, case.slots)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
    path.write_text(text.getvalue(), encoding="utf-8")
