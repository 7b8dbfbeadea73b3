"""The smallest parts of the grammar: amounts, names, times, periods and tables."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise

from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import at_end
from gridpact.contracts.observables import Const, Profile
from gridpact.contracts.periods import ALL
from gridpact.contracts.sheet import times, units
from gridpact.contracts.sheet.syntax import RESTORE, Name, Node, Syntax, constant
from gridpact.contracts.sheet.tokens import SheetFault, Stream
from gridpact.contracts.times import DAY_S, Between, LocalTime
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.wire import MAX_BYTES

REFERENCE = re.compile(r"\([A-Z]+\)")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


class Atoms:
    """Reads the smallest parts from a stream of tokens."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def atom(self) -> Syntax:
        """Read an amount, a reference, a decision or the name of a series."""
        line, text = self.stream.line, self.stream.peek().text
        if REFERENCE.fullmatch(text):
            return Name(line, "definition", self.stream.take("a definition"))
        if _NUMBER.fullmatch(text):
            return self.amount()
        if self.stream.accept("the decision"):
            label = self.stream.name("the name of a decision")
            self.stream.expect("of")
            self.stream.name("who decides")
            return Name(line, "decision", label)
        return Name(line, "series", self.stream.name("a value"))

    def decided(self) -> Syntax:
        """Read the answer to a decision."""
        line = self.stream.line
        self.stream.name("who decides")
        self.stream.expect("decides")
        negative = self.stream.accept("no")
        if not negative:
            self.stream.expect("yes")
        self.stream.expect("on")
        label = Name(line, "decision", self.stream.name("the name of a decision"))
        if not negative:
            return label
        return Node(line, lambda decision: 1 - decision, (label,))

    def amount(self) -> Node:
        """Read a number with its unit, or a plain one; a temperature has degrees Celsius too."""
        line, found = self.stream.line, self._written()
        return constant(line, found.value, found.unit)

    def _written(self) -> Const:
        line, number = self.stream.line, self.stream.take("a number")
        if not units.is_unit(self.stream.peek().text):
            return self._constant(line, number, f"[{ONE}]")
        found = self._constant(line, number, self.stream.take("a unit"))
        if self.stream.sees("(") and self.stream.peek(2).text == "°C":
            self.stream.expect("(")
            self.stream.take("a temperature")
            self.stream.expect("°C )")
        return found

    def _constant(self, line: int, number: str, unit: str) -> Const:
        try:
            value, of, _ = amounts.parse(number, unit)
            return Const(value, of)
        except IllFormed as error:
            raise SheetFault(line, str(error), RESTORE) from error

    def period(self, article: str) -> str:
        """Read a period."""
        if self.stream.accept(times.TERM):
            return ALL
        self.stream.expect(article)
        line, length = self.stream.line, self.stream.take("day, week, month, quarter or year")
        self.stream.expect("in")
        zone = self.stream.take("a time zone")
        try:
            return times.period_of(length, zone)
        except IllFormed as error:
            raise SheetFault(line, str(error), RESTORE) from error

    def period_end(self, article: str) -> Node:
        """Read a period, for the mask of its last slots."""
        line = self.stream.line
        return Node(line, partial(at_end, self.period(article)))

    def moment(self) -> Node:
        """Read a window of time, hours of a calendar, or the end of a period."""
        line = self.stream.line
        if self.stream.accept("in the last slot of"):
            return self.period_end("each")
        if self.stream.accept("on"):
            return self._local(line)
        self.stream.expect("from")
        start = self.instant()
        self.stream.expect("until")
        return Node(line, partial(Between, start, self.instant()))

    def instant(self) -> int:
        """Read an instant [s since the epoch]."""
        day, second = self._date(), self._clock()
        self.stream.expect("UTC")
        return day * DAY_S + second

    def duration(self) -> int:
        """Read a duration [s]."""
        count, name = self.stream.peek().text, self.stream.peek(1).text
        found = times.seconds_of(count, name)
        if found is None:
            raise self.stream.fault("a duration")
        self.stream.expect(f"{count} {name}")
        return found

    def table(self) -> Node:
        """Read a profile after the words ``is this table``."""
        line = self.stream.line
        self.stream.expect("from")
        start = self.instant()
        self.stream.expect("until")
        end = self.instant()
        self.stream.expect(", else 0 , in steps of")
        step = self.duration()
        self.stream.expect(":")
        changes = self._changes()
        instants = [*(at for at, _ in changes), end]
        spans = [after - at for at, after in pairwise(instants)]
        uneven = step == 0 or any(span <= 0 or span % step for span in spans)
        if uneven or instants[0] != start or (end - start) // step > MAX_BYTES:
            raise SheetFault(line, "the table's times do not agree with its steps", RESTORE)
        if len({value.unit for _, value in changes}) > 1:
            raise SheetFault(line, "the table's values are in several units", RESTORE)
        counts = [span // step for span in spans]
        values = [
            v.value for (_, v), count in zip(changes, counts, strict=True) for _ in range(count)
        ]
        return Node(line, partial(Profile, start, step, tuple(values), changes[0][1].unit))

    def _changes(self) -> list[tuple[int, Const]]:
        found: list[tuple[int, Const]] = []
        more = True
        while more:
            day = self._date()
            self.stream.expect(":")
            more = True
            while more:
                second = self._clock()
                found.append((day * DAY_S + second, self._written()))
                more = self.stream.accept(",")
            more = self.stream.accept(";")
        return found

    def _date(self) -> int:
        found = times.day_of(self.stream.peek().text)
        if found is None:
            raise self.stream.fault("a date")
        self.stream.take("a date")
        return found

    def _clock(self) -> int:
        found = times.second_of(self.stream.peek().text)
        if found is None:
            raise self.stream.fault("a time of day")
        self.stream.take("a time of day")
        return found

    def _local(self, line: int) -> Node:
        every = self.stream.accept("every day")
        days = tuple(range(1, 8)) if every else self._runs(times.DAYS)
        months = self._runs(times.MONTHS) if self.stream.accept("of") else tuple(range(1, 13))
        begin, end = 0, DAY_S
        if self.stream.accept("from"):
            begin = self._clock()
            self.stream.expect("to")
            end = self._clock()
        self.stream.expect("in")
        zone = self.stream.take("a time zone")
        return Node(line, partial(LocalTime, zone, months, days, begin, end))

    def _runs(self, known: tuple[str, ...]) -> tuple[int, ...]:
        found: list[int] = []
        while True:
            first = last = self._number(known)
            if self.stream.accept("to"):
                last = self._number(known)
            found += range(first, last + 1)
            if not (self.stream.accept(",") or self.stream.accept("and")):
                return tuple(found)

    def _number(self, known: tuple[str, ...]) -> int:
        if self.stream.peek().text not in known:
            raise self.stream.fault(f"one of {known[0]} to {known[-1]}")
        return known.index(self.stream.take("a name")) + 1
