"""A book's rules, as its YAML file says them."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gridpact.app.books.clauses_file import read_clauses
from gridpact.app.books.entries import Node
from gridpact.app.books.members_file import read_groups, read_members, tables_of
from gridpact.app.books.taxes_file import read_taxes
from gridpact.base.documents import read_mapping
from gridpact.base.errors import BadInput
from gridpact.base.rounding import RULES as ROUNDING
from gridpact.base.slots import Calendar
from gridpact.base.units import NANO_PER_UNIT
from gridpact.contracts.needs import needs
from gridpact.settlement.periods.rules import Billing, Rules

VERSION = "books/1"
BEGIN = f"gridpact: {VERSION}"
LANGUAGES = ("en", "de", "es", "fr", "nl")
ROLES = ("operator", "supplier", "dso", "state", "responsible", "other")
_TOP = (
    *("gridpact", "name", "currency", "decimals", "rounding", "timezone", "slot_minutes"),
    *("readings", "suspect", "parties", "members", "sharing", "contracts", "taxes", "imbalance"),
    *("series", "member_series", "billing", "locale"),
)
_BILLING = ("due_days", "revised_days", "final_days", "correction_days")


class RulesFile(msgspec.Struct, frozen=True):
    """Rules, and the files that a book reads beside them.

    ``readings`` is a store or a table; ``sharing`` a file of sharing rules, ``""`` for none;
    ``series`` maps series that are the same for all to tables, ``own`` those that members have of
    their own. ``units`` are those that contracts count series in, ``tables`` list members. Names
    of files are relative to the folder of ``file``.
    """

    file: str
    rules: Rules
    readings: str
    sharing: str
    series: dict[str, str]
    own: dict[str, str]
    units: dict[str, str]
    contracts: tuple[str, ...]
    locale: str = "en"
    tables: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Folder that names of files are relative to."""
        return Path(self.file).parent

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that the rules name, each once."""
        series = (*self.series.values(), *self.own.values())
        named = (self.sharing, *series, *self.contracts, *self.tables)
        return tuple(dict.fromkeys(name for name in named if name))


def read_rules(path: Path) -> RulesFile:
    """Read a file of rules and the contracts that it names.

    BadInput lists every fault of all of them with its line.
    """
    document, root = read_mapping(path, "rules", BEGIN)
    top = Node(document, (), root)
    top.known(_TOP)
    if root.get("gridpact") != VERSION:
        top.fault("gridpact", f"this is not {VERSION}", f"write {BEGIN}")
    found = _rules(top)
    if document.faults:
        raise BadInput(document.faults)
    return found


def _rules(top: Node) -> RulesFile:
    calendar = Calendar(_timezone(top), _step_s(top))
    currency = _currency(top)
    decimals = top.whole("decimals", 2, 0, 9)
    minor_nano = NANO_PER_UNIT // 10**decimals
    parties = _parties(top)
    members = read_members(top, calendar, parties, (currency, minor_nano))
    clauses, extra = read_clauses(top, calendar, members, parties, currency)
    groups, activating = read_groups(top, members, parties)
    rules = Rules(
        name=top.name("name"),
        currency=currency,
        minor_nano=minor_nano,
        rounding=top.choice("rounding", tuple(ROUNDING), "half-away"),
        timezone=calendar.timezone,
        step_s=calendar.step,
        parties=parties,
        members=members,
        clauses=clauses,
        taxes=read_taxes(top, calendar, clauses),
        groups=groups,
        activating=activating,
        billing=_billing(top),
        suspect=top.choice("suspect", ("refuse", "take"), "refuse"),
    )
    units = {n.name: n.unit for clause in clauses for n in needs(clause.contract).series}
    return RulesFile(
        file=top.document.file,
        rules=rules,
        readings=top.text("readings", None),
        sharing=top.text("sharing"),
        series=top.texts("series"),
        own={**top.texts("member_series"), **extra.own},
        units=units,
        contracts=extra.files,
        locale=top.choice("locale", LANGUAGES, "en"),
        tables=tables_of(top.value),
    )


def _timezone(top: Node) -> str:
    name = top.text("timezone", None)
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        if name:
            top.fault(
                "timezone", f"there is no time zone {name[:40]!r}", "name one as Europe/Paris"
            )
        return "UTC"
    return name


def _step_s(top: Node) -> int:
    minutes = top.value.get("slot_minutes", 15)
    if isinstance(minutes, int) and minutes > 0 and 60 % minutes == 0:
        return minutes * 60
    top.fault("slot_minutes", "slots do not divide an hour", "write 15, or 60")
    return 900


def _currency(top: Node) -> str:
    currency = top.text("currency", None)
    if len(currency) == 3 and currency.isascii() and currency.isupper():
        return currency
    if currency:
        top.fault("currency", f"{currency[:40]!r} is not a currency", "write its code, such as EUR")
    return "EUR"


def _parties(top: Node) -> dict[str, str]:
    found = top.texts("parties")
    for name, role in found.items():
        if role not in ROLES:
            problem, fix = f"{role!r} is no role", f"write one of {', '.join(ROLES)}"
            top.document.fault(("parties", name), problem, fix)
    if not found:
        fix = "name them with their roles, as in power-co: supplier"
        top.fault("parties", "there are no parties", fix)
    return found


def _billing(top: Node) -> Billing:
    node = top.node("billing")
    if node is None:
        return Billing()
    node.known(_BILLING)
    usual = Billing()
    found = Billing(**{name: node.whole(name, getattr(usual, name)) for name in _BILLING})
    if not found.revised_days <= found.final_days <= found.correction_days:
        problem = "revised_days, final_days and correction_days are not in order"
        node.fault("", problem, "let each be at least the one before")
    return found
