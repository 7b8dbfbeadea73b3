"""The simulated world: it answers what data sources, markets, owners and devices would.

The world keeps nothing by itself. Its state is a journalled message, so a run that was killed
goes on from its journal, and every answer is a function of state, request and seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.forecasting.messages import HistoryLoaded, HistoryRequested
from gridpact.kernel.messages import Message
from gridpact.kernel.rooms import Room, Step
from gridpact.market.messages import PricesMissing, PricesPublished, PricesRequested
from gridpact.metering.messages import BoundaryRead, DayClosed, ReadingsReceived
from gridpact.registry.model import Community
from gridpact.scheduling.activation.messages import ActivationRequested
from gridpact.scheduling.messages import (
    DispatchIssued,
    NeedsRequested,
    TelemetryReceived,
)
from gridpact.settlement.messages import ImbalancePublished
from gridpact.simulation import devices, faults, owners
from gridpact.simulation.calls import due_calls
from gridpact.simulation.messages import Withheld, WorldAdvanced
from gridpact.simulation.papers import Papers
from gridpact.simulation.truth import Behaviour, Truth


class Sight(NamedTuple):
    """The truth of one local day, looked up once and read slot by slot.

    ``known`` [members, slots] tells where a member's own use and all its plants have data.
    """

    slots: Slots
    load_wh: Ints
    known: Bools
    pv_wh: Ints
    behaviour: Behaviour


class Script(NamedTuple):
    """Activations that the grid asks for on the way, and what is signed and decided."""

    calls: tuple[ActivationRequested, ...] = ()
    papers: Papers = Papers()


ASKED = (HistoryRequested, PricesRequested, NeedsRequested, DispatchIssued, DayClosed)
"""The messages that the world answers."""


def _advanced(state: WorldAdvanced, message: WorldAdvanced, now: int) -> Step[WorldAdvanced]:
    """Take the world to be as the message says."""
    return message, []


def _silent(state: WorldAdvanced, message: Message) -> Sequence[Message]:
    raise RuntimeError(f"a replay has no world to ask: {message}")


def resting_world(community: Community) -> Room[WorldAdvanced]:
    """Return the world's room for a replay: it takes the recorded answers and gives none."""
    runs = np.zeros(len(community.runs.ids), np.int64)
    start = WorldAdvanced(
        slot=0,
        state_wh=community.storage.opening_wh,
        unmet_wh=np.zeros(len(community.storage.ids), np.int64),
        run_left=runs,
        run_day=runs,
        withheld=(),
    )
    return Room("world", start, {WorldAdvanced: _advanced}, dict.fromkeys(ASKED, _silent))


