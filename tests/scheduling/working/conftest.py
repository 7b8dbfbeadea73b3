"""Appliances from plain values, and slow ways to the same answers that share nothing with ours."""

import itertools
from fractions import Fraction
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from gridpact.scheduling.working.columns import Appliances


def columns(rows, energy_wh=1000):
    """Appliances from rows (zone, first, end, length)."""
    return Appliances(*np.array(rows, np.int64).reshape(-1, 4).T, energy_wh)


def windows(hours):
    """Every window within so many hours with every amount of work, as rows of zone 0."""
    return [
        (0, first, end, length)
        for first in range(hours)
        for end in range(first + 1, hours + 1)
        for length in range(1, end - first + 1)
    ]


def choices(first, end, length):
    """Every set of slots of a window."""
    return [set(found) for found in itertools.combinations(range(first, end), length)]


def policies(tree, hours, work):
    """Expected cost of every policy there is, as fractions, each a full plan by history.

    ``tree(history)`` lists what may be revealed next: (signal, probability, price). After each
    the policy works or not; in the end the work is done. Nothing is minimised here.
    """

    def of(history, left, remaining):
        found = []
        for signal, chance, price in tree(history):
            seen = (*history, signal)
            here = []
            if left:
                here += [price + rest for rest in ahead(seen, left - 1, remaining - 1)]
            if left < remaining:
                here += ahead(seen, left, remaining - 1)
            found.append([chance * cost for cost in here])
        return [sum(parts) for parts in itertools.product(*found)]

    def ahead(seen, left, remaining):
        return of(seen, left, remaining) if remaining else [Fraction(0)]

    return of((), work, hours)


def least_cost(tree, hours, work):
    """Least expected cost of all policies by history: the best action after each."""

    @cache
    def of(history, left, remaining):
        if not remaining:
            return Fraction(0)
        total = Fraction(0)
        for signal, chance, price in tree(history):
            seen, options = (*history, signal), []
            if left:
                options.append(price + of(seen, left - 1, remaining - 1))
            if left < remaining:
                options.append(of(seen, left, remaining - 1))
            total += chance * min(options)
        return total

    return of((), work, hours)


@pytest.fixture(scope="session")
def plain():
    return SimpleNamespace(
        columns=columns, windows=windows, choices=choices, policies=policies, least_cost=least_cost
    )
