"""A grid and its feeders as a scenario file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import TypeAlias

import yaml

from gridpact.connectors.simbench.feeders import TRANSFORMER, Layout
from gridpact.connectors.simbench.grid import Grid, Plant, Store, Unit

PROFILES, TIME, SOURCE = "profiles.parquet", "slot_start_utc", "simbench"
Node: TypeAlias = dict[str, object]

_HEADER = """\
# SimBench grid {code}: each bus with a load or plant is a member, each feeder a zone.
#
# The year 2016 by the quarter-hour, stamped in UTC. Days here follow UTC+1 (the name Etc/GMT-1 has
# the opposite sign of the offset), so that each has 96 slots; Europe/Berlin works as well.
# Limits are the ratings of transformer and cables at unity power factor.
#
# Data: SimBench, www.simbench.net, Open Database License 1.0: pass changed data on under the same.
"""


def scenario_text(grid: Grid, layout: Layout, first_day: date) -> str:
    """Return the YAML text of a scenario that reads ``profiles.parquet`` beside it."""
    root: Node = {
        "gridpact": 1,
        "community": {
            "name": f"SimBench {grid.code}",
            "timezone": "Etc/GMT-1",
            "slot_minutes": 15,
            "latitude": grid.latitude,
            "longitude": grid.longitude,
        },
        "run": {"from": first_day, "days": 1, "seed": 1},
        "sources": {
            SOURCE: {"file": PROFILES, "time_column": TIME, "timezone": "UTC", "unit": "Wh"}
        },
        "prices": {"generated": {"mean_per_mwh": 90}},
        "zones": _zones(layout),
        "members": _members(grid, layout),
    }
    body = yaml.safe_dump(root, default_flow_style=None, sort_keys=False, width=96)
    return _HEADER.format(code=grid.code) + body


def load_columns(grid: Grid) -> dict[str, list[int]]:
    """Return the load column of each member with a load, and the rows of loads it adds up."""
    return {_load_column(grid, loads): loads for loads in _rows_at_bus(grid.loads).values()}


def member_buses(grid: Grid) -> list[int]:
    """Buses with a load, plant or battery, in order of their identifiers."""
    return sorted({unit.bus for unit in grid.units}, key=lambda bus: grid.buses[bus])


def _rows_at_bus(units: Iterable[Unit]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for row, unit in enumerate(units):
        found[unit.bus].append(row)
    return found


def _load_column(grid: Grid, rows: list[int]) -> str:
    """A load's own column; the bus's where a column has to add up several loads."""
    first = grid.loads[rows[0]]
    return first.id if len(rows) == 1 else grid.buses[first.bus]


def _zones(layout: Layout) -> list[Node]:
    top = {"id": TRANSFORMER, **_limits(layout.rating_w)}
    return [
        top,
        *(
            {"id": feeder.id, "parent": TRANSFORMER, **_limits(feeder.rating_w)}
            for feeder in sorted(layout.feeders, key=lambda each: each.id)
        ),
    ]


def _limits(rating_w: int) -> Node:
    return {"import_limit_kw": _thousands(rating_w), "export_limit_kw": _thousands(rating_w)}


def _members(grid: Grid, layout: Layout) -> list[Node]:
    zones = layout.zones()
    loads, plants = _rows_at_bus(grid.loads), _rows_at_bus(grid.plants)
    stores = _rows_at_bus(grid.stores)
    members = []
    for bus in member_buses(grid):
        assets = [_plant(grid.plants[row]) for row in plants[bus]]
        assets += [_battery(grid.stores[row]) for row in stores[bus]]
        role = "producer" if not loads[bus] else "prosumer" if assets else "consumer"
        node: Node = {"id": grid.buses[bus], "role": role, "zone": zones[bus]}
        if loads[bus]:
            node["load"] = {"source": SOURCE, "column": _load_column(grid, loads[bus])}
        members.append({**node, "assets": assets} if assets else node)
    return members


def _plant(plant: Plant) -> Node:
    return {
        "kind": "pv",
        "id": plant.id,
        "kw_peak": _thousands(plant.peak_w),
        "source": SOURCE,
        "column": plant.id,
    }


def _battery(store: Store) -> Node:
    return {
        "kind": "battery",
        "id": store.id,
        "capacity_kwh": _thousands(store.capacity_wh),
        "power_kw": _thousands(store.power_w),
        "round_trip_percent": _percent(store.round_trip_ppm),
        "hourly_loss_percent": _percent(store.hourly_loss_ppm),
    }


def _thousands(value: int) -> float | int:
    return value // 1000 if value % 1000 == 0 else value / 1000


def _percent(ppm: int) -> float | int:
    return ppm // 10_000 if ppm % 10_000 == 0 else ppm / 10_000
