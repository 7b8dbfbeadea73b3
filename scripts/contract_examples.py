"""Write the data tables of the example contracts, by the arithmetic that this file is.

Nothing is random and nothing is measured: each series is a short formula of the local hour and
the number of the day, so that a reader can check any cell by hand. ``--check`` changes nothing and
fails where a table is not what the formulas give.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints
from gridpact.contracts.evaluate import World
from gridpact.contracts.tables import write_world

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "contracts"
BERLIN = "Europe/Berlin"
DAY_S, HOUR_S, QUARTER_S = 86_400, 3_600, 900
JUNE = 1_780_264_800
"""2026-05-31T22:00Z, when June 2026 begins in Berlin."""
PATHS = 160
UNITS = {
    "baseline@high-5-of-10.v1": "Wh",
    "index:gas": "micro/kWh",
    "metered:generation": "Wh",
    "metered:load": "Wh",
    "metered:withdrawal": "Wh",
    "spot": "micro/kWh",
    "temperature:berlin": "mK",
    "temperature:roof": "mK",
}


def hours(slots: Slots) -> Ints:
    """Local hour of the day at which each slot begins, 0 to 23."""
    return Calendar(BERLIN, slots.step).seconds_of_day(slots) // HOUR_S


def days(slots: Slots) -> Ints:
    """Number of each slot's local day, 0 for the first of June 2026, a Monday."""
    return Calendar(BERLIN, slots.step).local_seconds(slots) // DAY_S - 20_605


def generation(slots: Slots) -> Ints:
    """Wh per hour: a parabola over the day, 36 kWh at noon on every third day, else 24 or 12."""
    sun = np.maximum(36 - (hours(slots) - 12) ** 2, 0)
    return np.asarray(sun * 1_000 * (3 - days(slots) % 3) // 3, dtype=np.int64)


def load(slots: Slots) -> Ints:
    """Wh per slot: the ovens take 12 kWh from 3 to 9 in the morning, the shop 4 kWh until 18."""
    hour = hours(slots)
    return np.where(
        (hour >= 3) & (hour < 9), 12_000, np.where((hour >= 9) & (hour < 18), 4_000, 500)
    )


def spot(slots: Slots) -> Ints:
    """µ¤/kWh: 120 EUR/MWh at 8 and at 20, falling by 20 for each hour towards noon and midnight.

    On Sundays it is 60 EUR/MWh lower.
    """
    hour = hours(slots)
    distance = np.minimum(np.abs(hour - 8), np.abs(hour - 20))
    low = 60_000 * (days(slots) % 7 == 6)
    return np.asarray(120_000 - 20_000 * distance - low, dtype=np.int64)


def temperature(slots: Slots) -> Ints:
    """mK: 20 degrees at 15 o'clock, one degree less for each hour from there."""
    return 293_150 - 1_000 * np.abs(hours(slots) - 15)


def indexed_forward() -> tuple[Slots, World]:
    slots = Slots(JUNE + 14 * DAY_S, HOUR_S, 48)
    gas = 30_000 + 500 * (hours(slots) // 6) + 8_000 * (days(slots) - 14)
    return slots, {"index:gas": gas, "temperature:berlin": temperature(slots)}


def virtual_ppa() -> tuple[Slots, World]:
    slots = Slots(JUNE, HOUR_S, 30 * 24)
    return slots, {"metered:generation": generation(slots), "spot": spot(slots)}


def time_of_use() -> tuple[Slots, World]:
    slots = Slots(JUNE, HOUR_S, 30 * 24)
    return slots, {"metered:withdrawal": load(slots)}


def demand_response() -> tuple[Slots, World]:
    """Called for 1.5 kWh a quarter hour from 7:00 to 8:00; the bakery falls short at the end."""
    slots = Slots(JUNE + 14 * DAY_S, QUARTER_S, 96)
    usual = load(slots) // 4
    place = np.arange(slots.count)
    called = np.where((place >= 28) & (place < 32), 1_500, 0)
    given = np.where(place == 31, 900, called)
    return slots, {
        "baseline@high-5-of-10.v1": usual,
        "metered:load": usual - given,
        "choice:call": called,
    }


def swing() -> tuple[Slots, World]:
    """Exercised in the six hours of a day with spot at 100 EUR/MWh or more; three of them count."""
    slots = Slots(JUNE + 14 * DAY_S, HOUR_S, 48)
    return slots, {"choice:exercise": (spot(slots) >= 100_000).astype(np.int64)}


def swing_paths() -> tuple[Slots, World]:
    """Spot of one day on 160 paths, each up to 50 EUR/MWh from the usual one, hour by hour."""
    slots = Slots(JUNE + 14 * DAY_S, HOUR_S, 24)
    path, place = np.ogrid[1 : PATHS + 1, : slots.count]
    moved = 1_000 * ((path * 37 + place * path % 89) % 101 - 50)
    return slots, {"spot": spot(slots) + moved}


def roof() -> tuple[Slots, World]:
    slots = Slots(JUNE + 4 * DAY_S, HOUR_S, 96)
    roof_mk = 293_150 + generation(slots) * 125 // 100
    return slots, {
        "metered:generation": generation(slots),
        "metered:load": load(slots),
        "spot": spot(slots),
        "temperature:roof": roof_mk,
    }


TABLES: dict[str, Callable[[], tuple[Slots, World]]] = {
    "demand-response.csv": demand_response,
    "indexed-forward.csv": indexed_forward,
    "roof.csv": roof,
    "swing.csv": swing,
    "swing-paths.csv": swing_paths,
    "time-of-use.csv": time_of_use,
    "virtual-ppa.csv": virtual_ppa,
}


def tables() -> dict[str, str]:
    """Every table by its file's name."""
    found = {}
    for name, make in TABLES.items():
        slots, world = make()
        found[name] = write_world(world, slots, UNITS)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if stale")
    check = parser.parse_args().check
    for name, text in tables().items():
        path = FOLDER / name
        if check and (not path.exists() or path.read_text("utf-8") != text):
            sys.exit(f"{path} is not what its formulas give: run scripts/contract_examples.py")
        if not check:
            path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
