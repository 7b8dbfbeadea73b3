"""Activations for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.app.activations.givers import Giver
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, mark
from gridpact.app.orders.instants import local
from gridpact.app.orders.words import money, price
from gridpact.base.units import MICRO_PER_UNIT
from gridpact.registry.model import Community
from gridpact.scheduling.activation.columns import Direction
from gridpact.scheduling.activation.desk import Divided
from gridpact.scheduling.activation.messages import ActivationRequested
from gridpact.scheduling.activation.split import Rule

MOST_SHOWN = 20
"""Assets listed one by one; --json has them all."""


class Told(NamedTuple):
    """A request of a community and what it comes to."""

    community: Community
    message: ActivationRequested
    found: Divided

    @property
    def direction(self) -> str:
        """``up`` or ``down``."""
        return "up" if self.found.direction is Direction.UP else "down"

    @property
    def span(self) -> tuple[str, str]:
        """When it begins and ends, by the local clock."""
        zone, window = self.community.timezone, self.found.window
        return local(window.start, zone), local(window.end, zone)

    @property
    def given_wh(self) -> int:
        """Energy given in a slot [Wh]."""
        return self.found.asked_wh - self.found.division.missing_wh

    def power(self, energy_wh: int) -> int:
        """Power of an energy in a slot [W]."""
        return energy_wh * 3600 // self.community.step_s

    @property
    def limited(self) -> tuple[str, ...]:
        """Zones whose limits keep what is missing from being given."""
        zones = self.community.zones.ids
        return tuple(zones[row] for row in np.flatnonzero(self.found.division.limited).tolist())

    @property
    def cost_nano(self) -> int:
        """What all of it costs [nano-¤]."""
        return self.found.division.cost_nano * self.found.window.count


def as_dict(told: Told, name: str, able: Sequence[Giver]) -> dict[str, object]:
    """Return everything as JSON has it; without a name nothing was activated."""
    message, division = told.message, told.found.division
    return {
        "activated": bool(name),
        "id": name,
        "by": message.by,
        "zones": list(message.zones),
        "direction": told.direction,
        "begin": told.span[0],
        "end": told.span[1],
        "split": message.rule,
        "asked_w": told.power(told.found.asked_wh),
        "given_w": told.power(told.given_wh),
        "missing_w": told.power(division.missing_wh),
        "limited_by": list(told.limited),
        "marginal_micro_per_kwh": division.marginal_cost,
        "cost_nano": told.cost_nano,
        "assets": [each._asdict() for each in able],
        "faults": [],
    }


def lines(told: Told, name: str, able: Sequence[Giver]) -> Iterator[str]:
    """Say who gives what; who could give, where nothing was activated."""
    yield _head(told, name)
    yield f"    {_summary(told, able)}"
    shown = [each for each in able if each.gives_w or not name][:MOST_SHOWN]
    if shown:
        yield ""
        yield from (harmless(line) for line in _table(told, shown))
    hidden = sum(bool(each.gives_w or not name) for each in able) - len(shown)
    if hidden:
        yield f"… and {counted(hidden, 'more asset')}; --json lists all"
    if name and told.given_wh:
        yield ""
        yield "the next schedule makes up what is moved"


def _head(told: Told, name: str) -> str:
    message, (begin, end) = told.message, told.span
    zones = harmless(", ".join(message.zones))
    given, asked = (told.power(wh) / 1000 for wh in (told.given_wh, told.found.asked_wh))
    what = f"{given:.3f} of {asked:.3f} kW {told.direction} in {zones}, {begin} to {end}"
    if not name:
        return f"would give {what}"
    good = not told.found.division.missing_wh
    return f"{mark(good=good)} {what}: {name} of {harmless(message.by)}"


def _summary(told: Told, able: Sequence[Giver]) -> str:
    giving, division = sum(bool(each.gives_w) for each in able), told.found.division
    currency = told.community.currency
    limits = _limits(told)
    if not giving:
        nobody = f"{counted(len(able), 'asset')} could give, but nothing may be given"
        return f"{nobody}{limits}" if limits else "no asset there can give anything and make it up"
    text = f"{counted(giving, 'asset')} of {len(able)} that can"
    if told.message.rule == Rule.PRO_RATA:
        text += ", each in proportion to what it can"
    elif division.marginal_cost is not None:
        text += f", the dearest at {price(division.marginal_cost, currency)}"
    missing = told.power(division.missing_wh) / 1000
    text += f"; it costs {money(told.cost_nano, currency)}"
    return text + (f"; {missing:.3f} kW are missing{limits}" if missing else "")


def _limits(told: Told) -> str:
    """Name the zones whose limits are why something is missing."""
    if not told.limited:
        return ""
    flow = "give" if told.found.direction is Direction.UP else "take"
    return f": limits on what {harmless(', '.join(told.limited))} may {flow} are reached"


def _table(told: Told, shown: Sequence[Giver]) -> list[str]:
    head = ("asset", f"{told.community.currency}/kWh", "can", "gives", "planned", "instead")
    unit = MICRO_PER_UNIT
    rows = [
        (
            each.asset,
            f"{each.micro_per_kwh / unit:.4f}",
            *(f"{watt / 1000:.3f} kW" for watt in (each.can_w, each.gives_w)),
            *(f"{watt[0] / 1000:.3f} kW" for watt in (each.now_w, each.then_w)),
        )
        for each in shown
    ]
    return aligned([head, *rows], right=range(1, 6))
