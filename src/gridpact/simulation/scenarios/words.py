"""Schema errors in words: what is wrong, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from gridpact.base.documents import Path, Value

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Finding: TypeAlias = tuple[Path, str, str]

# Suffix of a key → (its unit as shown, {unit a person may write: factor to the key's unit}).
UNITS: dict[str, tuple[str, Mapping[str, float]]] = {
    "_kw": ("kW", {"kw": 1, "w": 0.001, "mw": 1000, "kwp": 1}),
    "_peak": ("kW", {"kw": 1, "w": 0.001, "mw": 1000, "kwp": 1}),
    "_kwh": ("kWh", {"kwh": 1, "wh": 0.001, "mwh": 1000}),
    "_per_year": ("kWh a year", {"kwh": 1, "wh": 0.001, "mwh": 1000, "kwh/a": 1}),
    "_ct_per_kwh": ("ct/kWh", {"ct/kwh": 1, "ct": 1, "eur/kwh": 100, "€/kwh": 100, "eur/mwh": 0.1}),
    "_ct": ("ct/kWh", {"ct/kwh": 1, "ct": 1, "eur/kwh": 100, "€/kwh": 100, "eur/mwh": 0.1}),
    "_per_mwh": ("currency per MWh", {"eur/mwh": 1, "€/mwh": 1, "eur": 1, "ct/kwh": 10}),
    "_minutes": ("minutes", {"min": 1, "minutes": 1, "m": 1, "h": 60, "hours": 60, "s": 1 / 60}),
    "hours": ("hours", {"h": 1, "hours": 1, "min": 1 / 60, "minutes": 1 / 60}),
    "days": ("days", {"d": 1, "days": 1, "day": 1, "weeks": 7}),
    "_degrees": ("degrees", {"deg": 1, "degrees": 1, "°": 1}),
    "_percent": ("percent", {"%": 1, "percent": 1}),
    "_c": ("°C", {"°c": 1, "c": 1}),
    "_slots": ("slots", {"slots": 1}),
    "latitude": ("degrees north", {"deg": 1, "°": 1, "°n": 1}),
    "longitude": ("degrees east", {"deg": 1, "°": 1, "°e": 1}),
    "_m": ("metres", {"m": 1, "km": 1000}),
    "collateral": ("the community's currency", {"eur": 1, "€": 1, "ct": 0.01}),
}
_QUANTITY = re.compile(r"^\s*([-+]?\d+(?:[.,]\d+)?)\s*([A-Za-z%°€/]*)\s*$")
_TYPES = {
    "object": "a group of keys",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}
_SHAPES = {
    "^[a-z0-9]": ("an identifier", "use lower-case letters, digits, dot, dash and underscore"),
    "^(?:(?:[01]": ("a clock time", 'write it as "07:30", up to "24:00"'),
    "^(?:100": ("a percentage", 'write 0 to 100, or "80 %"'),
    "^(?:[0-9]{4}-": ("an instant", "write it as 2026-06-15T18:00"),
    "^[0-9]{4}-": ("a date", "write it as 2026-06-15"),
    "^[A-Z]{3}$": ("a currency code", "write three capitals such as EUR"),
    "^none$": ("a load", "write none, or a group of keys such as household_kwh_per_year"),
}


class Error(NamedTuple):
    """What the validator found: the rule, what it asks for, what was there instead."""

    rule: str
    asked: Value
    found: Value
    known: tuple[str, ...]
    message: str


def explain(error: ValidationError) -> Iterator[Finding]:
    """Say an error of the schema in words: each part it concerns, the problem and the fix."""
    path = tuple(error.absolute_path)
    node = cast("dict[str, dict[str, Value]]", error.schema)
    known = tuple(node.get("properties", {}))
    asked = cast("Value", error.validator_value)
    plain = Error(str(error.validator), asked, cast("Value", error.instance), known, error.message)
    yield from _RULES.get(plain.rule, _other)(plain, path)


def _entries(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _texts(value: Value) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _other(error: Error, path: Path) -> Iterator[Finding]:
    yield path, error.message, "see the table of keys in docs/scenario.md"


def _unknown(error: Error, path: Path) -> Iterator[Finding]:
    for key, value in _entries(error.found).items():
        if key not in error.known:
            yield (*path, key), *_unknown_key(key, list(error.known), value)


def _unknown_key(key: str, known: list[str], value: Value) -> tuple[str, str]:
    stem = key.rsplit("_", 1)[0]
    other = next((name for name in known if name.rsplit("_", 1)[0] == stem and "_" in name), None)
    if other and unit_name(other):
        unit = unit_name(other)
        converted = _convert(other, value, key.rsplit("_", 1)[-1])
        return f"wrong unit in the key; this is given in {unit}", f"write {other}{converted}"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return "there is no such key", f"write {near[0]}"
    return "there is no such key", f"remove it; known here: {', '.join(known)}"


def unit_name(key: str) -> str:
    """Return the unit that a key's name carries, empty for none."""
    return _unit_of(key)[0]


