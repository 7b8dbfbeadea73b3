"""Promises in words: one numbered clause for each part of a contract."""

from __future__ import annotations

from dataclasses import dataclass

from gridpact.contracts.observables import Observable
from gridpact.contracts.sheet import names
from gridpact.contracts.sheet.phrases import Phrases
from gridpact.contracts.terms import All, Contract, One, Scale

NOTHING = "nothing is promised"
TOGETHER = "together"
ONE_TOGETHER = "together, as one clause"


@dataclass(frozen=True, slots=True)
class Clause:
    """A numbered sentence; one that ends in a colon holds for the clauses under its number."""

    number: tuple[int, ...]
    text: str

    @property
    def label(self) -> str:
        """The number as written: ``2.`` or ``2.1``."""
        return ".".join(map(str, self.number)) + "." * (len(self.number) == 1)


def written(contract: Contract, phrases: Phrases) -> list[Clause]:
    """Return the clauses of a contract in the order agreed."""
    writer = _Writer(phrases)
    writer.items(contract, ())
    return writer.found


class _Writer:
    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self.found: list[Clause] = []

    def items(self, contract: Contract, under: tuple[int, ...]) -> None:
        """Write the parts of an All of several, else the contract as the only item."""
        parts = contract.parts if isinstance(contract, All) else ()
        for index, part in enumerate(parts if len(parts) > 1 else (contract,), 1):
            self._clause(part, (*under, index))

    def _clause(self, contract: Contract, number: tuple[int, ...]) -> None:
        sentence = self._sentence(contract)
        if sentence:
            return self._add(number, f"{sentence}.")
        match contract:
            case All((single,)):
                self._add(number, f"{ONE_TOGETHER}:")
                return self._clause(single, (*number, 1))
            case Scale(by, of):
                return self._scaled(by, of, number)
        self._add(number, f"{TOGETHER}:")
        return self.items(contract, number)

    def _scaled(self, by: Observable, of: Contract, number: tuple[int, ...]) -> None:
        phrases = self._phrases
        head = phrases.adverbial(by) if by.is_mask else f"multiplied by {phrases.slot(by)}"
        sentence = self._sentence(of)
        if sentence:
            return self._add(number, f"{head}: {sentence}.")
        self._add(number, f"{head}:")
        return self.items(of, number)

    def _add(self, number: tuple[int, ...], text: str) -> None:
        starts = text.partition(" ")[0].rstrip(":,").lower() in names.OPENINGS
        self.found.append(Clause(number, text[0].upper() + text[1:] if starts else text))

    def _sentence(self, contract: Contract) -> str:
        """Write a promise without parts; ``""`` where a contract has some."""
        match contract:
            case All(()):
                return NOTHING
            case One():
                return self._flow(contract, None)
            case Scale(by, One() as one) if not by.is_mask:
                return self._flow(one, by)
            case Scale(by, All((One() as goods, Scale(price, One() as money)))) if (
                not by.is_mask and is_sale(goods, price, money)
            ):
                return self._sale(by, goods, price, money)
        return ""

    def _sale(self, quantity: Observable, goods: One, price: Observable, money: One) -> str:
        return (
            f"{names.party(goods.giver)} sells {names.asset(goods.asset)} to "
            f"{names.party(goods.taker)}: {self._phrases.slot(quantity)}, at the price of "
            f"{self._phrases.slot(price)}, paid {self._as_kind(money)}"
        )

    def _flow(self, one: One, amount: Observable | None) -> str:
        shown = f"one {one.unit}" if amount is None else self._phrases.slot(amount)
        giver, taker = names.party(one.giver), names.party(one.taker)
        if one.unit == "nano":
            return f"{giver} pays {taker}: {shown}, {self._as_kind(one)}"
        return f"{giver} delivers {names.asset(one.asset)} to {taker}: {shown}"

    def _as_kind(self, money: One) -> str:
        """Write what a payment is for, and its currency where the contract has several."""
        kind = names.quoted(money.asset.partition("/")[2])
        return f"as {kind}" if self._phrases.sole else f"in {currency_of(money)} as {kind}"


def is_sale(goods: One, price: Observable, money: One) -> bool:
    """Tell whether goods go one way and their price in money the other."""
    back = (money.giver, money.taker) == (goods.taker, goods.giver)
    return back and goods.unit != "nano" and money.unit == "nano" and not price.is_mask


def currency_of(one: One) -> str:
    """Return the currency of a payment."""
    return one.asset.removeprefix("money:").partition("/")[0]
