"""A scenario put on stage: the truth that the simulated world lives in."""

from __future__ import annotations

from datetime import date

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots, iso
from gridpact.base.units import Bools, Floats, Ints
from gridpact.registry.model import Community
from gridpact.simulation.calls import calls
from gridpact.simulation.cars import arrival_draw_wh, departure_target_wh, plugged_slots
from gridpact.simulation.garage import Garage
from gridpact.simulation.heat import (
    building_need_wh,
    expected_building_wh,
    expected_tank_wh,
    tank_draw_wh,
)
from gridpact.simulation.homes import Household, household_load_wh
from gridpact.simulation.papers import Papers
from gridpact.simulation.prices import day_ahead_price, imbalance_spread
from gridpact.simulation.scenarios.data import Data, read, window
from gridpact.simulation.scenarios.model import ColumnRef, Scenario
from gridpact.simulation.scenarios.specs import Specs, specs
from gridpact.simulation.solar import Plants, Sky, pv_energy_wh
from gridpact.simulation.truth import Behaviour
from gridpact.simulation.weather import Site, air_temperature
from gridpact.simulation.windows import QUARTER_S, day_quarters, utc_days
from gridpact.simulation.world import Script, World

SPREAD_MICRO_PER_KWH = 30_000
"""Standard deviation of the imbalance price around the day-ahead price."""


