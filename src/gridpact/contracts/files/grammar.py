"""The grammar of expressions: tokens to a tree, by precedence climbing.

From the loosest to the tightest: ``or``, ``and``, ``not``, comparisons, ``+ -``, ``*``, the sign.
Operators of one level go from left to right. Nothing is evaluated, and nesting is bounded.
"""

from __future__ import annotations

import difflib

from gridpact.contracts.files.syntax import (
    FUNCTIONS,
    Apply,
    Literally,
    Name,
    Number,
    Part,
    Syntax,
)
from gridpact.contracts.files.tokens import ExpressionFault, Scanner, Token
from gridpact.contracts.wire import MAX_DEPTH

COMPARISONS = (">=", "<=", ">", "<")
BINDING = {"or": 1, "and": 2, "+": 5, "-": 5, "*": 6} | dict.fromkeys(COMPARISONS, 4)
NOT_BINDING, SIGN_BINDING = 3, 7
_INSTEAD = {
    "/": "write muldiv(value, numerator, denominator), which says where it rounds",
    "**": "multiply with *",
    "%": "write share(value, 25 %)",
    "==": "compare with >= and <=, joined by and",
    "!=": "compare with > or <, joined by or",
    "=": "compare with >= or <=",
    "(": "only functions are called; write * to multiply",
}
_WORDED: dict[Part, str] = {
    "period": "a period such as month@Europe/Berlin",
    "instant": "an instant such as 2026-01-01T00:00Z",
    "numbers": "a list of numbers such as [1, 2, 3]",
    "unit": "a unit such as Wh",
    "zone": "a time zone such as Europe/Berlin",
    "text": "a name in single quotes",
}


def parse_expression(text: str) -> Syntax:
    """Return what an expression says.

    Raises ExpressionFault at the first character that does not fit, telling what was expected and
    what was found.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._scanner = Scanner(text)
        self._depth = 0
        self._levels: dict[int, int] = {}  # levels of each node of the tree, by its identity

    def whole(self) -> Syntax:
        found = self._expression(1)
        if self._next.kind != "end":
            raise self._unexpected("an operator or the end")
        return found

    @property
    def _next(self) -> Token:
        return self._scanner.token

    def _expression(self, least: int) -> Syntax:
        """Read operands joined by operators that bind at least as tightly as ``least``."""
        self._descend()
        left = self._operand(least)
        while (power := self._power()) >= least:
            operator = self._scanner.advance()
            right = self._expression(power + 1)
            left = self._apply(operator.at, operator.text, (left, right))
            if operator.text in COMPARISONS and self._next.text in COMPARISONS:
                fix = "compare two at a time and join with and"
                raise ExpressionFault(self._next.at, "comparisons do not chain", fix)
        self._depth -= 1
        return left

    def _power(self) -> int:
        return BINDING.get(self._next.text, 0) if self._next.kind == "symbol" else 0

    def _operand(self, least: int) -> Syntax:
        token = self._next
        if token.kind == "symbol" and token.text == "-":
            return self._signed(self._scanner.advance())
        if token.kind == "symbol" and token.text == "not":
            if least > NOT_BINDING:
                raise ExpressionFault(token.at, "not binds too loosely here", "write (not …)")
            self._scanner.advance()
            return self._apply(token.at, "not", (self._expression(NOT_BINDING),))
        if token.kind == "symbol" and token.text == "(":
            self._scanner.advance()
            inner = self._expression(1)
            self._expect(")")
            return inner
        return self._atom()

    def _signed(self, minus: Token) -> Syntax:
        if self._next.kind == "number":
            number = self._scanner.advance()
            return Number(minus.at, f"-{number.text}", number.unit)
        return self._apply(minus.at, "negative", (self._expression(SIGN_BINDING),))

    def _atom(self) -> Syntax:
        token = self._next
        if token.kind not in ("number", "name", "quoted"):
            raise self._unexpected("a value")
        self._scanner.advance()
        if token.kind == "number":
            return Number(token.at, token.text, token.unit)
        if token.kind == "name" and self._next.text == "(" and self._next.kind == "symbol":
            return self._call(token)
        return Name(token.at, token.text)

    def _call(self, name: Token) -> Syntax:
        signature = FUNCTIONS.get(name.text)
        if signature is None:
            near = difflib.get_close_matches(name.text, FUNCTIONS, n=1, cutoff=0.6)
            fix = f"did you mean {near[0]}" if near else f"functions are {', '.join(FUNCTIONS)}"
            raise ExpressionFault(name.at, f"there is no function {name.text!r}", fix)
        self._scanner.advance()
        args: list[Syntax] = []
        while not (self._next.kind == "symbol" and self._next.text == ")"):
            if args:
                self._expect(",")
            if len(args) >= len(signature.parts) and not signature.repeats:
                raise _arguments(name, signature.usage)
            args.append(self._argument(signature.parts[min(len(args), len(signature.parts) - 1)]))
        if len(args) < signature.fewest:
            raise _arguments(name, signature.usage)
        end = self._scanner.advance().end
        return self._apply(name.at, name.text, tuple(args), end)

    def _argument(self, part: Part) -> Syntax:
        if part == "value":
            return self._expression(1)
        if part == "duration":
            return self._duration()
        if part == "calendar":
            return self._words()
        if part == "text":
            return self._text(_WORDED[part])
        take = self._scanner.numbers if part == "numbers" else self._scanner.word
        token = take(_WORDED[part])
        return Literally(token.at, token.text)

    def _duration(self) -> Syntax:
        token = self._next
        if token.kind != "number":
            raise self._unexpected("a duration such as 15 min")
        self._scanner.advance()
        return Number(token.at, token.text, token.unit)

    def _text(self, what: str) -> Syntax:
        token = self._next
        if token.kind != "quoted":
            raise self._unexpected(what)
        self._scanner.advance()
        return Literally(token.at, token.text)

    def _words(self) -> Syntax:
        what = "months 4-9, days 1-5 or 17:00-20:00"
        first = self._scanner.word(what)
        words = [first.text]
        while self._next.kind != "end" and self._next.text not in (",", ")"):
            words.append(self._scanner.word(what).text)
        return Literally(first.at, " ".join(words))

    def _expect(self, symbol: str) -> None:
        if self._next.kind != "symbol" or self._next.text != symbol:
            raise self._unexpected(f"'{symbol}'")
        self._scanner.advance()

    def _unexpected(self, expected: str) -> ExpressionFault:
        found = self._next
        fix = _INSTEAD.get(found.text, "") if found.kind == "symbol" else ""
        problem = f"expected {expected}, found {found}"
        if found.text == "/" and fix:
            problem = "there is no division"
        return ExpressionFault(found.at, problem, fix or f"write {expected} here")

    def _apply(self, at: int, name: str, args: tuple[Syntax, ...], end: int = -1) -> Apply:
        levels = 1 + max((self._levels.get(id(arg), 1) for arg in args), default=0)
        if levels > MAX_DEPTH:
            fix = "write a long sum as sum(a, b, …), or give parts names in define"
            raise ExpressionFault(at, f"the expression has more than {MAX_DEPTH} levels", fix)
        found = Apply(at, end, name, args)
        self._levels[id(found)] = levels
        return found

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            problem = f"the expression is nested more than {MAX_DEPTH} deep"
            raise ExpressionFault(self._next.at, problem, "give parts names in define")


def _arguments(name: Token, usage: str) -> ExpressionFault:
    problem = f"{name.text} is given the wrong number of arguments"
    return ExpressionFault(name.at, problem, f"write {usage}")