def _unit_of(key: str) -> tuple[str, Mapping[str, float]]:
    fitting = [suffix for suffix in UNITS if key.endswith(suffix)]
    return UNITS[max(fitting, key=len)] if fitting else ("", {})


def _convert(key: str, value: Value, written: str) -> str:
    """`: 60` where a value written in another unit can be turned into the key's, else nothing."""
    factor = _unit_of(key)[1].get(written.lower())
    if factor is None or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f": {value * factor:g}"


def _type(error: Error, path: Path) -> Iterator[Finding]:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    kinds, value, unit = _texts(error.asked), error.found, unit_name(key)
    match = _QUANTITY.match(value) if isinstance(value, str) else None
    if unit and match and {"number", "integer"} & set(kinds):
        yield path, *_quantity(key, match, unit)
    elif kinds == ["boolean"] and isinstance(value, str):
        word = "true" if value.lower() in {"yes", "on", "y"} else "false"
        yield path, f"'{value}' is text, not true or false", f"write {word}"
    else:
        need = " or ".join(_TYPES.get(kind, kind) for kind in kinds)
        yield path, f"{_shown(value)} is not {need}", f"write {need}"


def _quantity(key: str, match: re.Match[str], unit: str) -> tuple[str, str]:
    value = match.string
    number = float(match.group(1).replace(",", "."))
    written = match.group(2)
    converted = _convert(key, number, written) if written else f": {number:g}"
    if not written:
        return f"'{value}' is text, not a number", f"write {key}{converted} without quotes"
    problem = f"wrong unit: '{value}' is text; {key} is a plain number of {unit}"
    return problem, f"write {key}{converted}" if converted else f"convert it to {unit}"


def _shown(value: Value) -> str:
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"'{value}'"


def _required(error: Error, path: Path) -> Iterator[Finding]:
    key = re.match(r"'(.+?)' is a required", error.message)
    name = key.group(1) if key else "a key"
    start = "write gridpact: 1" if name == "gridpact" else f"add {name}"
    yield path, f"{name} is missing", start


def _together(error: Error, path: Path) -> Iterator[Finding]:
    there = _entries(error.found)
    for given, needed in _entries(error.asked).items():
        for name in _texts(needed):
            if given in there and name not in there:
                yield path, f"{given} is given without {name}", f"add {name}, or remove {given}"


def _choice(error: Error, path: Path) -> Iterator[Finding]:
    options = _texts(error.asked)
    near = difflib.get_close_matches(str(error.found), options, n=1, cutoff=0.6)
    fix = f"write {near[0]}" if near else f"write one of {', '.join(options)}"
    yield path, f"{_shown(error.found)} is not one of {', '.join(options)}", fix


def _const(error: Error, path: Path) -> Iterator[Finding]:
    problem = f"{_shown(error.found)} is not {error.asked}"
    yield path, problem, f"write {error.asked}"


def _bound(error: Error, path: Path) -> Iterator[Finding]:
    words = {
        "minimum": "less than",
        "maximum": "more than",
        "exclusiveMinimum": "not more than",
    }
    bound, value = _number(error.asked), _number(error.found)
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    unit = f" {unit_name(key)}".rstrip()
    if value < 0 <= bound and error.rule != "maximum":
        problem = f"{value:.15g} is negative"
    else:
        problem = f"{value:.15g} is {words[error.rule]} {bound:.15g}{unit}"
    limit = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}
    yield path, problem, f"write {limit[error.rule]} {bound:.15g}{unit}"


def _pattern(error: Error, path: Path) -> Iterator[Finding]:
    what, fix = next(
        (words for start, words in _SHAPES.items() if str(error.asked).startswith(start)),
        ("what belongs here", "see docs/scenario.md"),
    )
    yield path, f"{_shown(error.found)} is not {what}", fix


def _few(error: Error, path: Path) -> Iterator[Finding]:
    yield path, "this is empty", "add something, or remove the key"


def _long(error: Error, path: Path) -> Iterator[Finding]:
    yield path, "this text is too long", f"use {error.asked} characters at most"


_RULES: dict[str, Callable[[Error, Path], Iterator[Finding]]] = {
    "additionalProperties": _unknown,
    "type": _type,
    "required": _required,
    "dependentRequired": _together,
    "enum": _choice,
    "const": _const,
    "minimum": _bound,
    "maximum": _bound,
    "exclusiveMinimum": _bound,
    "pattern": _pattern,
    "minItems": _few,
    "minLength": _few,
    "maxLength": _long,
}
