"""Contracts of a book, from files or as products, and its settlement of imbalance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from gridpact.app.books.entries import Node
from gridpact.app.books.members_file import names_of
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.files import read_arguments, read_contract
from gridpact.contracts.legs import legs
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.terms import Contract
from gridpact.settlement.lines import CATEGORIES, MEMBER
from gridpact.settlement.periods.energy import ACTIVATED, HELD, NET, PLANNED
from gridpact.settlement.periods.rules import Clause, Member

_CONTRACT = (
    *("name", "file", "product", "with", "category", "from", "until", "members", "supplier", "of"),
)
_IMBALANCE = (
    *("pricing", "operator", "members_with", "plan", "price", "surplus_price", "shortage_price"),
    *("settle", "reward", "groups", "activations"),
)
_REWARD = ("system", "band", "bonus", "reward", "penalty")
OF = ("members", "groups", "activations")


class Extra(NamedTuple):
    """What contracts need beside: files of contracts, and of series that members have."""

    files: tuple[str, ...]
    own: dict[str, str]


def read_clauses(
    top: Node,
    calendar: Calendar,
    members: tuple[Member, ...],
    parties: Mapping[str, str],
    currency: str,
) -> tuple[tuple[Clause, ...], Extra]:
    """Return all clauses, those of imbalance last."""
    known = {member.id for member in members}
    found = [
        clause
        for node in top.nodes("contracts")
        if (clause := _clause(node, calendar, known, parties, currency)) is not None
    ]
    own: dict[str, str] = {}
    imbalance = top.node("imbalance")
    if imbalance is not None:
        found += _imbalance(imbalance, parties, currency)
        own = _plans(imbalance)
    if not found and "contracts" not in top.value:
        top.fault("contracts", "there are no tariffs", "list contracts, by product or file")
    seen: set[str] = set()
    for clause in found:
        if clause.name in seen:
            problem = f"{clause.name} is there already"
            top.document.fault(("contracts",), problem, "give each a name of its own")
        seen.add(clause.name)
    files = tuple(node.text("file") for node in top.nodes("contracts") if "file" in node.value)
    return tuple(found), Extra(files, own)


def _check_parties(node: Node, contract: Contract, parties: Mapping[str, str]) -> None:
    for name in sorted({side for leg in legs(contract) for side in (leg.giver, leg.taker)}):
        if name != MEMBER and name not in parties:
            fix = f"name it under parties, or write {MEMBER} for each who is settled"
            node.fault("name", f"it names {name!r}, who is no party", fix)


def _clause(
    node: Node,
    calendar: Calendar,
    members: set[str],
    parties: Mapping[str, str],
    currency: str,
) -> Clause | None:
    node.known(_CONTRACT)
    contract = _contract(node, currency)
    names = names_of(node)
    for name in names or ():
        if name not in members:
            node.fault("members", f"there is no member {name!r}", "name one of the members")
    supplier = node.name("supplier", "")
    if supplier and parties.get(supplier) != "supplier":
        node.fault(
            "supplier", f"{supplier} is no supplier", f"add to parties: {supplier}: supplier"
        )
    category = node.choice("category", CATEGORIES, "other") if "category" in node.value else ""
    span = node.span(calendar)
    of = node.choice("of", OF, "members")
    if contract is None:
        return None
    _check_parties(node, contract, parties)
    return Clause(node.name("name"), to_bytes(contract), category, span, names, supplier, of)


def _contract(node: Node, currency: str) -> Contract | None:
    """Read the contract of an entry, from a file or as a product with its arguments."""
    if ("file" in node.value) == ("product" in node.value):
        fix = "name a file, or a product and with what"
        node.fault("", "a contract is a file or a product", fix)
        return None
    try:
        if "file" in node.value:
            return read_contract(Path(node.document.file).parent / node.text("file")).contract
        return _product(node, currency)
    except BadInput as error:
        node.document.faults += [_at(node, fault) for fault in error.faults]
        return None


def _product(node: Node, currency: str) -> Contract | None:
    product = node.text("product")
    given = node.texts("with")
    names = {each.name for each in CATALOGUE[product].parameters} if product in CATALOGUE else set()
    if "currency" in names:
        given.setdefault("currency", currency)
    return read_arguments(product, given, file="")


def _at(node: Node, fault: Fault) -> Fault:
    """Return a fault of arguments at their line in the rules; one of a file stays as it is."""
    if fault.file:
        return fault
    line = node.document.line((*node.path, "with", fault.where))
    name = node.value.get("name", "")
    return Fault(node.document.file, line, f"{name} {fault.where}", fault.problem, fault.fix)


def _plans(node: Node) -> dict[str, str]:
    """Return the files of plans and of what activations changed, by series."""
    found = {PLANNED: node.text("plan", None)}
    found.update({f"{ACTIVATED}{name}": file for name, file in node.texts("activations").items()})
    return found


def _imbalance(node: Node, parties: Mapping[str, str], currency: str) -> list[Clause]:
    """Return the clauses of imbalance: of members, of groups, of who activated, of rewards."""
    node.known(_IMBALANCE)
    operator = node.name("operator")
    for name in ("operator", "members_with"):
        if (party := node.name(name, operator)) and party not in parties:
            node.fault(name, f"there is no party {party!r}", "name it under parties")
    settled = node.names("settle") or ("members",)
    for name in settled:
        if name not in ("members", "groups"):
            node.fault("settle", f"{name!r} is not settled", "write members, groups or both")
    found = []
    for of in OF:
        if of in settled or (of == "activations" and of in node.value):
            name = {"members": "imbalance"}.get(of, f"imbalance-{of}")
            party = node.name("members_with", operator) if of == "members" else operator
            found.append((name, of, _priced(node, party, currency)))
    reward = node.node("reward")
    if reward is not None:
        reward.known(_REWARD)
        given = {name: reward.text(name, None) for name in _REWARD}
        contract = _made(reward, "imbalance-incentive", operator, currency, given)
        found.append(("imbalance-reward", "members", contract))
    return [
        Clause(name, to_bytes(contract), "imbalance", of=of)
        for name, of, contract in found
        if contract is not None
    ]


def _priced(node: Node, party: str, currency: str) -> Contract | None:
    pricing = node.choice("pricing", ("single", "dual"))
    names = ("price",) if pricing == "single" else ("surplus_price", "shortage_price")
    given = {name: node.text(name, None) for name in names}
    return _made(node, f"imbalance-{pricing}-price", party, currency, given)


def _made(
    node: Node, product: str, party: str, currency: str, given: Mapping[str, str]
) -> Contract | None:
    common = {"member": MEMBER, "operator": party, "measured": NET, "planned": HELD}
    try:
        return read_arguments(product, {**common, **given, "currency": currency}, file="")
    except BadInput as error:
        node.document.faults += [
            Fault(node.document.file, node.document.line((*node.path, fault.where)), fault.where,
                  fault.problem, fault.fix)
            for fault in error.faults
        ]  # fmt: skip
        return None
