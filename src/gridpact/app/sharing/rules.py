"""A community's rules of sharing, as a YAML file says them."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path as FilePath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gridpact.base.documents import Document, Path, Value, read_mapping
from gridpact.base.errors import BadInput
from gridpact.base.units import MICRO_PER_UNIT
from gridpact.settlement.sharing.files.monthly import LAYOUTS
from gridpact.settlement.sharing.files.spanish import RULES as SPANISH
from gridpact.settlement.sharing.split import SPLITS

VERSION = "sharing/1"
KEYS = (
    *("default-dynamic", "static", "simple-dynamic", "full-dynamic"),
    *("spanish-fixed", "spanish-hourly", "contract"),
)
OF_TABLES = ("simple-dynamic", "full-dynamic", "spanish-hourly")
"""Keys whose coefficients are in files."""
ROLES = ("consumer", "producer", "prosumer", "storage")
REGISTERS = ("net", "gross")
SUSPECT = ("refuse", "take")
_TOP = (
    *("gridpact", "timezone", "slot_minutes", "key", "members", "registers", "split"),
    *("coefficients", "layout", "contract", "cau", "suspect"),
)
_MEMBER = ("point", "role", "share_percent")
_POINT = re.compile(r"[A-Za-z0-9._:@/+-]{1,64}")
_BEGIN = f"gridpact: {VERSION}"


class Member(msgspec.Struct, frozen=True):
    """A metering point that takes part; its share in millionths, and its line in the file."""

    point: str
    role: str
    share_ppm: int = 0
    line: int = 0

    @property
    def produces(self) -> bool:
        """Whether what it injects is shared; storage discharges."""
        return self.role != "consumer"

    @property
    def consumes(self) -> bool:
        """Whether what it withdraws is a need; storage charges."""
        return self.role != "producer"


class SharingFile(msgspec.Struct, frozen=True):
    """Rules as the file says them; ``members`` are in its order.

    ``registers`` says whether what a point injects and withdraws in one slot is netted first.
    ``coefficients`` is a file's name in which ``{month}`` and ``{year}`` stand for those of a
    period. ``cau`` is the code of a Spanish operation. ``suspect`` says whether readings that
    validation doubts are refused or shared as they are.
    """

    file: str
    timezone: str
    step_s: int
    key: str
    members: tuple[Member, ...]
    registers: str = "net"
    split: str = "pro-rata"
    coefficients: str = ""
    layout: str = ""
    contract: str = ""
    cau: str = ""
    suspect: str = "refuse"

    @property
    def folder(self) -> FilePath:
        """Folder that names of files are relative to."""
        return FilePath(self.file).parent

    @property
    def consumers(self) -> tuple[str, ...]:
        """Points that withdraw, in the order of the file."""
        return tuple(member.point for member in self.members if member.consumes)

    @property
    def producers(self) -> tuple[str, ...]:
        """Points that inject, in the order of the file."""
        return tuple(member.point for member in self.members if member.produces)


def read_rules(path: FilePath) -> SharingFile:
    """Read a file of rules; BadInput lists every fault with its line."""
    document, root = read_mapping(path, "rules", _BEGIN)
    found = _Reader(document, root).rules()
    if document.faults:
        raise BadInput(document.faults)
    return found


class _Reader:
    """Reads one document, and notes in it what is wrong."""

    def __init__(self, document: Document, root: dict[str, Value]) -> None:
        self._document, self._root = document, root
        self._all_shares = True  # whether every share could be read
        self._told_equal = False

    def rules(self) -> SharingFile:
        """Return the rules as far as they can be read."""
        self._known((), self._root, _TOP)
        if self._root.get("gridpact") != VERSION:
            self._document.fault(("gridpact",), f"this is not {VERSION}", f"write {_BEGIN}")
        found = SharingFile(
            file=self._document.file,
            timezone=self._timezone(),
            step_s=self._step_s(),
            key=self._choice(("key",), self._root, KEYS),
            members=self._members(),
            registers=self._choice(("registers",), self._root, REGISTERS, "net"),
            split=self._choice(("split",), self._root, SPLITS, "pro-rata"),
            coefficients=self._text("coefficients"),
            layout=self._layout(),
            contract=self._text("contract"),
            cau=self._text("cau"),
            suspect=self._choice(("suspect",), self._root, SUSPECT, "refuse"),
        )
        self._check_key(found)
        self._check_shares(found)
        return found

    def _known(self, path: Path, node: dict[str, Value], names: tuple[str, ...]) -> None:
        for name in node:
            if name not in names:
                fix = f"there are {', '.join(names)}"
                self._document.fault((*path, name), "nothing is called so here", fix)

    def _text(self, name: str) -> str:
        value = self._root.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self._document.fault((name,), "is not text", "put it in quotes")
        return ""

    def _choice(
        self, path: Path, node: dict[str, Value], among: tuple[str, ...], default: str = ""
    ) -> str:
        value = node.get(str(path[-1]))
        if value is None and default:
            return default
        if isinstance(value, str) and value in among:
            return value
        what = "is missing" if value is None else f"{str(value)[:40]!r} is none of those there are"
        self._document.fault(path, what, f"write one of {', '.join(among)}")
        return default or among[0]

    def _timezone(self) -> str:
        name = self._text("timezone")
        try:
            ZoneInfo(name)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            fix = "name one such as Europe/Paris"
            self._document.fault(("timezone",), f"there is no time zone {name[:40]!r}", fix)
            return "UTC"
        return name

    def _step_s(self) -> int:
        minutes = self._root.get("slot_minutes", 15)
        if isinstance(minutes, int) and minutes > 0 and 60 % minutes == 0:
            return minutes * 60
        self._document.fault(("slot_minutes",), "slots do not divide an hour", "write 15, or 60")
        return 900

    def _layout(self) -> str:
        among = (*LAYOUTS, *SPANISH)
        key = self._root.get("key")
        usual = "spain-6.v1" if isinstance(key, str) and key.startswith("spanish") else "long.v1"
        return self._choice(("layout",), self._root, among, usual)

    def _members(self) -> tuple[Member, ...]:
        listed = self._root.get("members")
        if not isinstance(listed, list) or not listed:
            fix = "list them, one to a line, as in - {point: bakery, role: consumer}"
            self._document.fault(("members",), "there are no members", fix)
            return ()
        found, seen = [], set[str]()
        for place, node in enumerate(listed):
            member = self._member(("members", place), node)
            if member is not None and member.point in seen:
                path: Path = ("members", place, "point")
                self._document.fault(path, f"{member.point} is a member already", "keep one")
            elif member is not None:
                found.append(member)
                seen.add(member.point)
        return tuple(found)

    def _member(self, path: Path, node: Value) -> Member | None:
        if not isinstance(node, dict):
            fix = "write point and role, as in - {point: bakery, role: consumer}"
            self._document.fault(path, "is not a member", fix)
            return None
        self._known(path, node, _MEMBER)
        point = node.get("point")
        role = self._choice((*path, "role"), node, ROLES)
        share = self._share((*path, "share_percent"), node.get("share_percent", 0))
        if not isinstance(point, str) or _POINT.fullmatch(point) is None:
            numeric = isinstance(point, int)
            fix = "put it in quotes, which keeps zeros" if numeric else "name its metering point"
            what = "is missing" if point is None else f"{str(point)[:40]!r} is not a name"
            self._document.fault((*path, "point"), what, fix)
            return None
        return Member(point, role, share, self._document.line((*path, "point")))

    def _share(self, path: Path, value: Value) -> int:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
            ppm = Fraction(str(value)) * 10_000
            if ppm.denominator == 1:
                return int(ppm)
        self._all_shares = False
        if isinstance(value, str) and value.lower() == "equal":
            self._tell_equal(path)
            return 0
        fix = "write a percentage from 0 to 100 of at most four decimals"
        self._document.fault(path, f"{str(value)[:40]!r} is not a share", fix)
        return 0

    def _tell_equal(self, path: Path) -> None:
        """Say once how equal shares are written: in whole millionths, which add up to the whole."""
        if self._told_equal:
            return
        self._told_equal = True
        listed = self._root.get("members")
        nodes = listed if isinstance(listed, list) else []
        count = sum(isinstance(each, dict) and each.get("role") != "producer" for each in nodes)
        each, more = divmod(MICRO_PER_UNIT, max(count, 1))
        lower = f"{each / 10_000:.4f}".rstrip("0").rstrip(".")
        fix = f"write {lower} for each of the {count} who withdraw"
        if more:
            upper = f"{(each + 1) / 10_000:.4f}"
            fix = f"write {upper} for {more} of the {count} who withdraw, {lower} for the others"
        self._document.fault(path, "shares are written as numbers, equal ones too", fix)

    def _check_key(self, found: SharingFile) -> None:
        for name, needed in (
            ("coefficients", found.key in OF_TABLES),
            ("contract", found.key == "contract"),
        ):
            given = bool(getattr(found, name))
            if needed and not given:
                self._document.fault((name,), "is missing", f"the key {found.key} needs a file")
        takes = (*OF_TABLES, "spanish-fixed")
        if found.coefficients and found.key not in takes:
            fix = f"remove it, or take one of {', '.join(takes)}"
            self._document.fault(("coefficients",), f"the key {found.key} has none", fix)
        if found.coefficients and found.layout in SPANISH and not found.key.startswith("spanish"):
            fix = f"write one of {', '.join(LAYOUTS)}"
            self._document.fault(("layout",), f"{found.layout} is of Spanish keys", fix)

    def _check_shares(self, found: SharingFile) -> None:
        """Shares are those of consumers, at most the whole, and of owners exactly the whole."""
        total = sum(member.share_ppm for member in found.members)
        for place, member in enumerate(found.members):
            if member.share_ppm and not member.consumes:
                fix = "give shares to those who withdraw"
                path: Path = ("members", place, "share_percent")
                self._document.fault(path, "a producer has no share of the energy", fix)
        if not self._all_shares:
            return  # what they add up to cannot be said
        owned = found.key == "spanish-fixed" and not found.coefficients
        shown = f"shares add up to {total / 10_000:.4f} percent"
        if owned and total != MICRO_PER_UNIT:
            self._document.fault(("members",), shown, "change them to exactly 100")
        elif total > MICRO_PER_UNIT:
            self._document.fault(("members",), shown, "lower them to at most 100")
        elif found.key == "static" and not total:
            fix = "give members a share_percent, or take default-dynamic"
            self._document.fault(("members",), "no member has a share", fix)
