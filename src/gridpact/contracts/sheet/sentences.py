"""The sentences of a term sheet: clauses, definitions, decisions and data."""

from __future__ import annotations

from functools import partial

from gridpact.contracts.observables import Choice, Observable, Series
from gridpact.contracts.sheet import clauses, names
from gridpact.contracts.sheet.atoms import REFERENCE
from gridpact.contracts.sheet.grammar import Grammar
from gridpact.contracts.sheet.syntax import Key, Node, Syntax, constant
from gridpact.contracts.sheet.tokens import SheetFault, Stream
from gridpact.contracts.terms import All, Contract, One, Scale
from gridpact.contracts.wire import MAX_DEPTH

_MULTIPLIED = "multiplied by"


class Sentences(Grammar):
    """Reads whole sentences; ``sole`` is the currency of payments that name none."""

    def __init__(self, stream: Stream, sole: str = "") -> None:
        super().__init__(stream)
        self.sole = sole
        self.faults: list[SheetFault] = []

    def items(self, under: tuple[int, ...] = ()) -> Syntax:
        """Read numbered clauses: one is itself, several are an All."""
        line, found, index = self.stream.line, list[Syntax](), 1
        while index == 1 or self._sees_label((*under, index)):
            try:
                found.append(self._item((*under, index)))
            except SheetFault as fault:
                if not self.stream.resume(_label((*under, index + 1))):
                    raise
                self.faults.append(fault)
            index += 1
        return found[0] if len(found) == 1 else Node(line, _all, tuple(found))

    def _sees_label(self, number: tuple[int, ...]) -> bool:
        return self.stream.peek().text == _label(number)

    def _item(self, number: tuple[int, ...]) -> Syntax:
        label = _label(number)
        if len(number) > MAX_DEPTH or not self._sees_label(number):
            raise self.stream.fault(f"clause {label}")
        self.stream.expect(label)
        if len(number) == 1:
            self.stream.expect(".")
        return self._clause(number)

    def _clause(self, number: tuple[int, ...]) -> Syntax:
        line = self.stream.line
        opening = self.stream.peek().text
        if opening.lower() not in names.OPENINGS:
            return self._ended(self._flow())
        self.stream.lower()
        if self.stream.accept(clauses.NOTHING):
            return self._ended(Node(line, _all))
        if self.stream.accept(clauses.ONE_TOGETHER.replace(",", " ,")):
            self.stream.expect(":")
            return Node(line, _all, (self._item((*number, 1)),))
        if self.stream.accept(clauses.TOGETHER):
            self.stream.expect(":")
            return self.items(number)
        by = self.slot() if self.stream.accept(_MULTIPLIED) else self.adverbial()
        self.stream.expect(":")
        return Node(line, Scale, (by, self._held(number)))

    def _held(self, number: tuple[int, ...]) -> Syntax:
        """Read what a condition is for: a promise on the same line, or the clauses below it."""
        if self._sees_label((*number, 1)):
            return self.items(number)
        line = self.stream.line
        if self.stream.accept(clauses.NOTHING):
            return self._ended(Node(line, _all))
        return self._ended(self._flow())

    def _ended(self, found: Syntax) -> Syntax:
        self.stream.expect(".")
        return found

    def _flow(self) -> Syntax:
        line, giver = self.stream.line, self.stream.name("a party or a condition")
        if self.stream.accept("pays"):
            return self._payment(line, giver)
        sells = self.stream.accept("sells")
        if not sells and not self.stream.accept("delivers"):
            raise self.stream.fault("sells, delivers or pays")
        asset = self.stream.name("what is delivered")
        self.stream.expect("to")
        taker = self.stream.name("a party")
        self.stream.expect(":")
        goods = Node(line, partial(One, asset, giver, taker))
        return self._sale(line, goods, giver, taker) if sells else self._quantity(line, goods)

    def _quantity(self, line: int, one: Syntax) -> Syntax:
        if self.stream.accept("one"):
            self.stream.take("a unit")
            return one
        return Node(line, Scale, (self.slot(), one))

    def _sale(self, line: int, goods: Syntax, giver: str, taker: str) -> Syntax:
        quantity = self.slot()
        self.stream.expect(", at the price of")
        price = self.slot()
        self.stream.expect(", paid")
        money = Node(line, partial(One, self._money(), taker, giver))
        both = Node(line, _all, (goods, Node(line, Scale, (price, money))))
        return Node(line, Scale, (quantity, both))

    def _payment(self, line: int, giver: str) -> Syntax:
        taker = self.stream.name("a party")
        self.stream.expect(":")
        amount = None if self.stream.accept("one nano") else self.slot()
        self.stream.expect(",")
        money = Node(line, partial(One, self._money(), giver, taker))
        return money if amount is None else Node(line, Scale, (amount, money))

    def _money(self) -> str:
        currency = self.stream.take("a currency") if self.stream.accept("in") else self.sole
        self.stream.expect("as")
        return f"money:{currency}/{self.stream.name('what is paid for')}"

    def definition(self) -> tuple[Key, Syntax]:
        """Read a definition: what its letter is, or when it holds."""
        if not REFERENCE.fullmatch(self.stream.peek().text):
            raise self.stream.fault("a definition such as “(A)”")
        letter = self.stream.take("a definition")
        if self.stream.accept("holds"):
            return ("definition", letter), self._ended(self.adverbial())
        self.stream.expect("is")
        found = self.table() if self.stream.accept("this table") else self.full()
        return ("definition", letter), self._ended(found)

    def decision(self) -> tuple[Key, Syntax]:
        """Read who decides what, within which bounds, and by when."""
        line, author = self.stream.line, self.stream.name("a party")
        self.stream.expect("decides")
        label = self.stream.name("the name of a decision")
        self.stream.expect(":")
        low: Syntax = constant(line, 0)
        high: Syntax = constant(line, 1)
        if not self.stream.accept("yes or no for each slot"):
            self.stream.expect("an amount for each slot from")
            low = self.operand()
            self.stream.expect("to")
            high = self.operand()
        self.stream.expect(",")
        notice = self.duration() if self.stream.accept("at least") else 0
        self.stream.expect("before it begins .")
        return ("decision", label), Node(line, partial(_choice, label, author, notice), (low, high))

    def datum(self) -> tuple[Key, Syntax]:
        """Read a series and its unit."""
        line, name = self.stream.line, self.stream.name("the name of a series")
        unit = self.stream.take("a unit in brackets").removeprefix("[").removesuffix("]")
        self.stream.expect(",")
        while not self.stream.sees("."):
            self.stream.take("what it is measured in")
        return ("series", name), self._ended(Node(line, partial(Series, name, unit)))


def _label(number: tuple[int, ...]) -> str:
    return ".".join(map(str, number))


def _all(*parts: Contract) -> All:
    return All(parts)


def _choice(label: str, by: str, notice_s: int, low: Observable, high: Observable) -> Choice:
    return Choice(label, by, low, high, notice_s, high.unit)
