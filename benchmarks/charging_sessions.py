"""Charging sessions of one site, what is known of prices when, and what a way of charging comes to.

A session is a car that arrives, leaves and asks for energy; all share the limit of the site.
Energies are Wh, powers W, prices µ¤/kWh; slots are quarters of an hour from midnight on the clock
of the site. Schedules are [sessions, slots].
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints

STEP_S = 900
HOURS = STEP_S / 3600
DAY = 96
PUBLISHED = 13 * 4
"""Slot of a day from which the prices of the next one are known: the auction ends before one."""
EARLIER = 1.0
"""What a slot later costs [µ¤/kWh], so that of two slots of one price the earlier is taken."""
SHORT_WH = 50.0
"""A session that misses more counts as short."""
ROUNDING_WH = 1.0
"""What is beyond a limit by less counts as kept."""
CLOCK = ZoneInfo("Europe/Oslo")
SESSIONS, PRICES = (
    "ev_sessions_trondheim_residential.parquet",
    "price_dayahead_smard_2019_1h.parquet",
)
FOLDER = Path(os.environ.get("GRIDPACT_DATA", Path(__file__).parents[2] / "shared" / "data"))


class Sessions(msgspec.Struct, frozen=True):
    """Cars that are there in slots ``arrive ≤ slot < leave`` [sessions] and ask for ``energy_wh``.

    Each takes no more than ``power_w``, and never asks for more than it can take while it is there.
    """

    arrive: Ints
    leave: Ints
    energy_wh: Ints
    power_w: int

    @property
    def slots(self) -> int:
        """Slots until the last car has left."""
        return int(self.leave.max(initial=0))

    def from_day(self, first: int, days: int) -> Sessions:
        """Those that arrive on some days, counted from the first of these."""
        kept = (self.arrive >= first * DAY) & (self.arrive < (first + days) * DAY)
        shift = first * DAY
        return Sessions(
            self.arrive[kept] - shift, self.leave[kept] - shift, self.energy_wh[kept], self.power_w
        )


class Outlook(msgspec.Struct, frozen=True):
    """Day-ahead prices [slots] µ¤/kWh, and what of them is known at which time."""

    price: Floats

    def seen(self, now: int, length: int) -> Floats:
        """Prices to plan with from slot ``now`` on [length] µ¤/kWh.

        Known are those of the day, and of the next one after the auction; later days are taken to
        be as the last that is known.
        """
        known = DAY * (now // DAY + 1 + (now % DAY >= PUBLISHED))
        slot = np.arange(now, now + length)
        slot = np.where(slot < known, slot, known - DAY + (slot - known) % DAY)
        return self.price[slot] + EARLIER * np.arange(length)

    def foreseen(self, length: int) -> Floats:
        """All prices from the first slot on [length], as :meth:`seen` with nothing unknown."""
        return self.price[:length] + EARLIER * np.arange(length)


class Figures(msgspec.Struct, frozen=True):
    """What a way of charging comes to; ``broken_wh`` is what it takes beyond any limit."""

    delivered_wh: float
    asked_wh: float
    short: int
    peak_w: float
    cost: float
    broken_wh: float


def judged(sessions: Sessions, limit_w: float, price: Floats, energy_wh: Floats) -> Figures:
    """Sum up a schedule, and hold it against the limits of cars and site.

    Cost is in currency units, at the prices that came true.
    """
    slot, total = np.arange(energy_wh.shape[1]), energy_wh.sum(axis=1)
    there = (slot >= sessions.arrive[:, None]) & (slot < sessions.leave[:, None])
    most = np.where(there, sessions.power_w * HOURS, 0.0)
    beyond = (
        np.maximum(energy_wh - most, -energy_wh).ravel(),
        total - sessions.energy_wh,
        energy_wh.sum(axis=0) - limit_w * HOURS,
    )
    return Figures(
        delivered_wh=float(total.sum()),
        asked_wh=float(sessions.energy_wh.sum()),
        short=int(np.sum(sessions.energy_wh - total > SHORT_WH)),
        peak_w=float(energy_wh.sum(axis=0).max() / HOURS),
        cost=float(energy_wh.sum(axis=0) @ price[: len(slot)] * 1e-9),
        broken_wh=sum(float(over[over > ROUNDING_WH].sum()) for over in beyond),
    )


def stations(sessions: Sessions) -> Ints:
    """A charging point for each session [sessions], as few as it takes: the first that is free."""
    order = np.argsort(sessions.arrive, kind="stable")
    free: list[int] = []
    chosen = np.zeros(len(order), np.int64)
    for row in order.tolist():
        at = next((n for n, end in enumerate(free) if end <= sessions.arrive[row]), len(free))
        free[at : at + 1] = [int(sessions.leave[row])]
        chosen[row] = at
    return chosen


def missing_data() -> str | None:
    """Say what data is missing and how to have it; None where all is there."""
    lacking = [name for name in (SESSIONS, PRICES) if not (FOLDER / name).is_file()]
    if not lacking:
        return None
    return f"no {' and no '.join(lacking)} in {FOLDER}: set GRIDPACT_DATA to a folder with them"


def measured(begin: datetime, power_w: int) -> Sessions:
    """Sessions of all garages of the Trondheim data (Sørensen et al. 2021) from ``begin`` on.

    ``begin`` is a midnight at the site. A car counts as there in slots in which it is plugged in
    all along; a session that has no such slot is left out, and what cannot be had at ``power_w``
    is not asked for.
    """
    import polars as pl

    table = pl.read_parquet(FOLDER / SESSIONS).sort("plugin_local", "session_ID")
    midnight = begin.astimezone(CLOCK).replace(tzinfo=None)
    came, went = (
        (table[name] - midnight).dt.total_seconds().to_numpy() / STEP_S
        for name in ("plugin_local", "plugout_local")
    )
    arrive, leave = np.ceil(came).astype(np.int64), np.floor(went).astype(np.int64)
    asked = np.rint(table["energy_kwh"].to_numpy() * 1000).astype(np.int64)
    most = (power_w * HOURS * (leave - arrive)).astype(np.int64)
    kept = (arrive >= 0) & (leave > arrive) & (asked > 0)
    return Sessions(arrive[kept], leave[kept], np.minimum(asked, most)[kept], power_w)


def day_ahead(column: str, begin: datetime, slots: int) -> Outlook:
    """Day-ahead prices of a bidding zone (SMARD.de) from ``begin`` on, spread over slots."""
    import polars as pl

    table = pl.read_parquet(FOLDER / PRICES)
    end = begin.astimezone(UTC) + timedelta(seconds=slots * STEP_S)
    time = pl.col("timestamp_utc")
    within = table.filter(time >= begin.astimezone(UTC), time < end).sort("timestamp_utc")
    hourly = within[column].to_numpy().astype(np.float64) * 1000
    return Outlook(np.repeat(hourly, 3600 // STEP_S)[:slots])
