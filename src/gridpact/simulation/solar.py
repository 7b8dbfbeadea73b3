"""Photovoltaic energy: clear sky, tilted planes, clouds, and the PVWatts conversion, by pvlib."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.simulation.weather import YEAR_D, Site, air_temperature, clear_sky_index
from gridpact.simulation.windows import DAY_S, QUARTER_S, day_quarters, energy_on, utc_days

_LINKE_TURBIDITY = 3.0  # a clean temperate sky
_ALBEDO = 0.2
_LOSSES = 0.14  # PVWatts' default for soiling, wiring, mismatch and the rest
_POWER_PER_K = -0.0037
_DELTA_T_S = 69.2  # terrestrial minus universal time; a second of it moves the sun by nothing


@dataclass(frozen=True)
class Plants:
    """Plants, shape [plants]: peak [W], tilt from horizontal and azimuth from north [degrees]."""

    peak_w: Ints
    tilt_deg: Floats
    azimuth_deg: Floats


def draw_plants(seed: int, peak_w: Ints, latitude: float) -> Plants:
    """Roofs of common pitch that look roughly towards the equator; ``peak_w`` [plants]."""
    draw = stream(seed, "roofs")
    tilt = draw.uniform(15, 45, len(peak_w))
    towards = 180.0 if latitude >= 0 else 0.0
    return Plants(peak_w, tilt, (towards + draw.normal(0, 35, len(peak_w))) % 360)


class Sky(NamedTuple):
    """Measured weather in the quarter-hours of the UTC days of a window, NaN where unknown.

    Global horizontal irradiance [W/m²] and air temperature [°C], shape [quarters].
    """

    ghi: Floats
    air_c: Floats


def pv_energy_wh(
    seed: int, site: Site, plants: Plants, slots: Slots, sky: Sky | None = None
) -> Ints:
    """Energy fed by each plant [plants, slots] in Wh, the same in every window.

    Where ``sky`` knows the irradiance, its ratio to a cloudless sky's takes the place of the
    made-up clouds; likewise its temperature.
    """
    days = utc_days(slots)
    quarters = day_quarters(days)
    rows = [stream(seed, "plants", day).normal(1, 0.03, (len(plants.peak_w), 24)) for day in days]
    if not rows:
        return np.zeros((len(plants.peak_w), 0), dtype=np.int64)
    own = np.repeat(np.clip(np.concatenate(rows, axis=1), 0.85, 1.15), 4, axis=1)
    index, air = clear_sky_index(seed, quarters), air_temperature(seed, site, quarters)
    if sky is not None:
        index = np.where(np.isnan(sky.ghi), index, _measured_index(site, quarters, sky.ghi))
        air = np.where(np.isnan(sky.air_c), air, sky.air_c)
    return energy_on(_quarter_energy(site, plants, quarters, (index * own, air)), slots)


def _measured_index(site: Site, quarters: Slots, ghi: Floats) -> Floats:
    """Irradiance over that of a cloudless sky, at most 1.2; 0 at night. Shape [quarters]."""
    day, light = _sun(site, quarters)
    index = np.zeros(quarters.count)
    index[day] = np.clip(ghi[day] / np.maximum(light["ghi"], 1.0), 0.0, 1.2)
    return index


def clear_sky_energy_wh(site: Site, plants: Plants, slots: Slots) -> Ints:
    """Energy [plants, slots] in Wh under a cloudless sky at 15 °C: a bound for forecasts."""
    quarters = day_quarters(utc_days(slots))
    if not quarters.count:
        return np.zeros((len(plants.peak_w), 0), dtype=np.int64)
    fine = np.ones((len(plants.peak_w), quarters.count)), np.full(quarters.count, 15.0)
    return energy_on(_quarter_energy(site, plants, quarters, fine), slots)


def _quarter_energy(
    site: Site, plants: Plants, quarters: Slots, sky: tuple[Floats, Floats]
) -> Ints:
    """Energy per quarter-hour [plants, quarters]; ``sky`` is index [plants, …] and air [°C]."""
    day, light = _sun(site, quarters)
    index, air = sky
    irradiance = _plane_of_array(plants, light) * index[:, day]
    energy = np.zeros(index.shape, dtype=np.int64)
    energy[:, day] = np.rint(_ac_power(plants, irradiance, air[day]) * QUARTER_S / 3600)
    return energy


def _sun(site: Site, quarters: Slots) -> tuple[Ints, dict[str, Floats]]:
    """Quarter-hours whose middle has the sun up, and there: degrees and clear-sky W/m².

    Position: Reda and Andreas 2004 (SPA). Clear sky: Ineichen and Perez 2002 with a fixed Linke
    turbidity. Airmass: Kasten and Young 1989.
    """
    from pvlib import atmosphere, clearsky, irradiance, spa

    middle = quarters.starts() + QUARTER_S / 2
    pressure = atmosphere.alt2pres(site.altitude_m)
    where = (site.latitude, site.longitude, site.altitude_m)
    zenith, _, _, _, azimuth, _ = spa.solar_position(
        middle, *where, pressure / 100, 12.0, _DELTA_T_S, 0.5667
    )
    day = np.flatnonzero(zenith < 89.5)
    relative = atmosphere.get_relative_airmass(zenith[day], "kastenyoung1989")
    airmass = atmosphere.get_absolute_airmass(relative, pressure)
    of_year = middle[day] / DAY_S % YEAR_D + 1
    extra = irradiance.get_extra_radiation(of_year, method="asce")
    sky = clearsky.ineichen(
        zenith[day], airmass, _LINKE_TURBIDITY, site.altitude_m, dni_extra=extra
    )
    return day, {"zenith": zenith[day], "azimuth": azimuth[day], **sky}


def _plane_of_array(plants: Plants, light: dict[str, Floats]) -> Floats:
    """Irradiance on the tilted plane [W/m²], shape [plants, quarters]; isotropic sky."""
    from pvlib import irradiance

    tilt, azimuth = plants.tilt_deg[:, None], plants.azimuth_deg[:, None]
    facing = irradiance.aoi_projection(tilt, azimuth, light["zenith"], light["azimuth"])
    sky = irradiance.isotropic(tilt, light["dhi"])
    ground = irradiance.get_ground_diffuse(tilt, light["ghi"], _ALBEDO)
    return np.asarray(np.maximum(facing, 0) * light["dni"] + sky + ground)


def _ac_power(plants: Plants, irradiance: Floats, air_c: Floats) -> Floats:
    """AC power [W]: Faiman 2008 cell temperature, then PVWatts (Dobos 2014) DC and inverter.

    The inverter is as large as the plant's peak.
    """
    from pvlib import inverter, pvsystem, temperature

    peak = plants.peak_w[:, None].astype(np.float64)
    cell = temperature.faiman(irradiance, air_c)
    direct = pvsystem.pvwatts_dc(irradiance, cell, peak, _POWER_PER_K) * (1 - _LOSSES)
    return np.asarray(np.maximum(inverter.pvwatts(direct, peak / 0.96), 0.0))
