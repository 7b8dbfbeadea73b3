"""Contract files to contracts: every fault of a file, and of what it includes, at once.

The format is described in ``docs/contract-files.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gridpact.base.errors import BadInput, Fault
from gridpact.contracts.catalogue import Product
from gridpact.contracts.files.arguments import Setting, product_contract
from gridpact.contracts.files.clauses import Clauses, sound
from gridpact.contracts.files.entries import MAX_FAULTS, UNREAD, Entry
from gridpact.contracts.files.expressions import Expressions
from gridpact.contracts.files.loading import Loaded, in_reading_order, load_file, load_text
from gridpact.contracts.files.names import declared
from gridpact.contracts.files.ordering import ordered
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import factors, needs, nodes
from gridpact.contracts.observables import Choice, Series
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.terms import All, Contract

VERSION = "contract/1"
_FULL = ("gridpact", "parties", "terms")
_FULL_OPTIONAL = ("title", "currency", "series", "choices", "define", "parts")
_SHORT = ("gridpact", "product", "with")
_SHORT_OPTIONAL = ("title", "series", "choices", "define")


@dataclass(frozen=True, slots=True)
class ContractFile:
    """A contract and what its file says around it.

    ``parties`` are as declared, or for a product in order of appearance; ``product`` names the
    product that the whole file is, if it is one. Only ``contract`` is agreed and hashed.
    """

    title: str
    currency: str
    parties: tuple[str, ...]
    contract: Contract
    product: str | None


def read_contract(
    source: Path | str,
    file: str = "contract.yaml",
    *,
    products: Mapping[str, Product] = CATALOGUE,
) -> ContractFile:
    """Return the contract of a file (a Path), or of a text (a str) that faults call ``file``.

    Raises :class:`gridpact.base.errors.BadInput` listing every fault of the file and of the files
    that it includes, each with its line, and in expressions with its column.
    """
    files = load_file(source) if isinstance(source, Path) else load_text(source, file)
    found: dict[str, ContractFile | None] = {}
    for key in in_reading_order(files):
        included = {
            text: each.contract if (each := found.get(target)) else None
            for text, target in files[key].includes.items()
        }
        found[key] = _Reader(files[key], included, products).read()
    faults = sorted({fault for each in files.values() for fault in each.document.faults})
    outermost = found[""]
    if faults or outermost is None:
        raise BadInput(_bounded(faults))
    return outermost


def _bounded(faults: Sequence[Fault]) -> Sequence[Fault]:
    if len(faults) <= MAX_FAULTS:
        return faults
    more = f"{len(faults) - MAX_FAULTS} more faults are not shown"
    return [*faults[:MAX_FAULTS], Fault(faults[-1].file, 0, "", more, "correct the others first")]


class _Reader:
    """Reads one file whose includes have been read."""

    def __init__(
        self,
        loaded: Loaded,
        included: Mapping[str, Contract | None],
        products: Mapping[str, Product],
    ) -> None:
        self._root = loaded.root
        self._faults = loaded.document.faults
        self._included = included
        self._products = products

    def read(self) -> ContractFile | None:
        if self._root.value is None and self._faults:
            return None
        value = self._root.value
        is_short = isinstance(value, dict) and "product" in value and "terms" not in value
        required, optional = (_SHORT, _SHORT_OPTIONAL) if is_short else (_FULL, _FULL_OPTIONAL)
        form = self._root.form(required, optional)
        if "gridpact" in form and form["gridpact"].value != VERSION:
            form["gridpact"].fault("not a contract of this version", f"write {VERSION}")
        title = form["title"].title() if "title" in form else ""
        return self._short(form, title) if is_short else self._full(form, title)

    def _full(self, form: Mapping[str, Entry], title: str) -> ContractFile | None:
        currency = (form["currency"].currency() or UNREAD) if "currency" in form else ""
        parties = _parties(form["parties"]) if "parties" in form else None
        known = None if parties is None else frozenset(parties)
        setting = Setting(Expressions(declared(form, known)), currency, known)
        parts = self._parts(form, setting)
        clauses = Clauses(self._products, parts, self._included)
        contract = _terms(form["terms"], clauses, setting) if "terms" in form else None
        if contract is None or parties is None:
            return None
        return ContractFile(title, currency, parties, contract, None)

    def _parts(self, form: Mapping[str, Entry], setting: Setting) -> dict[str, Contract | None]:
        """Read the named parts, each after those that it uses."""
        if "parts" not in form:
            return {}
        entries = form["parts"].entries("names, each with a list of clauses")
        order, circles = ordered({name: list(_used(each)) for name, each in entries.items()})
        for circle in circles:
            problem = f"a circle: {' uses '.join((*circle, circle[0]))}"
            entries[circle[0]].fault(problem, "write one of them without the others")
        found: dict[str, Contract | None] = dict.fromkeys(entries)
        clauses = Clauses(self._products, found, self._included)
        # what stands around a part is not known yet, so its units are checked where it is used
        inside = Setting(setting.expressions, setting.currency, setting.parties, scaled=True)
        for name in [*order, *(name for name in entries if name not in order)]:
            contract = clauses.terms(entries[name], inside)
            found[name] = contract if name in order else None
        return found

    def _short(self, form: Mapping[str, Entry], title: str) -> ContractFile | None:
        setting = Setting(Expressions(declared(form, None)))
        clauses = Clauses(self._products, {}, {})
        product = clauses.product(form["product"]) if "product" in form else None
        if product is None or "with" not in form:
            return None
        given = form["with"].entries("the arguments of the product")
        if not isinstance(form["with"].value, dict):
            return None
        contract = product_contract(product, given, form["with"], setting)
        if contract is None or not sound(contract, form["with"]):
            return None
        currency = str(given["currency"].value) if "currency" in given else ""
        return ContractFile(title, currency, parties_of(contract), contract, product.name)


def parties_of(contract: Contract) -> tuple[str, ...]:
    """Return everyone whom terms name, givers and takers first, in order of appearance."""
    named = [name for leg in legs(contract) for name in (leg.giver, leg.taker)]
    named += [choice.by for choice in needs(contract).choices]
    return tuple(dict.fromkeys(named))


def _terms(entry: Entry, clauses: Clauses, setting: Setting) -> Contract | None:
    items = entry.items("a list of clauses, each after a dash")
    if items is None:
        return None
    found = [(item, clauses.clause(item, setting)) for item in items]
    good = [(item, contract) for item, contract in found if contract is not None]
    agree = _agree(good)
    if len(good) < len(found) or not agree:
        return None
    contract = good[0][1] if len(good) == 1 else All(tuple(part for _, part in good))
    return contract if sound(contract, entry) else None


def _agree(clauses: list[tuple[Entry, Contract]]) -> bool:
    """Tell whether clauses mean the same by each series and choice; note where they do not."""
    first: dict[tuple[type, str], tuple[Series | Choice, int]] = {}
    told = set[tuple[type, str]]()
    for entry, contract in clauses:
        line = entry.document.line(entry.path)
        for node in nodes(factors(contract)):
            if not isinstance(node, Series | Choice):
                continue
            key = type(node), node.name if isinstance(node, Series) else node.label
            other, where = first.setdefault(key, (node, line))
            if other != node and key not in told:
                told.add(key)
                problem = f"{_difference(other, node)} on line {where}"
                entry.fault(problem, "let both mean the same, or give one another name")
    return not told


def _difference(one: Series | Choice, other: Series | Choice) -> str:
    if isinstance(other, Series):
        return f"series {other.name!r} is in {other.unit} here and in {one.unit}"
    return f"choice {other.label!r} has another author, notice or bounds than"


def _parties(entry: Entry) -> tuple[str, ...] | None:
    items = entry.items("a list of parties, as in [solar-park, bakery]")
    names = [item.name("party") for item in items or []]
    for index, (item, name) in enumerate(zip(items or [], names, strict=True)):
        if name is not None and name in names[:index]:
            item.fault(f"party {name!r} is written twice", "keep one")
    return None if items is None or None in names else tuple(name for name in names if name)


def _used(entry: Entry) -> Iterator[str]:
    """Yield the names of the parts that a part uses."""
    pending = [entry.value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if isinstance(name := value.get("part"), str):
                yield name
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
