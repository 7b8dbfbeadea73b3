"""A microgrid from a YAML file; every fault is told with its line."""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from gridpact.app.grids.parts import Part
from gridpact.app.islands.assets import (
    Generation,
    Stored,
    read_generators,
    read_solar,
    read_storage,
)
from gridpact.app.islands.loads import read_loads
from gridpact.app.islands.model import Margin, Names, Site, Takeover
from gridpact.app.islands.quantities import (
    ENERGY,
    POWER,
    RATE,
    TIME,
    Tender,
    above,
    count,
    flag,
    number,
    series,
    share,
    whole_slots,
)
from gridpact.app.orders import instants
from gridpact.base.documents import read_mapping
from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.additions import Row, with_rows
from gridpact.scheduling.fleet.columns import UNBOUNDED, Fleet, Prices, Zones
from gridpact.scheduling.islands.black_start import PPM, Rules
from gridpact.scheduling.islands.emissions import Rates
from gridpact.scheduling.islands.survival import Island

VERSION = "island/1"
BEGIN = f"gridpact: {VERSION}"
_REQUIRED = ("gridpact", "timezone", "start", "hours", "loads")
_OPTIONAL = (
    *("slot_minutes", "currency", "grid", "solar", "storage", "tanks", "generators"),
    *("spinning", "transition", "restart", "carbon"),
)
_GRID = ("buy",), ("sell", "import_limit", "export_limit", "emissions")
_MINUTES = (5, 10, 15, 20, 30, 60)
DEAREST = 1_000_000.0
"""Price of carbon [µ¤/kg] up to which the frontier is followed where nothing is said."""
LEAST_HOURS, MOST_HOURS = 24, 168


def read_site(path: FilePath) -> Site:
    """Read a microgrid's file.

    Raises BadInput that lists every fault with its line: keys that are unknown or missing,
    quantities without their unit, numbers for other slots than there are, what cannot be.
    """
    document, root = read_mapping(path, "microgrids", BEGIN)
    part = Part(document, (), dict(root))
    part.known(_REQUIRED, _OPTIONAL)
    site = _Reader(part).site(str(path))
    if document.faults:
        raise BadInput(document.faults)
    return site


