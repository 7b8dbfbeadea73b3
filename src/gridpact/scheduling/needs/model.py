"""Needs and limits as values: who asks what of which assets, when, and how firmly.

Energies are Wh, powers W, temperatures m°C, shares ppm, money nano-¤, durations s; whole numbers.
A fleet's net energy is taken from the grid or given to it: ``direction`` says which, so that no
number has a sign but a temperature.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from gridpact.scheduling.needs.times import Moment, Window
from gridpact.scheduling.priorities.levels import Level

GroupBy: TypeAlias = Literal[
    "tag", "kind", "zone", "postcode", "feeder", "transformer", "community"
]
"""What a group may go by."""


class Direction(StrEnum):
    """Which way energy flows: taken from the grid, or given to it."""

    TAKE = "take"
    GIVE = "give"


class Action(StrEnum):
    """What a person makes an asset do: draw power, not draw, give power, or rest."""

    CHARGE = "charge"
    STOP = "stop"
    SUPPLY = "supply"
    OFF = "off"


class Assets(msgspec.Struct, frozen=True, tag="assets", tag_field="of"):
    """Assets by identifier, or by a word for the only one of the owner's, such as ``car``."""

    ids: tuple[str, ...]


class Group(msgspec.Struct, frozen=True, tag="group", tag_field="of", omit_defaults=True):
    """All assets of some tags, kinds or places, or of the whole ``community`` (no names).

    For an owner who is no operator: those among its own.
    """

    by: GroupBy
    names: tuple[str, ...] = ()


Subject: TypeAlias = Assets | Group


class Asked(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What all needs have.

    ``owner`` is a party; ``id`` is given by the book, "" until then. A ``hard`` need must hold
    before anything of a later ``level``, and before cost; a soft one may be missed at
    ``worth_micro`` [µ¤] per kWh missed (Kelvin and hour for a comfort band). ``note`` is private to
    the owner.
    """

    owner: str
    subject: Subject
    id: str = ""
    level: Level = Level.NEEDS
    hard: bool = True
    worth_micro: int | None = None
    note: str = ""


class StateOfCharge(Asked, frozen=True, tag="state-of-charge"):
    """Stored energy at a moment: a share of the capacity [ppm], or Wh, from below, above or both.

    Each asset of the subject has to hold as much.
    """

    at: Moment
    least_ppm: int | None = None
    most_ppm: int | None = None
    least_wh: int | None = None
    most_wh: int | None = None


class EnergyWithin(Asked, frozen=True, tag="energy-within"):
    """Net energy of the subject together in each window, in one direction."""

    window: Window
    direction: Direction = Direction.TAKE
    least_wh: int | None = None
    most_wh: int | None = None


class PowerCap(Asked, frozen=True, tag="power-cap"):
    """Net power of the subject together in a direction: ``most_w`` throughout each window.

    Fixed load within a zone counts.
    """

    window: Window
    most_w: int
    direction: Direction = Direction.TAKE


class PowerFloor(Asked, frozen=True, tag="power-floor"):
    """Net power of the subject together in a direction: ``least_w`` throughout each window."""

    window: Window
    least_w: int
    direction: Direction = Direction.TAKE


class Comfort(Asked, frozen=True, tag="comfort"):
    """Temperatures [m°C] of a building or tank throughout each window, both ends included."""

    window: Window
    low_mc: int | None = None
    high_mc: int | None = None


class HotWater(Asked, frozen=True, tag="hot-water"):
    """``litres`` drawn at a moment, mixed to ``temperature_mc`` at the tap."""

    at: Moment
    litres: int
    temperature_mc: int


class Quiet(Asked, frozen=True, tag="quiet"):
    """The assets of the subject neither draw nor give power in each window."""

    window: Window


class Run(Asked, frozen=True, tag="run"):
    """``times`` runs of ``duration_s`` in each window.

    ``interruptible``: the work may lie apart. With ``most_cost_nano`` each run takes place only
    where its energy costs no more, at its zone's buying prices.
    """

    window: Window
    duration_s: int
    interruptible: bool = False
    times: int = 1
    most_cost_nano: int | None = None


class RunRest(Asked, frozen=True, tag="run-rest"):
    """Once on, on for ``least_run_s``; once off, off for ``least_rest_s``."""

    least_run_s: int = 0
    least_rest_s: int = 0


class Starts(Asked, frozen=True, tag="starts"):
    """At most so many starts in each window."""

    window: Window
    most: int


class Cycles(Asked, frozen=True, tag="cycles"):
    """What a battery's warranty allows, counted as energy discharged at its terminals.

    ``per_day_ppm`` of its capacity in a local day (1 000 000: one full cycle), or
    ``throughput_wh_per_year``.
    """

    per_day_ppm: int | None = None
    throughput_wh_per_year: int | None = None


class Budget(Asked, frozen=True, tag="budget"):
    """The energy that the subject takes in each window costs no more than ``most_nano``."""

    window: Window
    most_nano: int


class Headroom(Asked, frozen=True, tag="headroom"):
    """Each asset can give ``up_w`` more (or take as much less), or take ``down_w`` more.

    From any time in each window on, for ``sustained_s``.
    """

    window: Window
    up_w: int = 0
    down_w: int = 0
    sustained_s: int = 0


class Intervention(Asked, frozen=True, tag="intervention"):
    """What a person makes each asset do from one instant until another [s since the epoch].

    ``target_w`` [W] says how fast to charge or supply; None: as fast as it can.
    """

    action: Action
    begin: int
    end: int
    target_w: int | None = None


class Unavailable(Asked, frozen=True, tag="unavailable"):
    """The assets are not there, or out of order, in each window."""

    window: Window


Need: TypeAlias = (
    StateOfCharge
    | EnergyWithin
    | PowerCap
    | PowerFloor
    | Comfort
    | HotWater
    | Quiet
    | Run
    | RunRest
    | Starts
    | Cycles
    | Budget
    | Headroom
    | Intervention
    | Unavailable
)

KINDS: tuple[type[Asked], ...] = (
    StateOfCharge,
    EnergyWithin,
    PowerCap,
    PowerFloor,
    Comfort,
    HotWater,
    Quiet,
    Run,
    RunRest,
    Starts,
    Cycles,
    Budget,
    Headroom,
    Intervention,
    Unavailable,
)
"""Every kind of need, in the order in which anything is listed."""


def kind_of(need: Asked) -> str:
    """Name of a need's kind, as in its JSON."""
    return str(need.__struct_config__.tag)
