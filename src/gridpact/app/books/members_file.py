"""Members of a book and their balance groups, as the rules file says them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path as FilePath

from gridpact.app.books.entries import Node
from gridpact.app.books.members_table import read_ids, read_table
from gridpact.base.documents import Value
from gridpact.base.slots import Calendar
from gridpact.contracts.tables.faults import Report
from gridpact.settlement.periods.rules import Group, Member, Supply

REGISTERS = {
    "prosumer": ("withdrawal", "injection"),
    "consumer": ("withdrawal",),
    "producer": ("injection",),
}
"""Registers of a member's meter by its role."""
_MEMBER = (
    *("id", "point", "role", "from", "until", "supplier", "suppliers", "deposit", "prepayment"),
)
_SUPPLY = ("supplier", "from", "until")
_GROUP = ("name", "responsible", "members")


def read_members(
    top: Node, calendar: Calendar, parties: Mapping[str, str], money: tuple[str, int]
) -> tuple[Member, ...]:
    """Return the members; ``money`` is the currency and the nano-¤ of its minor unit.

    They are listed, or in a table that is named in their place.
    """
    if table := _table_of(top):
        report = Report(str(FilePath(top.document.file).parent / table))
        found = read_table(
            FilePath(report.file),
            report,
            parties,
            lambda node: _member(node, calendar, parties, money),
        )
        if not found and not report.faults:
            report.add(0, "", "there are no members", "write a row for each")
        top.document.faults += report.faults
        return found
    return _listed(top, calendar, parties, money)


def _table_of(node: Node) -> str:
    """Return the table that is named in place of a list of members, ``""`` for a list."""
    named = node.value.get("members")
    return named if isinstance(named, str) else ""


def tables_of(root: Mapping[str, Value]) -> tuple[str, ...]:
    """Return every table that lists members: of all, of a contract, of a balance group."""
    imbalance = root.get("imbalance")
    groups = imbalance.get("groups") if isinstance(imbalance, dict) else None
    within = [
        each for some in (root.get("contracts"), groups) if isinstance(some, list) for each in some
    ]
    named = [each.get("members") for each in (root, *within) if isinstance(each, Mapping)]
    return tuple(name for name in named if isinstance(name, str) and name)


def names_of(node: Node) -> tuple[str, ...] | None:
    """Return the members that a mapping lists or that its table has, None where it has neither."""
    if not (table := _table_of(node)):
        return node.names("members")
    report = Report(str(FilePath(node.document.file).parent / table))
    found = read_ids(FilePath(report.file), report)
    node.document.faults += report.faults
    return tuple(found)


def _listed(
    top: Node, calendar: Calendar, parties: Mapping[str, str], money: tuple[str, int]
) -> tuple[Member, ...]:
    found: list[Member] = []
    seen: dict[str, str] = {}
    for node in top.nodes("members"):
        member = _member(node, calendar, parties, money)
        for what, name in (("id", member.id), ("point", member.point)):
            if name and name in seen and seen[name] in (what, member.id):
                node.fault(what, f"{name} is there already", "keep one")
            seen.setdefault(name, what)
        if member.id and member.id in parties:
            node.fault("id", f"{member.id} is a party as well", "call one of them otherwise")
        found.append(member)
    if not found:
        top.fault("members", "there are no members", "list them, as in - {id: home, supplier: co}")
    return tuple(found)


def _member(
    node: Node, calendar: Calendar, parties: Mapping[str, str], money: tuple[str, int]
) -> Member:
    node.known(_MEMBER)
    name = node.name("id")
    return Member(
        id=name,
        point=node.name("point", name or None),
        span=node.span(calendar),
        registers=REGISTERS[node.choice("role", tuple(REGISTERS), "prosumer")],
        supplies=_supplies(node, calendar, parties),
        deposit_minor=node.money("deposit", *money),
        prepaid_minor=node.money("prepayment", *money),
    )


def _supplies(node: Node, calendar: Calendar, parties: Mapping[str, str]) -> tuple[Supply, ...]:
    """Return who supplies a member when; two at once are refused."""
    found = []
    if "supplier" in node.value:
        found.append(Supply(node.span(calendar), _supplier(node, parties)))
        if "suppliers" in node.value:
            node.fault("suppliers", "there is a supplier as well", "keep one of the two")
    for each in node.nodes("suppliers"):
        each.known(_SUPPLY)
        found.append(Supply(each.span(calendar), _supplier(each, parties)))
    found.sort()
    for one, other in pairwise(found):
        if other.span.first_s < one.span.end_s:
            problem = f"{one.supplier} and {other.supplier} supply at the same time"
            node.fault("suppliers", problem, "let one end where the other begins")
    return tuple(found)


def _supplier(node: Node, parties: Mapping[str, str]) -> str:
    name = node.name("supplier")
    if name and parties.get(name) != "supplier":
        node.fault("supplier", f"{name} is no supplier", f"add to parties: {name}: supplier")
    return name


def read_groups(
    top: Node, members: tuple[Member, ...], parties: Mapping[str, str]
) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Return the balance groups, and the parties whose activations changed plans."""
    node = top.node("imbalance")
    if node is None:
        return (), ()
    names = {member.id for member in members}
    groups = tuple(_group(each, names, parties) for each in node.nodes("groups"))
    activating = tuple(node.texts("activations"))
    for name in activating:
        if name not in parties:
            node.fault("activations", f"there is no party {name!r}", "name it under parties")
    return groups, activating


def _group(node: Node, names: set[str], parties: Mapping[str, str]) -> Group:
    node.known(_GROUP)
    responsible = node.name("responsible")
    if responsible and responsible not in parties:
        node.fault("responsible", f"there is no party {responsible!r}", "name it under parties")
    given = names_of(node)
    for name in given or ():
        if name not in names:
            node.fault("members", f"there is no member {name!r}", "name one of the members")
    mine = tuple(sorted(names)) if given is None else tuple(n for n in given if n in names)
    return Group(node.name("name"), responsible, mine)
