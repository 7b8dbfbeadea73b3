"""A register's rules, as its YAML file says them, and residual mixes."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gridpact.app.books.entries import Node
from gridpact.base.documents import read_mapping
from gridpact.base.errors import BadInput, Fault
from gridpact.base.rounding import round_half_even
from gridpact.metering.readings import Quality, Register
from gridpact.settlement.certificates.disclosure import Disclosure
from gridpact.settlement.certificates.issuing import Terms
from gridpact.settlement.certificates.operations import Device, Support
from gridpact.settlement.certificates.regimes import MEGAWATT_HOUR, REGIMES, size_fault

VERSION, MIX_VERSION = "certificates/1", "residual-mix/1"
BEGIN = f"gridpact: {VERSION}"
_TOP = (
    *("gridpact", "name", "regime", "timezone", "country", "issuer", "size_wh", "quality"),
    *("holders", "members", "devices"),
)
_DEVICE = (
    *("id", "owner", "point", "register", "source", "technology", "site", "country"),
    *("capacity_w", "support", "commissioned"),
)
_SUPPORT: dict[str, Support] = {
    "none": "none", "investment": "investment", "operating": "operating", "both": "both",
}  # fmt: skip
_REGISTERS: dict[str, Register] = {"injection": "injection", "withdrawal": "withdrawal"}
_QUALITIES = ("measured", "edited", "estimated")
_LARGEST_W = 10**12
PPM = 1_000_000
_MG_PER_G, _WH_PER_KWH = 1000, 1000
_GRAMS = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,3}))?")


class RegisterRules(msgspec.Struct, frozen=True):
    """Who takes part in a register, and by which rules certificates are issued.

    ``holders`` are all that may hold certificates; ``points`` the metering points at which each
    member consumes; ``quality`` the marks of readings that prove energy.
    """

    name: str
    terms: Terms
    quality: tuple[Quality, ...]
    holders: tuple[str, ...]
    points: dict[str, tuple[str, ...]]
    devices: tuple[Device, ...]


def read_rules(path: Path) -> RegisterRules:
    """Read a register's rules; BadInput lists every fault with its line."""
    document, root = read_mapping(path, "rules", BEGIN)
    top = Node(document, (), root)
    top.known(_TOP)
    if root.get("gridpact") != VERSION:
        top.fault("gridpact", f"this is not {VERSION}", f"write {BEGIN}")
    devices, points = _devices(top), _members(top)
    owners = (device.owner for device in devices)
    holders = tuple(sorted({*owners, *points, *(top.names("holders") or ())}))
    rules = RegisterRules(top.name("name"), _terms(top), _quality(top), holders, points, devices)
    if document.faults:
        raise BadInput(document.faults)
    return rules


def _terms(top: Node) -> Terms:
    regime = REGIMES[top.choice("regime", tuple(REGIMES))]
    size = top.whole("size_wh", MEGAWATT_HOUR, 1, MEGAWATT_HOUR)
    if fault := size_fault(regime, size):
        top.fault("size_wh", fault, "write 1000000, or a whole fraction that the regime allows")
    timezone = top.text("timezone", None)
    try:
        ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        problem = f"{timezone!r} is no time zone"
        top.fault("timezone", problem, "write a name such as Europe/Berlin")
    return Terms(
        regime=regime,
        timezone=timezone,
        country=top.name("country"),
        issuer=top.name("issuer"),
        size_wh=size,
    )


def _quality(top: Node) -> tuple[Quality, ...]:
    given = top.names("quality")
    names = ("measured",) if given is None else given
    for name in names:
        if name not in _QUALITIES:
            problem = f"{name!r} readings prove nothing"
            top.fault("quality", problem, f"list some of {', '.join(_QUALITIES)}")
    return tuple(Quality[name.upper()] for name in names if name in _QUALITIES)


def _members(top: Node) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for node in top.nodes("members"):
        node.known(("id", "points"))
        name = node.name("id")
        if name in found:
            node.fault("id", f"{name} is there already", "keep one")
        found[name] = node.names("points") or (name,)
    return found


def _devices(top: Node) -> tuple[Device, ...]:
    found: list[Device] = []
    seen: set[tuple[str, ...]] = set()
    for node in top.nodes("devices"):
        device = _device(node)
        for what, key in (("id", (device.id,)), ("point", (device.point, device.register))):
            if device.id and key in seen:
                told = f"{' '.join(key)} is there already"
                node.fault(what, told, "let each device count its own energy")
            seen.add(key)
        found.append(device)
    if not found:
        top.fault("devices", "there are no devices", "list what produces, each entry after a dash")
    return tuple(found)


