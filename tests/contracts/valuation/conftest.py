"""Swing rights on delivery marked to the market, and valuations that share no code with ours."""

from itertools import combinations, product
from types import SimpleNamespace

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.contracts.formulas import at_end, decision, maximum, running, total
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import give, pay, sale, within
from gridpact.contracts.valuation.choices import plans
from gridpact.contracts.valuation.present import marked

HOUR = 3600
START = 1782864000
SPOT = Series("spot", "micro/kWh")


def rights(limit, strike, *, notice_s=0, take=0, penalty=0, period="all", put=False):
    """1 Wh calls at most ``limit`` times a period, deliveries at spot; a penalty below ``take``."""
    chosen = decision("exercise", "holder", notice_s)
    counted = chosen if limit is None else chosen * (running(chosen, period) <= limit)
    quantity = Const(1, "Wh")
    delivery = sale(quantity, Const(strike, "micro/kWh"), "writer", "holder", "exercise", "EUR")
    contract = within(counted, give(delivery) if put else delivery)
    if take:
        missing = maximum(take - total(counted, period), 0) * at_end(period)
        contract += pay(missing * Const(penalty, "nano"), "holder", "writer", "shortfall", "EUR")
    return marked(contract, {"energy": SPOT}, "EUR")


def right(*args, **options):
    (plan,) = plans(rights(*args, **options))
    return plan


def brute_paths(gains, limit, segments, added):
    """Best sum of exercises over every set of slots on one path; ``added(count)`` is settled."""
    best = 0
    for first, last in segments:
        inside = gains[first:last]
        best += max(
            sum(chosen) + added(count)
            for count in range(min(limit, len(inside)) + 1)
            for chosen in combinations(inside, count)
        )
    return best


def brute_tree(lattice, gain, limit, added):
    """Best expectation over every policy of a small tree, by listing policies node by node.

    A policy says yes or no in each (slot, node, uses); all of them are enumerated and valued by
    walking every path of the tree with its probability.
    """
    spots = [
        (slot, node, uses)
        for slot, prices in enumerate(lattice.prices)
        for node in range(len(prices))
        for uses in range(min(limit, slot + 1))
    ]
    walks = every_walk(lattice)
    best = -np.inf
    for answers in product((0, 1), repeat=len(spots)):
        policy = dict(zip(spots, answers, strict=True))
        worth = 0.0
        for walk, chance in walks:
            uses = earned = 0
            for slot, node in enumerate(walk):
                if uses < limit and policy[slot, node, uses]:
                    earned += gain(int(lattice.prices[slot][node]))
                    uses += 1
            worth += chance * (earned + added(uses))
        best = max(best, worth)
    return best


def every_walk(lattice):
    walks = [((0,), 1.0)]
    for step in lattice.steps:
        walks = [
            ((*walk, int(to)), chance * float(p))
            for walk, chance in walks
            for to, p in zip(step.to[walk[-1]], step.chance[walk[-1]], strict=True)
        ]
    return walks


@pytest.fixture(scope="session")
def made():
    return SimpleNamespace(
        rights=rights,
        right=right,
        spot=SPOT,
        slots=lambda count, step=HOUR: Slots(START // step * step, step, count),
    )


@pytest.fixture(scope="session")
def brute():
    return SimpleNamespace(paths=brute_paths, tree=brute_tree, walks=every_walk)
