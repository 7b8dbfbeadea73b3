"""Sharing worked out a second time: plain Python fractions, one slot after the other."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

WHOLE = 1_000_000
AMOUNT = st.integers(0, 3) | st.integers(0, 5000) | st.just(0)


def hamilton(total, weights):
    """Largest remainder of one slot with fractions; ties to the earlier."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    ideal = [Fraction(total * weight, whole) for weight in weights]
    parts = [int(share) for share in ideal]
    order = sorted(range(len(weights)), key=lambda row: (parts[row] - ideal[row], row))
    for row in order[: total - sum(parts)]:
        parts[row] += 1
    return parts


def dynamic(surplus, need, claims):
    claimed = [min(pair) for pair in zip(need, claims, strict=True)]
    total = min(sum(surplus), sum(claimed))
    return hamilton(total, claimed), hamilton(total, surplus)


def with_stores(surplus, claims, storage):
    """Pro rata; where stores would have more than is produced, they have just all of that."""
    received, given = dynamic(surplus, claims, claims)
    rows = range(len(claims))
    produced = sum(surplus[row] for row in rows if not storage[row])
    if sum(received[row] for row in rows if storage[row]) <= produced:
        return received, giving(received, given, surplus, storage)
    charging = iter(hamilton(produced, [received[row] for row in rows if storage[row]]))
    others = [claims[row] for row in rows if not storage[row]]
    rest = iter(hamilton(min(sum(others), sum(surplus) - produced), others))
    received = [next(charging if storage[row] else rest) for row in rows]
    return received, giving(received, hamilton(sum(received), surplus), surplus, storage)


def giving(received, given, surplus, storage):
    """What is given, of which production gives at least what charges."""
    charging = sum(wh for wh, store in zip(received, storage, strict=True) if store)
    if sum(wh for wh, store in zip(given, storage, strict=True) if not store) >= charging:
        return given
    kinds = {False: charging, True: sum(received) - charging}
    parts = {
        kind: iter(
            hamilton(
                wh, [own for own, store in zip(surplus, storage, strict=True) if store == kind]
            )
        )
        for kind, wh in kinds.items()
    }
    return [next(parts[store]) for store in storage]


def fixed(surplus, need, ppm):
    entitled = hamilton(sum(surplus), [*ppm, WHOLE - sum(ppm)])[:-1]
    received = [min(pair) for pair in zip(entitled, need, strict=True)]
    return received, hamilton(sum(received), surplus)


def owned(surplus, need, ppm):
    return hamilton(sum(surplus), ppm), list(surplus)


def full(surplus, need, producers, ppm):
    """Matrix [producers][members] of one slot under a full dynamic key."""
    offered = [
        hamilton(surplus[row], [*own, WHOLE - sum(own)])[:-1]
        for row, own in zip(producers, ppm, strict=True)
    ]
    gifts = [[0] * len(need) for _ in producers]
    for member, most in enumerate(need):
        column = [row[member] for row in offered]
        taken = min(sum(column), most)
        for place, part in enumerate(hamilton(taken, column)):
            gifts[place][member] = part
    return gifts


class Plain:
    hamilton = staticmethod(hamilton)
    dynamic = staticmethod(dynamic)
    with_stores = staticmethod(with_stores)
    giving = staticmethod(giving)
    fixed = staticmethod(fixed)
    owned = staticmethod(owned)
    full = staticmethod(full)


@pytest.fixture(scope="session")
def plain():
    """The second working, by name."""
    return Plain


@st.composite
def _communities(draw):
    """Surplus and need [members, slots] with many zeros and ties, some members doing both."""
    shape = draw(st.tuples(st.integers(1, 7), st.integers(1, 5)))
    surplus, need = (draw(arrays(np.int64, shape, elements=AMOUNT)) for _ in range(2))
    if draw(st.booleans()):
        surplus = np.where(need > 0, 0, surplus)
    return surplus, need


@pytest.fixture(scope="session")
def communities():
    return _communities()


@st.composite
def _ppm(draw, shape, owned=False):
    """Coefficients that add up to the whole, part of it, or nothing along the first axis."""
    raw = draw(arrays(np.int64, shape, elements=st.integers(0, 5) | st.integers(0, WHOLE)))
    if owned:
        raw[0] += raw.sum(axis=0) == 0
    whole = np.maximum(raw.sum(axis=0), 1)
    ppm = raw * (WHOLE // (1 if owned else draw(st.sampled_from([1, 3])))) // whole
    if owned:
        ppm[0] += WHOLE - ppm.sum(axis=0)
    return ppm


@pytest.fixture(scope="session")
def coefficients():
    return _ppm