class World:
    """Effects of a simulated run. ``reserve_wh`` [assets] is what discharging must leave.

    ``script`` is what others ask for on the way.
    """

    def __init__(
        self,
        community: Community,
        truth: Truth,
        seed: int,
        rates: faults.Rates,
        reserve_wh: Ints,
        script: Script | None = None,
    ) -> None:
        self._community, self._truth, self._seed, self._rates = community, truth, seed, rates
        self._reserve, self._script = reserve_wh, script or Script()
        self._battery = np.array([kind == "battery" for kind in community.storage.kind], np.bool_)
        self._within = _zone_incidence(community)
        self._sight: Sight | None = None

    def room(self) -> Room[WorldAdvanced]:
        """Return the room for the loop; its state is the last :class:`WorldAdvanced`."""
        resting = resting_world(self._community)
        answers = (self.history, self.prices, self.needs, self.dispatched, self.imbalance)
        return Room(
            resting.name,
            resting.state,
            resting.handlers,
            dict(zip(ASKED, answers, strict=True)),
        )

    def history(self, state: WorldAdvanced, message: HistoryRequested) -> Sequence[Message]:
        """Effect: what was measured before the run, and what is signed as it begins."""
        load, load_known = self._truth.load_wh(message.slots)
        pv, pv_known = self._truth.pv_wh(message.slots)
        return [
            HistoryLoaded(
                slots=message.slots,
                load_wh=load,
                load_known=load_known,
                pv_wh=pv,
                pv_known=pv_known,
            ),
            *self._script.papers.signed(message.slots.step, self._seed),
        ]

    def prices(self, state: WorldAdvanced, message: PricesRequested) -> Sequence[Message]:
        """Effect: the main market's prices of a day, or why there are none."""
        spot, known = self._truth.spot(message.slots)
        if not known.all():
            missing = int((~known).sum())
            reason = f"{missing} of {message.slots.count} slots have no price in the data"
            return [PricesMissing(day=message.day, reason=reason)]
        return [PricesPublished(day=message.day, slots=message.slots, spot_micro_per_kwh=spot)]

    def imbalance(self, state: WorldAdvanced, message: DayClosed) -> Sequence[Message]:
        """Effect: imbalance prices, known only after the day."""
        spread = self._truth.spread(message.slots)
        return [
            ImbalancePublished(day=message.day, slots=message.slots, spread_micro_per_kwh=spread)
        ]

    def needs(self, state: WorldAdvanced, message: NeedsRequested) -> Sequence[Message]:
        """Effect: owners say what they need."""
        expected = self._truth.expected(message.window)
        run_day = state.run_day
        return [owners.needs(self._community, expected, message, run_day, self._reserve)]

    def dispatched(self, state: WorldAdvanced, message: DispatchIssued) -> Sequence[Message]:
        """Effect: devices live through the slot; meters and boundaries are read at its end."""
        sight, place = self._look(message.slot)
        heard = self._heard(message.slot)
        moved, refused = self._storage(state, message, sight.behaviour, place)
        run_on = self._runs(state, message)
        run_wh = self._community.runs.power_w * message.step // 3600 * run_on
        made = devices.curtailed(
            sight.pv_wh[:, place], self._community.pv.member, message.curtail_wh
        )
        net = self._net(sight.load_wh[:, place], moved, run_wh, made)
        readings, withheld = self._read(state, message.slot, net, sight.known[:, place])
        advanced = WorldAdvanced(
            slot=message.slot,
            state_wh=moved.state_wh,
            unmet_wh=moved.unmet_wh,
            run_left=np.maximum(self._run_left(state, message) - 1, 0),
            run_day=self._run_day(state, message),
            withheld=withheld,
        )
        telemetry = TelemetryReceived(
            slot=message.slot,
            step=message.step,
            charge_wh=np.where(heard, moved.charge_wh, 0),
            discharge_wh=np.where(heard, moved.discharge_wh, 0),
            state_wh=np.where(heard, moved.state_wh, 0),
            pv_wh=made,
            run_wh=run_wh,
            refused=refused & heard,
            reported=msgspec.UNSET if heard.all() else heard,
            there=self._there(sight.behaviour.there[:, place]),
        )
        asked = [
            *due_calls(self._script.calls, message.slot, message.step),
            *self._script.papers.decided(message.slot, message.step),
        ]
        return [advanced, telemetry, self._boundary(message.slot, net), *readings, *asked]

    def _look(self, slot: int) -> tuple[Sight, int]:
        if self._sight is None or not self._sight.slots.start <= slot < self._sight.slots.end:
            calendar = self._community.calendar
            slots = calendar.day(calendar.date_of(slot))
            load, load_known = self._truth.load_wh(slots)
            pv, pv_known = self._truth.pv_wh(slots)
            known = load_known.copy()
            # what a plant without data made is unknown, and so is what its member's meter read
            np.logical_and.at(known, self._community.pv.member, pv_known)
            self._sight = Sight(slots, load, known, pv, self._truth.behaviour(slots))
        return self._sight, self._sight.slots.index(slot)

    def _storage(
        self, state: WorldAdvanced, message: DispatchIssued, behaviour: Behaviour, place: int
    ) -> tuple[devices.Moved, Bools]:
        storage, step = self._community.storage, message.step
        there = behaviour.there[:, place]
        physics = devices.Physics(
            np.where(there, storage.charge_w * step // 3600, 0),
            np.where(there, storage.discharge_w * step // 3600, 0),
            storage.capacity_wh,
            self._reserve,
            behaviour.draw_wh[:, place],
            storage.efficiency_in,
            storage.efficiency_out,
            storage.kept_per_hour ** (step / 3600),
        )
        count = len(storage.ids)
        refused = faults.refusals(self._seed, message.slot, count, self._rates)
        error = faults.errors(self._seed, message.slot, count, self._rates)
        own_charge, own_discharge = devices.alone(self._battery, state.state_wh, physics)
        stubborn = refused | message.autonomous | ~self._heard(message.slot)
        charge = np.where(stubborn, own_charge, devices.drifted(message.charge_wh, error))
        discharge = np.where(stubborn, own_discharge, devices.drifted(message.discharge_wh, error))
        return devices.move(state.state_wh, charge, discharge, physics), refused

    def _heard(self, slot: int) -> Bools:
        """Assets that are not out of reach in a slot."""
        ids, calendar = self._community.storage.ids, self._community.calendar
        silent = faults.silences(self._seed, slot, len(ids), self._rates)
        second = int(calendar.seconds_of_day(Slots(slot, calendar.step, 1))[0])
        return ~(silent | faults.losses(ids, second, self._rates))

    def _there(self, there: Bools) -> Bools | msgspec.UnsetType:
        """What is connected; reported where schedules can be made anew on it."""
        rolling = not isinstance(self._community.operation, msgspec.UnsetType)
        return there if rolling else msgspec.UNSET

    def _run_left(self, state: WorldAdvanced, message: DispatchIssued) -> Ints:
        """Slots that appliances have yet to run, with those that start now."""
        length = -(-self._community.runs.duration_s // message.step)
        return np.where(message.run_start, length, state.run_left)

    def _runs(self, state: WorldAdvanced, message: DispatchIssued) -> Ints:
        return (self._run_left(state, message) > 0).astype(np.int64)

    def _run_day(self, state: WorldAdvanced, message: DispatchIssued) -> Ints:
        today = self._community.calendar.date_of(message.slot).toordinal()
        return np.where(message.run_start, today, state.run_day)

    def _net(self, load_wh: Ints, moved: devices.Moved, run_wh: Ints, made_wh: Ints) -> Ints:
        """Net withdrawal at every metering point [members]."""
        net = load_wh.copy()
        np.add.at(net, self._community.storage.member, moved.charge_wh - moved.discharge_wh)
        np.add.at(net, self._community.runs.member, run_wh)
        np.subtract.at(net, self._community.pv.member, made_wh)
        return net

    def _boundary(self, slot: int, net: Ints) -> BoundaryRead:
        flow = self._within @ net
        return BoundaryRead(
            slot=slot, import_wh=np.maximum(flow, 0), export_wh=np.maximum(-flow, 0)
        )

    def _read(
        self, state: WorldAdvanced, slot: int, net: Ints, known: Bools
    ) -> tuple[list[ReadingsReceived], tuple[Withheld, ...]]:
        """Readings that arrive when the slot ends, late ones of earlier slots among them."""
        step = self._community.step_s
        missing, late = faults.meters(self._seed, slot, net.size, self._rates)
        withdrawal, injection = np.maximum(net, 0), np.maximum(-net, 0)
        sent = ReadingsReceived(
            slot=slot,
            withdrawal_wh=withdrawal,
            injection_wh=injection,
            present=known & ~missing & ~late,
        )
        held = list(state.withheld)
        if (late & known).any():
            due = slot + step * (1 + self._rates.late_slots)
            held.append(Withheld(slot, due, withdrawal, injection, late & known))
        arrived = [item for item in held if item.due <= slot + step]
        return [sent, *map(_delivered, arrived)], tuple(i for i in held if i.due > slot + step)


def _delivered(item: Withheld) -> ReadingsReceived:
    return ReadingsReceived(
        slot=item.slot,
        withdrawal_wh=item.withdrawal_wh,
        injection_wh=item.injection_wh,
        present=item.meters,
    )


def _zone_incidence(community: Community) -> Ints:
    """1 where a member is in a zone or in one below it, [zones, members]."""
    zones, members = community.zones, community.members
    within = np.zeros((len(zones.ids), len(members.ids)), np.int64)
    for zone in range(len(zones.ids)):
        above = zone
        while above >= 0:
            within[above] |= members.zone == zone
            above = int(zones.parent[above])
    return within
