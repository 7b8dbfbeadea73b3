"""The grammar of values and conditions: what :mod:`phrases` and :mod:`conditions` write."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from gridpact.contracts.observables import Const, Fold
from gridpact.contracts.periods import ALL
from gridpact.contracts.sheet import conditions, phrases
from gridpact.contracts.sheet.atoms import Atoms
from gridpact.contracts.sheet.syntax import Name, Node, Syntax, constant, operation, opposite
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.wire import MAX_DEPTH

_SIGNS = {word: kind for kind, word in phrases.SIGNS.items()}
_MOMENTS = ("where", "from", "until", "on", "except", "always", "never", "in the last slot of")


class Grammar(Atoms):
    """Reads values and conditions from a stream of tokens."""

    _depth = 0

    def slot(self) -> Syntax:
        """Read a value as one part of a clause, perhaps with when it counts; else it is 0."""
        line = self.stream.line
        found = self._value()
        if self._sees_moment():
            return operation(line, "*", found, self.adverbial())
        if self.stream.sees(",") and self._sees_moment(1):
            self.stream.expect(",")
            return operation(line, "*", self.adverbial(), found)
        return found

    def full(self) -> Syntax:
        """Read a value with what follows its commas."""
        line = self.stream.line
        found = self._value()
        if self._sees_moment():
            mask = self.adverbial()
            self.stream.expect(", else 0")
            return mask if _is_one(found) else operation(line, "*", found, mask)
        if self.stream.accept(", or where it is missing ,"):
            return operation(line, "filled", found, self.operand())
        if self.stream.sees(",") and self._sees_moment(1):
            self.stream.expect(",")
            mask = self.adverbial()
            self.stream.expect(", else 0")
            return operation(line, "*", mask, found)
        return found

    def operand(self) -> Syntax:
        """Read a value that stands for itself."""
        if not self.stream.accept("("):
            return self.atom()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.stream.fault(f"at most {MAX_DEPTH} brackets within one another")
        found = self.full()
        self.stream.expect(")")
        self._depth -= 1
        return found

    def _value(self) -> Syntax:
        line = self.stream.line
        for kind, heads in (*phrases.EXTREMES.items(), *_SEVERAL.items()):
            if any(self.stream.accept(head) for head in heads):
                return operation(line, kind, *self._listed())
        if self.stream.accept("the share"):
            part = self.operand()
            self.stream.expect("of")
            return self._share(self.operand(), part)
        return self._fold() or self._chain(self.operand())

    def _listed(self) -> Iterator[Syntax]:
        yield self.operand()
        while self.stream.accept(","):
            yield self.operand()
        self.stream.expect("and")
        yield self.operand()

    def _chain(self, first: Syntax) -> Syntax:
        """Read what follows an operand: signs, a share, or a ratio."""
        found, line = first, first.line
        if self.stream.accept("of"):
            return self._share(self.operand(), first)
        if self.stream.accept("divided by"):
            return self._divided(first, constant(line, 1))
        if self.stream.accept("multiplied by"):
            factor = self.operand()
            self.stream.expect(", divided by")
            return self._divided(first, factor)
        signs = "+-" if self.stream.peek().text in ("plus", "minus") else "*"
        while _SIGNS.get(self.stream.peek().text, " ") in signs:
            kind = _SIGNS[self.stream.take("a sign")]
            found = operation(line, kind, found, self.operand())
        return found

    def _divided(self, value: Syntax, factor: Syntax) -> Syntax:
        divisor = self.operand()
        self.stream.expect("and rounded")
        return operation(value.line, "muldiv", value, factor, divisor)

    def _share(self, value: Syntax, part: Syntax) -> Syntax:
        whole = constant(part.line, 1_000_000, "ppm")
        return operation(value.line, "muldiv", value, part, whole)

    def _fold(self) -> Syntax | None:
        """Read a fold after the words that it begins with, None where none come."""
        line = self.stream.line
        if self.stream.accept("the total of"):
            arg = self.operand()
            self.stream.expect("over")
            return self._counted(line, self.period("each"), arg)
        for how, head in (("running", "the running total of"), ("highest", "the highest value of")):
            if self.stream.accept(head):
                arg = self.operand()
                self.stream.expect("from the beginning of")
                return Node(line, partial(Fold, how, self.period("each")), (arg,))
        return self._number_of_slots(line) if self.stream.accept("the number of slots") else None

    def _number_of_slots(self, line: int) -> Node:
        running = self.stream.accept("from the beginning of")
        if not running:
            self.stream.expect("over")
        period = self.period("each")
        self.stream.expect("in which")
        arg = self._member()
        if running:
            return Node(line, partial(Fold, "running", period), (arg,))
        return self._counted(line, period, arg)

    def _counted(self, line: int, period: str, arg: Syntax) -> Node:
        """Read in which slots of its period a sum counts."""
        self.stream.expect(", counted in")
        if self.stream.accept("its last slot , 0 before"):
            return Node(line, partial(Fold, "total", period), (arg,))
        self.stream.expect("every slot of it")
        return Node(line, partial(Fold, "whole", period), (arg,))

    def adverbial(self) -> Syntax:
        """Read when a mask is 1."""
        if self.stream.accept("where"):
            return self.condition()
        if self.stream.accept("except"):
            return opposite(self._moment())
        if self.stream.peek().text in ("always", "never"):
            return self._plain()
        if self.stream.sees("until") or self.stream.sees("from the beginning of"):
            return opposite(self._not_yet())
        return self._moment()

    def _moment(self) -> Syntax:
        return self._once() if self.stream.sees("from the first slot") else self.moment()

    def _once(self) -> Syntax:
        line = self.stream.line
        self.stream.expect("from the first slot")
        period = self.period("each") if self.stream.accept("of") else ALL
        self.stream.expect("in which")
        condition = self.condition()
        self.stream.expect("onwards" if period == ALL else "to the end of it")
        return Node(line, partial(Fold, "latch", period), (condition,))

    def _not_yet(self) -> Syntax:
        line, period = self.stream.line, ALL
        if self.stream.accept("from the beginning of"):
            period = self.period("each")
        self.stream.expect("until the first slot in which")
        return Node(line, partial(Fold, "latch", period), (self.condition(),))

    def condition(self) -> Syntax:
        """Read a condition: members all of which, or one of which, hold."""
        line = self.stream.line
        found = self._member()
        for kind, word in conditions.JOINED.items():
            several = conditions.SEVERAL[word]
            if self.stream.sees(several):
                members = [found]
                while self.stream.accept(several):
                    members.append(self._member())
                return operation(line, kind, *members)
            while self.stream.accept(word):
                found = operation(line, kind, found, self._member())
        return found

    def _member(self) -> Syntax:
        line = self.stream.line
        if self.stream.peek().text in ("always", "never") or self.stream.sees("the slot"):
            return self._plain()
        if self.stream.peek(1).text == "decides":
            return self.decided()
        value = self.operand()
        if isinstance(value, Name) and value.kind == "definition":
            if self.stream.accept("holds"):
                return value
            if self.stream.accept("does not hold"):
                return opposite(value)
        for manner, words in conditions.COMPARED.items():
            if self.stream.accept(words):
                bound = self.operand()
                least = manner in ("least", "less")
                pair = (value, bound) if least else (bound, value)
                found = operation(line, ">=", *pair)
                return found if manner in ("least", "most") else opposite(found)
        return self._valued(value)

    def _valued(self, value: Syntax) -> Syntax:
        if self.stream.accept("is 1"):
            return value
        self.stream.expect("is 0")
        return opposite(value)

    def _plain(self) -> Syntax:
        line = self.stream.line
        if self.stream.accept("always"):
            return constant(line, 1)
        if self.stream.accept("never"):
            return constant(line, 0)
        self.stream.expect("the slot")
        if self.stream.accept("does not begin"):
            return opposite(self.moment())
        if self.stream.accept("begins"):
            return self.moment()
        self.stream.expect("is")
        negative = self.stream.accept("not")
        self.stream.expect("the last of")
        found = self.period_end("a")
        return opposite(found) if negative else found

    def _sees_moment(self, ahead: int = 0) -> bool:
        for words in _MOMENTS:
            pairs = enumerate(words.split(), ahead)
            if all(self.stream.peek(at).text == word for at, word in pairs):
                return True
        return False


_SEVERAL = {kind: (head,) for kind, head in phrases.SEVERAL.items()}


def _is_one(syntax: Syntax) -> bool:
    make = syntax.make if isinstance(syntax, Node) else None
    return isinstance(make, partial) and make.func is Const and make.args == (1, ONE)
