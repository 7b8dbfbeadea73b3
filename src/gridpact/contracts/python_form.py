"""Contracts as Python: a short module that builds exactly the same terms.

Shared and long subterms get names, windows of time a comment in words. The text ends in
``contract = …``; running it needs nothing but gridpact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Choice, Fold, Observable
from gridpact.contracts.periods import ALL
from gridpact.contracts.python_values import Values, quoted
from gridpact.contracts.sheet.graph import Graph, is_decision, negated
from gridpact.contracts.terms import All, Contract, One, Scale

WIDTH = 96
_MOST_ADDED = 8  # more parts are written as one All


@dataclass(frozen=True, slots=True)
class _Group:
    """Arguments or operands between brackets, broken into lines where one is too long."""

    head: str
    parts: tuple[_Code, ...]
    sign: str = ","
    end: str = ")"


_Code: TypeAlias = "_Group | str"


def to_python(contract: Contract) -> str:
    """Return a Python module that builds a contract of the same canonical bytes.

    Raises IllFormed for terms that could not be settled, or beyond the bounds of the wire form.
    """
    digest = terms_hash(contract).hex()
    legs(contract)
    needs(contract)
    values = Values(Graph(contract))
    root = _lines(_Writer(values).contract(contract), "contract = ", 0)
    imports = [
        line
        for module, names in sorted(values.imports.items())
        for line in _imported(module, sorted(names))
    ]
    head = [f'"""Terms with the keccak-256 {digest}."""', "", *imports, ""]
    return "\n".join([*head, *values.statements, *root, ""])


class _Writer:
    def __init__(self, values: Values) -> None:
        self._values = values

    def contract(self, contract: Contract) -> _Code:
        match contract:
            case One(asset, giver, taker):
                return self._call("One", quoted(asset), quoted(giver), quoted(taker))
            case All(parts):
                return self._both(parts) or self._all(parts)
            case Scale(by, One() as one):
                return self._flow(by, one)
            case Scale(quantity, All((One() as goods, Scale(price, One() as money)))) if _is_sale(
                goods, money
            ):
                return self._sale(quantity, price, goods, money)
            case Scale(by, of):
                return self._scaled(by, of)
        raise AssertionError(f"{contract!r} is no contract")

    def _both(self, parts: tuple[Contract, ...]) -> _Code | None:
        """Write a choice between two contracts, None where it is another All."""
        match parts:
            case (Scale(Choice() as chosen, one), Scale(opposite, other)) if (
                is_decision(chosen) and negated(opposite) == chosen
            ):
                label, by = quoted(chosen.label), quoted(chosen.by)
                sides = self.contract(one), self.contract(other)
                return self._call("either", label, by, *sides, f"notice_s={chosen.notice_s}")
        return None

    def _all(self, parts: tuple[Contract, ...]) -> _Code:
        written = tuple(self.contract(part) for part in parts)
        if 2 <= len(parts) <= _MOST_ADDED and not any(isinstance(part, All) for part in parts):
            return _Group("(", written, " +")
        return _Group(f"{self._values.function('All')}((", written, ",", "))")

    def _flow(self, by: Observable, one: One) -> _Code:
        amount = self._values.value(by)
        if one.unit != "nano":
            ends = f"giver={quoted(one.giver)}", f"taker={quoted(one.taker)}"
            return self._call("deliver", amount, *ends, f"asset={quoted(one.asset)}")
        ends = f"payer={quoted(one.giver)}", f"payee={quoted(one.taker)}"
        return self._call("pay", amount, *ends, *_money(one))

    def _sale(self, quantity: Observable, price: Observable, goods: One, money: One) -> _Code:
        terms = self._values.value(quantity), self._values.value(price)
        ends = f"seller={quoted(goods.giver)}", f"buyer={quoted(goods.taker)}"
        return self._call("sale", *terms, *ends, *_money(money))

    def _scaled(self, by: Observable, of: Contract) -> _Code:
        opposite = negated(by)
        for name, latched in (("when", by), ("until", opposite)):
            if isinstance(latched, Fold) and latched.is_mask and latched.period == ALL:
                return self._call(name, self._values.value(latched.arg), self.contract(of))
        name = "within" if by.is_mask else "Scale"
        return self._call(name, self._values.value(by), self.contract(of))

    def _call(self, name: str, *arguments: _Code) -> _Code:
        return _Group(f"{self._values.function(name)}(", arguments)


def _is_sale(goods: One, money: One) -> bool:
    back = (money.giver, money.taker) == (goods.taker, goods.giver)
    return back and goods.asset == "energy" and money.unit == "nano"


def _money(one: One) -> tuple[str, str]:
    currency, _, kind = one.asset.removeprefix("money:").partition("/")
    return f"kind={quoted(kind)}", f"currency={quoted(currency)}"


def _imported(module: str, names: list[str]) -> list[str]:
    line = f"from gridpact.contracts.{module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    head = f"from gridpact.contracts.{module} import ("
    return [head, *(f"    {name}," for name in names), ")"]


def _lines(code: _Code, before: str, indent: int) -> list[str]:
    """Lay code out after ``before``, on one line where it fits."""
    text = " " * indent + before + _flat(code)
    if isinstance(code, str) or len(text) <= WIDTH:
        return [text]
    lines = [" " * indent + before + code.head]
    for index, part in enumerate(code.parts):
        adds = code.sign == " +"
        inner = _lines(part, "+ " if adds and index else "", indent + 4)
        lines += inner if adds else [*inner[:-1], f"{inner[-1]},"]
    return [*lines, " " * indent + code.end]


def _flat(code: _Code) -> str:
    if isinstance(code, str):
        return code
    parts = f"{code.sign} ".join(_flat(part) for part in code.parts)
    single = "," if code.end == "))" and len(code.parts) == 1 else ""
    return f"{code.head}{parts}{single}{code.end}"
