"""Dated activations of a scenario: what the grid will ask of zones while it is simulated."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gridpact.base.documents import Document, Path
from gridpact.simulation.scenarios.access import (
    WATT_PER_KW,
    Group,
    count,
    entries,
    group,
    scaled,
    text,
    texts,
)
from gridpact.simulation.scenarios.instants import local_instant
from gridpact.simulation.scenarios.model import Activation

OPERATORS = ("operator", "dso", "authority")
"""Parties that may activate."""


def activations(root: Group) -> tuple[Activation, ...]:
    """Read the activations of a valid document, in order of their beginnings."""
    top = group(root, "community")
    zone = ZoneInfo(text(top, "timezone"))
    found = [_activation(node, zone, text(top, "dso")) for _, node in entries(root, "activations")]
    return tuple(sorted(found, key=lambda each: each.begin))


def _activation(node: Group, zone: ZoneInfo, dso: str) -> Activation:
    sign = 1 if text(node, "direction") == "up" else -1
    return Activation(
        by=text(node, "by") or dso,
        zones=tuple(texts(node, "zones")),
        power_w=sign * scaled(node, "power_kw", WATT_PER_KW),
        begin=local_instant(text(node, "at"), zone),
        lasts_s=count(node, "lasts_minutes") * 60,
        rule=text(node, "split"),
    )


def check_activations(document: Document, root: Group) -> None:
    """Activations need rolling operation, known zones and operators, and whole slots."""
    asked = list(entries(root, "activations"))
    if asked and "operation" not in root:
        problem = "no schedule would make up what activations move"
        document.fault(("activations",), problem, "add operation: {}")
    top = group(root, "community")
    zones = {text(zone, "id") for _, zone in entries(root, "zones")}
    operators = [text(top, role) for role in OPERATORS]
    for place, node in asked:
        path: Path = ("activations", place)
        for position, name in enumerate(texts(node, "zones")):
            if name not in zones:
                fix = f"use one of {', '.join(sorted(zones))}"
                document.fault((*path, "zones", position), f"there is no zone '{name}'", fix)
        by = text(node, "by")
        if by and by not in operators:
            problem = f"'{by}' is no operator of the grid"
            document.fault((*path, "by"), problem, f"use one of {', '.join(operators)}")
        _check_times(document, node, path, top)


def _check_times(document: Document, node: Group, path: Path, top: Group) -> None:
    """An activation begins and ends with slots, at a time that the clock shows once."""
    minutes = count(top, "slot_minutes")
    if minutes and count(node, "lasts_minutes") % minutes:
        problem = f"{count(node, 'lasts_minutes')} minutes are not whole slots of {minutes} minutes"
        fix = f"write a multiple of {minutes}"
        document.fault((*path, "lasts_minutes"), problem, fix)
    try:
        at = local_instant(text(node, "at"), ZoneInfo(text(top, "timezone")))
    except (ZoneInfoNotFoundError, OSError):  # told where the time zone is checked
        return
    except ValueError as error:
        document.fault((*path, "at"), str(error), "write another time")
        return
    if minutes and at % (minutes * 60):
        problem = f"{text(node, 'at')} is not the start of a slot of {minutes} minutes"
        document.fault((*path, "at"), problem, "begin at the start of one")
