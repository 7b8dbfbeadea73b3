"""Observables as Python expressions, with names for what is shared, long or better named."""

from __future__ import annotations

import builtins
import keyword
import re
import textwrap
from collections import defaultdict

from gridpact.contracts.observables import (
    Choice,
    Const,
    Fold,
    Observable,
    Op,
    Profile,
    Series,
)
from gridpact.contracts.sheet.graph import Graph, is_decision, is_share, period_end
from gridpact.contracts.sheet.times import instant
from gridpact.contracts.times import Between, LocalTime
from gridpact.contracts.unit_algebra import ONE

_HOMES = {
    name: module
    for module, names in {
        "formulas": "at_end decision filled highest latch maximum minimum muldiv nominated running "
        "share total whole",
        "observables": "Const Op Profile Series",
        "terms": "All One Scale deliver either pay sale until when within",
        "times": "Between LocalTime",
    }.items()
    for name in names.split()
}
_CALLED = {"Wh": "energy", "micro/kWh": "price", "nano": "amount", "W": "power", "mg": "carbon"}
_BINDS = {">=": 1, "<=": 1, "+": 2, "-": 2, "*": 3}
_CALL = 9  # binds tighter than any operator
_LONGEST = 60
_WIDTH = 96


class Values:
    """Writes observables, and gathers the statements and imports that they need."""

    def __init__(self, graph: Graph) -> None:
        self.imports: defaultdict[str, set[str]] = defaultdict(set)
        self.statements: list[str] = []
        self._graph = graph
        self._names: dict[int, str] = {}
        self._taken = {"contract", *_HOMES, *keyword.kwlist, *dir(builtins)}

    def function(self, name: str) -> str:
        """Return the name of something of gridpact, and note that it is to be imported."""
        self.imports[_HOMES[name]].add(name)
        return name

    def value(self, node: Observable) -> str:
        """Write an observable as an argument."""
        return self._written(node)[0]

    def _written(self, node: Observable) -> tuple[str, int]:
        """Return an expression and how tightly its outermost operator binds."""
        number = self._graph.number(node)
        if number in self._names:
            return self._names[number], _CALL
        text, binding = self._expression(node)
        shared = self._graph.uses(node) > 1 and not isinstance(node, Const)
        own = isinstance(node, Series | Choice | Profile | Between | LocalTime)
        if not (own or shared or (len(text) > _LONGEST and not isinstance(node, Const))):
            return text, binding
        name = self._names[number] = self._name(node)
        self.statements += _statement(name, text, node, bracketed=binding == _CALL)
        return name, _CALL

    def _name(self, node: Observable) -> str:
        match node:
            case Series(text) | Choice(text):
                stem = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
            case Profile():
                stem = "profile"
            case Between() | LocalTime():
                stem = "window"
            case _:
                stem = "mask" if node.is_mask else _CALLED.get(node.unit, "value")
        stem = stem if stem.isidentifier() else f"value_{stem}".rstrip("_")
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name

    def _expression(self, node: Observable) -> tuple[str, int]:
        match node:
            case Op("+" | "-" | "*" | ">=" as kind, (left, right)) if not period_end(node):
                return self._infix(kind, left, right)
            case Const(value, unit):
                return self._call("Const", _digits(value), quoted(unit)), _CALL
            case Series(name, unit):
                return self._call("Series", quoted(name), quoted(unit)), _CALL
            case Choice():
                return self._choice(node), _CALL
            case Fold(how, period, arg):
                called = [self.value(arg), *([quoted(period)] if period != "all" else [])]
                return self._call(how, *called), _CALL
            case Op(kind, args):
                return self._applied(node, kind, args), _CALL
        return self._leaf(node), _CALL

    def _infix(self, kind: str, left: Observable, right: Observable) -> tuple[str, int]:
        if kind == ">=" and isinstance(left, Const) and not isinstance(right, Const):
            kind, left, right = "<=", right, left
        binding = _BINDS[kind]
        first = self._operand(left, binding, ONE if kind == "*" else right.unit, right)
        second = self._operand(right, binding + 1, ONE if kind == "*" else left.unit, None)
        return f"{first} {kind} {second}", binding

    def _operand(self, node: Observable, least: int, unit: str, right: Observable | None) -> str:
        """Write an operand in brackets where needed; a constant of the unit called for is bare."""
        bare = right is None or not isinstance(right, Const)
        if isinstance(node, Const) and node.unit == unit and bare:
            return _digits(node.value)
        text, binding = self._written(node)
        return text if binding >= least and binding != 1 else f"({text})"

    def _applied(self, node: Op, kind: str, args: tuple[Observable, ...]) -> str:
        period = period_end(node)
        if period:
            return self._call("at_end", *([quoted(period)] if period != "all" else []))
        if is_share(node):
            return self._call("share", self.value(args[0]), self._bare(args[1], "ppm"))
        if kind == "muldiv":
            return self._call("muldiv", *[self.value(arg) for arg in args])
        if kind in ("max", "min", "filled"):
            called = {"max": "maximum", "min": "minimum", "filled": "filled"}[kind]
            others = [self._bare(arg, args[0].unit) for arg in args[1:]]
            return self._call(called, self.value(args[0]), *others)
        return self._call("Op", quoted(kind), f"({', '.join(map(self.value, args))})")

    def _choice(self, choice: Choice) -> str:
        label, by, notice = quoted(choice.label), quoted(choice.by), f"notice_s={choice.notice_s}"
        if is_decision(choice):
            return self._call("decision", label, by, notice)
        low = [] if choice.low == Const(0, choice.unit) else [f"low={self.value(choice.low)}"]
        return self._call("nominated", label, by, self.value(choice.high), notice, *low)

    def _leaf(self, node: Observable) -> str:
        match node:
            case Profile(start, step, values, unit):
                shown = ", ".join(map(_digits, values)) + "," * (len(values) == 1)
                text = f"({shown})"
                return self._call("Profile", _digits(start), _digits(step), text, quoted(unit))
            case Between(start, end):
                return self._call("Between", _digits(start), _digits(end))
            case LocalTime(zone, months, weekdays, begin_s, end_s):
                return self._call(
                    "LocalTime",
                    quoted(zone),
                    f"months={_range(months)}",
                    f"weekdays={_range(weekdays)}",
                    f"begin_s={_digits(begin_s)}",
                    f"end_s={_digits(end_s)}",
                )
        raise AssertionError(f"{node!r} is no observable")

    def _bare(self, node: Observable, unit: str) -> str:
        if isinstance(node, Const) and node.unit == unit:
            return _digits(node.value)
        return self.value(node)

    def _call(self, name: str, *arguments: str) -> str:
        return f"{self.function(name)}({', '.join(arguments)})"


