"""Assets drawn and hand-made, and an independent way to divide a request, one asset at a time."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from gridpact.scheduling.activation.columns import Assets, Direction, Limits

FIELDS = ("power", "up", "down", "up_wh", "down_wh", "up_cost", "down_cost", "priority", "zone")


def assets_of(rows, due_s=9000):
    """Assets from rows of :data:`FIELDS`: power, and how far it can go up and down [W]."""
    columns = dict(zip(FIELDS, np.array(rows, np.int64).reshape(-1, len(FIELDS)).T, strict=True))
    power = columns["power"]
    return Assets(
        power_w=power,
        least_w=power - columns["up"],
        most_w=power + columns["down"],
        **{name: columns[name] for name in FIELDS[3:]},
        due_s=np.broadcast_to(np.asarray(due_s, np.int64), power.shape),
    )


def limits_of(rows):
    """Limits from rows (parent, up, down)."""
    return Limits(*np.array(rows, np.int64).reshape(-1, 3).T)


def room_of(assets, direction, sustained_s):
    """Headroom, asset by asset, in whole numbers."""
    found = []
    for row in range(len(assets.power_w)):
        if direction is Direction.UP:
            power, energy = assets.power_w[row] - assets.least_w[row], assets.up_wh[row]
        else:
            power, energy = assets.most_w[row] - assets.power_w[row], assets.down_wh[row]
        found.append(min(int(power), int(energy) * 3600 // sustained_s))
    return found


def shares(rooms, amount):
    """Pro rata by largest remainder, as fractions."""
    whole = sum(rooms)
    if not whole:
        return [0] * len(rooms)
    exact = [Fraction(amount * room, whole) for room in rooms]
    given = [int(share) for share in exact]
    order = sorted(range(len(rooms)), key=lambda i: (given[i] - exact[i], i))
    for place in order[: amount - sum(given)]:
        given[place] += 1
    return given


def merit(rooms, keys, amount):
    """Merit order by sorting; equals at the margin share."""
    given, left = [0] * len(rooms), amount
    for key in sorted(set(keys)):
        rows = [i for i, own in enumerate(keys) if own == key]
        there = sum(rooms[i] for i in rows)
        parts = shares([rooms[i] for i in rows], min(left, there))
        for i, part in zip(rows, parts, strict=True):
            given[i] = part
        left -= sum(parts)
    return given


def zones_above(parent, zone):
    found = []
    while zone >= 0:
        found.append(zone)
        zone = parent[zone]
    return found


PARENTS = [-1, 0, 0, 1, 1]


@pytest.fixture(scope="session")
def plain():
    return SimpleNamespace(
        assets=assets_of,
        limits=limits_of,
        room=room_of,
        shares=shares,
        merit=merit,
        above=zones_above,
        parents=PARENTS,
    )
