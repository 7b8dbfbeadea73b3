"""Tables of a pandapower network, as SimBench fills them, to a grid of plain values."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Floats
from gridpact.connectors.simbench.grid import Grid, Line, Load, Plant, Store, Transformer

if TYPE_CHECKING:
    import pandas as pd

    Tables: TypeAlias = Mapping[str, pd.DataFrame]

WATT_PER_MW = 1e6


def grid_of(code: str, net: Tables) -> Grid:
    """Turn the package's tables into a grid."""
    bus = net["bus"]
    level = bus["vn_kv"].loc[net["trafo"]["lv_bus"].iloc[0]]
    places = bus.index[bus["vn_kv"] == level]
    names = short_names(bus["name"].loc[places].tolist())
    latitude, longitude = _middle(bus["geo"].loc[places].tolist())
    _check_plants(code, net)
    return Grid(
        code=code,
        latitude=latitude,
        longitude=longitude,
        buses=dict(zip(places.tolist(), names, strict=True)),
        ties=_ties(net),
        lines=_lines(net),
        transformers=_transformers(net),
        loads=tuple(Load(name, bus) for name, bus in _units(net, "load")),
        plants=_plants(net),
        stores=_stores(net),
    )


def short_names(names: list[str]) -> list[str]:
    """Identifiers from names: ``LV1.101 Bus 4`` is ``bus-04`` where there are ten buses or more."""
    plain = [re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._") for name in names]
    heads = [name.partition("-")[2] or name for name in plain]
    words = heads if len(set(heads)) == len(heads) else plain
    width = max(
        (len(found[0]) for word in words if (found := re.findall(r"\d+$", word))), default=0
    )
    return [re.sub(r"\d+$", lambda digits: digits[0].zfill(width), word) for word in words]


def used(net: Tables, table: str) -> pd.Index[int]:
    """Rows of a table that are in service."""
    return net[table].index[net[table]["in_service"].astype(bool)]


def column(table: pd.DataFrame, name: str, rows: pd.Index[int]) -> Floats:
    """Numbers of a column in the given rows."""
    return np.asarray(table[name].loc[rows].to_numpy(dtype=np.float64), dtype=np.float64)


def _units(net: Tables, table: str) -> list[tuple[str, int]]:
    """Identifier and bus of every unit of a table in service."""
    rows = used(net, table)
    names = dict(zip(net[table].index, short_names(net[table]["name"].tolist()), strict=True))
    return [(names[row], int(net[table]["bus"].loc[row])) for row in rows]


def _middle(places: list[object]) -> tuple[float, float]:
    """Mean latitude and longitude [degrees, two decimals] of GeoJSON points."""
    points = [json.loads(text)["coordinates"] for text in places if isinstance(text, str)]
    longitude, latitude = np.mean(np.array(points, dtype=np.float64), axis=0)
    return round(float(latitude), 2), round(float(longitude), 2)


def opened(net: Tables, kind: str) -> set[int]:
    """Rows of lines (``l``) or transformers (``t``) that an open switch takes out."""
    switch = net["switch"]
    chosen = (switch["et"] == kind) & ~switch["closed"].astype(bool)
    return {int(row) for row in switch["element"][chosen]}


def _ties(net: Tables) -> tuple[tuple[int, int], ...]:
    switch = net["switch"]
    closed = switch[(switch["et"] == "b") & switch["closed"].astype(bool)]
    pairs = zip(closed["bus"], closed["element"], strict=True)
    return tuple((int(one), int(other)) for one, other in pairs)


def rated_w(mva: float) -> int:
    """Whole VA that a rating allows; the small addend undoes the binary form of 0.16."""
    return math.floor(mva * WATT_PER_MW + 1e-6)


def usable_share(table: pd.DataFrame, row: int) -> float:
    """How much of its rating a line or transformer may carry, times how many lie side by side."""
    return float(
        table["parallel"].loc[row]
        * table["df"].loc[row]
        * table["max_loading_percent"].loc[row]
        / 100
    )


def _lines(net: Tables) -> tuple[Line, ...]:
    """Lines in service with all switches closed, rated √3 · U · I."""
    table, cut = net["line"], opened(net, "l")
    names = dict(zip(table.index, short_names(table["name"].tolist()), strict=True))
    found = []
    for row in used(net, "line"):
        ends = int(table["from_bus"].loc[row]), int(table["to_bus"].loc[row])
        volts = float(net["bus"]["vn_kv"].loc[ends[0]])
        mva = math.sqrt(3) * volts * float(table["max_i_ka"].loc[row]) * usable_share(table, row)
        if row not in cut:
            found.append(Line(names[row], ends, rated_w(mva)))
    return tuple(sorted(found, key=lambda line: line.id))


def _transformers(net: Tables) -> tuple[Transformer, ...]:
    table, cut = net["trafo"], opened(net, "t")
    return tuple(
        Transformer(
            int(table["lv_bus"].loc[row]),
            rated_w(float(table["sn_mva"].loc[row]) * usable_share(table, row)),
        )
        for row in used(net, "trafo")
        if row not in cut
    )


def _plants(net: Tables) -> tuple[Plant, ...]:
    peaks = column(net["sgen"], "p_mw", used(net, "sgen")) * WATT_PER_MW
    units = zip(_units(net, "sgen"), peaks, strict=True)
    return tuple(Plant(name, bus, round(peak)) for (name, bus), peak in units)


def _stores(net: Tables) -> tuple[Store, ...]:
    rows, table = used(net, "storage"), net["storage"]
    power = np.rint(column(table, "sn_mva", rows) * WATT_PER_MW).astype(int)
    least = column(table, "min_e_mwh", rows)
    energy = np.rint((column(table, "max_e_mwh", rows) - least) * WATT_PER_MW).astype(int)
    # SimBench writes the efficiency as 0.95 although the column says percent.
    share = column(table, "efficiency_percent", rows)
    cycle = np.rint(np.where(share <= 1, share, share / 100) * 1e6).astype(int)
    daily = column(table, "self-discharge_percent_per_day", rows)
    loss = np.rint(daily / 24 * 1e4).astype(int)
    columns = zip(_units(net, "storage"), energy, power, cycle, loss, strict=True)
    return tuple(Store(name, bus, *map(int, numbers)) for (name, bus), *numbers in columns)


def _check_plants(code: str, net: Tables) -> None:
    table = net["sgen"]
    others = [
        Fault(
            code,
            0,
            str(table["name"].loc[row]),
            f"it is a generator of type {kind}",
            "choose a grid whose plants are photovoltaic",
        )
        for row in used(net, "sgen")
        if (kind := table["type"].loc[row]) != "PV"
    ]
    if others:
        raise BadInput(others)
