"""What a file declares for its expressions: series, choices and definitions.

Choices and definitions may use one another in any order, but not in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files.building import Meaning
from gridpact.contracts.files.entries import Entry, near
from gridpact.contracts.files.expressions import NOTHING, duration, meaning, parsed
from gridpact.contracts.files.literals import series_unit, unit_of, write_series_unit
from gridpact.contracts.files.ordering import ordered
from gridpact.contracts.files.syntax import Syntax
from gridpact.contracts.files.syntax import names as names_in
from gridpact.contracts.formulas import decision
from gridpact.contracts.observables import CHOICE_PREFIX, Choice, Series, as_observable
from gridpact.contracts.unit_algebra import ONE, known


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A choice that is yet to be built, because its bounds use other names."""

    label: str
    by: str | None
    notice_s: int | None
    low: Entry | None
    high: Entry | None

    def trees(self) -> Iterator[tuple[Entry, Syntax | None]]:
        for entry in (self.low, self.high):
            if entry is not None:
                yield entry, parsed(entry)


def declared(root: Mapping[str, Entry], parties: Collection[str] | None) -> dict[str, Meaning]:
    """Return what each declared name means; where that has faults, it means nothing.

    A choice is known as ``choice:label``, and as its plain label where no series has that name.
    """
    return _Declarations(root, parties).names


class _Declarations:
    def __init__(self, root: Mapping[str, Entry], parties: Collection[str] | None) -> None:
        self._parties = parties
        self.names: dict[str, Meaning] = {}
        series = _section(root, "series", "names of series, each with its unit")
        self._choices = _section(root, "choices", "labels of choices, each with by and notice")
        self._define = _section(root, "define", "names, each with an expression")
        for name, entry in series.items():
            self.names[name] = _series(name, entry)
        self._bounds = {
            CHOICE_PREFIX + label: self._choice(label, entry)
            for label, entry in self._choices.items()
        }
        self._series = set(series)
        self._build(self._parse())

    def _parse(self) -> dict[str, list[tuple[Entry, Syntax | None]]]:
        found = {key: list(bounds.trees()) for key, bounds in self._bounds.items()}
        for name, entry in self._define.items():
            taken = name in self._series or name in self._choices
            if taken or name.startswith(CHOICE_PREFIX):
                entry.fault("the name of a series or a choice", "choose another name")
            elif Entry(entry.document, entry.path, name).name("definition"):
                found[name] = [(entry, parsed(entry))]
            else:
                self.names[name] = NOTHING
        return found

    def _build(self, trees: Mapping[str, list[tuple[Entry, Syntax | None]]]) -> None:
        uses = {
            key: [
                self._key(name) for _, tree in parts if tree is not None for name in names_in(tree)
            ]
            for key, parts in trees.items()
        }
        order, circles = ordered(uses)
        for circle in circles:
            self._tell_circle(trees, circle)
        for key in trees:
            self._mean(key, NOTHING)
        for key in order:
            self._mean(key, self._meaning(key, trees[key]))

    def _key(self, name: str) -> str:
        is_choice = name in self._choices and name not in self._series
        return CHOICE_PREFIX + name if is_choice else name

    def _mean(self, key: str, found: Meaning) -> None:
        self.names[key] = found
        label = key.removeprefix(CHOICE_PREFIX)
        if label not in self._series:
            self.names[label] = found

    def _meaning(self, key: str, parts: list[tuple[Entry, Syntax | None]]) -> Meaning:
        if key in self._bounds:
            return self._bounded(self._bounds[key], parts)
        entry, tree = parts[0]
        return meaning(entry, tree, self.names)

    def _bounded(self, choice: _Bounds, parts: list[tuple[Entry, Syntax | None]]) -> Meaning:
        if not parts:
            return _decision(choice)
        bounds = {entry.path[-1]: meaning(entry, tree, self.names) for entry, tree in parts}
        found = {key: bound.value for key, bound in bounds.items() if bound.value is not None}
        values = [bound.value for bound in bounds.values()]
        spent = frozenset[str]().union(*(bound.currencies for bound in bounds.values()))
        unit = next((value.unit for value in values if not isinstance(value, int | None)), ONE)
        if None in values or choice.by is None or choice.notice_s is None:
            return NOTHING
        low, high = (as_observable(found.get(key, 0), unit) for key in ("low", "high"))
        try:
            made = Choice(choice.label, choice.by, low, high, choice.notice_s, high.unit)
        except IllFormed as error:
            self._choices[choice.label].fault(error, "give low and high one unit")
            return NOTHING
        return Meaning(made, spent)

    def _choice(self, label: str, entry: Entry) -> _Bounds:
        form = entry.form(("notice",), ("by", "yes_no", "low", "high"))
        if "by" not in form and isinstance(entry.value, dict):
            entry.fault("the choice has no author", "write by: and the party that decides")
        Entry(entry.document, entry.path, label).name("choice")
        by = party(form["by"], self._parties) if "by" in form else None
        notice = duration(form["notice"]) if "notice" in form else None
        if not self._kind_holds(entry, form):
            by = None
        high = form.get("high")
        return _Bounds(label, by, notice, form.get("low") if high else None, high)

    def _kind_holds(self, entry: Entry, form: Mapping[str, Entry]) -> bool:
        """Tell whether a choice is either a yes or no or has bounds; note where it is not."""
        before = len(entry.document.faults)
        yes_no = form.get("yes_no")
        if yes_no is not None and yes_no.value is not True:
            yes_no.fault("a choice of yes or no is written yes_no: true", "write true")
        if yes_no is None and "high" not in form and isinstance(entry.value, dict):
            entry.fault("high is missing", "write high, or yes_no: true")
        if yes_no is not None and ("high" in form or "low" in form):
            entry.fault("both yes_no and bounds", "keep yes_no, or low and high")
        return len(entry.document.faults) == before and isinstance(entry.value, dict)

    def _tell_circle(
        self, trees: Mapping[str, list[tuple[Entry, Syntax | None]]], circle: list[str]
    ) -> None:
        shown = [key.removeprefix(CHOICE_PREFIX) for key in (*circle, circle[0])]
        entry = trees[circle[0]][0][0]
        entry.fault(f"a circle: {' uses '.join(shown)}", "define one of them without the others")