class _Reader:
    """Reads one document, and notes in it what is wrong."""

    def __init__(self, root: Part) -> None:
        self._root = root
        if "gridpact" in root.values and root.values["gridpact"] != VERSION:
            root.note("gridpact", f"this is not {VERSION}", f"write {BEGIN}")
        self._currency = self._code()
        self._tender = Tender(self._currency)
        self._timezone = self._clock()
        self._slots = self._horizon()
        self._shape = (self._slots.count, 86400 // self._slots.step)

    def site(self, file: str) -> Site:
        """Everything that the document says, as far as it can be read."""
        root, step = self._root, self._slots.step
        prices, zones, emitted = self._grid()
        stored = read_storage(root, self._tender)
        made = read_generators(root, self._tender, step)
        solar, roofs = read_solar(root, self._shape)
        blocks, restarts = read_loads(root, self._tender, self._shape, step)
        self._apart()
        carbon = "carbon" in root.values
        fleet = Fleet(
            slots=self._slots.count,
            step_s=step,
            zones=zones,
            curtailable=solar,
            storage=stored.table,
            generators=made.table,
            portfolio=with_rows(None, self._tanks(made)),
        )
        return Site(
            file=file,
            timezone=self._timezone,
            currency=self._currency,
            slots=self._slots,
            island=Island(fleet=fleet, prices=prices, zone=0, blocks=blocks),
            names=Names(roofs, stored.names, made.names),
            connected="grid" in root.values,
            rates=Rates(emitted, made.emitted),
            solar_wh=np.zeros((0, fleet.slots)) if solar is None else np.array(solar.forecast_wh),
            margin=self._margin(made),
            takeover=self._takeover(stored),
            sources=(*stored.sources, *made.sources),
            restarts=restarts,
            rules=self._rules(),
            dearest=above(root, "carbon", self._tender.carbon) if carbon else DEAREST,
        )

    def _apart(self) -> None:
        """Note names that a restart could not tell apart."""
        seen = dict[str, str]()
        for key in ("storage", "generators", "loads"):
            group = self._root.values.get(key)
            for name in group if isinstance(group, dict) else ():
                if name in seen:
                    problem = f"there is {name} under {seen[name]} already"
                    self._root.document.fault((key, name), problem, "give it another name")
                seen.setdefault(name, key)

    def _code(self) -> str:
        code = self._root.values.get("currency", "EUR")
        if not isinstance(code, str) or not re.fullmatch(r"[A-Z]{3}", code):
            self._root.note("currency", "is no code of ISO 4217", "write one such as EUR")
            return "EUR"
        return code

    def _clock(self) -> str:
        name = self._root.values.get("timezone")
        try:
            ZoneInfo(name if isinstance(name, str) else "")
        except (ValueError, OSError, ZoneInfoNotFoundError):
            if "timezone" in self._root.values:
                problem = f"there is no time zone {str(name)[:40]!r}"
                self._root.note("timezone", problem, "name one such as Europe/Berlin")
            return "UTC"
        return str(name)

    def _horizon(self) -> Slots:
        root = self._root
        minutes = root.values.get("slot_minutes", 15)
        if not isinstance(minutes, int) or minutes not in _MINUTES:
            there = ", ".join(map(str, _MINUTES))
            root.note("slot_minutes", "is no length of a slot", f"write one of {there}")
            minutes = 60
        step = minutes * 60
        hours = 24
        if "hours" in root.values:
            hours = count(root, "hours", LEAST_HOURS, LEAST_HOURS, MOST_HOURS)
        start = 0
        if "start" in root.values:
            try:
                start = instants.instant(str(root.values["start"]), self._timezone)
            except ValueError as error:
                root.note("start", str(error), f"write it as in {instants.SHAPE}")
        if start % step:
            root.note("start", "is within a slot", "begin where a slot begins")
            start -= start % step
        return Slots(start, step, hours * 3600 // step)

    def _grid(self) -> tuple[Prices, Zones, Floats]:
        """Prices, the connection, and what the grid's energy emits [g/kWh]; none: all zero."""
        slots = self._slots.count
        if "grid" not in self._root.values:
            return Prices(np.zeros((1, slots))), Zones(np.array([-1])), np.zeros(slots)
        part = self._root.part("grid")
        part.known(*_GRID)
        buy, sell = (
            series(part, key, self._tender.price, self._shape, signed=True)[None]
            for key in ("buy", "sell")
        )
        if "sell" in part.values and np.any(sell > buy):
            part.note("sell", "is above what is paid to buy", "sell for no more, slot by slot")
        limits = [
            np.array([number(part, key, POWER, UNBOUNDED)])
            for key in ("import_limit", "export_limit")
        ]
        emitted = (
            series(part, "emissions", RATE, self._shape)
            if "emissions" in part.values
            else np.zeros(slots)
        )
        prices = Prices(buy, sell if "sell" in part.values else None)
        return prices, Zones(np.array([-1]), limits[0], limits[1]), emitted

    def _tanks(self, made: Generation) -> list[Row]:
        """Rows of the portfolio: energy that each tank lasts for."""
        tanks = self._root.part("tanks") if "tanks" in self._root.values else None
        known = {} if tanks is None else tanks.values
        if tanks is not None:
            tanks.check_names()
        for part, tank in made.tanks:
            if not isinstance(tank, str) or tank not in known:
                fix = f"name one of {', '.join(known)}" if known else "add it under tanks"
                part.note("tank", f"there is no tank {str(tank)[:40]!r}", fix)
        rows = []
        for name in known if tanks is not None else ():
            held = number(tanks, name, ENERGY) if tanks is not None else 0.0
            drawn = np.array([at for at, (_, tank) in enumerate(made.of) if tank == name], np.int64)
            if len(drawn):
                members = (("generators", drawn),)
                rows.append(Row((), members, 0, self._slots.count, -held, UNBOUNDED))
            elif tanks is not None:
                tanks.note(name, "feeds no generator", "name it as tank of one, or remove it")
        return rows

    def _margin(self, made: Generation) -> Margin | None:
        if "spinning" not in self._root.values:
            return None
        part = self._root.part("spinning")
        part.known((), ("reserve", "largest_unit", "sustained", "with_grid"))
        for unit in made.unbounded:
            unit.note("minimum", "is 0: whether it runs cannot be told for spinning", "give one")
        if not made.names:
            self._root.note("spinning", "nothing spins", "add generators, or remove it")
        return Margin(
            number(part, "reserve", POWER),
            flag(part, "largest_unit", True),
            int(number(part, "sustained", TIME, 900)),
            flag(part, "with_grid"),
        )

    def _takeover(self, stored: Stored) -> Takeover | None:
        known = ("carried", "taken", "sustained", "early", "late")
        part = Part(self._root.document, ("transition",), self._root.values.get("transition", {}))
        part.known((), known)
        if not len(stored.forming):
            if "transition" in self._root.values:
                fix = "add forms_grid: true to storage, or remove it"
                self._root.note("transition", "no storage forms a grid", fix)
            return None
        powers = {"carried": stored.discharge_w, "taken": stored.charge_w}
        asked = {key: number(part, key, POWER, most) for key, most in powers.items()}
        for key, most in powers.items():
            if asked[key] > most:
                problem = f"is more than the {most / 1000:g} kW of storage that forms a grid"
                part.note(key, problem, f"write {most / 1000:g} kW or less")
        return Takeover(
            stored.forming,
            asked["carried"],
            asked["taken"],
            int(number(part, "sustained", TIME, 900)),
            whole_slots(part, "early", self._slots.step, 0, 0),
            whole_slots(part, "late", self._slots.step, 0, 0),
        )

    def _rules(self) -> Rules:
        if "restart" not in self._root.values:
            return Rules()
        part = self._root.part("restart")
        part.known((), ("largest_step", "settle"))
        step = share(part, "largest_step", 0.25)
        return Rules(
            step_ppm=max(round(step * PPM), 1), settle_s=int(number(part, "settle", TIME, 60))
        )
