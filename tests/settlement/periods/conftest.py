"""Small communities with rules of every kind, and the numbers that they are settled on."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.evaluate import Known
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.imbalance import (
    dual_price_imbalance,
    imbalance_incentive,
    single_price_imbalance,
)
from gridpact.contracts.products.network import capacity_tariff, local_network_tariff
from gridpact.contracts.products.retail import stepped_tariff, time_of_use_tariff
from gridpact.contracts.products.sharing import sharing_key
from gridpact.contracts.products.supplier import supplier_tariff
from gridpact.contracts.times import LocalTime
from gridpact.settlement.allocation import default_dynamic
from gridpact.settlement.periods.energy import Inputs, Metered
from gridpact.settlement.periods.rules import (
    ALWAYS,
    NEVER_S,
    Clause,
    Group,
    Member,
    Rate,
    Rules,
    Span,
    Supply,
    Tax,
)

ZONE, STEP = "Europe/Berlin", 3600
BERLIN = ZoneInfo(ZONE)
MONTH = f"month@{ZONE}"
MONTHS = ("2026-02", "2026-03", "2026-10")  # of the last two one is an hour shorter, one longer
PARTIES = {
    "power": "supplier",
    "green": "supplier",
    "lane": "operator",
    "grid": "dso",
    "state": "state",
    "tso": "other",
}
MICRO = 10**6


def midnight(day):
    return int(datetime.combine(day, time(), BERLIN).timestamp())


def slots_of(month):
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    start, end = midnight(first), midnight(after)
    return Slots(start, STEP, (end - start) // STEP)


def price(micro):
    return Const(micro, "micro/kWh")


def contracts(prices):
    """Contracts of every kind that the fractions below know, by name."""
    taken = Series("supplier:in", "Wh")
    fee = Const(prices["fee"], "nano")
    evening = LocalTime(ZONE, tuple(range(1, 13)), (1, 2, 3, 4, 5), 17 * 3600, 20 * 3600)
    never = Const(0, "1")
    net, held = Series("metered:net", "Wh"), Series("plan:held", "Wh")
    steps = (Const(prices["step"], "Wh"), Const(3 * prices["step"], "Wh"))
    three = [price(prices[name]) for name in ("low", "mid", "high")]
    demand = Series("metered:withdrawal", "Wh") * Const(1, "W/Wh")
    system = Series("system:net", "Wh")
    spot, long, short = (
        Series(f"imbalance:{name}", "micro/kWh") for name in ("price", "long", "short")
    )
    incentive = (Const(40, "Wh"), Const(prices["fee"] // 100, "nano"), three[0], three[1])
    return {
        "supply": supplier_tariff("member", "power", "EUR", three[1], three[0]),
        "green": supplier_tariff("member", "green", "EUR", three[2], three[1]),
        "evening": time_of_use_tariff(
            "member",
            "green",
            taken,
            evening,
            three[2],
            never,
            three[1],
            three[0],
            fee,
            MONTH,
            "EUR",
        ),
        "stepped": stepped_tariff("member", "green", taken, *steps, *three, fee, MONTH, "EUR"),
        "network": local_network_tariff("member", "grid", "state", *three, "EUR"),
        "peak": capacity_tariff(
            "member", "grid", demand, Const(100, "W"), Const(7_000_000, "micro/kW"), MONTH, "EUR"
        ),
        "sharing": sharing_key("member", "lane", "EUR"),
        "single": single_price_imbalance("member", "tso", net, held, spot, "EUR"),
        "dual": dual_price_imbalance("member", "tso", net, held, long, short, "EUR"),
        "reward": imbalance_incentive("member", "tso", net, held, system, *incentive, "EUR"),
    }


def community(seed):
    """A random community and month, and the numbers that it is settled on."""
    dice = random.Random(seed)  # noqa: S311
    month = dice.choice(MONTHS)
    period = slots_of(month)
    days = [date.fromisoformat(f"{month}-{day:02}") for day in range(2, 28)]
    edge = lambda: midnight(dice.choice(days))  # noqa: E731
    prices = {
        **{name: dice.randrange(-50_000, 400_000) for name in ("low", "mid", "high", "share")},
        "fee": dice.randrange(10**10),
        "step": dice.randrange(1, 60_000),
    }
    members = tuple(_member(dice, number, edge) for number in range(dice.randint(1, 4)))
    names = [member.id for member in members]
    terms = contracts(prices)
    others = sorted(set(terms) - {"supply", "green"})
    applied = dice.sample(others, dice.randint(1, len(others)))
    clauses = [
        Clause(name, to_bytes(terms[name]), supplier=supplier)
        for name, supplier in (("supply", "power"), ("green", "green"))
    ]
    for name in applied:
        some = tuple(dice.sample(names, dice.randint(1, len(names))))
        span = Span(-NEVER_S, edge()) if dice.random() < 0.2 else ALWAYS
        of = "groups" if name in ("single", "dual") and dice.random() < 0.3 else "members"
        of = "activations" if name == "dual" and dice.random() < 0.3 else of
        clauses.append(Clause(name, to_bytes(terms[name]), span=span, members=some, of=of))
    change = edge()
    rates = (Rate(Span(-NEVER_S, change), 190_000), Rate(Span(change, NEVER_S), 72_500))
    taxed = tuple(dice.sample([clause.name for clause in clauses], dice.randint(1, len(clauses))))
    rules = Rules(
        name="lane",
        currency="EUR",
        minor_nano=10**7,
        rounding="half-away",
        timezone=ZONE,
        step_s=STEP,
        parties=PARTIES,
        members=members,
        clauses=tuple(clauses),
        taxes=(Tax("vat", taxed, rates),),
        groups=(Group("all", "lane", tuple(names)), Group("one", "power", (names[0],))),
        activating=("grid",),
    )
    return SimpleNamespace(
        rules=rules, period=period, prices=prices, numbers=_numbers(dice, period, len(members))
    )


def _member(dice, number, edge):
    first = edge() if dice.random() < 0.3 else -NEVER_S
    end = edge() if dice.random() < 0.3 else NEVER_S
    span = Span(first, end) if first < end else ALWAYS
    switch = edge()
    supplies = (Supply(ALWAYS, "power"),)
    if dice.random() < 0.5:
        supplies = (Supply(Span(-NEVER_S, switch), "power"), Supply(Span(switch, NEVER_S), "green"))
    return Member(f"m{number}", f"p{number}", span, supplies=supplies)


def _numbers(dice, period, members):
    def table(low, high, some=1.0):
        return [
            [dice.randrange(low, high) if dice.random() < some else 0 for _ in range(period.count)]
            for _ in range(members)
        ]

    return {
        "metered:withdrawal": table(0, 900),
        "metered:injection": table(0, 2_000, 0.4),
        "plan:net": table(-900, 1_500),
        "activated:grid": table(-300, 300, 0.1),
        **{
            name: [dice.randrange(low, 300_000) for _ in range(period.count)]
            for name, low in (
                ("imbalance:price", -100_000),
                ("imbalance:long", -100_000),
                ("imbalance:short", 0),
                ("shared:price", 0),
            )
        },
        "system:net": [dice.choice((-5, 0, 9)) for _ in range(period.count)],
    }


def inputs_of(made):
    numbers = {name: np.array(each, dtype=np.int64) for name, each in made.numbers.items()}
    begin = made.period.start

    def cut(name):
        def read(slots, rows):
            at = (slots.start - begin) // STEP
            values = numbers[name][rows, at : at + slots.count]
            return Known(values, np.ones(values.shape, np.bool_))

        return read

    def metered(slots, rows):
        both = (
            cut(name)(slots, rows).values for name in ("metered:withdrawal", "metered:injection")
        )
        return Metered(*both)

    return Inputs(
        metered,
        {name: each for name, each in numbers.items() if each.ndim == 1},
        {name: cut(name) for name in ("plan:net", "activated:grid")},
        lambda slots, surplus, need: default_dynamic(surplus, need),
    )


def only(made, row):
    """Inputs of one member alone."""
    numbers = {
        name: [each[row]] if isinstance(each[0], list) else each
        for name, each in made.numbers.items()
    }
    inputs = inputs_of(SimpleNamespace(numbers=numbers, period=made.period))
    return Inputs(inputs.metered, inputs.prices, inputs.own)


def told(lines):
    """Lines as the fractions name them."""
    found = {}
    for row in range(len(lines)):
        head = lines.heads[lines.head[row]]
        key = (
            lines.owners[lines.owner[row]],
            head.name,
            lines.payer(row),
            lines.payee(row),
            int(lines.first_s[row]),
            int(lines.end_s[row]),
        )
        exact = Fraction(int(lines.nano[row]), 10**9)
        found[key] = (int(lines.energy_wh[row]), exact, int(lines.minor[row]))
    return found


@pytest.fixture(scope="session")
def plain():
    """The functions above."""
    return SimpleNamespace(community=community, inputs_of=inputs_of, only=only, told=told)