def party(entry: Entry, parties: Collection[str] | None) -> str | None:
    """Return a party's name, which must be one of ``parties`` unless that is None."""
    found = entry.name("party")
    if found is None or parties is None or found in parties:
        return found
    entry.fault(f"party {found!r} is not among the parties", near(found, sorted(parties)))
    return None


def _section(root: Mapping[str, Entry], key: str, what: str) -> dict[str, Entry]:
    return root[key].entries(what) if key in root else {}


def _series(name: str, entry: Entry) -> Meaning:
    is_number = entry.value == 1 and not isinstance(entry.value, bool)  # YAML reads 1 so
    unit = ONE if is_number else entry.text("a unit such as Wh")
    if unit is None:
        return NOTHING
    try:
        return Meaning(Series(name, series_unit(unit)))
    except IllFormed as error:
        entry.fault(error, _unit_meant(unit))
        return NOTHING


def _unit_meant(unit: str) -> str:
    """Return a fix for a series: its unit, where people may write it but terms do not know it."""
    if known(unit) and write_series_unit(unit) == unit:
        return "use letters, digits and . _ : @ / + -"
    try:
        return f"write {unit_of(unit)[1]}, in which terms count {unit}"
    except IllFormed:
        return "write a unit of terms, such as Wh or micro/kWh"


def _decision(choice: _Bounds) -> Meaning:
    if choice.by is None or choice.notice_s is None:
        return NOTHING
    try:
        return Meaning(decision(choice.label, choice.by, choice.notice_s))
    except IllFormed:
        return NOTHING
