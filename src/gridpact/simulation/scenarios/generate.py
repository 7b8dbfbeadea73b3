"""Homes made up from the seed: shares are met exactly, sizes vary like those of real homes."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Bools, Floats, Ints
from gridpact.simulation.scenarios.access import Group, count, exact, share, text, texts
from gridpact.simulation.scenarios.model import (
    Appliance,
    Asset,
    Battery,
    Car,
    HeatPump,
    Load,
    Member,
    Pv,
    Tank,
)

_NORMAL = NormalDist()
_TENTH = _NORMAL.inv_cdf(0.9)
_DAYS = 365
_QUARTER_S = 900


def ids(block: Group) -> list[str]:
    """Return the identifiers of the homes, ascending."""
    homes, prefix = count(block, "homes"), text(block, "prefix")
    width = max(2, len(str(homes)))
    return [f"{prefix}-{number:0{width}d}" for number in range(1, homes + 1)]


def members(block: Group, seed: int, zones: list[str], common: Member) -> list[Member]:
    """Make the homes of a ``generate`` block.

    Homes are spread over ``zones`` in turn. ``common`` gives what all of them share: prices they
    want, and role prosumer for those with a plant.
    """
    names = ids(block)
    spread = texts(block, "zones") or zones
    use = _annual_wh(block, seed, len(names))
    assets = _assets(block, seed, names)
    return [
        Member(
            id=name,
            role="prosumer" if any(isinstance(asset, Pv) for asset in owned) else "consumer",
            zone=spread[row % len(spread)],
            metering_point=f"mp-{name}",
            load=Load(annual_wh=int(use[row])),
            assets=tuple(owned),
            discount_micro_per_kwh=common.discount_micro_per_kwh,
            premium_micro_per_kwh=common.premium_micro_per_kwh,
            static_share_ppm=0,
        )
        for row, (name, owned) in enumerate(zip(names, assets, strict=True))
    ]


def _annual_wh(block: Group, seed: int, homes: int) -> Ints:
    """Yearly use [homes, Wh].

    Two half-lognormals meet at the median, so that the 10th, 50th and 90th percentile of the
    homes are those asked for. Homes take evenly spaced quantiles in random order: the spread does
    not depend on luck, also where homes are few.
    """
    low, middle, high = (float(exact(block, f"daily_kwh_p{part}")) for part in (10, 50, 90))
    order = stream(seed, "scenario", "use").permutation(homes)
    score = np.array([_NORMAL.inv_cdf((place + 0.5) / homes) for place in order])
    below, above = math.log(middle / low) / _TENTH, math.log(high / middle) / _TENTH
    daily = middle * np.exp(score * np.where(score < 0, below, above))
    return np.asarray(np.rint(daily * 1000 * _DAYS), dtype=np.int64)


def _chosen(seed: int, what: str, homes: int, part: float, first: Bools | None = None) -> Bools:
    """Choose ``part`` of the homes exactly; those in ``first`` are taken before the others."""
    order = stream(seed, "scenario", what).permutation(homes)
    if first is not None:
        order = order[np.argsort(~first[order], kind="stable")]
    chosen = np.zeros(homes, dtype=np.bool_)
    chosen[order[: round(part * homes)]] = True
    return chosen


def _drawn(seed: int, what: str, homes: int, low: float, high: float) -> Floats:
    return stream(seed, "scenario", what).uniform(low, high, homes)


def _whole(values: Floats, unit: int) -> Ints:
    """Round to multiples of ``unit``, as data sheets do."""
    return np.rint(values / unit).astype(np.int64) * unit


def _assets(block: Group, seed: int, names: list[str]) -> list[list[Asset]]:
    homes = len(names)
    owned: list[list[Asset]] = [[] for _ in names]
    sunny = _chosen(seed, "pv", homes, float(share(block, "pv_percent")))
    stored = _chosen(seed, "battery", homes, float(share(block, "battery_percent")), sunny)
    for has, made in (
        (sunny, _plants(seed, names)),
        (stored, _batteries(seed, names)),
        (_picked(block, seed, "car", homes), _cars(block, seed, names)),
        (_picked(block, seed, "heat_pump", homes), _heat_pumps(seed, names)),
        (_picked(block, seed, "tank", homes), _tanks(seed, names)),
        (_picked(block, seed, "appliance", homes), _appliances(seed, names)),
    ):
        for row in np.flatnonzero(has):
            owned[row].append(made[row])
    return owned


def _picked(block: Group, seed: int, kind: str, homes: int) -> Bools:
    return _chosen(seed, kind, homes, float(share(block, f"{kind}_percent")))


def _plants(seed: int, names: list[str]) -> list[Asset]:
    """3 to 10 kW on pitched roofs that mostly face south, some east or west."""
    homes = len(names)
    peak = _whole(_drawn(seed, "pv-peak", homes, 3000, 10_000), 100)
    tilt = _whole(_drawn(seed, "pv-tilt", homes, 15, 45), 1)
    facing = _whole(180 + 40 * stream(seed, "scenario", "pv-azimuth").standard_normal(homes), 1)
    facing = np.clip(facing, 80, 280)
    return [
        Pv(f"{name}-pv", int(peak[row]), float(tilt[row]), float(facing[row]))
        for row, name in enumerate(names)
    ]


def _batteries(seed: int, names: list[str]) -> list[Asset]:
    """5 to 15 kWh that charge and discharge in two hours."""
    size = _whole(_drawn(seed, "battery-size", len(names), 5000, 15_000), 500)
    return [
        Battery(f"{name}-battery", int(size[row]), int(size[row]) // 2, 900_000, 50_000, 0)
        for row, name in enumerate(names)
    ]


def _cars(block: Group, seed: int, names: list[str]) -> list[Asset]:
    """Sizes of common models; when they come and go is drawn day by day, as real drivers do."""
    homes = len(names)
    size = stream(seed, "scenario", "car-size").choice([40_000, 52_000, 60_000, 77_000], homes)
    power = stream(seed, "scenario", "car-power").choice([3_700, 7_400, 11_000], homes)
    gives = _chosen(seed, "car-gives", homes, float(share(block, "vehicle_to_home_percent")))
    return [
        Car(
            id=f"{name}-car",
            capacity_wh=int(size[row]),
            charger_w=int(power[row]),
            vehicle_to_home=bool(gives[row]),
            round_trip_ppm=880_000,
            reserve_ppm=200_000,
            target_ppm=800_000,
            by_s=-1,
            back_s=-1,
            trip_wh=0,
        )
        for row, name in enumerate(names)
    ]


def _heat_pumps(seed: int, names: list[str]) -> list[Asset]:
    homes = len(names)
    power = _whole(_drawn(seed, "heat-power", homes, 2000, 4500), 100)
    room = _whole(_drawn(seed, "heat-room", homes, 5000, 12_000), 100)
    year = _whole(_drawn(seed, "heat-year", homes, 2_500_000, 5_500_000), 1000)
    return [
        HeatPump(f"{name}-heat-pump", int(power[row]), int(room[row]), int(year[row]), 20_000)
        for row, name in enumerate(names)
    ]


def _tanks(seed: int, names: list[str]) -> list[Asset]:
    homes = len(names)
    power = _whole(_drawn(seed, "tank-power", homes, 1500, 3000), 100)
    room = _whole(_drawn(seed, "tank-room", homes, 4000, 8000), 100)
    year = _whole(_drawn(seed, "tank-year", homes, 900_000, 2_200_000), 1000)
    return [
        Tank(f"{name}-tank", int(power[row]), int(room[row]), int(year[row]), 7000)
        for row, name in enumerate(names)
    ]


def _appliances(seed: int, names: list[str]) -> list[Asset]:
    """Dishwashers, washing machines and dryers, left ready in the morning or in the evening."""
    homes = len(names)
    power = _whole(_drawn(seed, "run-power", homes, 600, 2000), 50)
    length = _whole(_drawn(seed, "run-length", homes, 3600, 9000), _QUARTER_S)
    begin = _whole(_drawn(seed, "run-begin", homes, 7 * 3600, 11 * 3600), 1800)
    window = _whole(_drawn(seed, "run-window", homes, 8 * 3600, 12 * 3600), 1800)
    return [
        Appliance(
            f"{name}-appliance",
            int(power[row]),
            int(length[row]),
            int(begin[row]),
            int(begin[row] + window[row]),
        )
        for row, name in enumerate(names)
    ]
