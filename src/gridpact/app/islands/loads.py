"""Loads of a microgrid's file, by what they are worth, and how they come back."""

from __future__ import annotations

from gridpact.app.grids.parts import Part
from gridpact.app.islands.model import Restart
from gridpact.app.islands.quantities import (
    POWER,
    SHARE,
    TIME,
    Tender,
    above,
    count,
    flag,
    number,
    series,
    whole_slots,
)
from gridpact.scheduling.islands.black_start import PPM
from gridpact.scheduling.islands.shedding import LoadBlock

_LOAD = ("load", "value"), ("critical", "whole", "least_time", "restart")
_RESTART = (), ("power", "parts", "pickup", "pickup_time")
MOST_PARTS = 100


def read_loads(
    root: Part, tender: Tender, shape: tuple[int, int], step_s: int
) -> tuple[tuple[LoadBlock, ...], tuple[Restart, ...]]:
    """Read blocks of load in the order of the file, and how each comes back."""
    parts = root.named("loads")
    if not parts and "loads" in root.values and root.part("loads").is_mapping:
        root.note("loads", "has no loads", "write name: {load: 30 kW, value: 20 EUR/kWh}")
    blocks = tuple(_block(name, part, tender, (*shape, step_s)) for name, part in parts.items())
    return blocks, tuple(_restart(part) for part in parts.values())


def _block(name: str, part: Part, tender: Tender, shape: tuple[int, int, int]) -> LoadBlock:
    part.known(*_LOAD)
    slots, day, step_s = shape
    faults = len(part.document.faults)
    energy = series(part, "load", POWER, (slots, day)) * step_s / 3600
    if "load" in part.values and not energy.any() and len(part.document.faults) == faults:
        part.note("load", "is 0 in every slot", "give it some load, or remove it")
    whole = flag(part, "whole")
    if "least_time" in part.values and not whole:
        part.note("least_time", "needs whole: true", "add whole: true, or remove it")
    return LoadBlock(
        name=name,
        zone=0,
        energy_wh=energy,
        value=above(part, "value", tender.price),
        critical=flag(part, "critical"),
        whole=whole,
        least_slots=whole_slots(part, "least_time", step_s, 1),
    )


def _restart(block: Part) -> Restart:
    if "restart" not in block.values:
        return Restart(None, 1, PPM, 0)
    part = block.part("restart")
    part.known(*_RESTART)
    pickup = number(part, "pickup", SHARE, 1.0)
    if pickup < 1:
        part.note("pickup", "is less than 100 %", "write what it draws at first, such as 200 %")
    return Restart(
        above(part, "power", POWER) if "power" in part.values else None,
        count(part, "parts", 1, 1, MOST_PARTS),
        round(pickup * PPM),
        int(number(part, "pickup_time", TIME)),
    )
