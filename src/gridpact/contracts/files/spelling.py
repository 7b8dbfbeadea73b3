"""Observables to expressions that read back to exactly the same terms.

What occurs more than once, or lies deep, becomes a definition with a name after its unit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from gridpact.contracts import amounts
from gridpact.contracts.files.grammar import BINDING, NOT_BINDING, SIGN_BINDING
from gridpact.contracts.files.literals import write_instant, write_local, write_unit
from gridpact.contracts.files.patterns import agreement_of, end_of, is_share
from gridpact.contracts.files.tokens import spelled
from gridpact.contracts.needs import children
from gridpact.contracts.observables import (
    CHOICE_PREFIX,
    Choice,
    Const,
    Fold,
    Observable,
    Op,
    Profile,
    Series,
)
from gridpact.contracts.periods import ALL
from gridpact.contracts.times import Between, LocalTime
from gridpact.contracts.unit_algebra import ONE

_ATOM = 9
_DEEPEST = 6  # levels of an expression before a part of it gets a name
_WORTH = 16  # characters from which on a repeated part gets a name
_NAMES = {"Wh": "energy", "nano": "amount", "W": "power", "ppm": "part", "mK": "temperature"}

_Text = tuple[str, int, int]  # an expression, how tightly it binds, and its levels


class Speller:
    """Writes the observables of one contract; what they need is gathered on the way.

    ``series`` (name to unit), ``choices`` (by label) and ``define`` (name to expression, each
    after those it uses) hold what the expressions written so far name.
    """

    def __init__(self, roots: Iterable[Observable], currency: str, taken: Collection[str]) -> None:
        self.series: dict[str, str] = {}
        self.choices: dict[str, Choice] = {}
        self.define: dict[str, str] = {}
        self._currency = currency
        self._taken = set(taken)
        self._nodes = Distinct()
        for root in roots:
            self._nodes.use(root)
        self._written: dict[int, _Text] = {}

    def text(self, node: Observable, unit: str = ONE) -> str:
        """Write an observable where ``unit`` is called for."""
        if isinstance(node, Const) and node.unit == ONE and unit != ONE:
            return f"{node.value} [{ONE}]"
        return self._spell(node)[0]

    def _spell(self, node: Observable) -> _Text:
        number = self._nodes.number(node)
        found = self._written.get(number)
        if found is None:
            found = self._plain(node)
            text, _, levels = found
            repeated = self._nodes.uses[number] > 1 and len(text) >= _WORTH
            if not isinstance(node, Const | Series | Choice) and (repeated or levels > _DEEPEST):
                name = self._name(node)
                self.define[name] = text
                found = name, _ATOM, 0
            self._written[number] = found
        return found

    def _name(self, node: Observable) -> str:
        head = node.unit.partition("/")[0]
        stem = "condition" if node.is_mask else _NAMES.get(node.unit, "value")
        stem = "price" if head == "micro" else stem
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}{count}"
        self._taken.add(name)
        return name

    def _plain(self, node: Observable) -> _Text:
        match node:
            case Const(value, unit):
                return amounts.written(value, unit, self._currency), _ATOM, 0
            case Series(name, unit):
                self.series[name] = unit
                return spelled(name), _ATOM, 0
            case Choice(label):
                self.choices[label] = node
                return spelled(self._label(label)), _ATOM, 0
            case Fold(how, period, arg):
                return self._called(how, [arg], [period] if period != ALL else [])
            case Op():
                return self._operation(node)
        return _literal(node), _ATOM, 0

    def _label(self, label: str) -> str:
        return CHOICE_PREFIX + label if label in self._nodes.series else label

    def _operation(self, node: Op) -> _Text:
        if (period := end_of(node)) is not None:
            return f"at_end({period})", _ATOM, 0
        if (agreement := agreement_of(node)) is not None:
            return f"active('{agreement}')", _ATOM, 0
        if is_share(node):
            return self._called("share", node.args[:2])
        if node.kind == "-":
            return self._difference(node)
        if node.kind == ">=":
            return self._comparison(">=", node)
        if len(node.args) == 2 and node.kind in ("+", "*", "max"):
            masks = node.is_mask and not any(isinstance(arg, Const) for arg in node.args)
            joined = {"*": "and", "max": "or"}.get(node.kind, "+") if masks else node.kind
            if joined != "max":
                return self._infix(joined, node.args)
        return self._called({"+": "sum", "*": "product"}.get(node.kind, node.kind), node.args)

    def _difference(self, node: Op) -> _Text:
        left, right = node.args
        if left == Const(1, ONE) and right.is_mask and not isinstance(right, Const):
            named = self._spell(right)[1] == _ATOM
            if isinstance(right, Op) and right.kind == ">=" and not named:
                return self._comparison("<", right)
            return self._prefixed("not ", right, NOT_BINDING)
        if left == Const(0, node.unit) and not isinstance(right, Const):
            return self._prefixed("-", right, SIGN_BINDING)
        return self._infix("-", node.args)

    def _comparison(self, sign: str, node: Op) -> _Text:
        """Write ``a >= b``, or its contrary ``a < b``, with what varies on the left."""
        left, right = node.args
        if isinstance(left, Const) and not isinstance(right, Const):
            left, right, sign = right, left, {">=": "<=", "<": ">"}[sign]
        return self._infix(sign, (left, right))

    def _infix(self, sign: str, args: Sequence[Observable]) -> _Text:
        power = BINDING[sign]
        left, right = self._operands(args, bare=sign != "*")
        # operators of one level go from left to right; comparisons do not chain
        least = power + 1 if sign in (">=", "<=", "<", ">") else power
        text = f"{_within(left, least)} {sign} {_within(right, power + 1)}"
        return text, power, 1 + max(left[2], right[2])

    def _prefixed(self, sign: str, arg: Observable, power: int) -> _Text:
        inner = self._spell(arg)
        return f"{sign}{_within(inner, power)}", power, 1 + inner[2]

    def _called(self, name: str, args: Sequence[Observable], more: Sequence[str] = ()) -> _Text:
        written = self._operands(args, bare=name in ("min", "max", "sum", "filled"))
        texts = [text for text, _, _ in written]
        levels = 1 + max(level for _, _, level in written)
        return f"{name}({', '.join([*texts, *more])})", _ATOM, levels

    def _operands(self, args: Sequence[Observable], *, bare: bool) -> list[_Text]:
        """Write operands; with ``bare`` a 0 leaves its unit to the others that have one."""
        bare = bare and not all(isinstance(arg, Const) for arg in args)
        return [
            ("0", _ATOM, 0) if bare and isinstance(arg, Const) and not arg.value
            else self._spell(arg)
            for arg in args
        ]  # fmt: skip


class Distinct:
    """Numbers observables so that equal ones have one number, and counts where each is used."""

    def __init__(self) -> None:
        self.uses: Counter[int] = Counter()
        self.series: set[str] = set()
        self._by_id: dict[int, int] = {}
        self._by_key: dict[object, int] = {}
        self._alive: list[Observable] = []  # keeps the objects whose id() is a key

    def use(self, node: Observable) -> None:
        """Count a use of an observable."""
        self.uses[self.number(node)] += 1

    def number(self, node: Observable) -> int:
        """Return the number of an observable and of all that equal it."""
        found = self._by_id.get(id(node))
        if found is None:
            below = tuple(map(self.number, children(node)))
            key = _key(node, below)
            found = self._by_key.setdefault(key, len(self._by_key))
            if found == len(self._by_key) - 1 and found not in self.uses:
                self.uses[found] = 0
                self.uses.update(below)
            self._by_id[id(node)] = found
            self._alive.append(node)
            if isinstance(node, Series):
                self.series.add(node.name)
        return found


def _key(node: Observable, below: tuple[int, ...]) -> object:
    match node:
        case Op(kind):
            return kind, below
        case Fold(how, period):
            return how, period, below
        case Choice(label, by, notice_s=notice_s, unit=unit):
            return label, by, notice_s, unit, below
    return node


def _literal(node: Observable) -> str:
    match node:
        case Between(start, end):
            return f"between({write_instant(start)}, {write_instant(end)})"
        case LocalTime():
            return write_local(node)
        case Profile(start, step, values, unit):
            numbers = ", ".join(map(str, values))
            every = amounts.written(step, "s")
            return f"profile({write_instant(start)}, {every}, [{numbers}], {write_unit(unit)})"
    raise TypeError(f"{node!r} is not an observable")


def _within(operand: _Text, least: int) -> str:
    text, power, _ = operand
    return text if power >= least else f"({text})"
