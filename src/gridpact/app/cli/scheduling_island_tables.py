"""The plan of a microgrid as small tables for people, and as CSV for programs."""

from __future__ import annotations

import csv
import io

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.islands.losing import Loss, Transition
from gridpact.app.islands.model import Site
from gridpact.app.islands.planning import Column, Plan
from gridpact.app.orders.instants import local
from gridpact.base.slots import iso
from gridpact.scheduling.islands.emissions import Point


def plan_lines(site: Site, found: Plan) -> list[str]:
    """Lay a plan out: its cost, units that run, load by value, what is stored."""
    lines = aligned(
        [
            ("horizon", f"{span(site)} from {_at(site, 0)}, by {_minutes(site)} min"),
            ("alone", _alone(site, found)),
            ("cost", f"{_money(found.cost_nano, site.currency)}{_lost(site, found)}"),
            ("emissions", f"{found.emissions_g / 1000:,.0f} kg"),
            (
                "reserve",
                {None: "not asked for", True: "held", False: "cannot be held"}[found.reserve],
            ),
        ]
    )
    if found.missed_wh:
        lines.append(f"not every limit can be kept: {_kwh(found.missed_wh)} are missed at least")
    runs = [
        (
            one.unit,
            local(one.start, site.timezone),
            local(one.end, site.timezone),
            _kwh(one.energy_wh),
        )
        for one in found.runs
    ]
    if runs:
        lines += ["", *aligned([("unit", "runs from", "until", "energy"), *runs], (3,))]
    lines += ["", *aligned([_LOADS, *_loads(site, found)], (1, 2, 3, 4))]
    stored = [row for name in site.names.storage if (row := _storage(site, found, name))]
    if stored:
        lines += ["", *aligned([("storage", "at least", "when", "at the end"), *stored], (1, 3))]
    return lines


_LOADS = ("load", "value", "energy", "not served", "share", "")


def _loads(site: Site, found: Plan) -> list[tuple[str, ...]]:
    return [
        (
            one.name,
            f"{one.value_micro_per_kwh / 1e6:,.2f} {site.currency}/kWh",
            _kwh(one.load_wh),
            _kwh(one.shed_wh),
            f"{one.shed_wh / max(one.load_wh, 1):.0%}",
            "critical" if one.critical else "",
        )
        for one in found.loads
    ]


def _storage(site: Site, found: Plan, name: str) -> tuple[str, ...]:
    held = _column(found, f"storage.{name}.stored_wh").energy_wh
    lowest = min(held)
    return name, _kwh(lowest), _at(site, held.index(lowest) + 1), _kwh(held[-1])


def _column(found: Plan, name: str) -> Column:
    return next(column for column in found.columns if column.name == name)


def loss_lines(site: Site, going: Loss) -> list[str]:
    """Lay out what the loss of the grid means."""
    until = _at(site, going.slot + going.survived)
    more = "at least, " if going.whole else ""
    hours = going.survived * site.slots.step / 3600
    lines = [f"critical load survives {hours:g} h {more}until {until}"]
    if going.transition is not None:
        lines += ["", *_transition(site, going.transition)]
    steps = [(f"{step.at_s:,} s", step.kind, step.name) for step in going.order.steps]
    lines += ["", "black start", *aligned(steps, (0,), 2)]
    return lines + [f"  never: {name} {why}" for name, why in going.order.left_out]


def _transition(site: Site, found: Transition) -> list[str]:
    rows = [
        (name, f"{one.carried_w / 1000:,.0f} kW", _money(one.cost_nano, site.currency))
        for name, one in (("unaware of a loss", found.unaware), ("ready for it", found.ready))
    ]
    window = f"{_at(site, found.first)} to {_at(site, found.end)}"
    head = ("plan", "to take over", "cost")
    told = f"loss of the grid from {window}, {found.asked_w / 1000:,.0f} kW to take over at most"
    return [told, *aligned([head, *rows], (1, 2), 2)]


def corner_lines(points: tuple[Point, ...], currency: str) -> list[str]:
    """Lay out the corners of cost and emissions, the cheapest first."""
    rows = [
        (
            f"{point.price / 1e6:,.3f} {currency}/kg",
            _money(round(point.cost_nano), currency),
            f"{point.emissions_g / 1000:,.0f} kg",
        )
        for point in points
    ]
    return aligned([("price of carbon", "cost", "emissions"), *rows], (0, 1, 2))


def as_csv(site: Site, found: Plan) -> str:
    """Write the plan slot by slot, the begin of each in UTC first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["slot_start", *(column.name for column in found.columns)])
    rows = zip(*(column.energy_wh for column in found.columns), strict=True)
    for start, row in zip(site.slots.starts().tolist(), rows, strict=True):
        writer.writerow([iso(start), *row])
    return text.getvalue()


def span(site: Site) -> str:
    """Length of the horizon, such as ``48 hours``."""
    return counted(site.slots.count * site.slots.step // 3600, "hour")


def _alone(site: Site, found: Plan) -> str:
    if found.first == found.end:
        return "never, the grid is there"
    return f"from {_at(site, found.first)} to {_at(site, found.end)}"


def _lost(site: Site, found: Plan) -> str:
    if not found.lost_nano:
        return ""
    return f", of which {_money(found.lost_nano, site.currency)} is the value of load not served"


def _at(site: Site, slot: int) -> str:
    return local(site.slots.start + slot * site.slots.step, site.timezone)


def _minutes(site: Site) -> int:
    return site.slots.step // 60


def _money(nano: int, currency: str) -> str:
    return f"{nano / 1e9 + 0.0:,.2f} {currency}"


def _kwh(wh: int) -> str:
    return f"{wh / 1000:,.1f} kWh"