def _device(node: Node) -> Device:
    node.known(_DEVICE)
    name = node.name("id")
    return Device(
        id=name,
        owner=node.name("owner"),
        point=node.name("point", name or None),
        register=_REGISTERS[node.choice("register", tuple(_REGISTERS), "injection")],
        source=node.name("source"),
        technology=node.text("technology", None),
        site=node.text("site", None),
        country=node.name("country"),
        capacity_w=node.whole("capacity_w", 0, 1, _LARGEST_W),
        support=_SUPPORT[node.choice("support", tuple(_SUPPORT))],
        commissioned=_day(node),
    )  # fmt: skip


def _day(node: Node, name: str = "commissioned") -> str:
    text = node.text(name, None)
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        node.fault(name, f"{text[:40]!r} is not a day", "write one such as 2021-05-01")
        return ""


class Carbon(msgspec.Struct, frozen=True):
    """CO₂ of energy [mg/kWh]: of the residual mix, and of each source that certificates tell of.

    ``source`` and ``date`` (ISO) say who published the figures and when; none is assumed.
    """

    source: str
    date: str
    residual_mg: int
    guaranteed_mg: dict[str, int]

    def grams(self, told: Disclosure) -> int:
        """Return the CO₂ of a member's consumption [g], rounded once.

        Raises BadInput for a source that has no figure.
        """
        lacking = [
            share.source
            for share in told.shares
            if share.certified_wh and share.source not in self.guaranteed_mg
        ]
        if lacking:
            fix = "tell its CO₂ as it was published, 0 where there is none"
            raise BadInput(
                Fault("residual mix", 0, "co2.guaranteed", f"{name} has no figure", fix)
                for name in lacking
            )
        exact = sum(
            share.residual_wh * self.residual_mg
            + share.certified_wh * self.guaranteed_mg.get(share.source, 0)
            for share in told.shares
        )
        return round_half_even(exact, _MG_PER_G * _WH_PER_KWH)

    def of_residual(self, energy_wh: int) -> int:
        """Return the CO₂ of energy of which no certificate tells [g], rounded once."""
        return round_half_even(energy_wh * self.residual_mg, _MG_PER_G * _WH_PER_KWH)


class ResidualMix(msgspec.Struct, frozen=True):
    """Sources of energy that no certificate tells of: parts in a million, a million in all."""

    name: str
    ppm: dict[str, int]
    carbon: Carbon | None = None


def read_mix(path: Path) -> ResidualMix:
    """Read a residual mix; BadInput lists every fault with its line."""
    begin = f"gridpact: {MIX_VERSION}"
    document, root = read_mapping(path, "residual mixes", begin)
    top = Node(document, (), root)
    top.known(("gridpact", "name", "sources", "co2"))
    if root.get("gridpact") != MIX_VERSION:
        top.fault("gridpact", f"this is not {MIX_VERSION}", f"write {begin}")
    sources, name = top.node("sources"), top.text("name", None)
    found = {key: sources.percent(key) for key in sources.value} if sources else {}
    if sum(found.values()) != PPM and not document.faults:
        told = f"the sources add up to {sum(found.values()) / 10_000:g} %"
        top.fault("sources", told, "let them add up to 100 %")
    carbon = _carbon(top) if "co2" in root else None
    if document.faults:
        raise BadInput(document.faults)
    return ResidualMix(name, found, carbon)


def _carbon(top: Node) -> Carbon | None:
    node = top.node("co2")
    if node is None:
        return None
    node.known(("source", "date", "residual", "guaranteed"))
    of = node.node("guaranteed") if "guaranteed" in node.value else None
    guaranteed = {name: _milligrams(of, name) for name in of.value} if of else {}
    return Carbon(
        node.text("source", None), _day(node, "date"), _milligrams(node, "residual"), guaranteed
    )


def _milligrams(node: Node, name: str) -> int:
    """Read grams per kWh such as ``512.3`` [mg/kWh]."""
    match = _GRAMS.fullmatch(str(node.value.get(name, "")).strip())
    if match is None:
        fix = "write grams per kWh as they were published, such as 512.3"
        node.fault(name, f"{str(node.value.get(name, ''))[:20]!r} is no CO₂ per energy", fix)
        return 0
    return int(match[1]) * _MG_PER_G + int((match[2] or "").ljust(3, "0"))