class Stage:
    """The truth of one scenario; implements :class:`gridpact.simulation.truth.Truth`."""

    def __init__(self, scenario: Scenario, community: Community, seed: int) -> None:
        self._seed, self._community = seed, community
        self._calendar: Calendar = community.calendar
        self._specs: Specs = specs(scenario)
        place = scenario.place
        self._site = Site(place.latitude, place.longitude, place.altitude_m)
        self._data: Data = read(scenario)
        storage = self._specs.storage
        self._garage = Garage(community.storage, storage, self._data, self._calendar, seed)
        homes, plants = self._specs.homes, self._specs.plants
        self._made_up_homes = np.flatnonzero(homes.annual_wh > 0)
        self._household = Household(seed, homes.annual_wh[self._made_up_homes] / 1000)
        self._made_up_plants = np.flatnonzero([data is None for data in plants.data])
        self._heat = self._rows("heat_pump")
        self._tanks = self._rows("tank")
        self._loss = self._loss_w_per_k(scenario.run.first_day)

    def _rows(self, kind: str) -> Ints:
        return np.flatnonzero([each == kind for each in self._community.storage.kind])

    def _loss_w_per_k(self, first_day: date) -> Floats:
        """Heat loss of each building that needs its stated energy in a year."""
        annual = self._specs.storage.annual_wh[self._heat]
        if not annual.size:
            return np.zeros(0)
        start = self._calendar.midnight(first_day) // 21600 * 21600
        year = Slots(start, 21600, 365 * 4)
        climate = air_temperature(self._seed, self._site, year)
        one = expected_building_wh(np.array([1000.0]), climate, year.step)
        return np.asarray(annual * 1000.0 / max(int(one.sum()), 1))

    def _temperature(self, slots: Slots) -> Floats:
        """Air temperature [°C]; where data have none, the made-up one."""
        made_up = air_temperature(self._seed, self._site, slots)
        ref = self._specs.weather.temperature
        if ref is None:
            return made_up
        measured, known = self._data.level(ref, slots)
        return np.where(known, measured, made_up)

    def _quarter_temperature(self, slots: Slots) -> Floats | None:
        """Air temperature in the quarter-hours of the UTC days of ``slots``; None if made up."""
        if self._specs.weather.temperature is None:
            return None
        measured = self._in_quarters(self._specs.weather.temperature, slots)
        made_up = air_temperature(self._seed, self._site, day_quarters(utc_days(slots)))
        return np.where(np.isnan(measured), made_up, measured)

    def _in_quarters(self, ref: ColumnRef | None, slots: Slots) -> Floats:
        """A measured level in the quarter-hours of the UTC days of ``slots``, NaN where unknown."""
        quarters, step = day_quarters(utc_days(slots)), slots.step
        if ref is None:
            return np.full(quarters.count, np.nan)
        own = Slots(quarters.start, step, (quarters.end - quarters.start) // step)
        level, known = self._data.level(ref, own)
        level = np.where(known, level, np.nan)
        if step >= QUARTER_S:
            return np.repeat(level, step // QUARTER_S)
        return np.asarray(level.reshape(-1, QUARTER_S // step).mean(axis=1))

    def _sky(self, slots: Slots) -> Sky | None:
        """Measured sun and temperature for made-up plants, None where all of it is made up."""
        weather = self._specs.weather
        if weather.irradiance is None and weather.temperature is None:
            return None
        irradiance, temperature = (
            self._in_quarters(ref, slots) for ref in (weather.irradiance, weather.temperature)
        )
        return Sky(irradiance, temperature)

    def load_wh(self, slots: Slots) -> tuple[Ints, Bools]:
        """Inflexible load [members, slots] in Wh, and where it is known."""
        shape = (len(self._community.members.ids), slots.count)
        load, known = np.zeros(shape, np.int64), np.ones(shape, np.bool_)
        if self._made_up_homes.size:
            load[self._made_up_homes] = household_load_wh(
                self._seed, self._household, self._calendar, slots
            )
        self._from_files(self._specs.homes.data, slots, load, known)
        return load, known

    def pv_wh(self, slots: Slots) -> tuple[Ints, Bools]:
        """Solar energy [plants, slots] in Wh, and where it is known."""
        plants, rows = self._specs.plants, self._made_up_plants
        shape = (len(self._community.pv.ids), slots.count)
        made, known = np.zeros(shape, np.int64), np.ones(shape, np.bool_)
        if rows.size:
            roofs = Plants(self._community.pv.peak_w[rows], plants.tilt[rows], plants.azimuth[rows])
            made[rows] = pv_energy_wh(self._seed, self._site, roofs, slots, self._sky(slots))
        self._from_files(plants.data, slots, made, known)
        return made, known

    def _from_files(
        self, refs: tuple[ColumnRef | None, ...], slots: Slots, values: Ints, known: Bools
    ) -> None:
        for row, ref in enumerate(refs):
            if ref is not None:
                values[row], known[row] = self._data.whole(ref, slots)

    def spot(self, slots: Slots) -> tuple[Ints, Bools]:
        """Main-market price [slots] in µ¤/kWh, and where there is one."""
        prices = self._specs.prices
        if prices.data is not None:
            return self._data.whole(prices.data, slots)
        made_up = day_ahead_price(self._seed, prices.mean_micro_per_kwh, self._calendar, slots)
        return made_up, np.ones(slots.count, np.bool_)

    def spread(self, slots: Slots) -> Ints:
        """Imbalance price less spot price [slots] in µ¤/kWh."""
        return imbalance_spread(self._seed, SPREAD_MICRO_PER_KWH, slots)

    def behaviour(self, slots: Slots) -> Behaviour:
        """What owners really do with what stores energy."""
        there, draw, need = self._cars(slots, stated=False)
        if self._heat.size:
            measured = self._quarter_temperature(slots)
            draw[self._heat] = building_need_wh(self._seed, self._site, self._loss, slots, measured)
        if self._tanks.size:
            draw[self._tanks] = tank_draw_wh(self._seed, self._daily_wh(), self._calendar, slots)
        return Behaviour(there, draw, need)

    def expected(self, slots: Slots) -> Behaviour:
        """What owners say beforehand: their hours and targets, mean heat and hot water."""
        there, draw, need = self._cars(slots, stated=True)
        if self._heat.size:
            temperature = self._temperature(slots)
            draw[self._heat] = expected_building_wh(self._loss, temperature, slots.step)
        if self._tanks.size:
            draw[self._tanks] = expected_tank_wh(self._daily_wh(), self._calendar, slots)
        return Behaviour(there, draw, need)

    def _daily_wh(self) -> Ints:
        return self._specs.storage.annual_wh[self._tanks] // 365

    def _cars(self, slots: Slots, *, stated: bool) -> tuple[Bools, Ints, Ints]:
        """Presence, draws and targets of all storage rows; what is no car is always there."""
        count = len(self._community.storage.ids)
        sessions = self._garage.sessions(slots, stated=stated)
        plugged = plugged_slots(sessions, count, slots)
        car = np.array([kind == "car" for kind in self._community.storage.kind], np.bool_)
        there = plugged | ~car[:, None]
        target = self._specs.storage.target_wh
        return (
            there,
            arrival_draw_wh(sessions, count, slots),
            departure_target_wh(sessions, target, slots),
        )


def world(scenario: Scenario, community: Community, seed: int) -> World:
    """Return the simulated world of a scenario.

    Raises :class:`BadInput` where data lack a price for a day that is to be settled: no
    statement may guess one; and where a device is to be lost that there is not.
    """
    found = specs(scenario)
    stage = Stage(scenario, community, seed)
    slots = window(scenario)
    _, known = stage.spot(slots)
    faults = [] if known.all() else [_priceless(scenario, slots, known)]
    faults += _unknown(scenario, community)
    if faults:
        raise BadInput(faults)
    return World(
        community,
        stage,
        seed,
        scenario.faults,
        found.storage.reserve_wh,
        Script(calls(scenario.activations), Papers(scenario.agreements, slots.start)),
    )


def _priceless(scenario: Scenario, slots: Slots, known: Bools) -> Fault:
    missing = slots.starts()[~known]
    ref = scenario.prices.data
    named = {source.name: source.mapping.file for source in scenario.series}
    file = named.get(ref.source, scenario.file) if ref else scenario.file
    problem = f"{missing.size} slots of the run have no price, the first at {iso(int(missing[0]))}"
    return Fault(file, 0, "prices", problem, "complete the file, or run other days")


def _unknown(scenario: Scenario, community: Community) -> list[Fault]:
    """Name lost devices that the community does not have."""
    ids = community.storage.ids
    some = ", ".join(ids[:8])
    fix = f"name one that stores, such as {some}" if ids else "no device stores here: remove it"
    return [
        Fault(scenario.file, 0, f"faults.lost[{place}].asset", f"there is no {one.asset!r}", fix)
        for place, one in enumerate(scenario.faults.lost)
        if one.asset not in ids
    ]
