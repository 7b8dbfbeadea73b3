"""Contracts to the clauses of a file: which kind of clause says exactly this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files.patterns import alternatives, latched, refused, sold
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import All, Contract, One, Scale
from gridpact.contracts.unit_algebra import ONE

_DEEPEST = 8  # levels of clauses before a part gets a name: YAML is read 40 levels deep

Amount: TypeAlias = tuple[Observable, str]  # an observable and the unit that is called for
Fields: TypeAlias = "dict[str, str | Amount | list[Clause]]"


@dataclass(slots=True)
class Clause:
    """One clause: its fields are texts, amounts or lists of clauses; or it is one such list."""

    kind: str
    fields: Fields = field(default_factory=dict)
    clauses: list[Clause] | None = None


class Composer:
    """Finds clauses; parts that lie deep get names and are gathered in ``parts``."""

    def __init__(self, *, with_currency: bool) -> None:
        self.parts: dict[str, list[Clause]] = {}
        self._with_currency = with_currency

    def clauses(self, contract: Contract, level: int) -> list[Clause]:
        """Return clauses that as a list are a contract: all of its parts, or the contract alone."""
        if level >= _DEEPEST and not isinstance(contract, One):
            name = f"part{len(self.parts) + 1}"
            self.parts[name] = []  # takes the name before what is inside needs names
            self.parts[name] = self.clauses(contract, 0)
            return [Clause("part", {"": name})]
        is_list = isinstance(contract, All) and len(contract.parts) != 1
        if isinstance(contract, All) and is_list and alternatives(contract) is None:
            return [self._clause(part, level) for part in contract.parts]
        return [self._clause(contract, level)]

    def _clause(self, contract: Contract, level: int) -> Clause:
        match contract:
            case One(asset, giver, taker):
                return Clause("one", {"asset": asset, "giver": giver, "taker": taker})
            case All(parts):
                return self._both(contract, parts, level)
            case Scale(by, One() as one):
                return self._moved(by, one)
            case Scale():
                return self._scaled(contract, level)
        raise IllFormed(f"{contract!r} is not a contract")

    def _both(self, contract: All, parts: tuple[Contract, ...], level: int) -> Clause:
        found = alternatives(contract)
        if found is None:
            if level >= _DEEPEST:
                return self.clauses(contract, level)[0]
            return Clause("all", clauses=[self._clause(part, level + 1) for part in parts])
        chosen, one, other = found
        fields: Fields = {
            "label": chosen.label,
            "by": chosen.by,
            "notice": amounts.written(chosen.notice_s, "s"),
            "one": self.clauses(one, level + 1),
            "other": self.clauses(other, level + 1),
        }
        return Clause("either", fields)

    def _moved(self, by: Observable, one: One) -> Clause:
        if one.unit != "nano":
            parties = {"giver": one.giver, "taker": one.taker}
            return Clause("deliver", {"quantity": (by, one.unit), **parties, "asset": one.asset})
        parties = {"payer": one.giver, "payee": one.taker}
        return Clause("pay", {"amount": (by, "nano"), **parties, **self._money(one)})

    def _money(self, one: One) -> dict[str, str]:
        currency, _, kind = one.asset.removeprefix("money:").partition("/")
        return {"kind": kind, "currency": currency} if self._with_currency else {"kind": kind}

    def _scaled(self, contract: Scale, level: int) -> Clause:
        by = contract.by
        if (sale := sold(contract)) is not None:
            energy, price, money = sale
            parties = {"seller": energy.giver, "buyer": energy.taker}
            amounts_due: Fields = {"quantity": (by, "Wh"), "price": (price, "micro/kWh")}
            return Clause("sale", {**amounts_due, **parties, **self._money(money)})
        inner = self.clauses(contract.of, level + 1)
        if (condition := latched(by)) is not None:
            return Clause("when", {"condition": (condition, ONE), "terms": inner})
        contrary = refused(by)
        if contrary is not None and (condition := latched(contrary)) is not None:
            return Clause("until", {"condition": (condition, ONE), "terms": inner})
        if by.is_mask:
            return Clause("within", {"mask": (by, ONE), "terms": inner})
        return Clause("scale", {"by": (by, ONE), "terms": inner})


def amounts_in(clauses: list[Clause]) -> Iterator[Amount]:
    """Yield the amounts of clauses and of all clauses within them."""
    pending = list(clauses)
    while pending:
        clause = pending.pop()
        for value in (clause.clauses, *clause.fields.values()):
            if isinstance(value, tuple):
                yield value
            pending.extend(value if isinstance(value, list) else [])
