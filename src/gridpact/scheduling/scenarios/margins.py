"""Margins from samples of what forecasts miss, and how often limits and needs then hold.

A limit that is to hold with probability ``share`` in each slot by itself is tightened by that
quantile of the error (A. Charnes and W. W. Cooper, Chance-constrained programming, Management
Science 6, 1959): exact where nothing but the error is uncertain, slot by slot, not for all slots
together. Needs are taken at the same quantile: energy due, arrival and departure each by itself, so
all of a need holds at least with what the three leave together (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, OneWay, per_slot
from gridpact.scheduling.fleet.tree import sums_up


class CarSamples(msgspec.Struct, frozen=True):
    """Arrivals, departures and energy due as they may turn out [samples, cars]."""

    arrive: Ints
    leave: Ints
    energy_wh: Floats


class Held(msgspec.Struct, frozen=True):
    """How often limits and needs hold, as shares.

    ``limits`` [zones]: of all samples and slots with a limit; 1 where there is none. ``needs``
    [cars]: of samples in which a car has all it needs when it leaves.
    """

    limits: Floats
    needs: Floats


def quantile(samples: Floats | Ints, share: float) -> Floats:
    """Smallest sample that is no smaller than at least ``share`` of the samples [...]."""
    return np.asarray(np.quantile(samples, share, axis=0, method="inverted_cdf"), np.float64)


def _refuse(
    samples: Mapping[str, Floats | Ints], shape: tuple[int, ...], share: float = 0.5
) -> None:
    """Raise BadInput unless all samples are numbers [samples, *shape] and the share is one."""
    found = []
    if not 0 < share < 1:
        found.append(("share", f"{share}", "give a share above 0 and below 1"))
    for name, values in samples.items():
        if np.ndim(values) != len(shape) + 1 or np.shape(values)[1:] != shape or not len(values):
            found.append((name, f"has shape {np.shape(values)}", f"give samples of {shape}"))
        elif not np.isfinite(values).all():
            found.append((name, "holds values that are not finite", "give numbers"))
    if found:
        raise BadInput([Fault("margins", 0, *one) for one in found])


def with_limit_margins(fleet: Fleet, error_wh: Floats, share: float) -> Fleet:
    """Tighten limits of zones so that each holds in a slot with probability ``share``.

    ``error_wh`` [samples, zones, slots]: net load less its forecast, of each zone with all below.

    Raises
    ------
    BadInput
        A share that is none, errors that are no numbers or of another shape, or a margin wider than
        its limit.
    """
    shape = (len(fleet.zones.parent), fleet.slots)
    _refuse({"error_wh": error_wh}, shape, share)
    return _tightened(fleet, quantile(error_wh, share), quantile(-np.asarray(error_wh), share))


def with_quantile_margins(fleet: Fleet, low_wh: Floats, high_wh: Floats) -> Fleet:
    """Tighten limits of zones so that each holds for fixed load from ``low_wh`` to ``high_wh``.

    Both [zones, slots] are quantiles of the fixed net load of each zone with all below, such as
    those of a forecast; import limits then hold in a slot with the probability of the upper one.

    Raises
    ------
    BadInput
        Quantiles that are no numbers, of another shape or that cross, or a margin wider than its
        limit.
    """
    shape = (len(fleet.zones.parent), fleet.slots)
    _refuse({"low_wh": np.asarray(low_wh)[None], "high_wh": np.asarray(high_wh)[None]}, shape)
    crossed = np.argwhere(np.asarray(low_wh) > np.asarray(high_wh)).tolist()
    if crossed:
        raise BadInput(
            Fault("margins", 0, f"low_wh[{zone}], slot {slot}", "is above high_wh", "swap them")
            for zone, slot in crossed
        )
    load = sums_up(fleet.zones.parent, per_slot(fleet.zones.load_wh, *shape))
    return _tightened(fleet, high_wh - load, load - low_wh)


def _tightened(fleet: Fleet, above_wh: Floats, below_wh: Floats) -> Fleet:
    """Tighten limits by what load may be above and below its forecast [zones, slots]."""
    shape = (len(fleet.zones.parent), fleet.slots)
    more, less = (np.maximum(one, 0.0) / fleet.hours for one in (above_wh, below_wh))
    imports = per_slot(fleet.zones.import_limit_w, *shape) - more
    exports = per_slot(fleet.zones.export_limit_w, *shape) - less
    narrow = [
        Fault("margins", 0, f"zones[{zone}], slot {slot}", "the margin is wider than the limit",
              "lower the share, or widen the limit")
        for zone, slot in np.argwhere((imports < 0) | (exports < 0)).tolist()
    ]  # fmt: skip
    if narrow:
        raise BadInput(narrow)
    zones = msgspec.structs.replace(fleet.zones, import_limit_w=imports, export_limit_w=exports)
    return msgspec.structs.replace(fleet, zones=zones)


def with_need_margins(table: OneWay, cars: CarSamples, share: float) -> OneWay:
    """Plan cars for late arrival, early departure and much energy, each at this quantile.

    Raises
    ------
    BadInput
        A share that is none, or samples that are no numbers or not [samples, cars].
    """
    samples = {name: getattr(cars, name) for name in CarSamples.__struct_fields__}
    _refuse(samples, (len(table.zone),), share)
    return msgspec.structs.replace(
        table,
        arrive=quantile(cars.arrive, share).astype(np.int64),
        leave=(-quantile(-np.asarray(cars.leave), share)).astype(np.int64),
        energy_wh=quantile(cars.energy_wh, share),
    )


def held(
    fleet: Fleet, net_wh: Floats, error_wh: Floats, plan: tuple[Floats, CarSamples] | None = None
) -> Held:
    """Count how often limits and needs hold on samples that were not planned with.

    ``fleet`` has the limits that must hold; ``net_wh`` [zones, slots] is as planned. ``plan`` is
    the cars' schedule [cars, slots] Wh and samples of what they turn out to need.

    Raises
    ------
    BadInput
        Samples that are no numbers, or not [samples, zones, slots] and [samples, cars].
    """
    shape = (len(fleet.zones.parent), fleet.slots)
    _refuse({"error_wh": error_wh}, shape)
    if plan is not None:
        samples = {name: getattr(plan[1], name) for name in CarSamples.__struct_fields__}
        _refuse(samples, (len(plan[0]),))
    net = net_wh + error_wh
    upper = per_slot(fleet.zones.import_limit_w, *shape) * fleet.hours
    lower = -per_slot(fleet.zones.export_limit_w, *shape) * fleet.hours
    limited = np.isfinite(upper) | np.isfinite(lower)
    touch = 1e-3
    fine = (net <= upper + touch) & (net >= lower - touch)
    slots = limited.sum(axis=1) * len(net)
    count = (fine & limited).sum(axis=(0, 2))
    limits = np.divide(count, slots, out=np.ones(shape[0]), where=slots > 0)
    needs = np.zeros(0) if plan is None else _needs_held(*plan)
    return Held(limits, needs)


def _needs_held(charged_wh: Floats, cars: CarSamples) -> Floats:
    """Share of samples in which each car gets what it needs while it is there [cars]."""
    total = np.concatenate([np.zeros((len(charged_wh), 1)), np.cumsum(charged_wh, axis=1)], axis=1)
    row = np.arange(len(charged_wh))
    got = total[row, np.asarray(cars.leave)] - total[row, np.asarray(cars.arrive)]
    return np.asarray(np.mean(got >= np.asarray(cars.energy_wh) - 1e-3, axis=0))
