"""Thresholds of validation as people write them, in YAML.

::

    gridpact: 1
    default:
      range: {largest_w: 25000, points: {bakery: 60000}}
      stuck: {hours: 48}
      clock-drift: "off"
    injection:
      spike: {times: 8}

A rule is named without its version, and its thresholds are the fields of
:mod:`gridpact.metering.validation.rules`; what is not written stays as it is. ``withdrawal`` and
``injection`` begin with what ``default`` says. A rule that is ``off`` marks nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import get_args

import msgspec

from gridpact.base.documents import Document, Value, parse
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.metering.readings import Register
from gridpact.metering.validation.rules import (
    DEFAULT_RULES,
    Range,
    RollOver,
    Rule,
    Rulebook,
    name_of,
)

MOST_BYTES = 4 << 20
REGISTERS: tuple[Register, ...] = get_args(Register)
RULES: Mapping[str, Rule] = {name_of(rule).rpartition(".")[0]: rule for rule in DEFAULT_RULES}
"""Rules by the name that people write, with their own thresholds."""
_MOST = 1 << 50
_BOUNDS: Mapping[str, tuple[int, int]] = {
    "times": (1, 1000),
    "share_percent": (0, 100),
    "day_percent": (1, 100),
    "tolerance_percent": (0, 1000),
    "hours": (1, 8784),
    "days": (2, 366),
    "least_s": (1, 86_400),
    "largest_w": (1, _MOST),
}
_WRITE = "write a whole number"
Chosen = dict[str, Rule | None]


def read_rules(path: Path, points: Collection[str]) -> Rulebook:
    """Read thresholds for metering points; raises BadInput with every fault and its line."""
    try:
        data = read_regular(path, MOST_BYTES)
    except OSError as error:
        fix = "give a YAML file with default: and thresholds of rules"
        raise BadInput([Fault(str(path), 0, "", error.strerror or str(error), fix)]) from error
    document = parse(data, str(path))
    found = _rulebook(document, points)
    if document.faults:
        raise BadInput(document.faults)
    return found


def _rulebook(document: Document, points: Collection[str]) -> Rulebook:
    value = document.value
    if not isinstance(value, dict):
        if not document.faults:
            document.fault((), "there are no rules", "write default: and thresholds of rules")
        value = {"gridpact": 1}
    if value.get("gridpact") != 1:
        document.fault(("gridpact",), "the version is not 1", "begin with gridpact: 1")
    for key in value.keys() - {"gridpact", "default", *REGISTERS}:
        document.fault((key,), "no such key", f"use default, {' and '.join(REGISTERS)}")
    default = _section(document, "default", dict(RULES), points)
    each = {register: _section(document, register, default, points) for register in REGISTERS}
    rules = {
        register: tuple(rule for rule in chosen.values() if rule is not None)
        for register, chosen in each.items()
    }
    return Rulebook(rules["withdrawal"], rules["injection"])


def _section(document: Document, key: str, base: Chosen, points: Collection[str]) -> Chosen:
    """Change the thresholds that a part of the file names."""
    assert isinstance(document.value, dict) or document.faults  # noqa: S101 - told before
    value = document.value.get(key) if isinstance(document.value, dict) else None
    chosen = dict(base)
    if value is None:
        return chosen
    if not isinstance(value, dict):
        document.fault((key,), "this holds no rules", "write spike: {times: 8}, for example")
        return chosen
    for name, thresholds in value.items():
        if name not in RULES:
            near = difflib.get_close_matches(name, RULES, n=1)
            fix = f"write {near[0]}" if near else f"use {', '.join(RULES)}"
            document.fault((key, name), "no such rule", fix)
        elif thresholds == "off":
            chosen[name] = None
        else:
            rule = chosen[name] or RULES[name]
            chosen[name] = _changed(document, (key, name), rule, thresholds, points)
    return chosen


def _changed(
    document: Document, at: tuple[str, str], rule: Rule, value: Value, points: Collection[str]
) -> Rule:
    """Change thresholds of a rule, noting each thing wrong in them."""
    fields = rule.__struct_fields__
    if not isinstance(value, dict):
        names = f"thresholds such as {{{fields[0]}: …}}, or off" if fields else "off"
        document.fault(at, "these are no thresholds", f"write {names}")
        return rule
    changed: dict[str, object] = {}
    for name, threshold in value.items():
        if name not in fields:
            fix = f"use {', '.join(fields)}" if fields else "leave it out: the rule has none"
            document.fault((*at, name), "the rule has no such threshold", fix)
        elif name == "points":
            changed[name] = _powers(document, (*at, name), threshold, points)
        elif _fits(document, (*at, name), threshold, name):
            changed[name] = threshold
    return msgspec.structs.replace(rule, **changed)


def _powers(
    document: Document, at: tuple[str, ...], value: Value, points: Collection[str]
) -> dict[str, int]:
    """Largest powers [W] of points, each of which the store has."""
    if not isinstance(value, dict):
        document.fault(at, "this names no points", "write points: {bakery: 60000}")
        return {}
    powers = {}
    for point, power in value.items():
        if point not in points:
            document.fault((*at, point), "the store has no such point", "correct its name")
        elif _fits(document, (*at, point), power, "largest_w") and isinstance(power, int):
            powers[point] = power
    return powers


def _fits(document: Document, at: tuple[str, ...], value: Value, name: str) -> bool:
    least, most = _BOUNDS.get(name, (0, _MOST))
    if isinstance(value, bool) or not isinstance(value, int):
        document.fault(at, f"{value!r} is no threshold", _WRITE)
        return False
    if not least <= value <= most:
        document.fault(at, f"{value} is out of range", f"{_WRITE} from {least:,} to {most:,}")
        return False
    return True


def for_points(
    rules: Rulebook, largest_w: Mapping[str, int], rolls_over_wh: Mapping[str, int]
) -> Rulebook:
    """Give rules the largest powers [W] and registers' sizes [Wh] of points.

    What they say themselves of a point stays.
    """

    def informed(rule: Rule) -> Rule:
        if isinstance(rule, Range):
            return msgspec.structs.replace(rule, points={**largest_w, **rule.points})
        if isinstance(rule, RollOver):
            return msgspec.structs.replace(rule, points={**rolls_over_wh, **rule.points})
        return rule

    return Rulebook(*(tuple(map(informed, each)) for each in (rules.withdrawal, rules.injection)))
