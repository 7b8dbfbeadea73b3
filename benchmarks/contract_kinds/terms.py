"""Ten kinds of contracts as terms, each with numbers, parties and metered series of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.observables import CHOICE_PREFIX, Const, Series
from gridpact.contracts.portfolio import MatrixWorld
from gridpact.contracts.products.demand_response import demand_response
from gridpact.contracts.products.forward import indexed_forward
from gridpact.contracts.products.imbalance import dual_price_imbalance
from gridpact.contracts.products.ppa import on_site_ppa, take_and_pay, virtual_ppa
from gridpact.contracts.products.retail import dynamic_tariff, flat_tariff, time_of_use_tariff
from gridpact.contracts.products.subscription import subscription
from gridpact.contracts.terms import Contract
from gridpact.contracts.times import Between, LocalTime

START = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
STEP, DAY = 900, 96
MONTH = "month@UTC"
SOURCE = 10_000
"""Rows of metered data; series of contract i are rows of this matrix at i modulo its size."""
SERIES = 5
WH, PRICE = "Wh", "micro/kWh"
SPOT, GAS, WARM = Series("spot", PRICE), Series("gas", PRICE), Series("warm", "mK")
WINDOW = Between(START + 3 * DAY * STEP, START + 28 * DAY * STEP)
SURPLUS, SHORTAGE = Series("surplus", PRICE), Series("shortage", PRICE)
PEAK = LocalTime("Europe/Berlin", tuple(range(1, 13)), (1, 2, 3, 4, 5), 28_800, 72_000)
NEVER = Const(0, "1")


@dataclass(frozen=True, eq=False)
class Data:
    """Metered energy [source rows, slots], shared series [slots] and numbers [contracts, 4].

    The numbers of a contract are three prices [µ¤/kWh] and an energy [Wh]; what else it needs
    is made of these.
    """

    slots: Slots
    metered: Ints
    shared: dict[str, Ints]
    numbers: Ints
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many contracts there are."""
        return len(self.numbers)

    def world(self) -> MatrixWorld:
        """Return the series of all contracts as a world."""
        return MatrixWorld(self.rows, self.metered, None, dict(self.shared))


def made(contracts: int) -> Data:
    """Return data of a month of quarter-hours; loads U(0, 8) kWh, prices around 10 ct/kWh."""
    draw = stream(0, "benchmark", "contracts")
    slots = Slots(START, STEP, 31 * DAY)
    metered = draw.integers(0, 8_000, (min(SOURCE, contracts), slots.count))
    shared = {
        "spot": draw.integers(-20_000, 300_000, slots.count),
        "gas": draw.integers(10_000, 90_000, slots.count),
        "warm": draw.integers(263_150, 303_150, slots.count),
        "surplus": draw.integers(0, 90_000, slots.count),
        "shortage": draw.integers(90_000, 400_000, slots.count),
    }
    prices = draw.integers(50_000, 150_000, (contracts, 3))
    energy = draw.integers(1_000, 9_000, (contracts, 1))
    numbers = np.concatenate([prices, energy], axis=1)
    data = Data(slots, metered, shared, numbers)
    for number in range(contracts):
        for at, name in enumerate(_names(number)):
            data.rows[name] = row(number, at, len(metered))
    return data


def row(number: int, which: int, source: int) -> int:
    """Return the source row of one of a contract's metered series, the load being its first."""
    return (number + which * source // SERIES) % source


def _names(number: int) -> tuple[str, str, str, str, str]:
    baseline, call = f"baseline@c{number}.v1", f"{CHOICE_PREFIX}call-{number}"
    return f"load-{number}", f"generation-{number}", f"plan-{number}", baseline, call


@dataclass(frozen=True, slots=True)
class Case:
    """What one contract is made from: its number, parties, series and numbers as constants."""

    number: int
    one: str
    other: str
    load: Series
    generation: Series
    plan: Series
    prices: tuple[Const, Const, Const]
    energy: int


def contract(data: Data, number: int) -> Contract:
    """Return contract number ``number``; its kind is its number modulo the number of kinds."""
    load, generation, plan = (Series(name, WH) for name in _names(number)[:3])
    first, second, third, energy = data.numbers[number].tolist()
    prices = Const(first, PRICE), Const(second, PRICE), Const(third, PRICE)
    case = Case(
        number, f"party-{number}", f"supplier-{number % 7}", load, generation, plan, prices, energy
    )
    return KINDS[number % len(KINDS)](case)


def _standing(case: Case) -> Const:
    return Const(case.energy * 1_000_000, "nano")


def _flat(c: Case) -> Contract:
    return flat_tariff(c.one, c.other, c.load, c.prices[0], _standing(c), MONTH, "EUR")


def _time_of_use(c: Case) -> Contract:
    high, low, _ = c.prices
    return time_of_use_tariff(
        c.one, c.other, c.load, PEAK, high, NEVER, low, low, _standing(c), MONTH, "EUR"
    )


def _indexed(c: Case) -> Contract:
    base, floor, step = c.prices
    cap = Const(floor.value + step.value, PRICE)
    part, threshold = Const(100 * c.energy, "ppm"), Const(288_150, "mK")
    return indexed_forward(
        c.one,
        c.other,
        c.generation,
        WINDOW,
        base,
        GAS,
        part,
        WARM,
        threshold,
        Const(c.energy // 4, PRICE),
        floor,
        cap,
        "EUR",
    )


def _virtual(c: Case) -> Contract:
    return virtual_ppa(c.generation, SPOT, c.prices[0], c.one, c.other, "EUR")


def _response(c: Case) -> Contract:
    offered = Const(c.energy + 8_000, WH)
    return demand_response(
        c.one,
        c.other,
        offered,
        c.load,
        f"c{c.number}.v1",
        *c.prices,
        900,
        "EUR",
        f"call-{c.number}",
    )


def _take_and_pay(c: Case) -> Contract:
    price, untaken, damages = c.prices
    volume, guaranteed = Const(c.energy, WH), Const(2_500 * c.energy, WH)
    return take_and_pay(
        c.one,
        c.other,
        c.generation,
        volume,
        c.load,
        price,
        untaken,
        guaranteed,
        damages,
        MONTH,
        "EUR",
    )


def _dynamic(c: Case) -> Contract:
    margin, floor, more = c.prices
    cap, tax = Const(floor.value + more.value, PRICE), Const(190_000 + c.energy, "ppm")
    return dynamic_tariff(
        c.one, c.other, c.load, SPOT, margin, floor, cap, tax, _standing(c), MONTH, "EUR"
    )


def _subscription(c: Case) -> Contract:
    profile = Const(c.energy, WH)
    return subscription(
        c.one, c.other, profile, c.prices[0], c.load, SPOT, _standing(c), MONTH, "EUR"
    )


def _imbalance(c: Case) -> Contract:
    return dual_price_imbalance(c.one, c.other, c.generation, c.plan, SURPLUS, SHORTAGE, "EUR")


def _on_site(c: Case) -> Contract:
    price, damages, _ = c.prices
    guaranteed = Const(2_500 * c.energy, WH)
    return on_site_ppa(
        c.one, c.other, c.generation, c.load, price, guaranteed, damages, MONTH, "EUR"
    )


KINDS: Sequence[Callable[[Case], Contract]] = (
    _flat,
    _time_of_use,
    _indexed,
    _virtual,
    _response,
    _take_and_pay,
    _dynamic,
    _subscription,
    _imbalance,
    _on_site,
)
