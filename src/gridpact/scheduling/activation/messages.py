"""Messages of activations: what the grid asks of zones, and who gives it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase


class ActivationRequested(Message, frozen=True, kw_only=True, tag="activation-requested"):
    """``by`` asks zones to change their power from ``begin`` [s since the epoch] for ``lasts_s``.

    ``power_w`` is positive for up: less withdrawal or more feed-in; negative for down. ``rule`` is
    a :class:`~gridpact.scheduling.activation.split.Rule`.
    """

    phase: ClassVar[Phase] = Phase.READING
    by: str
    zones: tuple[str, ...]
    power_w: int
    begin: int
    lasts_s: int
    rule: str = "merit-order"


class ActivationIssued(
    Message, frozen=True, kw_only=True, omit_defaults=True, tag="activation-issued"
):
    """Who gives what in every slot of ``window``, and the set-points in force for it from now on.

    Energies are Wh of one slot: ``asked_wh``, of which ``missing_wh`` is more than all could give;
    ``given_wh`` [assets] by storage and ``solar_wh`` [members] by plants, never negative, in the
    direction of ``power_w``. Set-points are ``charge_wh`` and ``discharge_wh`` [assets, slots] and
    ``curtail_wh`` [members, slots]. ``marginal_micro_per_kwh`` is the price of the dearest that
    had to give, None where nobody had to or all share; ``cost_nano`` the cost of a slot [nano-¤].

    Where others step in for storage that gave in ``activation-3`` and is lost, ``id`` is
    ``activation-3.1`` and so on, and ``instead_of`` names what is lost: all else is about what is
    given instead of it.
    """

    phase: ClassVar[Phase] = Phase.READING
    id: str
    by: str
    zones: tuple[str, ...]
    power_w: int
    rule: str
    window: Slots
    asked_wh: int
    missing_wh: int
    given_wh: Ints
    solar_wh: Ints
    marginal_micro_per_kwh: int | None
    cost_nano: int
    charge_wh: Ints
    discharge_wh: Ints
    curtail_wh: Ints
    instead_of: tuple[str, ...] = ()


class ActivationFault(msgspec.Struct, frozen=True):
    """One thing for which an activation is refused: the field, what is wrong, how to mend it."""

    where: str
    problem: str
    fix: str


class ActivationRefused(Message, frozen=True, kw_only=True, tag="activation-refused"):
    """Nothing was activated; every schedule in force stays as it was."""

    phase: ClassVar[Phase] = Phase.READING
    by: str
    zones: tuple[str, ...]
    begin: int
    faults: tuple[ActivationFault, ...]
