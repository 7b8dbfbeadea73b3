"""Trees of expressions to observables: names are looked up, units are given and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gridpact.base.units import INT64_MAX
from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files import literals
from gridpact.contracts.files.entries import near
from gridpact.contracts.files.operations import OPERATIONS, Argument, Value, fix_of
from gridpact.contracts.files.syntax import FUNCTIONS, Apply, Literally, Name, Number, Syntax
from gridpact.contracts.files.tokens import ExpressionFault
from gridpact.contracts.observables import CHOICE_PREFIX, Const


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name or expression stands for, and the currencies written on the way to it.

    ``value`` is None where it could not be read; that has been told, so users stay silent.
    """

    value: Value | None
    currencies: frozenset[str] = frozenset()


def build(tree: Syntax, names: Mapping[str, Meaning]) -> tuple[Meaning, list[ExpressionFault]]:
    """Return what an expression stands for, and everything that is wrong with it."""
    builder = _Builder(names)
    value = builder.argument(tree)
    assert not isinstance(value, str)  # noqa: S101 - only functions hold literal arguments
    return Meaning(value, frozenset(builder.currencies)), builder.faults


def suggestion(name: str, known: Collection[str]) -> str:
    """Return a fix for an unknown name: the nearest known one, or all of a few."""
    return near(name, sorted(known)) if known else "declare it"


class _Builder:
    def __init__(self, names: Mapping[str, Meaning]) -> None:
        self._names = names
        self.currencies: dict[str, None] = {}
        self.faults: list[ExpressionFault] = []

    def argument(self, tree: Syntax) -> Argument | None:
        """Build one part; None where it or a part of it is wrong."""
        match tree:
            case Number():
                return self._number(tree)
            case Name():
                return self._named(tree)
            case Literally():
                return tree.text
            case Apply():
                return self._applied(tree)

    def _tell(self, at: int, problem: object, fix: str) -> None:
        self.faults.append(ExpressionFault(at, str(problem), fix))

    def _number(self, number: Number) -> Value | None:
        if number.unit:
            return self._amount(number)
        if amounts.NUMBER.fullmatch(number.text) and "." not in number.text:
            return self._bare(number)
        problem = f"{amounts.brief(number.text)} is not a whole number"
        self._tell(number.at, problem, "write whole numbers, or a unit as in 0.5 kWh")
        return None

    def _bare(self, number: Number) -> int | None:
        value = int(number.text.replace("_", ""))
        if abs(value) <= INT64_MAX:
            return value
        self._tell(
            number.at,
            f"{amounts.brief(number.text)} does not fit 64 bits",
            "write a smaller number",
        )
        return None

    def _amount(self, number: Number) -> Const | None:
        try:
            value, unit, currency = amounts.parse(number.text, number.unit)
        except IllFormed as error:
            multiply = number.unit in self._names
            fix = (
                f"write {amounts.brief(number.text)} * {number.unit}"
                if multiply
                else "correct the amount"
            )
            self._tell(number.at, error, fix)
            return None
        return Const(value, unit) if self._spend(currency, number.at) else None

    def _spend(self, currency: str, at: int) -> bool:
        """Note a currency that is written; a second one in an expression is a fault."""
        if currency in ("", amounts.ANY_CURRENCY):
            return True
        others = [other for other in self.currencies if other != currency]
        if others:
            problem = f"mixed currencies: {currency} beside {others[0]}"
            self._tell(at, problem, "write one currency, or split the terms")
            return False
        self.currencies[currency] = None
        return True

    def _named(self, name: Name) -> Value | None:
        found = self._names.get(name.text)
        if found is None:
            self._unknown(name)
            return None
        agreed = [self._spend(currency, name.at) for currency in sorted(found.currencies)]
        return found.value if all(agreed) else None

    def _unknown(self, name: Name) -> None:
        if name.text in FUNCTIONS:
            fix = f"write {FUNCTIONS[name.text].usage}"
        else:
            known = [text for text in self._names if not text.startswith(CHOICE_PREFIX)]
            fix = suggestion(name.text, known)
        self._tell(name.at, f"the name {name.text!r} is not known", fix)

    def _applied(self, call: Apply) -> Value | None:
        args = [self.argument(arg) for arg in call.args]
        found = [arg for arg in args if arg is not None]
        if len(found) < len(args):
            return None
        try:
            if call.name == "profile" and not self._spend_in(call.args[-1]):
                return None
            return OPERATIONS[call.name](found)
        except IllFormed as error:
            self._tell(call.at, error, fix_of(call.name, error))
        return None

    def _spend_in(self, unit: Syntax) -> bool:
        text = unit.text if isinstance(unit, Literally) else ""
        return self._spend(literals.unit_of(text)[2], unit.at)