def quoted(text: str) -> str:
    """Write a name as a Python string; names need no escapes."""
    return f'"{text}"'


def _digits(value: int) -> str:
    return f"{value:_}"


def _range(numbers: tuple[int, ...]) -> str:
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"tuple(range({numbers[0]}, {numbers[-1] + 1}))"
    return str(numbers)


def _statement(name: str, text: str, node: Observable, *, bracketed: bool) -> list[str]:
    """Write an assignment, windows of time with a comment above in words."""
    lines = []
    if isinstance(node, Profile | Between):
        end = node.end if isinstance(node, Between) else node.start + node.step * len(node.values)
        lines = [f"# from {instant(node.start)} until {instant(end)}"]
    if len(name) + len(text) < _WIDTH - 3:
        return [*lines, f"{name} = {text}"]
    if not bracketed:
        return [*lines, f"{name} = (", *_filled(text), ")"]
    head, _, inside = text[:-1].partition("(")
    arguments = [line for part in _apart(inside) for line in _filled(f"{part},")]
    return [*lines, f"{name} = {head}(", *arguments, ")"]


def _apart(text: str) -> list[str]:
    """Divide arguments at the commas that are in no brackets."""
    depth, parts = 0, [""]
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _filled(text: str) -> list[str]:
    """Break a long expression at spaces, within brackets of which it is a part."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
