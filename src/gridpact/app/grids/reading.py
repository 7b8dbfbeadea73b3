"""A grid from a YAML file: nodes, lines and transformers, every fault told with its line."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path as FilePath
from typing import NamedTuple

import msgspec

from gridpact.app.grids import circuits
from gridpact.app.grids.circuits import Ends, Line, Transformer
from gridpact.app.grids.parts import STAND_IN, Part
from gridpact.app.grids.quantities import (
    ADMITTANCE,
    IMPEDANCE,
    LENGTH,
    POWER,
    RATING,
    SHARE,
    VOLTAGE,
    Quantity,
)
from gridpact.base.documents import MAX_BYTES, Document, Path, parse
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.market.grid.network import Branch, Network, Node, network
from gridpact.market.grid.verification import PPM, Band

_NOTHING = Quantity(Fraction(0))
_ONE = Fraction(1)
_KM = Fraction(1_000)
_HIGHEST_V = 2_000_000
_LEAST_OHM, _MOST_OHM = 1e-6, 1e6
LINE, OF_LINE = ("from", "to", "reactance"), ("resistance", "susceptance", "length", "rating")
TRANSFORMER = ("from", "to", "rating", "short_circuit")
OF_TRANSFORMER = ("load_loss", "no_load_loss", "tap")
"""What must be said of a line or transformer, and what can be."""


class Grid(msgspec.Struct, frozen=True):
    """A grid, and the band that the voltages of its nodes must keep."""

    network: Network
    band: Band = Band()


def read_grid(path: FilePath) -> Grid:
    """Read a grid's file.

    Raises
    ------
    BadInput
        Lists every fault with its line: what is no YAML, keys that are unknown or missing,
        quantities without their unit, ends that are no nodes, lines between different voltages,
        nodes that nothing joins to the slack.
    """
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        problem = f"the grid cannot be read: {error.strerror or error}"
        fix = "give the name of a readable YAML file, or simbench:CODE"
        raise BadInput([Fault(str(path), 0, "", problem, fix)]) from error
    document = parse(data, str(path), begin="slack: station")
    if document.value is None and document.faults:
        raise BadInput(document.faults)
    return _Reader(document).grid()


class _Ended(NamedTuple):
    """A line or transformer with ends that are there; ``path`` is where it stands."""

    path: Path
    branch: Branch


class _Reader:
    """Reads one document, and notes in it what is wrong."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._root = Part(document, (), document.value)
        self._volts: dict[str, int] = {}

    def grid(self) -> Grid:
        """Return the grid; BadInput with all faults."""
        optional = ("lines", "transformers", "slack_voltage", "voltage_band")
        self._root.known(("slack", "nodes"), optional)
        self._volts = self._nodes()
        ended = [*self._lines(), *self._transformers()]
        slack_voltage = self._root.value("slack_voltage", SHARE, _ONE)
        if not Fraction(1, 2) <= slack_voltage <= 2:
            self._root.note("slack_voltage", "is not within 50 and 200 %", "write 100 %, or so")
        band = self._band()
        found = self._network(ended, float(slack_voltage))
        if self._document.faults or found is None:
            raise BadInput(self._document.faults)
        return Grid(found, band)

    def _nodes(self) -> dict[str, int]:
        """Rated voltage of every node, 0 where it could not be read."""
        if "nodes" not in self._root.values:
            return {}
        group = self._root.part("nodes")
        group.check_names()
        if group.is_mapping and not group.values:
            self._root.note("nodes", "has no nodes", "write name: voltage, one to a line")
        found = {}
        for name in group.values:
            said = group.quantity(name, VOLTAGE)
            volts = said.value if said.value.denominator == 1 and said is not STAND_IN else 0
            if said is not STAND_IN and not 0 < volts <= _HIGHEST_V:
                problem = f"is not a whole number of V from 1 to {_HIGHEST_V:,}"
                group.note(name, problem, "write the rated voltage between phases, as in 400 V")
            found[name] = int(volts)
        return found

    def _band(self) -> Band:
        if "voltage_band" not in self._root.values:
            return Band()
        part = self._root.part("voltage_band")
        part.known((), ("low", "high"))
        otherwise = (Fraction(each, PPM) for each in (Band().low_ppm, Band().high_ppm))
        low, high = (
            round(part.value(key, SHARE, usual) * PPM)
            for key, usual in zip(("low", "high"), otherwise, strict=True)
        )
        if low >= high:
            self._root.note("voltage_band", "low is not below high", "write 90 % and 110 %")
        return Band(low, high)

    def _ends(self, part: Part, name: str, *, across: bool) -> Ends | None:
        """The ends of a branch; None where one is not named."""
        source, target = part.text("from"), part.text("to")
        if source is None or target is None:
            return None
        volts = [self._volts.get(end) for end in (source, target)]
        if not across and all(volts) and volts[0] != volts[1]:
            problem = f"joins {volts[0]:,} V and {volts[1]:,} V"
            self._document.fault(part.path, problem, "write it under transformers")
        return Ends(name, source, target, volts[1] or 1)

    def _lines(self) -> Iterator[_Ended]:
        for name, part in self._root.named("lines").items():
            part.known(LINE, OF_LINE)
            found = self._line(part)
            if ends := self._ends(part, name, across=False):
                yield self._ended(part, circuits.line(ends, found))

    def _ended(self, part: Part, branch: Branch) -> _Ended:
        """Put a branch with its place; noted are impedances that no branch has."""
        for ohm in (branch.reactance_ohm, branch.resistance_ohm):
            if ohm and not _LEAST_OHM <= ohm <= _MOST_OHM:
                problem = f"has {ohm:.3g} ohm, which is not within 1 uohm and 1 Mohm"
                self._document.fault(part.path, problem, "check its units, length and rating")
        return _Ended(part.path, branch)

    def _line(self, part: Part) -> Line:
        length = part.optional("length", LENGTH)
        found = Line(
            part.quantity("reactance", IMPEDANCE),
            part.optional("resistance", IMPEDANCE) or _NOTHING,
            part.optional("susceptance", ADMITTANCE) or _NOTHING,
            _KM if length is None else length.value,
            part.optional("rating", RATING),
        )
        for key in ("reactance", "resistance", "susceptance"):
            if length is None and getattr(found, key).per_km:
                part.note(key, "is of a kilometre, and the line has no length", "add its length")
        return found

    def _transformers(self) -> Iterator[_Ended]:
        for name, part in self._root.named("transformers").items():
            part.known(TRANSFORMER, OF_TRANSFORMER)
            found = self._transformer(part)
            if ends := self._ends(part, name, across=True):
                yield self._ended(part, circuits.transformer(ends, found))

    def _transformer(self, part: Part) -> Transformer:
        rating = part.quantity("rating", POWER).value
        if not rating:
            part.note("rating", "is nothing", "write its rated power, as in 400 kVA")
        found = Transformer(
            rating or STAND_IN.value,
            part.quantity("short_circuit", SHARE).value,
            part.value("load_loss", POWER, Fraction(0)),
            part.value("no_load_loss", POWER, Fraction(0)),
            part.value("tap", SHARE, _ONE),
        )
        if not 0 < found.short_circuit <= 1:
            part.note("short_circuit", "is not above 0 and at most 100 %", "write 4 %, or so")
        elif rating and found.load_loss_w >= found.short_circuit * rating:
            problem = "leaves no reactance beside the short-circuit voltage"
            part.note("load_loss", problem, "write the losses at rated current, as in 4.6 kW")
            found = found._replace(load_loss_w=Fraction(0))
        return found

    def _network(self, ended: list[_Ended], slack_voltage: float) -> Network | None:
        """Put the parts together; what the network itself refuses gets the line of its part."""
        slack = self._root.text("slack")
        if slack is None or not self._volts:
            return None
        nodes = [Node(name, volts or 1) for name, volts in self._volts.items()]
        file = self._document.file
        branches = [each.branch for each in ended]
        try:
            return network(nodes, branches, slack, file, slack_voltage=slack_voltage)
        except BadInput as refused:
            self._take_over(refused, ended)
            return None

    def _take_over(self, refused: BadInput, ended: list[_Ended]) -> None:
        places: dict[str, Path] = {name: ("nodes", name) for name in self._volts}
        places |= {f"node {name!r}": ("nodes", name) for name in self._volts}
        places |= {f"branch {each.branch.id!r}": each.path for each in ended}
        for fault in refused.faults:
            follows = fault.where in self._volts and self._document.faults
            if not follows:  # a node may stand alone only because its branch is at fault
                path = places.get(fault.where, ("slack",))
                self._document.fault(path, fault.problem, fault.fix)
