"""What the columns of a home's programme mean, and which of them are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, narrow
from gridpact.scheduling.fleet.columns import per_asset as column_of

if TYPE_CHECKING:
    from gridpact.scheduling.reference.draws import Draw
    from gridpact.scheduling.reference.model import Model


class Drawn(msgspec.Struct, frozen=True):
    """What columns mean [entries]: ``factor`` kWh of net energy in ``slot``, ``sign`` of a channel.

    The two differ for what storage discharges alone, of which a channel holds a positive amount.
    """

    column: Ints
    slot: Ints
    channel: Ints
    factor: Floats
    sign: Floats


class Modes(NamedTuple):
    """Pairs of binary columns that only keep storage from both ways at once, and the ways."""

    into: Ints
    out: Ints
    charge: Ints
    discharge: Ints


def modes_of(fleet: Fleet, selling: Floats) -> tuple[Bools, bool]:
    """Where storage must be kept from both ways at once; whether its plans may be mixed though.

    Besides least powers and steps that is where burning energy pays at the selling price [slots],
    and wherever a ramp holds storage: what it burns in one slot frees its power in others, and
    separating a mix would change net power.
    """
    from gridpact.scheduling.reference.model import no_modes

    table = fleet.storage
    if table is None:
        return no_modes(fleet), False
    count, slots = len(table.zone), fleet.slots
    inward = narrow(table.efficiency_in, count, slots)
    wear = column_of(table.wear, count)[:, None] * 1e-6
    outward = column_of(table.efficiency_out, count)[:, None]
    pays = selling / inward < (selling - wear) * outward
    two_way = [
        narrow(way, count, slots).max(axis=1) > 0 for way in (table.charge_w, table.discharge_w)
    ]
    ramped = np.isfinite(column_of(table.ramp_w, count)) & two_way[0] & two_way[1]
    stepped = no_modes(fleet)
    others = fleet.runs is not None or fleet.generators is not None
    return stepped | pays | ramped[:, None], not (stepped.any() or ramped.any() or others)


def pairs_of(model: Model) -> Modes:
    """Modes that no least power or step of power is bound to."""
    from gridpact.scheduling.reference.model import no_modes

    ways = model.ways
    if ways is None:
        none = np.zeros(0, np.int64)
        return Modes(none, none, none, none)
    free = (ways.into >= 0) & (ways.out >= 0) & ~no_modes(model.fleet)
    return Modes(ways.into[free], ways.out[free], ways.charge[free], ways.discharge[free])


def drawn_of(model: Model) -> tuple[Drawn, Floats]:
    """Columns by channel, and the sign of channels' energy.

    Channels are assets in the order of tables, two for storage: what it discharges is negative.
    """
    first: dict[str, int] = {}
    signs: list[float] = []
    for name in TABLES:
        table = getattr(model.fleet, name)
        first[name] = len(signs)
        if table is not None:
            signs += ((1.0, -1.0) if name == "storage" else (1.0,)) * len(table.zone)
    draws = model.draws
    factor = [draw.factor for draw in draws]
    sign = [np.abs(draw.factor) if draw.table == "storage" else draw.factor for draw in draws]
    drawn = Drawn(
        column=np.concatenate([draw.column for draw in draws]),
        slot=np.concatenate([draw.slot for draw in draws]),
        channel=np.concatenate([_channel(draw, first[draw.table]) for draw in draws]),
        factor=np.concatenate(factor),
        sign=np.concatenate(sign),
    )
    return drawn, np.array(signs)


def _channel(draw: Draw, first: int) -> Ints:
    """Channel of every entry."""
    if draw.table != "storage":
        return first + draw.asset
    return np.asarray(first + 2 * draw.asset + (draw.factor < 0))


def starts_of(model: Model) -> Ints:
    """For whole columns, the run of which exactly one start is chosen; -1 for others."""
    arrays, runs = model.arrays, model.fleet.runs
    group = np.full(len(arrays.cost), -1)
    if runs is not None:
        apart = np.broadcast_to(np.asarray(runs.interruptible, np.bool_), (len(runs.zone),))
        once = np.broadcast_to(np.asarray(runs.times) == 1, (len(runs.zone),))
        must = np.isinf(column_of(runs.value, len(runs.zone)))
        for draw in model.draws:
            if draw.table == "runs":
                one = (~apart & once & must)[draw.asset]
                group[draw.column[one]] = draw.asset[one]
    return cast("Ints", group[arrays.whole])
